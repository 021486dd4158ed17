package dev.vicreg.runtime.search;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Random;
import org.junit.jupiter.api.Test;

class PrincipalComponentsTest {
    /** Two directions of known deviation in five dimensions, hidden in small noise. */
    @Test
    void largestDirectionsComeFirst() {
        Random random = new Random(1);
        float[][] vectors = new float[500][5];
        double[][] hidden = new double[500][2];
        for (int i = 0; i < 500; i++) {
            boolean fresh = i % 4 == 0; // then the same with other signs, so that both are uncorrelated in the sample
            double a = fresh ? 5 * random.nextGaussian() : i % 4 == 2 ? hidden[i - 1][0] : -hidden[i - 1][0];
            double b = fresh ? 2 * random.nextGaussian() : i % 4 == 2 ? -hidden[i - 1][1] : hidden[i - 1][1];
            hidden[i] = new double[] {a, b};
            double[] place = {0.6 * a + 7, 0.8 * a, b, 0, 0};
            for (int d = 0; d < 5; d++) {
                vectors[i][d] = (float) (place[d] + 0.01 * random.nextGaussian());
            }
        }
        PrincipalComponents components = PrincipalComponents.of(vectors);
        double[][] places = components.places(vectors);
        for (int axis = 0; axis < 2; axis++) {
            assertEquals(1, Math.abs(correlation(places, hidden, axis)), 1e-4);
        }
        assertEquals(1, components.share(), 1e-4); // the rest is the noise
        assertEquals(0, components.place(new float[] {7, 0, 0, 0, 0})[0], 0.5);
    }

    private static double correlation(double[][] x, double[][] y, int axis) {
        double xx = 0;
        double yy = 0;
        double xy = 0;
        for (int i = 0; i < x.length; i++) {
            xx += x[i][axis] * x[i][axis];
            yy += y[i][axis] * y[i][axis];
            xy += x[i][axis] * y[i][axis];
        }
        return xy / Math.sqrt(xx * yy);
    }

    @Test
    void oneDimensionLeavesTheSecondPlaceEmpty() {
        float[][] vectors = {{1}, {3}, {5}};
        PrincipalComponents components = PrincipalComponents.of(vectors);
        double[][] places = components.places(vectors);
        assertEquals(2, Math.abs(places[0][0]), 1e-9);
        assertEquals(0, places[0][1], 1e-9);
        assertEquals(8, Math.abs(components.place(new float[] {11})[0]), 1e-9);
        assertEquals(1, components.share(), 1e-9);
    }

    @Test
    void vectorsThatAreTheSameLieAtOnePlace() {
        PrincipalComponents components = PrincipalComponents.of(new float[][] {{1, 2}, {1, 2}});
        assertArrayEquals(new double[2], components.place(new float[] {1, 2}));
        assertEquals(Double.NaN, components.share());
    }
}
