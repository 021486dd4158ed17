package dev.vicreg.tools.evaluation;

import java.awt.image.BufferedImage;
import java.util.List;

/** What people see of a sample. */
public sealed interface Look {
    /** The longer side of {@link Pixels}, at most. */
    int SIDE = 128;

    /** A picture. */
    record Pixels(BufferedImage image) implements Look {}

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
