package dev.vicreg.training.data.signal;

import dev.vicreg.models.setting.SettingException;
import dev.vicreg.runtime.signal.Signal;
import dev.vicreg.training.data.view.Augmentation;
import dev.vicreg.training.data.view.ViewSource;
import dev.vicreg.training.data.view.ViewType;
import java.io.IOException;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.List;

/**
 * Views of signals, float32 [channels, length], not standardised.
 *
 * @param mean of each channel in the training set
 * @param length of a view
 */
public record SignalViews(SignalDataset data, Augmentation augmentation, List<Float> mean, int length)
        implements ViewSource {
    /**
     * Checks the settings.
     *
     * @throws IllegalArgumentException if the augmentation is for other data, or every signal is shorter than a view
     */
    public SignalViews {
        mean = List.copyOf(mean);
        augmentation.policy(0, SignalPolicy.class);
        if (length > data.summary().longest()) {
            throw new SettingException("a length of " + length + " is more than the longest signal has, "
                    + data.summary().longest() + "; choose a shorter `length`");
        }
    }

    @Override
    public ViewType type() {
        return new ViewType(ViewType.Element.FLOAT32, List.of(mean.size(), length));
    }

    @Override
    public boolean unrelatedViews() {
        return augmentation.unrelatedViews();
    }

    @Override
    public Sample sample(int index) throws IOException {
        Signal signal = data.sample(index);
        return (key, into, offset) -> {
            SignalPolicy policy = augmentation.policy(key.view(), SignalPolicy.class);
            float[] rest = new float[mean.size()];
            for (int c = 0; c < rest.length; c++) {
                rest[c] = mean.get(c);
            }
            FloatBuffer place = into.slice(offset, rest.length * length * Float.BYTES)
                    .order(ByteOrder.nativeOrder())
                    .asFloatBuffer();
            for (float[] channel : policy.draw(key.random(), signal.samples(), rest, length)) {
                place.put(channel);
            }
        };
    }
}
