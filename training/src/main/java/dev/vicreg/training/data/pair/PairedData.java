package dev.vicreg.training.data.pair;

import dev.vicreg.training.data.source.Dataset;
import dev.vicreg.training.data.source.Fingerprint;
import dev.vicreg.training.data.source.SampleNames;
import dev.vicreg.training.data.source.Selection;
import dev.vicreg.training.data.view.ViewSource;
import java.io.IOException;
import java.nio.file.Path;

/**
 * What the two views of every pair are made from: sample i of {@link #a} and sample i of {@link #b} belong together.
 *
 * @param a source of the first views
 * @param b source of the second views; the same object where the views show the same sample alike
 */
public record PairedData(ViewSource a, ViewSource b) {
    /** How the samples of two sets are brought together. */
    public enum By {
        /** Equal names, without their endings. */
        NAME,
        /** The first with the first, and so on. */
        POSITION
    }

    /**
     * Two sets, paired by name or by position.
     *
     * @param whereA what messages call the first set
     * @param whereB what messages call the second set
     * @param selection of the pairs; labels are the first set's
     * @throws IOException if samples have no partner, two have the same name, or the sets differ in size
     */
    public static PairedData of(By by, ViewSource a, String whereA, ViewSource b, String whereB, Selection selection)
            throws IOException {
        Pairing pairing = switch (by) {
            case NAME -> Pairing.byName(a.data(), whereA, b.data(), whereB);
            case POSITION -> Pairing.byPosition(a.data(), whereA, b.data(), whereB);
        };
        return of(pairing.selected(selection, a.data()::label), a, b);
    }

    /**
     * Two sets, or one twice, paired by a CSV file of two columns: paths relative to its folder or absolute, names inside
     * the sets, or numbers of rows from 1; a header may stand first.
     *
     * @throws IOException naming the line that has not two values, names no sample, or names one a second time
     */
    public static PairedData of(
            Path file, ViewSource a, String whereA, ViewSource b, String whereB, Selection selection)
            throws IOException {
        Pairing pairing =
                new PairsFile(file, new SampleNames(a.data(), whereA), new SampleNames(b.data(), whereB)).read();
        return of(pairing.selected(selection, a.data()::label), a, b);
    }

    private static PairedData of(Pairing pairing, ViewSource a, ViewSource b) {
        String fingerprint = fingerprint(pairing, a.data(), b.data());
        return new PairedData(
                new PairedViews(a, pairing.a(), fingerprint), new PairedViews(b, pairing.b(), fingerprint));
    }

    private static String fingerprint(Pairing pairing, Dataset<?> a, Dataset<?> b) {
        Fingerprint fingerprint = new Fingerprint();
        fingerprint.add(a.fingerprint() + b.fingerprint());
        for (int i = 0; i < pairing.a().length; i++) {
            fingerprint.add(pairing.a()[i] + "," + pairing.b()[i] + "\n");
        }
        return fingerprint.hex();
    }

    /** Pairs. */
    public int size() {
        return a.data().size();
    }

    /** What the samples are called, in the plural; {@code pairs} where the sides differ. */
    public String noun() {
        return a == b ? a.data().noun() : "pairs";
    }

    /** The pair's sample, or both. */
    public String name(int index) {
        String first = a.data().name(index);
        String second = b.data().name(index);
        return first.equals(second) ? first : first + " with " + second;
    }

    /** Changes when data or pairs do; 64 hexadecimal digits. */
    public String fingerprint() {
        return a.data().fingerprint();
    }
}
