package dev.vicreg.training.data.signal;

import dev.vicreg.models.setting.SettingException;
import dev.vicreg.training.data.source.Dataset;
import dev.vicreg.training.data.view.ViewSource;
import dev.vicreg.training.data.view.ViewType;
import java.io.IOException;
import java.util.List;

/**
 * Views of signals as networks of other origin may take them: [T], without an axis of channels.
 *
 * @param signals the same views as [1,T]
 */
public record Waveforms(ViewSource signals) implements ViewSource {
    /** @throws SettingException if the signals have several channels */
    public Waveforms {
        if (signals.type().shape().get(0) != 1) {
            throw new SettingException("The encoder takes waveforms [N,T], the signals have "
                    + signals.type().shape().get(0) + " channels; mix them with `channels` 1");
        }
    }

    @Override
    public Dataset<?> data() {
        return signals.data();
    }

    @Override
    public ViewType type() {
        ViewType type = signals.type();
        return new ViewType(type.element(), List.of(type.shape().get(1)));
    }

    @Override
    public boolean unrelatedViews() {
        return signals.unrelatedViews();
    }

    @Override
    public Sample sample(int index) throws IOException {
        return signals.sample(index);
    }
}
