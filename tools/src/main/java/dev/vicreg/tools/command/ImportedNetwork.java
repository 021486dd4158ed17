package dev.vicreg.tools.command;

import dev.vicreg.models.encoder.EncoderOptions;
import dev.vicreg.tools.cli.Settings;
import dev.vicreg.training.config.BranchConfig;
import dev.vicreg.training.config.InputConfig;
import dev.vicreg.training.config.OnnxConfig;
import dev.vicreg.training.step.Side;
import java.io.IOException;
import java.nio.file.Path;

/** What options and data say of an encoder that comes as an ONNX file. */
final class ImportedNetwork {
    private ImportedNetwork() {}

    /**
     * The branch of a side whose encoder is in {@code file}: data and file are {@link InputConfig#fitted} to each other.
     *
     * @throws IOException if the file cannot be read
     */
    static BranchConfig branch(Settings settings, Side side, InputConfig input, Path file, String projector)
            throws IOException {
        String name = String.valueOf(file.getFileName());
        OnnxConfig asked = asked(settings, side, file).of(file);
        InputConfig.Fitted fitted = input.fitted(asked, name, settings);
        String headNorm = settings.read(BranchConfig.class).headNorm();
        return new BranchConfig(name, 0, fitted.input(), projector, headNorm, EncoderOptions.NONE, fitted.file());
    }

    /** What the options say of a side's file: those of the first side too, where there is one file for both. */
    private static OnnxConfig asked(Settings settings, Side side, Path file) {
        OnnxConfig first = settings.read(OnnxConfig.class);
        if (side == Side.A) {
            return first;
        }
        OnnxConfig second = settings.readSecond(OnnxConfig.class);
        String encoder = settings.read(BranchConfig.class).encoder();
        if (OnnxConfig.isFile(encoder) && !Path.of(encoder).toAbsolutePath().equals(file.toAbsolutePath())) {
            return second;
        }
        return new OnnxConfig(
                second.path(),
                second.sha256(),
                second.output().isEmpty() ? first.output() : second.output(),
                settings.isGiven("pool-b") ? second.pool() : first.pool(),
                second.batchNorm(),
                second.dropout(),
                second.layout(),
                second.sample().isEmpty() ? first.sample() : second.sample(),
                null);
    }
}
