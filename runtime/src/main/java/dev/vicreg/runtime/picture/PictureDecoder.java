package dev.vicreg.runtime.picture;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.ImageInputStream;
import javax.imageio.stream.MemoryCacheImageInputStream;

/**
 * Decodes the bytes of a picture file.
 *
 * <p>The format is told by content, never by name. Every reader that ImageIO knows is asked, the JDK's own first
 * because they are the fastest; so a WebP file is read where a reader for it is on the class path. CMYK is converted without
 * colour profiles.
 * The size in the header is checked before any pixel is decoded, and EXIF orientation is applied. Thread-safe.
 */
final class PictureDecoder {
    /** Largest picture that is decoded, in pixels: 192 MiB as RGB. */
    static final long MAX_PIXELS = 64L << 20;

    private PictureDecoder() {}

    /**
     * The first picture in the file, upright.
     *
     * @param encoded a whole file: JPEG, PNG, BMP, GIF, or what else a reader on the class path understands
     * @param name what messages call the file
     * @throws IOException if no reader knows the format, the file is damaged or truncated, or its header announces more
     *     than {@link #MAX_PIXELS}
     */
    static Picture decode(byte[] encoded, String name) throws IOException {
        String reason = "no reader knows its format (" + firstBytes(encoded) + ")";
        Throwable cause = null;
        try (ImageInputStream input = new MemoryCacheImageInputStream(new ByteArrayInputStream(encoded))) {
            for (ImageReader reader : readersOf(input)) {
                try {
                    input.seek(0);
                    reader.setInput(input, true, true); // metadata is not needed; in a PNG it can be a bomb
                    return ExifOrientation.of(encoded).applyTo(read(reader, encoded, name));
                } catch (TooLargeException e) {
                    throw e;
                } catch (IOException | RuntimeException e) { // readers throw whatever their parser stumbles over
                    if (cause == null) {
                        reason = oneLine(e);
                        cause = e;
                    }
                } finally {
                    reader.dispose();
                }
            }
        }
        throw new IOException("cannot decode picture " + name + ": " + reason, cause);
    }

    private static List<ImageReader> readersOf(ImageInputStream input) {
        List<ImageReader> readers = new ArrayList<>();
        ImageIO.getImageReaders(input).forEachRemaining(readers::add);
        readers.sort(
                Comparator.comparing(reader -> reader.getClass().getName().startsWith("com.sun.imageio.") ? 0 : 1));
        return readers;
    }

    private static Picture read(ImageReader reader, byte[] encoded, String name) throws IOException {
        int width = reader.getWidth(0);
        int height = reader.getHeight(0);
        if ((long) width * height > MAX_PIXELS) {
            throw new TooLargeException("picture " + name + " is " + width + "x" + height + ", over the limit of "
                    + MAX_PIXELS + " pixels; it was not decoded");
        }
        List<String> warnings = new ArrayList<>();
        reader.addIIOReadWarningListener((source, warning) -> warnings.add(warning));
        Picture picture = CmykJpeg.matches(encoded) ? CmykJpeg.read(reader, encoded) : Picture.of(reader.read(0));
        for (String warning : warnings) {
            // The JDK's JPEG reader fills what is missing with grey and only warns.
            if (warning.contains("Truncated") || warning.contains("Premature end")) {
                throw new IOException("the file is truncated (" + warning + ")");
            }
        }
        return picture;
    }

    private static String firstBytes(byte[] encoded) {
        return encoded.length == 0
                ? "empty file"
                : "first bytes " + HexFormat.of().formatHex(encoded, 0, Math.min(8, encoded.length));
    }

    private static String oneLine(Throwable e) {
        String message = e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
        return message.replaceAll("\\s+", " ").strip();
    }

    private static final class TooLargeException extends IOException {
        TooLargeException(String message) {
            super(message);
        }
    }
}
