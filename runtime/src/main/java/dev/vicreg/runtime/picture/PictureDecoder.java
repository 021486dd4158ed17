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
        try {
            if (JpegFile.matches(encoded)) {
                JpegFile jpeg = JpegFile.of(encoded);
                return jpeg.orientation()
                        .applyTo(decode(
                                jpeg.bytes(), null, reader -> read(reader, jpeg).withChannels(channels)));
            }
            if (WebpFile.matches(encoded)) {
                WebpFile webp = WebpFile.of(encoded);
                return webp.orientation().applyTo(decode(webp, channels));
            }
            if (BmpFile.matches(encoded)) {
                return decode(
                        BmpFile.sized(encoded), null, reader -> Picture.of(BmpFile.opaque(reader.read(0)), channels));
            }
            TiffTags.requireReadable(encoded);
            Canvas canvas = GifFile.matches(encoded) ? GifFile.canvas(encoded) : null;
            return ExifOrientation.of(encoded).applyTo(decode(encoded, canvas, reader -> read(reader, channels)));
        } catch (TooLargeException e) {
            throw new IOException("picture " + name + " " + e.getMessage(), e);
        } catch (IOException | RuntimeException e) { // readers throw whatever their parser stumbles over
            throw new IOException("cannot decode picture " + name + ": " + Reason.of(e), e);
        }
    }

    private static Picture decode(WebpFile webp, int channels) throws IOException {
        try {
            return decode(webp.bytes(), webp.canvas(), reader -> read(reader, channels));
        } catch (IOException e) {
            if (!(e.getCause() instanceof IOException)) { // said here, not by libwebp's reader
                throw e;
            }
            String found = Reason.of(e).replaceFirst("^Decode returned code ", "libwebp says "); // as BitstreamError
            throw new IOException(
                    "its chunks are whole, but the coded picture is cut off or damaged (" + found + ")", e);
        }
    }

    private interface Reading {
        Picture read(ImageReader reader) throws IOException;
    }

    /** What the first reader that manages makes of the file, on its canvas. */
    private static Picture decode(byte[] file, @Nullable Canvas canvas, Reading reading) throws IOException {
        Throwable failure = null;
        try (ImageInputStream input = new MemoryCacheImageInputStream(new ByteArrayInputStream(file))) {
            for (ImageReader reader : readersOf(input)) {
                try {
                    input.seek(0);
                    reader.setInput(input, true, true); // metadata is not needed; in a PNG it can be a bomb
                    requireSize(reader.getWidth(0), reader.getHeight(0), canvas);
                    Picture picture = reading.read(reader);
                    return canvas == null ? picture : canvas.with(picture);
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
                ? new IOException("no reader knows its format (" + firstBytes(file) + ")"
                        + (WebpFile.matches(file) ? "; for WebP add com.github.usefulness:webp-imageio" : ""))
                : new IOException(Reason.of(failure), failure);
    }

    private static void requireSize(int width, int height, @Nullable Canvas canvas) throws IOException {
        long pixels = canvas == null ? (long) width * height : canvas.pixels(width, height);
        if (pixels > MAX_PIXELS) {
            String size = canvas == null ? width + "x" + height : "an animation of " + pixels + " pixels";
            throw new TooLargeException(
                    "is " + size + ", over the limit of " + MAX_PIXELS + " pixels; it was not decoded");
        }
    }

    private static Picture read(ImageReader reader, int channels) throws IOException {
        return Picture.of(reader.read(0), channels);
    }

    private static Picture read(ImageReader reader, JpegFile jpeg) throws IOException {
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
