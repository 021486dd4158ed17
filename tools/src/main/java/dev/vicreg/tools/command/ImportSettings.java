package dev.vicreg.tools.command;

import dev.vicreg.models.encoder.EncoderOptions;
import dev.vicreg.models.encoder.OnnxEncoder;
import dev.vicreg.models.graph.Dim;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.tools.cli.Console;
import dev.vicreg.tools.cli.Setting;
import dev.vicreg.tools.cli.Setting.Group;
import dev.vicreg.tools.cli.Settings;
import dev.vicreg.training.config.BranchConfig;
import dev.vicreg.training.config.GraphConfig;
import dev.vicreg.training.config.InputConfig;
import dev.vicreg.training.config.OnnxConfig;
import dev.vicreg.training.step.Side;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

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

    static final Setting<String> OUTPUT_B = Setting.text(
            "output-b", "NAME", Group.MODEL, "that of --encoder-b's file, where --encoder names another", null);
    static final Setting<String> POOL_B = Setting.choice(
            "pool-b",
            List.of("cls", "mean", "none"),
            Group.MODEL,
            "what is made of the output of --encoder-b's file, where --encoder names another",
            null);
    static final Setting<List<Long>> INPUT_SHAPE_B = new Setting<>(
            "input-shape-b",
            "N,N",
            Group.MODEL,
            "sizes of one sample of --encoder-b's file, where --encoder names another. The other options of encoder files are"
                    + " for both",
            null,
            ImportSettings::parseShape);

    static final List<Setting<?>> ALL =
            List.of(OUTPUT, BATCH_NORM, DROPOUT, LAYOUT, INPUT_SHAPE, OUTPUT_B, POOL_B, INPUT_SHAPE_B);

    /** The options for the file of a side, where the two files may differ. */
    private record Own(Setting<String> output, Setting<String> pool, Setting<List<Long>> sample) {
        static Own of(Side side) {
            return side == Side.A
                    ? new Own(OUTPUT, ModelSettings.POOL, INPUT_SHAPE)
                    : new Own(OUTPUT_B, POOL_B, INPUT_SHAPE_B);
        }
    }

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
     * The branch of a side whose encoder is in {@code file}. Pictures get the file's size unless one was asked for;
     * without data that fit, views are what the file takes.
     *
     * @throws IOException if the file cannot be read
     */
    static BranchConfig branch(Settings settings, Side side, InputConfig input, Path file, String projector)
            throws IOException {
        Own own = Own.of(side);
        Own otherwise = isOneOfTwo(settings, file) ? own : Own.of(Side.A);
        OnnxConfig config = OnnxConfig.of(
                file,
                settings.find(own.output)
                        .or(() -> settings.find(otherwise.output))
                        .orElse(""),
                settings.find(own.pool).or(() -> settings.find(otherwise.pool)).orElse("none"),
                settings.get(BATCH_NORM),
                settings.get(DROPOUT),
                settings.find(LAYOUT).orElse(null),
                settings.find(own.sample)
                        .or(() -> settings.find(otherwise.sample))
                        .orElse(List.of()));
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
            OnnxEncoder encoder = config.encoder();
            int told = settings.isGiven(SequenceSettings.VOCABULARY) ? sequences.vocabulary() : 0;
            int rows = Math.toIntExact(encoder.vocabulary().orElse(told));
            if (told > rows) {
                throw new IllegalArgumentException(
                        "--vocabulary is " + told + ", the table of " + name + " has " + rows + " rows; leave it out");
            }
            fed = sequences.of(Math.toIntExact(encoder.sample().get(0)), told > 0 ? told : rows);
        }
        return new BranchConfig(name, 0, fed, projector, EncoderOptions.NONE, config);
    }

    /**
     * Refuses options of encoder files where there is none, and of networks of this program where there is none.
     *
     * @throws IllegalArgumentException naming the first one
     */
    static void requireUses(Settings settings, BranchConfig first, @Nullable BranchConfig second) throws IOException {
        boolean fileA = first.onnx() != null;
        boolean fileB = second == null ? fileA : second.onnx() != null;
        String forFiles = "is for encoders that come as ONNX files, found none";
        String forOwn = "is for networks that are named, found an ONNX file";
        refuse(settings, !fileA && !fileB, forFiles, OUTPUT, BATCH_NORM, DROPOUT, LAYOUT, INPUT_SHAPE);
        refuse(settings, !fileB, forFiles, OUTPUT_B, POOL_B, INPUT_SHAPE_B);
        refuse(settings, fileA, forOwn, ModelSettings.WIDTH);
        refuse(settings, fileB, forOwn, ModelSettings.WIDTH_B);
        refuse(
                settings,
                fileA && fileB,
                forOwn,
                ModelSettings.STEM,
                ModelSettings.ZERO_INIT_RESIDUAL,
                ModelSettings.PATCH_SIZE,
                ModelSettings.DEPTH);
    }

    /** Those of a recipe are not meant, which an encoder may be named beside. */
    private static void refuse(Settings settings, boolean unused, String why, Setting<?>... options)
            throws IOException {
        Optional<String> recipe = settings.find(TrainSettings.RECIPE);
        Set<String> ofRecipe = recipe.isPresent() ? Recipes.texts(recipe.get()).keySet() : Set.of();
        for (Setting<?> option : options) {
            if (unused && settings.isGiven(option) && !ofRecipe.contains(option.name())) {
                throw new IllegalArgumentException("--" + option.name() + " " + why + "; leave it out");
            }
        }
    }

    /** Whether the first branch's encoder is in another file than this. */
    private static boolean isOneOfTwo(Settings settings, Path file) {
        return settings.find(ModelSettings.ENCODER)
                .filter(ImportSettings::isFile)
                .map(first -> !Path.of(first).toAbsolutePath().equals(file.toAbsolutePath()))
                .orElse(false);
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
    static Map<Setting<?>, Object> values(OnnxConfig config, Side side) {
        Own own = Own.of(side);
        Map<Setting<?>, Object> values = new HashMap<>();
        if (!config.output().isEmpty()) {
            values.put(own.output, config.output());
        }
        values.put(own.pool, config.pool());
        values.put(BATCH_NORM, config.batchNorm());
        values.put(DROPOUT, config.dropout());
        if (config.layout() != null) {
            values.put(LAYOUT, config.layout());
        }
        if (!config.sample().isEmpty()) {
            values.put(
                    own.sample,
                    new ArrayList<>(config.sample())
                            .stream().map(Object::toString).collect(Collectors.joining(",")));
        }
        return values;
    }
}
