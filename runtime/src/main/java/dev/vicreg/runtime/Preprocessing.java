package dev.vicreg.runtime;

import dev.vicreg.runtime.picture.Interpolation;
import dev.vicreg.runtime.picture.Picture;

/**
 * Brings pictures of any size to a model's: the shorter side is resized, then the middle is cut out. Rounds sizes and
 * offsets as torchvision's {@code Resize} and {@code CenterCrop} do. Immutable.
 *
 * @param shortestSide pixels of the shorter side after resizing, at least {@code imageSize}
 * @param imageSize height and width of the result in pixels
 * @param interpolation kernel of the resize, antialiased
 */
public record Preprocessing(int shortestSide, int imageSize, Interpolation interpolation) {
    /** Sides in a larger proportion than this are cut before the resize: the crop would discard their ends anyway. */
    private static final int MAX_PROPORTION = 8;

    public Preprocessing {
        if (imageSize < 1 || shortestSide < imageSize) {
            throw new IllegalArgumentException("image size " + imageSize + " and shortest side " + shortestSide
                    + ": expected at least 1, and a shortest side no smaller than the image");
        }
    }

    /** The picture as RGB of exactly {@code imageSize} by {@code imageSize} pixels. */
    public Picture apply(Picture picture) {
        int shorter = Math.min(picture.width(), picture.height());
        int limit = (int) Math.min((long) shorter * MAX_PROPORTION, Integer.MAX_VALUE);
        Picture usable = picture.width() > limit || picture.height() > limit
                ? centre(picture, Math.min(picture.width(), limit), Math.min(picture.height(), limit))
                : picture;
        int width = scaled(usable.width(), shorter);
        int height = scaled(usable.height(), shorter);
        Picture resized = width == usable.width() && height == usable.height()
                ? usable
                : usable.resize(width, height, interpolation);
        return width == imageSize && height == imageSize ? resized : centre(resized, imageSize, imageSize);
    }

    private int scaled(int side, int shorter) {
        return (int) ((long) shortestSide * side / shorter);
    }

    private static Picture centre(Picture picture, int width, int height) {
        // Half pixels round to even, as Python's round does.
        int x = (int) Math.rint((picture.width() - width) / 2.0);
        int y = (int) Math.rint((picture.height() - height) / 2.0);
        return picture.crop(x, y, width, height);
    }
}
