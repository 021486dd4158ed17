package dev.vicreg.training.step;

import dev.vicreg.models.graph.Dim;
import dev.vicreg.models.graph.ElementType;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.TensorType;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.nn.Layers;
import dev.vicreg.models.nn.LogMel;
import dev.vicreg.models.ops.Ops;
import dev.vicreg.models.setting.SettingException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** How one view enters the graph: the type that callers feed, and what happens before the encoder. */
public interface ViewInput {
    /** The name of the input in inference graphs. */
    String name();

    /** The type fed, for a batch of that size. */
    TensorType type(Dim batch);

    /** What the encoder sees. */
    Value prepare(Ops ops, Value view);

    /**
     * Pictures, uint8 [N,H,W,C], normalised inside the graph.
     *
     * @param height,width in pixels
     * @param mean per channel on a scale of 0 to 1
     * @param deviation standard deviation per channel on a scale of 0 to 1
     */
    record Pictures(int height, int width, List<Float> mean, List<Float> deviation) implements ViewInput {
        private static final int MOST = 4096;

        /** Square pictures. */
        public Pictures(int size, List<Float> mean, List<Float> deviation) {
            this(size, size, mean, deviation);
        }

        /** Checks the settings. */
        public Pictures {
            mean = List.copyOf(mean);
            deviation = List.copyOf(deviation);
            if (Math.min(height, width) < 1 || Math.max(height, width) > MOST) {
                throw new SettingException("Image size: expected 1 to 4096 pixels, found " + height + "x" + width);
            }
            if (mean.isEmpty()
                    || mean.size() != deviation.size()
                    || deviation.stream().anyMatch(d -> !(d > 0))) {
                throw new SettingException("Normalisation: expected one mean and one positive deviation per"
                        + " channel, found " + mean + " and " + deviation);
            }
        }

        @Override
        public String name() {
            return "image";
        }

        @Override
        public TensorType type(Dim batch) {
            return new TensorType(
                    ElementType.UINT8, new Shape(List.of(batch, Dim.of(height), Dim.of(width), Dim.of(mean.size()))));
        }

        @Override
        public Value prepare(Ops ops, Value view) {
            return Layers.normalisePictures(ops, view, mean, deviation);
        }
    }

    /**
     * Vectors, float32 [N,D], standardised inside the graph: (x - mean)/deviation for each column. The difference comes
     * first, so that a mean far from zero costs as few digits as it can.
     *
     * @param mean of each column
     * @param deviation standard deviation of each column
     */
    record Vectors(List<Float> mean, List<Float> deviation) implements ViewInput {
        /** Checks the settings. */
        public Vectors {
            mean = List.copyOf(mean);
            deviation = List.copyOf(deviation);
            requireMoments("column", mean, deviation);
        }

        @Override
        public String name() {
            return "vector";
        }

        @Override
        public TensorType type(Dim batch) {
            return new TensorType(ElementType.FLOAT, new Shape(List.of(batch, Dim.of(mean.size()))));
        }

        @Override
        public Value prepare(Ops ops, Value view) {
            return standardise(ops, view, mean, deviation, Shape.of(mean.size()));
        }
    }

    /**
     * Signals, float32 [N,C,T], standardised inside the graph and, with a front end, brought into the form of pictures or
     * of a signal with as many channels as bands.
     *
     * @param length values of each channel
     * @param mean of each channel
     * @param deviation standard deviation of each channel
     * @param frontEnd what follows; null for nothing
     * @param asPictures whether the front end gives [N,C,bands,frames] rather than [N,C·bands,frames]
     */
    record Signals(
            int length,
            List<Float> mean,
            List<Float> deviation,
            @Nullable LogMel frontEnd,
            boolean asPictures) implements ViewInput {
        /** Checks the settings. */
        public Signals {
            mean = List.copyOf(mean);
            deviation = List.copyOf(deviation);
            requireMoments("channel", mean, deviation);
            if (length < 1) {
                throw new SettingException("Length: expected 1 or more values, found " + length);
            }
        }

        @Override
        public String name() {
            return "signal";
        }

        @Override
        public TensorType type(Dim batch) {
            return new TensorType(ElementType.FLOAT, new Shape(List.of(batch, Dim.of(mean.size()), Dim.of(length))));
        }

        @Override
        public Value prepare(Ops ops, Value view) {
            Value signals = standardise(ops, view, mean, deviation, Shape.of(1, mean.size(), 1));
            if (frontEnd == null) {
                return signals;
            }
            Value bands = frontEnd.build(ops, signals); // [N,C,bands,frames]
            int rows = mean.size() * frontEnd.bands();
            return asPictures ? bands : ops.reshape(bands, -1, rows, frontEnd.frames(length));
        }
    }

    private static void requireMoments(String what, List<Float> mean, List<Float> deviation) {
        if (mean.isEmpty()
                || mean.size() != deviation.size()
                || deviation.stream().anyMatch(d -> !(d > 0))) {
            throw new SettingException("Standardisation: expected one mean and one positive deviation per " + what
                    + ", found " + mean.size() + " and " + deviation.size());
        }
    }

    /** @param shape that of the means, to be broadcast against the values */
    private static Value standardise(Ops ops, Value x, List<Float> mean, List<Float> deviation, Shape shape) {
        float[] offset = new float[mean.size()];
        float[] factor = new float[mean.size()];
        for (int i = 0; i < offset.length; i++) {
            offset[i] = mean.get(i);
            factor[i] = 1 / deviation.get(i);
        }
        Value centred = ops.sub(x, ops.constant(Tensor.of(shape, offset)));
        return ops.mul(centred, ops.constant(Tensor.of(shape, factor)));
    }

    /**
     * Values that the encoder takes as they are fed.
     *
     * @param name of the input in inference graphs
     * @param sample type and shape for a batch of any size
     */
    record AsFed(String name, TensorType sample) implements ViewInput {
        @Override
        public TensorType type(Dim batch) {
            return new TensorType(sample.element(), sample.shape().with(0, batch));
        }

        @Override
        public Value prepare(Ops ops, Value view) {
            return view;
        }
    }
}
