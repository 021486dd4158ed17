package dev.vicreg.runtime;

import ai.onnxruntime.OnnxTensor;
import java.nio.FloatBuffer;
import java.util.Arrays;

/** Makes one vector per sample of what a model gives. */
public final class OutputRows {
    /** No pooling: the output is one vector per sample. */
    public static final String NONE = "none";
    /** Mean of the tokens of [N,T,D], or of the pixels of [N,D,H,W]. */
    public static final String MEAN = "mean";
    /** The first token of [N,T,D]. */
    public static final String CLS = "cls";

    private OutputRows() {}

    /**
     * The vectors: [N][D].
     *
     * @param output float32
     * @param pool {@value #NONE}, {@value #MEAN} or {@value #CLS}
     * @throws IllegalStateException if the output cannot be pooled that way
     */
    public static float[][] of(OnnxTensor output, String pool) {
        long[] shape = output.getInfo().getShape();
        long[] axes = Arrays.copyOfRange(shape, 1, shape.length);
        FloatBuffer values = output.getFloatBuffer();
        int count = Math.toIntExact(shape[0]);
        float[][] rows = new float[count][];
        for (int i = 0; i < count; i++) {
            float[] sample = new float[values.capacity() / count];
            values.get(i * sample.length, sample);
            rows[i] = row(sample, pool, axes);
        }
        return rows;
    }

    /**
     * The vector of one sample: [D].
     *
     * @param sample what the model gives for it
     * @param pool {@value #NONE}, {@value #MEAN} or {@value #CLS}
     * @param axes of {@code sample}: [D], [T,D] or [D,H,W]
     * @throws IllegalStateException if the output cannot be pooled that way
     */
    public static float[] row(float[] sample, String pool, long... axes) {
        if (axes.length == 1) {
            return sample;
        }
        if (axes.length == 2 && pool.equals(CLS)) {
            return Arrays.copyOf(sample, (int) axes[1]);
        }
        if (axes.length == 2 && pool.equals(MEAN)) {
            return mean(sample, (int) axes[1], 1, (int) axes[1]);
        }
        if (axes.length == 3 && pool.equals(MEAN)) {
            int pixels = (int) (axes[1] * axes[2]);
            return mean(sample, (int) axes[0], pixels, 1);
        }
        throw new IllegalStateException("the model's output for a sample, " + Arrays.toString(axes)
                + ", cannot be pooled by " + pool + " into one vector");
    }

    /** Element d of the result is the mean of those at d·start, d·start + step, … */
    private static float[] mean(float[] values, int width, int start, int step) {
        float[] mean = new float[width];
        int count = values.length / width;
        for (int d = 0; d < width; d++) {
            double sum = 0;
            for (int i = 0; i < count; i++) {
                sum += values[d * start + i * step];
            }
            mean[d] = (float) (sum / count);
        }
        return mean;
    }
}
