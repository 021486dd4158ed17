package dev.vicreg.tools.command;

import dev.vicreg.models.encoder.EncoderOptions;
import dev.vicreg.models.encoder.Encoders;
import dev.vicreg.tools.cli.Setting;
import dev.vicreg.tools.cli.Setting.Group;
import dev.vicreg.tools.cli.Settings;
import dev.vicreg.training.config.BranchConfig;
import dev.vicreg.training.config.InputConfig;
import dev.vicreg.training.config.OnnxConfig;
import dev.vicreg.training.step.Side;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The options that describe the networks of both branches. */
public final class ModelSettings {
    static final Setting<String> ENCODER = encoder(
            "encoder",
            "network that is trained, or an ONNX file that holds it; without it resnet10 for pictures, mlp for vectors,"
                    + " resnet1d for signals, textcnn for sequences");
    static final Setting<Integer> WIDTH = Setting.integer(
            "width",
            "N",
            Group.MODEL,
            "channels of its first stage, or width of its tokens or layers; without it the published ones, but 16 for"
                    + " resnet10, resnet18, resnet34 and resnet1d",
            null,
            1,
            65_536);
    static final Setting<String> STEM = Setting.choice(
            "stem",
            List.of("small", "strided", "imagenet"),
            Group.MODEL,
            "first layers of a ResNet: 3x3, 3x3 of stride 2, or 7x7 of stride 2 and pooling; without it small up to 64"
                    + " pixels, imagenet above",
            null);
    static final Setting<Boolean> ZERO_INIT_RESIDUAL = Setting.flag(
            "zero-init-residual",
            Group.MODEL,
            "let the blocks of a ResNet start as their shortcut, as the official code does");
    static final Setting<Integer> PATCH_SIZE = Setting.integer(
            "patch-size",
            "PIXELS",
            Group.MODEL,
            "side of the patches of a vision transformer or ConvNeXt; without it 16 and 4, or 4 and 2 up to 64 pixels",
            null,
            1,
            256);
    static final Setting<String> POOL = Setting.choice(
            "pool",
            List.of("cls", "mean", "none"),
            Group.MODEL,
            "what a vision transformer gives: its class token, or the mean of its patches; without it cls. What is made of"
                    + " an encoder file's output that is no vector: its first token, or the mean; without it none",
            null);
    static final Setting<Integer> DEPTH =
            Setting.integer("depth", "N", Group.MODEL, "layers of the encoder mlp; without it 2", null, 1, 64);
    static final Setting<String> PROJECTOR = Setting.text(
            "projector", "N-N-N|none", Group.MODEL, "widths of the layers between encoder and loss", "512-512-512");

    static final Setting<Boolean> SHARE_WEIGHTS = new Setting<>(
            "share-weights",
            "true|false",
            Group.MODEL,
            "whether both views go through the same weights; without it true, and false where an option of the second"
                    + " branch is given",
            null,
            ModelSettings::parseBoolean);
    static final Setting<String> ENCODER_B = encoder(
            "encoder-b",
            "network of the second branch, or its file; without it another of --encoder, or what fits the second"
                    + " side's data");
    static final Setting<Integer> WIDTH_B = Setting.integer(
            "width-b",
            "N",
            Group.MODEL,
            "its width; without it that of --width, or its own where --encoder-b is another network",
            null,
            1,
            65_536);
    static final Setting<String> PROJECTOR_B = Setting.text(
            "projector-b",
            "N-N-N|none",
            Group.MODEL,
            "widths between it and the loss; without it those of --projector, and with the same last width",
            null);

    /** Options of a second branch with weights of its own. */
    private static final List<Setting<?>> SECOND = List.of(
            ENCODER_B,
            WIDTH_B,
            PROJECTOR_B,
            SignalSettings.FRONT_END_B,
            ImportSettings.OUTPUT_B,
            ImportSettings.POOL_B,
            ImportSettings.INPUT_SHAPE_B);

    static final List<Setting<?>> ALL = List.of(
            ENCODER,
            WIDTH,
            STEM,
            ZERO_INIT_RESIDUAL,
            PATCH_SIZE,
            POOL,
            DEPTH,
            PROJECTOR,
            SHARE_WEIGHTS,
            ENCODER_B,
            WIDTH_B,
            PROJECTOR_B,
            SignalSettings.FRONT_END_B);

    private ModelSettings() {}

    private static Setting<String> encoder(String name, String help) {
        List<String> names = List.copyOf(Encoders.names());
        Setting<String> known = Setting.choice(name, names, Group.MODEL, help, null);
        return new Setting<>(
                name,
                "NAME|FILE.onnx",
                Group.MODEL,
                help + "; names are " + String.join(", ", names),
                null,
                text -> ImportSettings.isFile(text) ? text : known.parser().apply(text));
    }

    private static boolean parseBoolean(String text) {
        return switch (text) {
            case "true" -> true;
            case "false" -> false;
            default -> throw new IllegalArgumentException("must be true or false, found \"" + text + "\"");
        };
    }

    /** The first branch, or both where they share weights. */
    public static BranchConfig first(Settings settings, InputConfig input) throws IOException {
        String encoder = settings.find(ENCODER).orElseGet(input::encoder);
        if (ImportSettings.isFile(encoder)) {
            return ImportSettings.branch(settings, Side.A, input, Path.of(encoder), settings.get(PROJECTOR));
        }
        return branch(
                settings,
                input,
                encoder,
                settings.find(ENCODER_B).orElse(encoder),
                settings.find(WIDTH).orElseGet(() -> Encoders.width(encoder)),
                settings.get(PROJECTOR));
    }

    /**
     * The second branch, which is as the first where neither options nor its input say otherwise; null where the two share
     * weights.
     *
     * @throws IllegalArgumentException if an option of the second branch is given beside {@code --share-weights true}, or
     *     two sides of different kinds are to share weights
     */
    public static @Nullable BranchConfig second(Settings settings, SideInputs inputs) throws IOException {
        Optional<Setting<?>> own = SECOND.stream().filter(settings::isGiven).findFirst();
        boolean alike = inputs.alike();
        boolean shared = settings.find(SHARE_WEIGHTS).orElse(own.isEmpty() && alike);
        if (!shared) {
            BranchConfig first = first(settings, inputs.a());
            String likeFirst =
                    first.onnx() == null ? first.encoder() : first.onnx().path();
            String encoder = settings.find(ENCODER_B).orElseGet(() -> alike ? likeFirst : inputs.b().encoder());
            InputConfig input = SignalSettings.withFrontEndB(inputs.b(), settings);
            if (ImportSettings.isFile(encoder)) {
                String projector = settings.find(PROJECTOR_B).orElse(first.projector());
                return ImportSettings.branch(settings, Side.B, input, Path.of(encoder), projector);
            }
            int width = encoder.equals(first.encoder()) ? first.width() : Encoders.width(encoder);
            return branch(
                    settings,
                    input,
                    encoder,
                    first.encoder(),
                    settings.find(WIDTH_B).orElse(width),
                    settings.find(PROJECTOR_B).orElse(first.projector()));
        }
        if (own.isPresent()) {
            throw new IllegalArgumentException("--" + own.get().name()
                    + " is for a second branch with weights of its own; add --share-weights false or leave it out");
        }
        if (!alike) {
            throw new IllegalArgumentException("--share-weights true needs two sides of one kind, found "
                    + inputs.a().noun() + " and " + inputs.b().noun() + "; leave it out");
        }
        return null;
    }

    private static BranchConfig branch(
            Settings settings, InputConfig input, String encoder, String other, int width, String projector) {
        return new BranchConfig(encoder, width, input, projector, options(settings, encoder, other));
    }

    /** What only some encoders take, as it was given, without what is for the other branch's encoder alone. */
    private static EncoderOptions options(Settings settings, String encoder, String other) {
        EncoderOptions given = new EncoderOptions(
                settings.find(STEM).orElse(null),
                settings.on(ZERO_INIT_RESIDUAL) ? true : null,
                settings.find(PATCH_SIZE).orElse(null),
                settings.find(POOL).orElse(null),
                settings.find(DEPTH).orElse(null));
        Set<EncoderOptions.Name> kept = given.given();
        kept.removeIf(name -> !Encoders.options(encoder).contains(name)
                && (ImportSettings.isFile(other) || Encoders.options(other).contains(name)));
        return given.only(kept);
    }

    /** The options that give these branches, with their values. */
    public static Map<Setting<?>, Object> values(BranchConfig first, @Nullable BranchConfig second) {
        Map<Setting<?>, Object> values = new HashMap<>(InputSettings.values(first.input()));
        putBranch(values, ENCODER, WIDTH, first, Side.A);
        values.put(PROJECTOR, first.projector());
        values.put(SHARE_WEIGHTS, second == null);
        if (second != null) {
            InputSettings.values(second.input()).forEach(values::putIfAbsent);
            putBranch(values, ENCODER_B, WIDTH_B, second, Side.B);
            values.put(PROJECTOR_B, second.projector());
            values.putAll(KindSettings.of(second.input().kind()).ofSecond(second.input()));
        }
        return values;
    }

    private static void putBranch(
            Map<Setting<?>, Object> values, Setting<?> encoder, Setting<?> width, BranchConfig branch, Side side) {
        OnnxConfig file = branch.onnx();
        if (file == null) {
            values.put(encoder, branch.encoder());
            values.put(width, branch.width());
            putOptions(values, branch.options());
        } else {
            values.put(encoder, file.path());
            values.putAll(ImportSettings.values(file, side));
        }
    }

    private static void putOptions(Map<Setting<?>, Object> values, EncoderOptions options) {
        putGiven(values, STEM, options.stem());
        putGiven(values, ZERO_INIT_RESIDUAL, options.zeroInitResidual());
        putGiven(values, PATCH_SIZE, options.patchSize());
        putGiven(values, POOL, options.pool());
        putGiven(values, DEPTH, options.depth());
    }

    private static void putGiven(Map<Setting<?>, Object> values, Setting<?> setting, @Nullable Object value) {
        if (value != null) {
            values.put(setting, value);
        }
    }
}
