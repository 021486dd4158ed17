package dev.vicreg.tools.command;

import dev.vicreg.models.encoder.EncoderOptions;
import dev.vicreg.models.encoder.OnnxEncoder;
import dev.vicreg.models.graph.Dim;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.setting.SettingException;
import dev.vicreg.tools.cli.Settings;
import dev.vicreg.training.config.BranchConfig;
import dev.vicreg.training.config.InputConfig;
import dev.vicreg.training.config.OnnxConfig;
import dev.vicreg.training.step.Side;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** What options and data say of an encoder that comes as an ONNX file. */
final class ImportedNetwork {
    private ImportedNetwork() {}

    /**
     * The branch of a side whose encoder is in {@code file}. Pictures get the file's size unless one was asked for;
     * without data that fit, views are what the file takes.
     *
     * @throws IOException if the file cannot be read
     */
    static BranchConfig branch(Settings settings, Side side, InputConfig input, Path file, String projector)
            throws IOException {
        OnnxConfig config = asked(settings, side, file).of(file);
        String name = String.valueOf(file.getFileName());
        InputConfig fed = input;
        if (input instanceof InputConfig.Pictures pictures) {
            Optional<Boolean> channelsFirst = config.pictures();
            if (channelsFirst.isEmpty()) {
                fed = new InputConfig.AsInFile(name);
            } else {
                InputConfig.Pictures sized =
                        pictures.ofSize(size(settings, config, channelsFirst.get(), pictures.imageSize()));
                long pixels = sized.imageSize();
                config = config.withSample(
                        channelsFirst.get() ? List.of(3L, pixels, pixels) : List.of(pixels, pixels, 3L));
                fed = sized;
            }
        } else if (input instanceof InputConfig.Sequences sequences) {
            config = sized(settings, config, sequences.length()).withPadding(sequences.padding());
            fed = known(settings, config.encoder(), name, sequences);
        }
        return new BranchConfig(name, 0, fed, projector, EncoderOptions.NONE, config);
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

    private static InputConfig known(
            Settings settings, OnnxEncoder encoder, String name, InputConfig.Sequences sequences) {
        int told = settings.isGiven(SequenceSettings.VOCABULARY) ? sequences.vocabulary() : 0;
        int rows = Math.toIntExact(encoder.vocabulary().orElse(told));
        if (told > rows) {
            throw new SettingException(
                    "--vocabulary is " + told + ", the table of " + name + " has " + rows + " rows; leave it out");
        }
        return sequences.of(Math.toIntExact(encoder.sample().get(0)), told > 0 ? told : rows);
    }

    /** For sequences of the file's length; of theirs where the file leaves that open, or another was asked for. */
    private static OnnxConfig sized(Settings settings, OnnxConfig config, int length) throws IOException {
        Shape shape = config.input().shape();
        if (!config.sample().isEmpty() || shape.rank() != 2) {
            return config;
        }
        boolean own = shape.at(1).isFixed() && !settings.isGiven(SignalSettings.LENGTH);
        return config.withSample(List.of(own ? shape.size(1) : length));
    }

    private static int size(Settings settings, OnnxConfig config, boolean channelsFirst, int otherwise)
            throws IOException {
        Shape shape = config.input().shape();
        Dim height = shape.at(channelsFirst ? 2 : 1);
        boolean asked = settings.isGiven(PictureSettings.IMAGE_SIZE) || !height.isFixed();
        return asked ? otherwise : Math.toIntExact(height.size());
    }
}
