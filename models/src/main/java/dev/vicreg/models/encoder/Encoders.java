package dev.vicreg.models.encoder;

import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;

/** The encoders by name. A new one is a file beside this one and a line here. */
public final class Encoders {
    /**
     * What an encoder is built from.
     *
     * @param width channels of the first stage
     * @param imageSize height and width of its pictures in pixels
     */
    public record Spec(int width, int imageSize) {
        private ResNet.Stem stem() {
            return imageSize <= 64 ? ResNet.Stem.SMALL : ResNet.Stem.IMAGENET;
        }
    }

    private static final TreeMap<String, Function<Spec, Encoder>> BY_NAME = new TreeMap<>();

    static {
        BY_NAME.put("resnet18", spec -> new ResNet(List.of(2, 2, 2, 2), spec.width, spec.stem()));
        BY_NAME.put("resnet34", spec -> new ResNet(List.of(3, 4, 6, 3), spec.width, spec.stem()));
    }

    private Encoders() {}

    /** The known names, sorted. */
    public static Set<String> names() {
        return Collections.unmodifiableSet(BY_NAME.keySet());
    }

    /**
     * The encoder of that name.
     *
     * @throws IllegalArgumentException for a name not in {@link #names}
     */
    public static Encoder of(String name, Spec spec) {
        Function<Spec, Encoder> maker = BY_NAME.get(name);
        if (maker == null) {
            throw new IllegalArgumentException("Unknown encoder " + name + ": expected one of " + names());
        }
        return maker.apply(spec);
    }
}
