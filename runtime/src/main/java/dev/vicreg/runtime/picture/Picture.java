package dev.vicreg.runtime.picture;

import dev.vicreg.runtime.picture.Resampling.Axis;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.util.Arrays;
import java.util.Objects;

/**
 * An 8-bit RGB picture.
 *
 * <p>Immutable by agreement: the array belongs to the picture, and whoever reads {@link #rgb()} must not write to it.
 * Under that agreement a picture may be shared between threads.
 *
 * @param width columns, at least 1
 * @param height rows, at least 1
 * @param rgb red, green, blue of each pixel, row by row from the top left: [height, width, 3], 0–255 unsigned
 */
public record Picture(int width, int height, byte[] rgb) {
    public Picture {
        if (width < 1 || height < 1 || rgb.length != (long) width * height * 3) {
            throw new IllegalArgumentException("picture of " + width + "x" + height
                    + " needs at least one pixel and 3 bytes for each, found " + rgb.length + " bytes");
        }
    }

    /**
     * The first picture in a file, upright. The format is told by content; the size in the header is checked before any
     * pixel is decoded. WebP needs a reader on the class path. Thread-safe.
     *
     * @param file a whole file: JPEG, PNG, BMP, GIF, TIFF, or what else a reader on the class path understands
     * @param name what messages call the file
     * @throws IOException if no reader knows the format, the file is damaged or truncated, or its header announces more
     *     than 64 Mi pixels
     */
    public static Picture decode(byte[] file, String name) throws IOException {
        return PictureDecoder.decode(file, name);
    }

    /**
     * The picture as 8-bit RGB. Sample values are taken as they are, without colour management, as Pillow does; grey is
     * repeated in the three channels; transparent pixels are laid over white.
     */
    public static Picture of(BufferedImage image) {
        return BufferedImages.toPicture(image);
    }

    /** A new image of type {@link BufferedImage#TYPE_3BYTE_BGR} with the same pixels. */
    public BufferedImage toBufferedImage() {
        return BufferedImages.fromPicture(this);
    }

    /** The window whose top left pixel is (x, y). It must lie inside the picture. */
    public Picture crop(int x, int y, int w, int h) {
        checkWindow(x, y, w, h);
        byte[] out = new byte[w * h * 3];
        for (int row = 0; row < h; row++) {
            System.arraycopy(rgb, ((y + row) * width + x) * 3, out, row * w * 3, w * 3);
        }
        return new Picture(w, h, out);
    }

    /** The whole picture resized, antialiased and rounded to 8 bits as Pillow's {@code Image.resize}. */
    public Picture resize(int w, int h, Interpolation interpolation) {
        return cropAndResize(0, 0, width, height, w, h, interpolation);
    }

    /** The same as {@code crop(x, y, w, h).resize(outWidth, outHeight, interpolation)}, without the copy between. */
    public Picture cropAndResize(int x, int y, int w, int h, int outWidth, int outHeight, Interpolation interpolation) {
        checkWindow(x, y, w, h);
        if (outWidth < 1 || outHeight < 1) {
            throw new IllegalArgumentException("cannot resize to " + outWidth + "x" + outHeight);
        }
        return new Picture(
                outWidth,
                outHeight,
                Resampling.resize(rgb, width, Axis.whole(x, w, outWidth), Axis.whole(y, h, outHeight), interpolation));
    }

    /**
     * The middle of the picture, square: the shorter side is resized, then the middle cut out. Rounds sizes and offsets as
     * torchvision's {@code Resize} and {@code CenterCrop} do. A picture that is so already stays as it is. Only what is kept is
     * computed.
     *
     * @param shortestSide pixels of the shorter side after resizing, at least {@code size}
     * @param size height and width of the result in pixels
     * @param interpolation kernel of the resize, antialiased
     */
    public Picture middle(int shortestSide, int size, Interpolation interpolation) {
        if (size > shortestSide) {
            throw new IllegalArgumentException(
                    "cannot cut " + size + " pixels out of " + shortestSide + ", expected no more than there are");
        }
        int shorter = Math.min(width, height);
        Axis horizontal = middle(width, (long) shortestSide * width / shorter, size);
        Axis vertical = middle(height, (long) shortestSide * height / shorter, size);
        if (!horizontal.isResized() && !vertical.isResized()) {
            boolean whole = width == size && height == size;
            return whole ? this : crop((int) horizontal.from(), (int) vertical.from(), size, size);
        }
        return new Picture(size, size, Resampling.resize(rgb, width, horizontal, vertical, interpolation));
    }

    /**
     * The middle of the picture in any proportions: it is resized until it covers the result, then the middle cut out. Of a
     * square result that is {@link #middle(int, int, Interpolation) the other} with both sizes equal.
     */
    public Picture cover(int w, int h, Interpolation interpolation) {
        boolean tall = (long) width * h <= (long) height * w; // its width is what just covers
        Axis horizontal = middle(width, tall ? w : (long) h * width / height, w);
        Axis vertical = middle(height, tall ? (long) w * height / width : h, h);
        if (!horizontal.isResized() && !vertical.isResized()) {
            boolean whole = width == w && height == h;
            return whole ? this : crop((int) horizontal.from(), (int) vertical.from(), w, h);
        }
        return new Picture(w, h, Resampling.resize(rgb, width, horizontal, vertical, interpolation));
    }

    /** Grey levels, ITU-R 601-2 luma as Pillow's {@code L}: [height, width], 0–255 unsigned. */
    public byte[] grey() {
        byte[] levels = new byte[width * height];
        for (int i = 0; i < levels.length; i++) {
            levels[i] = (byte) grey(rgb, 3 * i);
        }
        return levels;
    }

    /** Of the pixel whose red is at that place: 0–255. */
    public static int grey(byte[] rgb, int i) {
        return (19595 * (rgb[i] & 255) + 38470 * (rgb[i + 1] & 255) + 7471 * (rgb[i + 2] & 255) + 0x8000) >> 16;
    }

    private static Axis middle(int size, long resized, int count) {
        // Half pixels round to even, as Python's round does.
        return new Axis(0, size, resized, (long) Math.rint((resized - count) / 2.0), count);
    }

    private void checkWindow(int x, int y, int w, int h) {
        if (x < 0 || y < 0 || w < 1 || h < 1 || x > width - w || y > height - h) {
            throw new IllegalArgumentException("window " + w + "x" + h + " at (" + x + ", " + y
                    + ") leaves the picture of " + width + "x" + height);
        }
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Picture picture
                && width == picture.width
                && height == picture.height
                && Arrays.equals(rgb, picture.rgb);
    }

    @Override
    public int hashCode() {
        return Objects.hash(width, height, Arrays.hashCode(rgb));
    }

    @Override
    public String toString() {
        return "Picture[" + width + "x" + height + "]";
    }
}
