package dev.vicreg.export;

import dev.vicreg.models.graph.Dim;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.TensorType;
import dev.vicreg.runtime.input.Input;
import java.util.Arrays;
import java.util.Random;
import java.util.SplittableRandom;

/** Samples on which models are compared before one is published: random ones, then constant ones. */
final class MadeUpSamples {
    /** Grey levels of the pictures of one colour; two more samples are random. */
    private static final int[] CONSTANT_PICTURES = {0, 127, 255};
    /** Deviations from the mean of vectors and signals of one value. */
    private static final int[] CONSTANT_DEVIATIONS = {-3, 0, 3};

    private static final int RANDOM = 2;

    /** Sizes of the batches to compare with: a single sample, and all there are. */
    static final int[] COUNTS = {1, RANDOM + CONSTANT_PICTURES.length};

    private MadeUpSamples() {}

    /**
     * Samples [count,…].
     *
     * @param fed type of an input of a model, its first axis the batch
     * @param input what the model takes
     * @param own whether these are values of that, and not of another input
     */
    static Tensor of(TensorType fed, int count, Input<?> input, boolean own) {
        TensorType batch = new TensorType(fed.element(), fed.shape().with(0, Dim.of(count)));
        return switch (fed.element()) {
            case UINT8 -> pictures(batch, count);
            case FLOAT -> numbers(batch, input);
            case INT64 -> ids(batch, input, own);
            default ->
                throw new IllegalStateException(
                        "Verification needs views of uint8, float32 or int64, found input " + fed);
        };
    }

    /** Any ids that the encoder knows; 0 and 1 where it is not known how many that are. Every second row ends in padding. */
    private static Tensor ids(TensorType batch, Input<?> input, boolean own) {
        int known = own ? input.vocabulary() : 0;
        long[] ids = new long[Math.toIntExact(batch.shape().elements())];
        int length = (int) batch.shape().size(1);
        SplittableRandom random = new SplittableRandom(0);
        for (int i = 0; i < ids.length; i++) {
            boolean pads = i / length % 2 == 1 && i % length > length / 2;
            int id = random.nextInt(known > 0 ? known : 2);
            ids[i] = pads && own && input instanceof Input.Sequences sequences ? sequences.padding() : id;
        }
        return new Tensor(batch, Tensor.ofLongs(ids).data());
    }

    private static Tensor pictures(TensorType batch, int count) {
        byte[] pixels = new byte[Math.toIntExact(batch.shape().elements())];
        new SplittableRandom(0).nextBytes(pixels);
        int size = pixels.length / count;
        for (int i = RANDOM; i < count; i++) {
            Arrays.fill(pixels, i * size, (i + 1) * size, (byte) CONSTANT_PICTURES[i - RANDOM]);
        }
        return new Tensor(batch, pixels);
    }

    /** [count,channels,…] around the means of the encoder's own input where it has as many channels. */
    private static Tensor numbers(TensorType batch, Input<?> input) {
        float[] values = new float[Math.toIntExact(batch.shape().elements())];
        int size = values.length / Math.toIntExact(batch.shape().size(0));
        int channels = Math.toIntExact(batch.shape().size(1));
        boolean own = input.mean().size() == channels;
        Random random = new Random(0);
        for (int i = 0; i < values.length; i++) {
            int sample = i / size;
            int channel = i % size / (size / channels);
            double deviations = sample < RANDOM ? random.nextGaussian() : CONSTANT_DEVIATIONS[sample - RANDOM];
            double mean = own ? input.mean().get(channel) : 0;
            values[i] = (float) (mean + deviations * (own ? input.deviation().get(channel) : 1));
        }
        return Tensor.of(batch.shape(), values);
    }
}
