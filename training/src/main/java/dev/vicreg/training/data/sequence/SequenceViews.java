package dev.vicreg.training.data.sequence;

import dev.vicreg.training.data.view.Augmentation;
import dev.vicreg.training.data.view.ViewSource;
import dev.vicreg.training.data.view.ViewType;
import java.nio.ByteOrder;
import java.nio.LongBuffer;
import java.util.List;

/**
 * Views of sequences, int64 [length], padded at the end.
 *
 * @param length ids of a view
 */
public record SequenceViews(SequenceDataset data, Augmentation augmentation, int length, SpecialIds special)
        implements ViewSource {
    /**
     * Checks the settings.
     *
     * @throws IllegalArgumentException if the augmentation is for other data
     */
    public SequenceViews {
        augmentation.policy(0, SequencePolicy.class);
    }

    @Override
    public ViewType type() {
        return new ViewType(ViewType.Element.INT64, List.of(length));
    }

    @Override
    public boolean unrelatedViews() {
        return augmentation.unrelatedViews();
    }

    @Override
    public Sample sample(int index) {
        return (key, into, offset) -> {
            SequencePolicy policy = augmentation.policy(key.view(), SequencePolicy.class);
            LongBuffer place = into.slice(offset, length * Long.BYTES)
                    .order(ByteOrder.nativeOrder())
                    .asLongBuffer();
            for (int id : policy.draw(key.random(), data, index, length, special)) {
                place.put(id);
            }
        };
    }
}
