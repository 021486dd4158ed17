package dev.vicreg.training.config;

import dev.vicreg.models.encoder.Encoders;
import dev.vicreg.models.setting.SettingException;
import dev.vicreg.models.setting.Variant;
import dev.vicreg.runtime.input.Input;
import dev.vicreg.training.data.kind.Kind;
import dev.vicreg.training.data.source.DataOptions;
import dev.vicreg.training.data.source.Dataset;
import dev.vicreg.training.data.view.Augmentation;
import dev.vicreg.training.data.view.ViewSource;
import dev.vicreg.training.step.ViewInput;

/**
 * What the file of an encoder takes, whatever that is. Graphs can be made for it; no data are read.
 *
 * @param file name of the file
 */
@Variant("file")
public record FileInput(String file) implements InputConfig {
    private SettingException noData() {
        return new SettingException(
                "Encoder " + file
                        + " takes no pictures [N,C,H,W] or [N,H,W,C] of 1 to 16 channels, as the data are: see ./vicreg"
                        + " inspect; choose data that it takes, or write its graphs with ./vicreg artifacts and feed them yourself");
    }

    @Override
    public Kind<?> kind() {
        throw noData();
    }

    @Override
    public String encoder() {
        return file;
    }

    @Override
    public DataOptions reading() {
        throw noData();
    }

    @Override
    public ViewInput view(Encoders.Input takes) {
        throw noData();
    }

    @Override
    public ViewSource views(Dataset<?> data, Augmentation augmentation) {
        throw noData();
    }

    @Override
    public Input<?> served() {
        throw noData();
    }

    @Override
    public Input<?> served(String name, EncoderInput taken) {
        throw noData();
    }
}
