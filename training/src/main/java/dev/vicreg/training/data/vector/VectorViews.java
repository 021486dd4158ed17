package dev.vicreg.training.data.vector;

import dev.vicreg.training.data.view.Augmentation;
import dev.vicreg.training.data.view.ViewSource;
import dev.vicreg.training.data.view.ViewType;
import java.nio.ByteOrder;
import java.util.List;

/** Views of vectors, float32 [columns], not standardised. */
public record VectorViews(VectorDataset data, Augmentation augmentation, List<Float> deviation) implements ViewSource {
    /**
     * Checks the settings.
     *
     * @param deviation of each column in the training set
     * @throws IllegalArgumentException if the augmentation is for other data
     */
    public VectorViews {
        augmentation.policy(0, VectorPolicy.class);
        deviation = List.copyOf(deviation);
    }

    @Override
    public ViewType type() {
        return new ViewType(ViewType.Element.FLOAT32, List.of(deviation.size()));
    }

    @Override
    public boolean unrelatedViews() {
        return augmentation.unrelatedViews();
    }

    @Override
    public Sample sample(int index) {
        return (key, into, offset) -> {
            VectorPolicy policy = augmentation.policy(key.view(), VectorPolicy.class);
            float[] view = policy.draw(key.random(), data, index, deviation);
            into.slice(offset, view.length * Float.BYTES)
                    .order(ByteOrder.nativeOrder())
                    .asFloatBuffer()
                    .put(view);
        };
    }
}
