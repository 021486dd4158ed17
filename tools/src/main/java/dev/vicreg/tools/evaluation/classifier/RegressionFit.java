package dev.vicreg.tools.evaluation.classifier;

import dev.vicreg.export.LinearHead;
import dev.vicreg.tools.evaluation.probe.HeldOut;
import java.io.IOException;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * A head of one output on an encoder, and how good it is.
 *
 * @param head that gives the number
 * @param fitted samples that the head was fitted on, four fifths of the training samples
 * @param heldOut figures of those held out, which the head has not seen
 * @param test figures of the test samples; null where there are none
 */
public record RegressionFit(
        LinearHead head,
        int fitted,
        Figures heldOut,
        @Nullable Figures test) {
    private static final long SEED = 0;
    private static final int LEAST = 5;

    /** Fits a head of one output. */
    @FunctionalInterface
    public interface Fitting {
        /**
         * The head.
         *
         * @param vectors [samples][dimension]
         * @param targets [samples]
         */
        LinearHead fit(float[][] vectors, double[] targets);
    }

    /**
     * How far predictions are from the numbers.
     *
     * @param rSquared 1 less the squared error over that of the numbers' own mean; 1 is best, 0 no better than a constant
     * @param meanAbsoluteError in the unit of the numbers
     */
    public record Figures(int samples, double rSquared, double meanAbsoluteError) {
        /** Of one prediction for each number. */
        public static Figures of(double[] predicted, double[] targets) {
            double mean = Arrays.stream(targets).average().orElseThrow();
            double error = 0;
            double total = 0;
            double absolute = 0;
            for (int i = 0; i < targets.length; i++) {
                error += (predicted[i] - targets[i]) * (predicted[i] - targets[i]);
                total += (targets[i] - mean) * (targets[i] - mean);
                absolute += Math.abs(predicted[i] - targets[i]);
            }
            return new Figures(targets.length, 1 - error / total, absolute / targets.length);
        }
    }

    /** What is learnt from and what is held out, a fifth, of so many samples. */
    public static HeldOut split(int samples) {
        return HeldOut.fifth(new int[samples], 1, SEED);
    }

    /**
     * Fits and measures.
     *
     * @param train embedded, of which a fifth is held out
     * @param targets of every training sample that was embedded
     * @param test likewise; null for none
     * @param where the training samples are, for messages
     * @param testWhere likewise
     * @throws IOException if there are too few samples, or their numbers don't differ
     */
    public static RegressionFit of(
            Fitting fitting,
            LabelledEmbeddings train,
            double[] targets,
            @Nullable LabelledEmbeddings test,
            double[] testTargets,
            String noun,
            String where,
            String testWhere)
            throws IOException {
        HeldOut parts = split(train.size());
        double[] own = at(targets, parts.kept());
        double[] heldTargets = at(targets, parts.held());
        requireDiffering(targets, LEAST, noun, where);
        requireDiffering(own, 2, noun + " that are learnt from", where);
        requireDiffering(heldTargets, 2, noun + " that are held out", where);
        if (test != null) {
            requireDiffering(testTargets, 2, "test " + noun, testWhere);
        }
        LabelledEmbeddings learned = train.at(parts.kept());
        LinearHead head = fitting.fit(learned.vectors(), own);
        return new RegressionFit(
                head,
                learned.size(),
                Figures.of(values(head, train.at(parts.held())), heldTargets),
                test == null ? null : Figures.of(values(head, test), testTargets));
    }

    private static void requireDiffering(double[] targets, int least, String noun, String where) throws IOException {
        if (targets.length < least || Arrays.stream(targets).distinct().count() < 2) {
            throw new IOException("The " + noun + " with a target in " + where + " are " + targets.length
                    + ", with " + Arrays.stream(targets).distinct().count() + " different ones: expected at least "
                    + least + " that differ");
        }
    }

    /** Those at some places. */
    public static double[] at(double[] targets, int[] places) {
        return IntStream.of(places).mapToDouble(place -> targets[place]).toArray();
    }

    private static double[] values(LinearHead head, LabelledEmbeddings samples) {
        return Arrays.stream(head.outputs(samples.vectors()))
                .mapToDouble(row -> row[0])
                .toArray();
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
        figures.put(part + "-r2", measured.rSquared);
        figures.put(part + "-mean-absolute-error", measured.meanAbsoluteError);
    }
}
