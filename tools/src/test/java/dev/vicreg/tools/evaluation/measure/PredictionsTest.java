package dev.vicreg.tools.evaluation.measure;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class PredictionsTest {
    /** Figures as scikit-learn's confusion_matrix, balanced_accuracy_score and precision_recall_fscore_support define them. */
    @Test
    void figuresAreThoseOfTheirDefinitions() {
        Predictions p = new Predictions(new int[] {0, 0, 1, 1, 0, 2}, new int[] {0, 0, 0, 1, 1, 1}, 4);
        assertEquals(3.0 / 6, p.accuracy());
        assertArrayEquals(new int[][] {{2, 1, 0, 0}, {1, 1, 1, 0}, {0, 0, 0, 0}, {0, 0, 0, 0}}, p.confusion());
        assertEquals((2.0 / 3 + 1.0 / 3) / 2, p.balancedAccuracy(), 1e-15);
        Predictions.Tally second = p.tallies()[1];
        assertEquals(1.0 / 3, second.recall());
        assertEquals(1.0 / 2, second.precision());
        assertEquals(0.4, second.f1(), 1e-15);
    }

    /** Unequal, missing and never predicted classes divide nothing by zero. */
    @Test
    void classesWithoutSamplesHaveNoFigure() {
        Predictions p = new Predictions(new int[] {0, 0, 2}, new int[] {0, 0, 0}, 4);
        assertTrue(Double.isNaN(p.recalls()[3]));
        assertTrue(Double.isNaN(p.tallies()[3].f1()));
        assertEquals(0, p.tallies()[2].precision());
        assertEquals(2.0 / 3, p.balancedAccuracy(), 1e-15);
        assertTrue(p.isBalanced());
        assertFalse(new Predictions(new int[] {0, 0, 1}, new int[] {0, 0, 1}, 2).isBalanced());
    }

    /** Of a binomial share its interval is the mean ± 1.96 standard errors, but for what 1,000 resamples leave to chance. */
    @Test
    void theIntervalIsTheBootstraps() {
        int n = 2000;
        int[] actual = new int[n];
        int[] predicted = IntStream.range(0, n).map(i -> i % 10 < 3 ? 0 : 1).toArray();
        Figure.Interval interval = new Predictions(predicted, actual, 2).interval();
        double error = 1.96 * Math.sqrt(0.3 * 0.7 / n);
        assertEquals(0.3 - error, interval.low(), 0.004);
        assertEquals(0.3 + error, interval.high(), 0.004);
    }
}
