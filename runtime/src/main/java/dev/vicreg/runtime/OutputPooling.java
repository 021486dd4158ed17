package dev.vicreg.runtime;

import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.Locale;

/** How one vector per sample is made of what a model gives, by the words of manifests. */
public enum OutputPooling {
    /** The first token of [N,T,D]. */
    CLS,
    /** Mean of all tokens of [N,T,D], whatever padding became, or of the pixels of [N,D,H,W]; of [N,1,1,D] it is [N,D]. */
    MEAN,
    /** Mean of the tokens of [N,T,D] that are no padding, one for each id; 0 where all are padding. */
    MASKED_MEAN,
    /** The output is one vector per sample. */
    NONE;

    /** As manifests have it. */
    String word() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /**
     * The one that manifests call so.
     *
     * @throws IllegalArgumentException if there is none
     */
    static OutputPooling of(String word) {
        return Arrays.stream(values())
                .filter(pooling -> pooling.word().equals(word))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("its output is pooled by the unknown '" + word
                        + "', expected cls, mean, masked-mean or none; read it with the version that wrote it"));
    }

    /**
     * The vectors: [N][D].
     *
     * @param output float32, float16 or float64
     * @param kept which values of each sample are no padding, [N][T], as {@link
     *     dev.vicreg.runtime.input.Input#kept} tells; asked for by {@link #MASKED_MEAN} alone
     * @throws IllegalStateException if the output cannot be pooled this way
     */
    public float[][] rows(OnnxTensor output, boolean[][] kept) {
        long[] shape = output.getInfo().getShape();
        long[] axes = Arrays.copyOfRange(shape, 1, shape.length);
        FloatBuffer values = floats(output);
        int count = Math.toIntExact(shape[0]);
        float[][] rows = new float[count][];
        for (int i = 0; i < count; i++) {
            float[] sample = new float[values.capacity() / count];
            values.get(i * sample.length, sample);
            rows[i] = this == MASKED_MEAN ? masked(sample, axes, kept[i]) : row(sample, axes);
        }
        return rows;
    }

    private static FloatBuffer floats(OnnxTensor output) {
        if (output.getInfo().type != OnnxJavaType.DOUBLE) {
            return output.getFloatBuffer();
        }
        DoubleBuffer doubles = output.getDoubleBuffer();
        FloatBuffer floats = FloatBuffer.allocate(doubles.remaining());
        while (doubles.hasRemaining()) {
            floats.put((float) doubles.get());
        }
        return floats.flip();
    }

    /**
     * The vector of one sample: [D]. Which of its tokens are padding isn't known here.
     *
     * @param sample what the model gives for it
     * @param axes of {@code sample}: [D], [T,D], [D,H,W] or [1,1,D]
     * @throws IllegalStateException if the output cannot be pooled this way
     */
    public float[] row(float[] sample, long... axes) {
        boolean onePixel = axes.length == 3 && axes[0] == 1 && axes[1] == 1 && this == MEAN; // its channels stand last
        if (axes.length == 1 || onePixel) {
            return sample;
        }
        if (axes.length == 2 && this == CLS) {
            return Arrays.copyOf(sample, (int) axes[1]);
        }
        if (axes.length == 2 && this == MEAN) {
            return mean(sample, (int) axes[1], 1, (int) axes[1]);
        }
        if (axes.length == 3 && this == MEAN) {
            int pixels = (int) (axes[1] * axes[2]);
            return mean(sample, (int) axes[0], pixels, 1);
        }
        throw new IllegalStateException("the model's output for a sample, " + Arrays.toString(axes)
                + ", cannot be pooled by " + word() + " into one vector; "
                + switch (axes.length) {
                    case 2 -> "choose `pool` mean or cls";
                    case 3 -> "choose `pool` mean";
                    default -> "name another `output`";
                });
    }

    static float[] masked(float[] sample, long[] axes, boolean[] kept) {
        if (axes.length != 2 || axes[0] != kept.length) {
            throw new IllegalStateException("the model's output for a sample, " + Arrays.toString(axes)
                    + ", has not one token for each of " + kept.length + " ids, expected [" + kept.length + ",D]");
        }
        int width = (int) axes[1];
        double[] sum = new double[width];
        int count = 0;
        for (int t = 0; t < kept.length; t++) {
            if (kept[t]) {
                count++;
                for (int d = 0; d < width; d++) {
                    sum[d] += sample[t * width + d];
                }
            }
        }
        float[] mean = new float[width];
        for (int d = 0; d < width; d++) {
            mean[d] = (float) (sum[d] / Math.max(1, count));
        }
        return mean;
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
