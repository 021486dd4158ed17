package dev.vicreg.training.finding;

import dev.vicreg.models.setting.Codec;
import dev.vicreg.models.setting.Nearest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * What may be wrong with a run. The name in kebab case is the fault's name everywhere, and stays; {@link Rules} says by what
 * each is told.
 */
public enum Fault {
    /** Every sample gets the same projection. */
    COLLAPSE(
            "all samples get nearly the same projection",
            "more weight of what keeps vectors apart (`variance`), a lower `lr` or a longer `warmup-epochs`"),
    /** Projections fill few directions. */
    DIMENSIONAL_COLLAPSE(
            "projections fill few of their directions", "more weight of `covariance`, or a narrower `projector`"),
    /** Views don't come nearer to each other. */
    FLAT_INVARIANCE(
            "views of a sample come no nearer to each other",
            "a higher `lr`, more weight of `invariance`, or a weaker `augment`"),
    /** Steps are too large. */
    HIGH_RATE("steps are too large", "a lower `lr`, a longer `warmup-epochs`, or `clip` 1"),
    /** The loss, or what a step leaves, is no number. */
    NOT_FINITE(
            "the loss or a parameter is not finite",
            "a lower `lr` or a longer `warmup-epochs`; ./vicreg replay names the operator"),
    /** Float16 has too small a range for the run. */
    OVERFLOW("float16 overflows again and again", "a lower `lr`, or `precision` fp32"),
    /** Fewer samples than the projection has dimensions. */
    FEW_SAMPLES("fewer samples than dimensions of the projection", "more samples, or a narrower `projector`"),
    /** Samples are there more than once. */
    DUPLICATES("samples are there more than once", "leave copies out: the loss pushes them apart"),
    /** Views of a sample are the same. */
    VIEWS_ALIKE(
            "views of a sample are nearly the same, so that nothing is learnt from them",
            "a stronger `augment`, or none that is left out"),
    /** Views of a sample are as different as those of others. */
    VIEWS_UNLIKE(
            "views of a sample are as unlike as views of different samples",
            "a weaker `augment`; of pairs, whether they belong together"),
    /** A batch norm whose channels are constant, or all below what the activation behind it lets through. */
    DEAD_NORM(
            "a layer gives nearly the same for all samples",
            "a lower `lr` or `weight-decay`, a longer `warmup-epochs`, or data that aren't constant"),
    /** The rate rises until the end. */
    SHORT_WARMUP(
            "the run ends before its warm-up does, and never reaches its rate",
            "more `epochs`, or fewer `warmup-epochs`"),
    /** Pairs tell classes. */
    LABEL_LEAK(
            "pairs are of different samples of one class, so that labels reach the training",
            "pair views of one thing, or call it supervised training"),
    /** A column gives the label away. */
    LABEL_COLUMN(
            "a column tells the label by itself, so that the label reaches the training if that column was made of it",
            "`columns` without it");

    private final String meaning;
    private final String remedy;

    Fault(String meaning, String remedy) {
        this.meaning = meaning;
        this.remedy = remedy;
    }

    /** In kebab case: {@code dimensional-collapse}. */
    public String id() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** In a few words, as a sentence goes on. */
    public String meaning() {
        return meaning;
    }

    /** What to try; settings in grave accents. */
    public String remedy() {
        return remedy;
    }

    /** All ids. */
    public static List<String> ids() {
        return Arrays.stream(values()).map(Fault::id).toList();
    }

    /** Ids with commas, or {@code any}. */
    public static final class Names implements Codec<List<String>> {
        private static final String ANY = "any";

        @Override
        public List<String> parse(String text) {
            return Arrays.stream(text.split(",", -1))
                    .map(name -> Nearest.require(name, words()))
                    .toList();
        }

        @Override
        public String text(List<String> names) {
            return String.join(",", names);
        }

        @Override
        public List<String> words() {
            List<String> words = new ArrayList<>(ids());
            words.add(ANY);
            return words;
        }

        /** Whether a fault is one of those named. */
        public static boolean include(List<String> names, Fault fault) {
            return names.contains(ANY) || names.contains(fault.id());
        }
    }
}
