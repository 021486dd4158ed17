package dev.vicreg.tools.evaluation.classifier;

import dev.vicreg.export.LinearHead;
import dev.vicreg.tools.evaluation.probe.HeldOut;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A head on an encoder that stays as it is, its temperature, and how good both are.
 *
 * @param head fitted on four fifths of the training samples
 * @param calibration fitted on the fifth that was held out
 * @param fitted samples that the head was fitted on
 * @param heldOut figures of those held out: the head has not seen them, the temperature has
 * @param test figures of the test samples, which neither has seen; null where there are none
 */
public record ClassifierFit(
        LinearHead head,
        Calibration calibration,
        int fitted,
        Figures heldOut,
        @Nullable Figures test) {
    /** Of what is held out: the same samples give the same parts. */
    private static final long SEED = 0;

    /** Fits a linear head on embeddings. */
    @FunctionalInterface
    public interface Fitting {
        /**
         * The head.
         *
         * @param vectors [samples][dimension]
         * @param labels [samples], 0 … classes - 1, each at least once
         */
        LinearHead fit(float[][] vectors, int[] labels, int classes);
    }

    /**
     * What a classifier does with samples.
     *
     * @param accuracy share of right predictions, 0 to 1
     * @param uncalibrated expected calibration error without temperature, 0 to 1
     * @param calibrated the same with it
     */
    public record Figures(int samples, double accuracy, double uncalibrated, double calibrated) {
        private static Figures of(LinearHead head, Calibration calibration, LabelledEmbeddings samples) {
            double[][] logits = logits(head, samples);
            return new Figures(
                    samples.size(),
                    Calibration.accuracy(logits, samples.labels()),
                    Calibration.NONE.error(logits, samples.labels()),
                    calibration.error(logits, samples.labels()));
        }
    }

    /**
     * Fits and measures.
     *
     * @param train of which a fifth of each class is held out
     * @param test labelled as the training samples are; null for none
     * @param noun what the samples are called, and where they are, for messages
     * @throws IOException if a class has too few samples, or there is no test sample
     */
    public static ClassifierFit of(
            Fitting fitting,
            Classes classes,
            LabelledEmbeddings train,
            @Nullable LabelledEmbeddings test,
            String noun,
            String where)
            throws IOException {
        int count = classes.names().size();
        int[] counts = new int[count];
        for (int label : train.labels()) {
            counts[label]++;
        }
        classes.requireEnough(counts, noun, where); // some may not have been decodable
        if (test != null && test.size() == 0) {
            throw new IOException("None of the labelled test " + noun + " can be decoded");
        }
        HeldOut parts = HeldOut.fifth(train.labels(), count, SEED);
        LabelledEmbeddings learned = train.at(parts.kept());
        LabelledEmbeddings held = train.at(parts.held());
        LinearHead head = fitting.fit(learned.vectors(), learned.labels(), count);
        Calibration calibration = Calibration.fit(logits(head, held), held.labels());
        return new ClassifierFit(
                head,
                calibration,
                learned.size(),
                Figures.of(head, calibration, held),
                test == null ? null : Figures.of(head, calibration, test));
    }

    private static double[][] logits(LinearHead head, LabelledEmbeddings samples) {
        double[][] logits = new double[samples.size()][];
        for (int i = 0; i < logits.length; i++) {
            logits[i] = head.logits(samples.vectors()[i]);
        }
        return logits;
    }

    /** For the manifest: what was measured, by name. */
    public Map<String, Double> evaluation() {
        Map<String, Double> figures = new LinkedHashMap<>();
        figures.put("fitted-samples", (double) fitted);
        put(figures, "held-out", heldOut);
        if (test != null) {
            put(figures, "test", test);
        }
        return figures;
    }

    private static void put(Map<String, Double> figures, String part, Figures measured) {
        figures.put(part + "-samples", (double) measured.samples);
        figures.put(part + "-accuracy", measured.accuracy);
        figures.put(part + "-calibration-error", measured.calibrated);
        figures.put(part + "-uncalibrated-error", measured.uncalibrated);
    }
}
