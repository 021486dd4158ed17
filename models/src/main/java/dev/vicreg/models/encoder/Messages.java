package dev.vicreg.models.encoder;

import dev.vicreg.models.graph.Shape;
import java.util.Locale;

/** How messages of encoders name things. */
final class Messages {
    private Messages() {}

    /** The size of pictures [N,C,H,W]. */
    static String imageSize(Shape pictures) {
        return "Image size " + pictures.size(2) + "×" + pictures.size(3);
    }

    /** A constant as options have it. */
    static String optionName(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
