package dev.vicreg.runtime.input;

/**
 * Height and width of pictures in pixels, in the order of their axes.
 *
 * @param height rows
 * @param width columns
 */
public record PictureSize(int height, int width) {
    /** A square. */
    public static PictureSize square(int side) {
        return new PictureSize(side, side);
    }

    /** Whether height and width are one. */
    public boolean isSquare() {
        return height == width;
    }

    /** The shorter side. */
    public int shorter() {
        return Math.min(height, width);
    }

    /** {@code 224}, or {@code 128x256} of height 128 and width 256. */
    @Override
    public String toString() {
        return isSquare() ? Integer.toString(height) : height + "x" + width;
    }
}
