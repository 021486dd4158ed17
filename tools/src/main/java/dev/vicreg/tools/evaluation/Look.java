package dev.vicreg.tools.evaluation;

import dev.vicreg.runtime.picture.Interpolation;
import dev.vicreg.runtime.picture.Picture;
import java.awt.image.BufferedImage;
import java.util.List;

/** What people see of a sample. */
public sealed interface Look {
    /** The longer side of {@link Pixels}, at most. */
    int SIDE = 128;

    /** A picture. */
    record Pixels(BufferedImage image) implements Look {
        /** A large one is made smaller. */
        public static Pixels of(Picture sample) {
            double scale = (double) SIDE / Math.max(sample.width(), sample.height());
            Picture small = scale >= 1
                    ? sample
                    : sample.resize(
                            Math.max(1, (int) Math.round(sample.width() * scale)),
                            Math.max(1, (int) Math.round(sample.height() * scale)),
                            Interpolation.BICUBIC);
            return new Pixels(small.toBufferedImage());
        }
    }

    /** Values that follow one another, on any scale; of several channels their mean. */
    record Curve(float[] values) implements Look {}

    /** A text, or ids with spaces between them. */
    record Words(String text) implements Look {}

    /**
     * A row of a table.
     *
     * @param names of its columns; empty where they have none
     */
    record Cells(List<String> names, float[] values) implements Look {}
}
