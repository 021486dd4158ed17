package dev.vicreg.runtime.picture;

import dev.vicreg.runtime.picture.Resampling.Axis;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.util.Arrays;
import java.util.Objects;

/**
 * An 8-bit picture: RGB, or of 1 to {@value #MOST_CHANNELS} other channels. One is grey levels. Of two and of four the
 * last is alpha, 0 where the pixel is transparent and 255 where it is opaque, beside grey levels or RGB as they are stored.
 *
 * <p>Immutable by agreement: the array belongs to the picture, and whoever reads {@link #samples()} or {@link #rgb()} must
 * not write to it. Under that agreement a picture may be shared between threads.
 *
 * @param width columns, at least 1
 * @param height rows, at least 1
 * @param channels samples of each pixel
 * @param samples of each pixel, row by row from the top left: [height, width, channels], 0–255 unsigned
 */
public record Picture(int width, int height, int channels, byte[] samples) {
    /** The most channels that a picture may have. */
    public static final int MOST_CHANNELS = 16;

    /** Those of RGB. */
    public static final int COLOURS = 3;

    public Picture {
        if (channels < 1 || channels > MOST_CHANNELS) {
            throw new IllegalArgumentException("picture of " + channels + " channels, expected 1 to " + MOST_CHANNELS);
        }
        if (width < 1 || height < 1 || samples.length != (long) width * height * channels) {
            throw new IllegalArgumentException("picture of " + width + "x" + height + " needs at least one pixel and "
                    + channels + " bytes for each, found " + samples.length + " bytes");
        }
    }

    /** An RGB picture, [height, width, 3]. */
    public Picture(int width, int height, byte[] rgb) {
        this(width, height, COLOURS, rgb);
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
        return decode(file, name, COLOURS);
    }

    /**
     * The same in so many channels: of 2 grey levels and alpha, of 4 RGB and alpha, which is kept rather than laid over
     * white and is 255 where the file has none; of 5 and more the samples as the file has them, such as a TIFF's.
     *
     * @throws IOException also if the file can't be brought to that
     */
    public static Picture decode(byte[] file, String name, int channels) throws IOException {
        return PictureDecoder.decode(file, name, channels);
    }

    /**
     * Pixels that decoding the file would make, as its header announces them: none is decoded. For callers that decode many
     * at once and have so much memory. Thread-safe.
     *
     * @throws IOException as {@link #decode(byte[], String)} does, but for what only the coded pixels tell
     */
    public static long pixels(byte[] file, String name) throws IOException {
        return PictureDecoder.pixels(file, name);
    }

    /**
     * The picture as 8-bit RGB. Sample values are taken as they are, without colour management, as Pillow does; grey is
     * repeated in the three channels; transparent pixels are laid over white.
     */
    public static Picture of(BufferedImage image) {
        return of(image, COLOURS);
    }

    /**
     * The same in so many channels, as {@link #decode(byte[], String, int)} has them.
     *
     * @throws IllegalArgumentException if the image can't be brought to that
     */
    public static Picture of(BufferedImage image, int channels) {
        return BufferedImages.toPicture(image, channels);
    }

    /** Whether the last channel is alpha. */
    public boolean hasAlpha() {
        return channels == 2 || channels == 4;
    }

    /** Channels but for alpha. */
    public int colours() {
        return hasAlpha() ? channels - 1 : channels;
    }

    /**
     * The picture in so many channels: grey levels become three equal colours, colours become grey levels as {@link #grey()}
     * has them, what has no alpha is opaque, and transparent pixels are laid over white where none is wanted. One that is
     * so already stays as it is.
     *
     * @throws IllegalArgumentException if either has more than four channels, and the other another number
     */
    public Picture withChannels(int wanted) {
        if (wanted == channels) {
            return this;
        }
        if (Math.max(wanted, channels) > 4 || wanted < 1) {
            throw new IllegalArgumentException("a picture of " + channels + " channels, expected " + wanted);
        }
        if (wanted == 1) {
            return new Picture(width, height, 1, grey());
        }
        if (wanted == COLOURS) {
            return new Picture(width, height, rgb());
        }
        byte[] out = new byte[width * height * wanted];
        for (int pixel = 0; pixel < width * height; pixel++) {
            int from = pixel * channels;
            int to = pixel * wanted;
            if (wanted == 2 && colours() == COLOURS) {
                out[to] = (byte) grey(samples, from);
            } else {
                for (int c = 0; c < wanted - 1; c++) {
                    out[to + c] = samples[from + (colours() == 1 ? 0 : c)];
                }
            }
            out[to + wanted - 1] = hasAlpha() ? samples[from + channels - 1] : (byte) 255;
        }
        return new Picture(width, height, wanted, out);
    }

    /**
     * Red, green and blue to look at: [height, width, 3], 0–255 unsigned. Grey levels are repeated, transparent pixels laid
     * over white, and of more than four channels there are the first three.
     */
    public byte[] rgb() {
        if (channels == COLOURS) {
            return samples;
        }
        byte[] rgb = new byte[Math.multiplyExact(width * height, COLOURS)];
        for (int pixel = 0; pixel < width * height; pixel++) {
            int from = pixel * channels;
            int alpha = hasAlpha() ? samples[from + channels - 1] & 255 : 255;
            for (int c = 0; c < COLOURS; c++) {
                int sample = samples[from + (colours() == 1 ? 0 : c)] & 255;
                rgb[pixel * COLOURS + c] = BufferedImages.overWhite(sample, alpha);
            }
        }
        return rgb;
    }

    /** A new image of type {@link BufferedImage#TYPE_3BYTE_BGR} with the pixels of {@link #rgb()}. */
    public BufferedImage toBufferedImage() {
        return BufferedImages.fromPicture(this);
    }

    /** The window whose top left pixel is (x, y). It must lie inside the picture. */
    public Picture crop(int x, int y, int w, int h) {
        checkWindow(x, y, w, h);
        byte[] out = new byte[w * h * channels];
        int rowBytes = w * channels;
        for (int row = 0; row < h; row++) {
            System.arraycopy(samples, ((y + row) * width + x) * channels, out, row * rowBytes, rowBytes);
        }
        return new Picture(w, h, channels, out);
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
        return resized(Axis.whole(x, w, outWidth), Axis.whole(y, h, outHeight), interpolation);
    }

    /** Each channel by itself, alpha too. */
    private Picture resized(Axis horizontal, Axis vertical, Interpolation interpolation) {
        byte[] out = Resampling.resize(samples, width, channels, horizontal, vertical, interpolation);
        return new Picture(horizontal.count(), vertical.count(), channels, out);
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
        return resized(horizontal, vertical, interpolation);
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
        return resized(horizontal, vertical, interpolation);
    }

    /** Grey levels of {@link #rgb()}, ITU-R 601-2 luma as Pillow's {@code L}: [height, width], 0–255 unsigned. */
    public byte[] grey() {
        if (channels == 1) {
            return samples;
        }
        byte[] rgb = rgb();
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
                && channels == picture.channels
                && Arrays.equals(samples, picture.samples);
    }

    @Override
    public int hashCode() {
        return Objects.hash(width, height, channels, Arrays.hashCode(samples));
    }

    @Override
    public String toString() {
        return "Picture[" + width + "x" + height + "x" + channels + "]";
    }
}
