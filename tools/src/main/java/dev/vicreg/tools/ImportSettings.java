package dev.vicreg.tools;

import dev.vicreg.models.encoder.EncoderOptions;
import dev.vicreg.models.encoder.OnnxEncoder;
import dev.vicreg.models.graph.Dim;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.tools.cli.Console;
import dev.vicreg.tools.cli.Setting;
import dev.vicreg.tools.cli.Setting.Group;
import dev.vicreg.tools.cli.Settings;
import dev.vicreg.training.loop.BranchConfig;
import dev.vicreg.training.loop.GraphConfig;
import dev.vicreg.training.loop.InputConfig;
import dev.vicreg.training.loop.OnnxConfig;
import dev.vicreg.training.step.Side;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/** The options that say how an encoder is read that comes as an ONNX file. */
final class ImportSettings {
    private static final String SUFFIX = ".onnx";

    static final Setting<String> OUTPUT = Setting.text(
            "output",
            "NAME",
            Group.MODEL,
            "encoder file: the value that is the representation; without it the first output",
            null);
    static final Setting<String> BATCH_NORM = Setting.choice(
            "batch-norm",
            OnnxConfig.BATCH_NORM,
            Group.MODEL,
            "encoder file: batch norms use each view's statistics and move the running ones, or use the running ones and"
                    + " leave them",
            "train");
    static final Setting<String> DROPOUT = Setting.choice(
            "dropout",
            OnnxConfig.DROPOUT,
            Group.MODEL,
            "encoder file: Dropout nodes drop as they were exported, or all of them, or none",
            "as-exported");
    static final Setting<String> LAYOUT = Setting.choice(
            "layout",
            OnnxConfig.LAYOUTS,
            Group.MODEL,
            "encoder file: where pictures have their channels; without it where the file has three",
            null);
    static final Setting<List<Long>> INPUT_SHAPE = new Setting<>(
            "input-shape",
            "N,N",
            Group.MODEL,
            "encoder file: sizes of one sample, without the batch, where the file leaves them open",
            null,
            ImportSettings::parseShape);

    static final List<Setting<?>> ALL = List.of(OUTPUT, BATCH_NORM, DROPOUT, LAYOUT, INPUT_SHAPE);

    private ImportSettings() {}

    private static List<Long> parseShape(String text) {
        try {
            List<Long> sizes =
                    Arrays.stream(text.split(",", -1)).map(Long::valueOf).toList();
            if (sizes.stream().allMatch(size -> size > 0)) {
                return sizes;
            }
        } catch (NumberFormatException e) {
            // reported like numbers out of range
        }
        throw new IllegalArgumentException("must be sizes such as 3,224,224, found \"" + text + "\"");
    }

    /** Whether an encoder is named by its file. */
    static boolean isFile(String encoder) {
        return encoder.endsWith(SUFFIX);
    }

    /**
     * A branch whose encoder is in {@code file}. Pictures get the file's size unless one was asked for; without data that
     * fit, views are what the file takes.
     *
     * @throws IOException if the file cannot be read
     */
    static BranchConfig branch(Settings settings, InputConfig input, Path file, String projector) throws IOException {
        OnnxConfig config = OnnxConfig.of(
                file,
                settings.find(OUTPUT).orElse(""),
                settings.find(ModelSettings.POOL).orElse("none"),
                settings.get(BATCH_NORM),
                settings.get(DROPOUT),
                settings.find(LAYOUT).orElse(null),
                settings.find(INPUT_SHAPE).orElse(List.of()));
        String name = String.valueOf(file.getFileName());
        InputConfig fed = input;
        if (input instanceof InputConfig.Pictures pictures) {
            Optional<Boolean> channelsFirst = config.pictures();
            if (channelsFirst.isEmpty()) {
                fed = new InputConfig.AsInFile(name);
            } else {
                InputConfig.Pictures sized =
                        pictures.ofSize(size(settings, config, channelsFirst.get(), pictures.imageSize()));
                long side = sized.imageSize();
                config = config.withSample(channelsFirst.get() ? List.of(3L, side, side) : List.of(side, side, 3L));
                fed = sized;
            }
        } else if (input instanceof InputConfig.Sequences sequences) {
            config = sized(settings, config, sequences.length());
            OnnxEncoder encoder = config.encoder();
            int told = settings.isGiven(InputSettings.VOCABULARY) ? sequences.vocabulary() : 0;
            fed = sequences.of(
                    Math.toIntExact(encoder.sample().get(0)),
                    Math.toIntExact(encoder.vocabulary().orElse(told)));
        }
        return new BranchConfig(name, 0, fed, projector, EncoderOptions.NONE, config);
    }

    /** For sequences of the file's length; of theirs where the file leaves that open, or that was asked for. */
    private static OnnxConfig sized(Settings settings, OnnxConfig config, int length) throws IOException {
        Shape shape = config.input().shape();
        boolean open = shape.rank() == 2 && !shape.at(1).isFixed();
        return config.sample().isEmpty() && (open || settings.isGiven(InputSettings.LENGTH))
                ? config.withSample(List.of((long) length))
                : config;
    }

    private static int size(Settings settings, OnnxConfig config, boolean channelsFirst, int otherwise)
            throws IOException {
        Shape shape = config.input().shape();
        Dim height = shape.at(channelsFirst ? 2 : 1);
        boolean asked = settings.isGiven(ModelSettings.IMAGE_SIZE) || !height.isFixed();
        return asked ? otherwise : Math.toIntExact(height.size());
    }

    /** Names the parameters that could not keep the name that they have in their file. */
    static void tellOfNames(GraphConfig graph, Console console) throws IOException {
        for (Side side : graph.sides()) {
            OnnxConfig file = graph.branch(side).onnx();
            if (file != null) {
                file.encoder()
                        .renamed()
                        .forEach((old, name) -> console.err()
                                .println("note: " + old + " of "
                                        + graph.branch(side).encoder() + " is called " + name
                                        + " in graphs and checkpoints, since its own name means something else there"));
            }
        }
    }

    /** The options that give this configuration, with their values. */
    static Map<Setting<?>, Object> values(OnnxConfig config) {
        Map<Setting<?>, Object> values = new HashMap<>();
        if (!config.output().isEmpty()) {
            values.put(OUTPUT, config.output());
        }
        values.put(ModelSettings.POOL, config.pool());
        values.put(BATCH_NORM, config.batchNorm());
        values.put(DROPOUT, config.dropout());
        if (config.layout() != null) {
            values.put(LAYOUT, config.layout());
        }
        if (!config.sample().isEmpty()) {
            values.put(
                    INPUT_SHAPE,
                    new ArrayList<>(config.sample())
                            .stream().map(Object::toString).collect(Collectors.joining(",")));
        }
        return values;
    }
}
