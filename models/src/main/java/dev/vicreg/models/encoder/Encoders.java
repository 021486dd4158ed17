package dev.vicreg.models.encoder;

import dev.vicreg.models.encoder.ResNet.Layout;
import dev.vicreg.models.encoder.ResNet.Stem;
import dev.vicreg.models.setting.Schema;
import dev.vicreg.models.setting.Schema.Declared;
import dev.vicreg.models.setting.SettingException;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
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
            return isSmall() ? Stem.SMALL : Stem.IMAGENET;
        }

        private int patchSize(int forSmall, int published) {
            return isSmall() ? forSmall : published;
        }
    }

    /** An encoder whose options are its type's; the maker leaves them at their defaults. */
    private record Entry(
            Input input, int width, Class<? extends Record> type, Function<Spec, ? extends Encoder> maker) {}

    /** Pictures up to this many pixels get stems and patches that keep more of them. */
    private static final int SMALL_PICTURES = 64;

    private static final TreeMap<String, Entry> BY_NAME = new TreeMap<>();

    /** In the order in which they were put. */
    private static final Set<Class<? extends Record>> TYPES = new LinkedHashSet<>();

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
                ConvNeXt.class,
                spec -> ConvNeXt.tiny(spec.width, spec.patchSize(2, ConvNeXt.PATCH_SIZE)));
        put("mobilenetv3-large", Input.PICTURES, 16, MobileNetV3.class, spec -> MobileNetV3.large(spec.width));
        put("efficientnet-b0", Input.PICTURES, 32, EfficientNet.class, spec -> EfficientNet.b0(spec.width));
        put("mlp", Input.VECTORS, 256, Mlp.class, spec -> new Mlp(spec.width, 2));
        put("textcnn", Input.SEQUENCES, 100, TextCnn.class, spec -> new TextCnn(spec.vocabulary, spec.width));
    }

    private Encoders() {}

    private static void resNet(String name, Input input, int width, Layout layout) {
        put(name, input, width, ResNet.class, spec -> new ResNet(layout, spec.width, spec.stem()));
    }

    private interface TransformerPreset {
        VisionTransformer of(int patchSize, Pooling pool);
    }

    private static void transformer(String name, int width, TransformerPreset preset) {
        Function<Spec, VisionTransformer> maker =
                spec -> preset.of(spec.patchSize(4, 16), Pooling.CLS).withWidth(spec.width);
        put(name, Input.PICTURES, width, VisionTransformer.class, maker);
    }

    private static <E extends Record & Encoder> void put(
            String name, Input input, int width, Class<E> type, Function<Spec, E> maker) {
        BY_NAME.put(name, new Entry(input, width, type, maker));
        TYPES.add(type);
    }

    /** The options of all encoders as their types declare them; one that several have is there more than once. */
    public static List<Declared> options() {
        return TYPES.stream()
                .flatMap(type -> Schema.options(type, false).stream())
                .toList();
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
     * Whether the encoder of that name has an option of that name besides its width.
     *
     * @throws IllegalArgumentException for a name not in {@link #names}
     */
    public static boolean takes(String name, String option) {
        return Schema.has(entry(name).type, option);
    }

    /**
     * The encoder of that name.
     *
     * @throws IllegalArgumentException for a name not in {@link #names}, an option that this encoder does not take, or
     *     a value out of range
     */
    public static Encoder of(String name, Spec spec) {
        Record encoder = (Record) entry(name).maker.apply(spec);
        for (Map.Entry<String, Object> option : spec.options.values().entrySet()) {
            if (!takes(name, option.getKey())) {
                List<String> others = BY_NAME.keySet().stream()
                        .filter(other -> takes(other, option.getKey()))
                        .toList();
                throw new SettingException("Encoder " + name + " takes no `" + option.getKey() + "`: it is for "
                        + String.join(", ", others) + "; leave it out");
            }
            encoder = Schema.with(encoder, option.getKey(), option.getValue());
        }
        return (Encoder) encoder;
    }

    /**
     * All options of the encoder that {@link #of} gives: those that were asked for, and what follows from the size of its
     * pictures. With them it is the same for pictures of another size.
     *
     * @throws IllegalArgumentException as {@link #of}
     */
    public static EncoderOptions resolved(String name, Spec spec) {
        Map<String, Object> values = new TreeMap<>(Schema.json((Record) of(name, spec)));
        values.keySet().removeIf(option -> !takes(name, option));
        return new EncoderOptions(values);
    }

    private static Entry entry(String name) {
        Entry entry = BY_NAME.get(name);
        if (entry == null) {
            throw new SettingException("Unknown encoder " + name + ": expected one of " + names());
        }
        return entry;
    }
}
