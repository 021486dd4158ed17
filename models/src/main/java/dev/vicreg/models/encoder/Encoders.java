package dev.vicreg.models.encoder;

import dev.vicreg.models.encoder.ResNet.Layout;
import dev.vicreg.models.encoder.ResNet.Stem;
import dev.vicreg.models.encoder.VisionTransformer.Pool;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** The encoders by name. A new one is a file beside this one and a line here. */
public final class Encoders {
    /** What an encoder takes. */
    public enum Input {
        /** float32 [N,C,H,W]. */
        PICTURES,
        /** float32 [N,D]. */
        VECTORS,
        /** float32 [N,C,T]. */
        SIGNALS
    }

    /** Options that only some encoders take. */
    public enum Option {
        STEM,
        ZERO_INIT_RESIDUAL,
        PATCH_SIZE,
        POOL,
        DEPTH
    }

    /**
     * What an encoder is built from. What is null, or false, was not asked for: the encoder's own default holds.
     *
     * @param width channels of the first stage, or width of tokens and layers
     * @param imageSize height and width of its pictures in pixels, of which some defaults depend; 0 for other input
     * @param stem {@code imagenet}, {@code small} or {@code strided}
     * @param zeroInitResidual whether residual blocks start as their shortcut
     * @param patchSize side of a patch in pixels
     * @param pool {@code cls} or {@code mean}
     * @param depth number of layers
     */
    public record Spec(
            @Nullable Integer width,
            int imageSize,
            @Nullable String stem,
            boolean zeroInitResidual,
            @Nullable Integer patchSize,
            @Nullable String pool,
            @Nullable Integer depth) {
        /** A width and an image size, all else by default. */
        public Spec(int width, int imageSize) {
            this(width, imageSize, null, false, null, null, null);
        }

        /** Nothing asked for. */
        public static Spec of(int imageSize) {
            return new Spec(null, imageSize, null, false, null, null, null);
        }

        private Set<Option> given() {
            Map<Option, Boolean> given = new EnumMap<>(Option.class);
            given.put(Option.STEM, stem != null);
            given.put(Option.ZERO_INIT_RESIDUAL, zeroInitResidual);
            given.put(Option.PATCH_SIZE, patchSize != null);
            given.put(Option.POOL, pool != null);
            given.put(Option.DEPTH, depth != null);
            given.values().removeIf(isGiven -> !isGiven);
            return given.keySet();
        }
    }

    /** The same with nothing left open. */
    private record Settings(int width, Stem stem, boolean zeroInitResidual, int patchSize, Pool pool, int depth) {}

    private record Entry(Input input, int width, Set<Option> options, Function<Settings, Encoder> maker) {}

    /** Pictures up to this many pixels get stems and patches that keep more of them. */
    private static final int SMALL_PICTURES = 64;

    private static final TreeMap<String, Entry> BY_NAME = new TreeMap<>();

    static {
        resNet("resnet10", 16, Layout.RESNET10, Input.PICTURES);
        resNet("resnet18", 16, Layout.RESNET18, Input.PICTURES);
        resNet("resnet34", 16, Layout.RESNET34, Input.PICTURES);
        resNet("resnet50", 64, Layout.RESNET50, Input.PICTURES);
        resNet("resnet50x2", 128, Layout.RESNET50, Input.PICTURES);
        resNet("resnet101", 64, Layout.RESNET101, Input.PICTURES);
        resNet("resnet1d", 16, Layout.RESNET18, Input.SIGNALS);
        transformer("vit-tiny", 192, VisionTransformer::tiny);
        transformer("vit-small", 384, VisionTransformer::small);
        transformer("vit-base", 768, VisionTransformer::base);
        pictures("convnext-tiny", 96, s -> ConvNeXt.tiny(s.width, s.patchSize), Option.PATCH_SIZE);
        pictures("mobilenetv3-large", 16, s -> MobileNetV3.large(s.width));
        pictures("efficientnet-b0", 32, s -> EfficientNet.b0(s.width));
        BY_NAME.put("mlp", new Entry(Input.VECTORS, 256, EnumSet.of(Option.DEPTH), s -> new Mlp(s.width, s.depth)));
    }

    private Encoders() {}

    private static void resNet(String name, int width, Layout layout, Input input) {
        Function<Settings, Encoder> maker = s -> new ResNet(layout, s.width, s.stem, s.zeroInitResidual);
        BY_NAME.put(name, new Entry(input, width, EnumSet.of(Option.STEM, Option.ZERO_INIT_RESIDUAL), maker));
    }

    private interface Preset {
        VisionTransformer of(int patchSize, Pool pool);
    }

    private static void transformer(String name, int width, Preset preset) {
        pictures(name, width, s -> preset.of(s.patchSize, s.pool).withWidth(s.width), Option.PATCH_SIZE, Option.POOL);
    }

    private static void pictures(String name, int width, Function<Settings, Encoder> maker, Option... options) {
        Set<Option> taken = EnumSet.noneOf(Option.class);
        taken.addAll(Arrays.asList(options));
        BY_NAME.put(name, new Entry(Input.PICTURES, width, taken, maker));
    }

    /** The known names, sorted. */
    public static Set<String> names() {
        return Collections.unmodifiableSet(BY_NAME.keySet());
    }

    /**
     * What the encoder of that name takes.
     *
     * @throws IllegalArgumentException for a name not in {@link #names}
     */
    public static Input input(String name) {
        return entry(name).input;
    }

    /**
     * The options that the encoder of that name takes besides its width.
     *
     * @throws IllegalArgumentException for a name not in {@link #names}
     */
    public static Set<Option> options(String name) {
        return Collections.unmodifiableSet(entry(name).options);
    }

    /**
     * The encoder of that name.
     *
     * @throws IllegalArgumentException for a name not in {@link #names}, an option that this encoder does not take, or
     *     a value that it does not take
     */
    public static Encoder of(String name, Spec spec) {
        Entry entry = entry(name);
        for (Option option : spec.given()) {
            if (!entry.options.contains(option)) {
                throw new IllegalArgumentException("Encoder " + name + " takes no --" + Encoder.optionName(option)
                        + ": it is for " + namesWith(option) + "; leave it out");
            }
        }
        return entry.maker.apply(settings(entry, spec));
    }

    private static Entry entry(String name) {
        Entry entry = BY_NAME.get(name);
        if (entry == null) {
            throw new IllegalArgumentException("Unknown encoder " + name + ": expected one of " + names());
        }
        return entry;
    }

    private static List<String> namesWith(Option option) {
        return BY_NAME.keySet().stream()
                .filter(name -> options(name).contains(option))
                .toList();
    }

    private static Settings settings(Entry entry, Spec spec) {
        boolean small = spec.imageSize <= SMALL_PICTURES && entry.input == Input.PICTURES;
        int patchSize = entry.options.contains(Option.POOL) ? small ? 4 : 16 : small ? 2 : ConvNeXt.PATCH_SIZE;
        return new Settings(
                spec.width == null ? entry.width : spec.width,
                spec.stem == null ? small ? Stem.SMALL : Stem.IMAGENET : constant("stem", Stem.values(), spec.stem),
                spec.zeroInitResidual,
                spec.patchSize == null ? patchSize : spec.patchSize,
                spec.pool == null ? Pool.CLS : constant("pool", Pool.values(), spec.pool),
                spec.depth == null ? 2 : spec.depth);
    }

    private static <E extends Enum<E>> E constant(String option, E[] constants, String name) {
        for (E constant : constants) {
            if (Encoder.optionName(constant).equals(name)) {
                return constant;
            }
        }
        List<String> known = Arrays.stream(constants).map(Encoder::optionName).toList();
        throw new IllegalArgumentException("Unknown --" + option + " " + name + ": expected one of " + known);
    }
}
