package dev.vicreg.models.encoder;

import dev.vicreg.models.encoder.EncoderOptions.Name;
import dev.vicreg.models.encoder.ResNet.Layout;
import dev.vicreg.models.encoder.ResNet.Stem;
import dev.vicreg.models.encoder.VisionTransformer.Pool;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;

/** The encoders by name. A new one is a file beside this one and a line here. */
public final class Encoders {
    /** What an encoder takes. */
    public enum Input {
        /** float32 [N,C,H,W]. */
        PICTURES,
        /** float32 [N,D]. */
        VECTORS,
        /** float32 [N,C,T]. */
        SIGNALS,
        /** int64 [N,T]. */
        SEQUENCES
    }

    /**
     * What an encoder is built from.
     *
     * @param width channels of the first stage, or width of tokens and layers
     * @param imageSize height and width of its pictures in pixels, on which some defaults depend; 0 for other input
     * @param vocabulary number of ids in its sequences; 0 for other input
     * @param options what else was asked for
     */
    public record Spec(int width, int imageSize, int vocabulary, EncoderOptions options) {
        /** Of anything but sequences. */
        public Spec(int width, int imageSize, EncoderOptions options) {
            this(width, imageSize, 0, options);
        }

        /** All options by default. */
        public Spec(int width, int imageSize) {
            this(width, imageSize, EncoderOptions.NONE);
        }

        private boolean isSmall() {
            return imageSize > 0 && imageSize <= SMALL_PICTURES;
        }

        private Stem stem() {
            return options.stem() == null
                    ? isSmall() ? Stem.SMALL : Stem.IMAGENET
                    : constant(Name.STEM, Stem.values(), options.stem());
        }

        private boolean zeroInitResidual() {
            return Boolean.TRUE.equals(options.zeroInitResidual());
        }

        private int patchSize(int forSmall, int published) {
            return Objects.requireNonNullElse(options.patchSize(), isSmall() ? forSmall : published);
        }

        private Pool pool() {
            return options.pool() == null ? Pool.CLS : constant(Name.POOL, Pool.values(), options.pool());
        }

        private int depth(int otherwise) {
            return Objects.requireNonNullElse(options.depth(), otherwise);
        }
    }

    private record Entry(Input input, int width, Set<Name> options, Function<Spec, Encoder> maker) {}

    /** Pictures up to this many pixels get stems and patches that keep more of them. */
    private static final int SMALL_PICTURES = 64;

    private static final TreeMap<String, Entry> BY_NAME = new TreeMap<>();

    static {
        // Small ResNets are for small machines unless a width is given; all others have the published width.
        resNet("resnet10", Input.PICTURES, 16, Layout.RESNET10);
        resNet("resnet18", Input.PICTURES, 16, Layout.RESNET18);
        resNet("resnet34", Input.PICTURES, 16, Layout.RESNET34);
        resNet("resnet50", Input.PICTURES, 64, Layout.RESNET50);
        resNet("resnet50x2", Input.PICTURES, 128, Layout.RESNET50);
        resNet("resnet101", Input.PICTURES, 64, Layout.RESNET101);
        resNet("resnet1d", Input.SIGNALS, 16, Layout.RESNET18);
        transformer("vit-tiny", 192, VisionTransformer::tiny);
        transformer("vit-small", 384, VisionTransformer::small);
        transformer("vit-base", 768, VisionTransformer::base);
        put(
                "convnext-tiny",
                Input.PICTURES,
                96,
                spec -> ConvNeXt.tiny(spec.width, spec.patchSize(2, ConvNeXt.PATCH_SIZE)),
                Name.PATCH_SIZE);
        put("mobilenetv3-large", Input.PICTURES, 16, spec -> MobileNetV3.large(spec.width));
        put("efficientnet-b0", Input.PICTURES, 32, spec -> EfficientNet.b0(spec.width));
        put("mlp", Input.VECTORS, 256, spec -> new Mlp(spec.width, spec.depth(2)), Name.DEPTH);
        put("textcnn", Input.SEQUENCES, 100, spec -> new TextCnn(spec.vocabulary, spec.width));
    }

    private Encoders() {}

    private static void resNet(String name, Input input, int width, Layout layout) {
        Function<Spec, Encoder> maker = spec -> new ResNet(layout, spec.width, spec.stem(), spec.zeroInitResidual());
        put(name, input, width, maker, Name.STEM, Name.ZERO_INIT_RESIDUAL);
    }

    private interface TransformerPreset {
        VisionTransformer of(int patchSize, Pool pool);
    }

    private static void transformer(String name, int width, TransformerPreset preset) {
        Function<Spec, Encoder> maker =
                spec -> preset.of(spec.patchSize(4, 16), spec.pool()).withWidth(spec.width);
        put(name, Input.PICTURES, width, maker, Name.PATCH_SIZE, Name.POOL);
    }

    private static void put(String name, Input input, int width, Function<Spec, Encoder> maker, Name... options) {
        BY_NAME.put(name, new Entry(input, width, Set.of(options), maker));
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
     * The width of the encoder of that name where none is asked for.
     *
     * @throws IllegalArgumentException for a name not in {@link #names}
     */
    public static int width(String name) {
        return entry(name).width;
    }

    /**
     * The options that the encoder of that name takes besides its width.
     *
     * @throws IllegalArgumentException for a name not in {@link #names}
     */
    public static Set<Name> options(String name) {
        return entry(name).options;
    }

    /**
     * The encoder of that name.
     *
     * @throws IllegalArgumentException for a name not in {@link #names}, an option that this encoder does not take, or
     *     a value out of range
     */
    public static Encoder of(String name, Spec spec) {
        Entry entry = entry(name);
        for (Name option : spec.options.given()) {
            if (!entry.options.contains(option)) {
                throw new IllegalArgumentException("Encoder " + name + " takes no --" + option.optionName()
                        + ": it is for " + String.join(", ", namesWith(option)) + "; leave it out");
            }
        }
        return entry.maker.apply(spec);
    }

    private static Entry entry(String name) {
        Entry entry = BY_NAME.get(name);
        if (entry == null) {
            throw new IllegalArgumentException("Unknown encoder " + name + ": expected one of " + names());
        }
        return entry;
    }

    private static List<String> namesWith(Name option) {
        return BY_NAME.keySet().stream()
                .filter(name -> options(name).contains(option))
                .toList();
    }

    private static <E extends Enum<E>> E constant(Name option, E[] constants, String word) {
        List<String> known = Arrays.stream(constants).map(Messages::optionName).toList();
        int index = known.indexOf(word);
        if (index < 0) {
            throw new IllegalArgumentException(
                    "Unknown --" + option.optionName() + " " + word + ": expected one of " + String.join(", ", known));
        }
        return constants[index];
    }
}
