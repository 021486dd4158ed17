package dev.vicreg.tools.evaluation.diagnosis;

import dev.vicreg.tools.evaluation.VectorRows;
import java.util.Arrays;

/** What measures of several views of each sample ask of them. */
final class Views {
    private Views() {}

    /**
     * Checks [samples][views][D].
     *
     * @param samples how many are needed
     * @throws IllegalStateException if there are fewer, or samples differ in their views, of which two are needed, or
     *     vectors in their length, or one holds a value that is not finite
     */
    static void require(float[][][] views, int samples) {
        if (views.length < samples) {
            throw new IllegalStateException("Found " + views.length + " samples; expected " + samples + " or more");
        }
        for (int i = 0; i < views.length; i++) {
            if (views[i].length < 2 || views[i].length != views[0].length) {
                throw new IllegalStateException("Sample " + i + " has " + views[i].length
                        + " views; expected two or more, as many of each sample");
            }
        }
        VectorRows.require(Arrays.stream(views).flatMap(Arrays::stream).toArray(float[][]::new), 2);
    }
}
