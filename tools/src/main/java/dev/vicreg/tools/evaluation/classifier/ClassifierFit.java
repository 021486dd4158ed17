package dev.vicreg.tools.evaluation.classifier;

import dev.vicreg.export.LinearHead;
import dev.vicreg.tools.evaluation.probe.HeldOut;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * A head on an encoder that stays as it is, its temperature, and how good both are.
 *
 * @param head fitted on four fifths of the training samples
 * @param calibration fitted on the fifth that was held out
 * @param fitted samples that the head was fitted on
 * @param heldOut figures of those held out: the head has not seen them, the temperature has
 * @param test figures of the test samples, which neither has seen; null where there are none
 * @param rights which of those held out, and which of the test samples, it is right about
 */
public record ClassifierFit(
        LinearHead head,
        Calibration calibration,
        int fitted,
        Figures heldOut,
        @Nullable Figures test,
        Rights rights) {
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
     * Which predictions are right, sample by sample.
     *
     * @param test empty where there are none
     */
    public record Rights(boolean[] heldOut, boolean[] test) {}

    /**
     * What a classifier does with samples.
     *
     * @param accuracy share of right predictions, 0 to 1
     * @param macroAccuracy mean over classes of the share of right predictions among each one's samples, 0 to 1: the same
     *     where the classes are of equal size
     * @param uncalibrated expected calibration error without temperature, 0 to 1
     * @param calibrated the same with it
     */
    public record Figures(int samples, double accuracy, double macroAccuracy, double uncalibrated, double calibrated) {
        private static Figures of(LinearHead head, Calibration calibration, LabelledEmbeddings samples) {
            double[][] logits = head.outputs(samples.vectors());
            boolean[] right = Calibration.right(logits, samples.labels());
            return new Figures(
                    samples.size(),
                    share(right),
                    macro(right, samples.labels(), head.classes()),
                    Calibration.NONE.error(logits, samples.labels()),
                    calibration.error(logits, samples.labels()));
        }

        private static double share(boolean[] right) {
            return IntStream.range(0, right.length)
                    .mapToDouble(i -> right[i] ? 1 : 0)
                    .average()
                    .orElse(0);
        }

        private static double macro(boolean[] right, int[] labels, int classes) {
            return IntStream.range(0, classes)
                    .mapToObj(label -> IntStream.range(0, right.length).filter(i -> labels[i] == label))
                    .map(rows -> rows.mapToDouble(i -> right[i] ? 1 : 0).average())
                    .filter(OptionalDouble::isPresent)
                    .mapToDouble(OptionalDouble::getAsDouble)
                    .average()
                    .orElse(0);
        }
    }

    /**
     * By how much one classifier is better than another on the same samples.
     *
     * @param gain in accuracy, -1 to 1
     * @param error standard error of it: over samples, of the differences of paired predictions
     */
    public record Gain(double gain, double error) {
        /**
         * The gain of {@code after} over {@code before}.
         *
         * @param before which predictions are right, at least one
         * @param after likewise, of the same samples in the same order
         */
        public static Gain of(boolean[] before, boolean[] after) {
            double sum = 0;
            double squares = 0;
            for (int i = 0; i < before.length; i++) {
                double difference = (after[i] ? 1 : 0) - (before[i] ? 1 : 0);
                sum += difference;
                squares += difference * difference;
            }
            double mean = sum / before.length;
            return new Gain(mean, Math.sqrt(Math.max(0, squares / before.length - mean * mean) / before.length));
        }
    }

    /** What is learnt from and what is held out of samples with these labels: a fifth of each class. */
    public static HeldOut split(int[] labels, int classes) {
        return HeldOut.fifth(labels, classes, SEED);
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
        HeldOut parts = split(train.labels(), count);
        LabelledEmbeddings learned = train.at(parts.kept());
        LabelledEmbeddings held = train.at(parts.held());
        LinearHead head = fitting.fit(learned.vectors(), learned.labels(), count);
        double[][] logits = head.outputs(held.vectors());
        Calibration calibration = Calibration.fit(logits, held.labels());
        return new ClassifierFit(
                head,
                calibration,
                learned.size(),
                Figures.of(head, calibration, held),
                test == null ? null : Figures.of(head, calibration, test),
                new Rights(
                        Calibration.right(logits, held.labels()),
                        test == null
                                ? new boolean[0]
                                : Calibration.right(head.outputs(test.vectors()), test.labels())));
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
        figures.put(part + "-macro-accuracy", measured.macroAccuracy);
        figures.put(part + "-calibration-error", measured.calibrated);
        figures.put(part + "-uncalibrated-error", measured.uncalibrated);
    }
}
