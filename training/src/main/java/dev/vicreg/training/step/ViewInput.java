package dev.vicreg.training.step;

import dev.vicreg.models.graph.Dim;
import dev.vicreg.models.graph.ElementType;
import dev.vicreg.models.graph.Ops;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.TensorType;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.nn.Layers;
import java.util.List;

/** How one view enters the graph: the type that callers feed, and what happens before the encoder. */
public interface ViewInput {
    /** The name of the input in inference graphs. */
    String name();

    /** The type fed, for a batch of that size. */
    TensorType type(Dim batch);

    /** What the encoder sees. */
    Value prepare(Ops ops, Value view);

    /**
     * Square pictures, uint8 [N,size,size,C], normalised inside the graph.
     *
     * @param size height and width in pixels
     * @param mean per channel on a scale of 0 to 1
     * @param deviation standard deviation per channel on a scale of 0 to 1
     */
    record Pictures(int size, List<Float> mean, List<Float> deviation) implements ViewInput {
        /** Checks the settings. */
        public Pictures {
            mean = List.copyOf(mean);
            deviation = List.copyOf(deviation);
            if (size < 1 || size > 4096) {
                throw new IllegalArgumentException("Image size: expected 1 to 4096 pixels, found " + size);
            }
            if (mean.isEmpty()
                    || mean.size() != deviation.size()
                    || deviation.stream().anyMatch(d -> !(d > 0))) {
                throw new IllegalArgumentException("Normalisation: expected one mean and one positive deviation per"
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
                    ElementType.UINT8, new Shape(List.of(batch, Dim.of(size), Dim.of(size), Dim.of(mean.size()))));
        }

        @Override
        public Value prepare(Ops ops, Value view) {
            return Layers.normalisePictures(ops, view, mean, deviation);
        }
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
