package dev.vicreg.runtime.picture;

import dev.vicreg.runtime.file.Reason;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import javax.imageio.IIOException;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.ImageInputStream;
import javax.imageio.stream.MemoryCacheImageInputStream;
import org.jspecify.annotations.Nullable;

/**
 * Decodes the bytes of a picture file.
 *
 * <p>The format is told by content, never by name. Every reader that ImageIO knows is asked, the JDK's own first
 * because they are the fastest; so a WebP file is read where a reader for it is on the class path. What formats say beside
 * the coded picture is understood here, and alike for all of them: sizes are checked before any pixel is decoded, sample
 * values are taken without colour profiles, an animation's first frame lies on its canvas, transparent pixels lie over
 * white where no alpha is asked for, and what is shorter than it says is refused. Thread-safe.
 */
final class PictureDecoder {
    /** Largest picture that is decoded, in pixels: 192 MiB as RGB, 1 GiB of 16 channels. */
    static final long MAX_PIXELS = 64L << 20;

    private PictureDecoder() {}

    /**
     * The first picture in the file, upright.
     *
     * @param encoded a whole file: JPEG, PNG, BMP, GIF, TIFF, or what else a reader on the class path understands
     * @param name what messages call the file
     * @param channels of the result: see {@link Picture#decode(byte[], String, int)}
     * @throws IOException if no reader knows the format, the file is damaged or truncated, can't be brought to these
     *     channels, or its header announces more than {@link #MAX_PIXELS}
     */
    static Picture decode(byte[] encoded, String name, int channels) throws IOException {
        return read(name, () -> {
            Coded file = Coded.of(encoded, channels);
            Picture picture = first(file, file.reading);
            return file.orientation.applyTo(file.canvas == null ? picture : file.canvas.with(picture));
        });
    }

    /**
     * Pixels that {@link #decode} would make of the file, as its header has them.
     *
     * @throws IOException as {@link #decode} does, but for what only the coded pixels tell
     */
    static long pixels(byte[] encoded, String name) throws IOException {
        return read(name, () -> {
            Coded file = Coded.of(encoded, Picture.COLOURS);
            return first(file, reader -> pixels(reader, file.canvas));
        });
    }

    private interface Work<T> {
        T run() throws IOException;
    }

    /** What comes of a file; why not, in words. */
    private static <T> T read(String name, Work<T> work) throws IOException {
        try {
            return work.run();
        } catch (TooLargeException e) {
            throw new IOException("picture " + name + " " + e.getMessage(), e);
        } catch (IOException | RuntimeException e) { // readers throw whatever their parser stumbles over
            throw new IOException("cannot decode picture " + name + ": " + Reason.of(e), e);
        }
    }

    private interface Reading<T> {
        T read(ImageReader reader) throws IOException;
    }

    /**
     * A file as ImageIO's readers take it.
     *
     * @param canvas that its picture lies on; null for none but itself
     * @param reading how the samples become a picture
     */
    private record Coded(byte[] bytes, @Nullable Canvas canvas, ExifOrientation orientation, Reading<Picture> reading) {
        static Coded of(byte[] file, int channels) throws IOException {
            Reading<Picture> plain = reader -> Picture.of(reader.read(0), channels);
            if (JpegFile.matches(file)) {
                JpegFile jpeg = JpegFile.of(file);
                return new Coded(
                        jpeg.bytes(),
                        null,
                        jpeg.orientation(),
                        reader -> samples(reader, jpeg).withChannels(channels));
            }
            if (WebpFile.matches(file)) {
                WebpFile webp = WebpFile.of(file);
                return new Coded(webp.bytes(), webp.canvas(), webp.orientation(), plain);
            }
            if (BmpFile.matches(file)) {
                return new Coded(
                        BmpFile.sized(file),
                        null,
                        ExifOrientation.of(file),
                        reader -> Picture.of(BmpFile.opaque(reader.read(0)), channels));
            }
            TiffTags.requireReadable(file);
            Canvas canvas = GifFile.matches(file) ? GifFile.canvas(file) : null;
            return new Coded(file, canvas, ExifOrientation.of(file), plain);
        }
    }

    /** What the first reader that manages makes of the file; libwebp says in numbers why it can't. */
    private static <T> T first(Coded file, Reading<T> reading) throws IOException {
        try {
            return firstOf(file, reading);
        } catch (IOException e) {
            if (!WebpFile.matches(file.bytes) || !(e.getCause() instanceof IOException)) {
                throw e;
            }
            String found = Reason.of(e).replaceFirst("^Decode returned code ", "libwebp says "); // as BitstreamError
            throw new IOException(
                    "its chunks are whole, but the coded picture is cut off or damaged (" + found + ")", e);
        }
    }

    private static <T> T firstOf(Coded file, Reading<T> reading) throws IOException {
        Throwable failure = null;
        try (ImageInputStream input = new MemoryCacheImageInputStream(new ByteArrayInputStream(file.bytes))) {
            for (ImageReader reader : readersOf(input)) {
                try {
                    input.seek(0);
                    reader.setInput(input, true, true); // metadata is not needed; in a PNG it can be a bomb
                    requireSize(reader, file.canvas);
                    return reading.read(reader);
                } catch (TooLargeException e) {
                    throw e;
                } catch (IOException | RuntimeException | LinkageError e) { // the last: a library that can't be loaded
                    failure = failure == null ? e : failure;
                } catch (OutOfMemoryError e) {
                    if (e.getMessage() != null) {
                        throw e;
                    }
                    failure = new IOException(
                            "the file is damaged", e); // libwebp's word, not the JVM's, which has a message
                } finally {
                    reader.dispose();
                }
            }
        }
        throw failure == null
                ? new IOException("no reader knows its format (" + firstBytes(file.bytes) + ")"
                        + (WebpFile.matches(file.bytes) ? "; for WebP add com.github.usefulness:webp-imageio" : ""))
                : new IOException(Reason.of(failure), failure);
    }

    private static long pixels(ImageReader reader, @Nullable Canvas canvas) throws IOException {
        int width = reader.getWidth(0);
        int height = reader.getHeight(0);
        return canvas == null ? (long) width * height : canvas.pixels(width, height);
    }

    private static void requireSize(ImageReader reader, @Nullable Canvas canvas) throws IOException {
        long pixels = pixels(reader, canvas);
        if (pixels > MAX_PIXELS) {
            String size = canvas == null
                    ? reader.getWidth(0) + "x" + reader.getHeight(0)
                    : "an animation of " + pixels + " pixels";
            throw new TooLargeException(
                    "is " + size + ", over the limit of " + MAX_PIXELS + " pixels; it was not decoded");
        }
    }

    private static Picture samples(ImageReader reader, JpegFile jpeg) throws IOException {
        List<String> warnings = new ArrayList<>();
        reader.addIIOReadWarningListener((source, warning) -> warnings.add(warning));
        try {
            Picture picture = jpeg.picture(reader.readRaster(0, null));
            if (!jpeg.isTruncated(warnings)) {
                return picture;
            }
        } catch (IIOException e) {
            if (jpeg.isEnded()) {
                throw e;
            }
        }
        throw new IOException("the file is truncated");
    }

    private static List<ImageReader> readersOf(ImageInputStream input) {
        List<ImageReader> readers = new ArrayList<>();
        ImageIO.getImageReaders(input).forEachRemaining(readers::add);
        readers.sort(
                Comparator.comparing(reader -> reader.getClass().getName().startsWith("com.sun.imageio.") ? 0 : 1));
        return readers;
    }

    private static String firstBytes(byte[] encoded) {
        return encoded.length == 0
                ? "empty file"
                : "first bytes " + HexFormat.of().formatHex(encoded, 0, Math.min(8, encoded.length));
    }

    private static final class TooLargeException extends IOException {
        TooLargeException(String message) {
            super(message);
        }
    }
}
