package dev.vicreg.runtime.picture;

import java.awt.image.Raster;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a JPEG file's markers say, and its samples as RGB.
 *
 * <p>The JDK's reader gives the samples as they are stored; which colours they are is told here by the rules of libjpeg
 * ({@code default_decompress_parms}) and Pillow, and without a colour profile, so that the result depends neither on
 * profiles nor on the reader: three components are YCbCr with a JFIF marker; else what Adobe's marker says (Adobe Technical
 * Note 5116: 0 is RGB); else RGB where they are called R, G and B. Four are CMYK, or YCCK if Adobe's marker says 2, and
 * always inverted: 255 is no ink.
 */
final class JpegFile {
    /** Files of progressive scans have some ten; each costs a pass over the whole picture. */
    static final int MAX_SCANS = 100;

    private static final int HALF = 1 << 15; // of fixed-point numbers with 16 fractional bits
    private static final int NO_ADOBE_MARKER = -1;
    private static final int ADOBE_RGB = 0;
    private static final int ADOBE_CMYK = 0; // any other says YCCK to libjpeg
    private static final byte[] JFIF = {'J', 'F', 'I', 'F', 0};
    private static final byte[] ADOBE = {'A', 'd', 'o', 'b', 'e'};
    private static final byte[] EXIF = {'E', 'x', 'i', 'f', 0};
    private static final byte[] XMP = "http://ns.adobe.com/xap/1.0/\0".getBytes(StandardCharsets.US_ASCII);

    private final byte[] file;
    private final Set<Integer> decoded = new HashSet<>(); // components that a scan holds
    private int components;
    private boolean namedRgb;
    private boolean jfif;
    private int adobeTransform = NO_ADOBE_MARKER;
    private int scans;
    private boolean ended;
    private @Nullable ByteBuffer exif;
    private @Nullable ByteBuffer xmp;

    private JpegFile(byte[] file) {
        this.file = file;
    }

    static boolean matches(byte[] file) {
        return file.length > 2 && (file[0] & 255) == 0xFF && (file[1] & 255) == 0xD8 && (file[2] & 255) == 0xFF;
    }

    /**
     * Reads the markers.
     *
     * @throws IOException if the file ends before its first scan, or has more of them than {@link #MAX_SCANS}
     */
    static JpegFile of(byte[] file) throws IOException {
        JpegFile jpeg = new JpegFile(file);
        jpeg.readMarkers();
        if (jpeg.scans == 0 && !jpeg.ended) {
            throw new IOException("the file is truncated");
        }
        if (jpeg.scans > MAX_SCANS) {
            throw new IOException("it has " + jpeg.scans + " scans, over the limit of " + MAX_SCANS);
        }
        return jpeg;
    }

    /** The orientation that its metadata tell. */
    ExifOrientation orientation() {
        return ExifOrientation.of(exif, xmp);
    }

    /** Whether the marker of its end is there. */
    boolean isEnded() {
        return ended;
    }

    /** The file, with the marker of its end where that is missing: the reader fills with grey what it doesn't find. */
    byte[] bytes() {
        if (ended) {
            return file;
        }
        byte[] completed = Arrays.copyOf(file, file.length + 2);
        completed[file.length] = (byte) 0xFF;
        completed[file.length + 1] = (byte) 0xD9;
        return completed;
    }

    /**
     * Whether samples are missing.
     *
     * @param warnings of the reader that decoded {@link #bytes}
     */
    boolean isTruncated(Iterable<String> warnings) {
        if (!ended && decoded.size() < components) {
            return true;
        }
        for (String warning : warnings) {
            boolean cut = warning.contains("Truncated") || warning.contains("Premature end");
            if (cut || (!ended && warning.contains("premature end"))) {
                return true;
            }
        }
        return false;
    }

    /**
     * The picture, not yet turned upright.
     *
     * @param samples as they are stored, one byte each
     */
    Picture picture(Raster samples) throws IOException {
        int width = samples.getWidth();
        int height = samples.getHeight();
        int bands = samples.getNumBands();
        byte[] rgb = new byte[Math.multiplyExact(Math.multiplyExact(width, height), 3)];
        byte[] row = new byte[width * bands];
        for (int y = 0; y < height; y++) {
            samples.getDataElements(0, y, width, 1, row);
            int to = y * width * 3;
            switch (bands) {
                case 1 -> repeatGrey(row, rgb, to);
                case 3 -> {
                    System.arraycopy(row, 0, rgb, to, row.length);
                    if (isYcc()) {
                        toRgb(rgb, to, width, 3);
                    }
                }
                case 4 -> {
                    if (adobeTransform != NO_ADOBE_MARKER && adobeTransform != ADOBE_CMYK) {
                        toRgb(row, 0, width, 4);
                        complementColours(row);
                    }
                    fromCmyk(row, rgb, to);
                }
                default -> throw new IOException("it has " + bands + " components, expected 1, 3 or 4");
            }
        }
        return new Picture(width, height, rgb);
    }

    private boolean isYcc() {
        return jfif || (adobeTransform == NO_ADOBE_MARKER ? !namedRgb : adobeTransform != ADOBE_RGB);
    }

    private static void repeatGrey(byte[] row, byte[] rgb, int to) {
        for (int x = 0; x < row.length; x++) {
            Arrays.fill(rgb, to + 3 * x, to + 3 * x + 3, row[x]);
        }
    }

    /** YCbCr to RGB in place, in libjpeg's arithmetic ({@code jdcolor.c}). */
    private static void toRgb(byte[] samples, int from, int width, int step) {
        for (int x = 0, at = from; x < width; x++, at += step) {
            int luma = samples[at] & 255;
            int cb = (samples[at + 1] & 255) - 128;
            int cr = (samples[at + 2] & 255) - 128;
            samples[at] = clipped(luma + ((91881 * cr + HALF) >> 16)); // 1.40200
            samples[at + 1] = clipped(luma + ((-22554 * cb - 46802 * cr + HALF) >> 16)); // 0.34414, 0.71414
            samples[at + 2] = clipped(luma + ((116130 * cb + HALF) >> 16)); // 1.77200
        }
    }

    private static byte clipped(int sample) {
        return (byte) Math.max(0, Math.min(255, sample));
    }

    private static void complementColours(byte[] cmyk) {
        for (int at = 0; at < cmyk.length; at += 4) {
            for (int c = 0; c < 3; c++) {
                cmyk[at + c] = (byte) ~cmyk[at + c];
            }
        }
    }

    /** Inverted CMYK to RGB. */
    private static void fromCmyk(byte[] row, byte[] rgb, int to) {
        for (int at = 0; at < row.length; at += 4) {
            int noBlack = row[at + 3] & 255;
            for (int c = 0; c < 3; c++) {
                rgb[to++] = BufferedImages.inked(noBlack, 255 - (row[at + c] & 255));
            }
        }
    }

    /** Walks over the segments, and within scans over what is coded, to the end of the picture. */
    private void readMarkers() {
        int at = 2;
        while (true) {
            while (at < file.length && file[at] != (byte) 0xFF) {
                at++;
            }
            while (at < file.length && file[at] == (byte) 0xFF) { // any number of them may fill up
                at++;
            }
            if (at >= file.length) {
                return;
            }
            int marker = file[at++] & 255;
            if (marker == 0xD9) {
                ended = true;
                return;
            }
            if (marker <= 1 || (marker >= 0xD0 && marker <= 0xD8)) { // a coded FF, or a marker without a segment
                continue;
            }
            int length = at + 2 <= file.length ? (file[at] & 255) << 8 | (file[at + 1] & 255) : 0;
            if (length < 2 || length > file.length - at) {
                return;
            }
            read(marker, at + 2, length - 2);
            at += length;
        }
    }

    private void read(int marker, int at, int length) {
        if (marker == 0xDA) {
            scans++;
            for (int i = 0; i < (length > 0 ? file[at] & 255 : 0) && 2 * i + 1 < length; i++) {
                decoded.add(file[at + 1 + 2 * i] & 255);
            }
        } else if (scans > 0) {
            return; // what follows doesn't change how the picture is read
        } else if (marker >= 0xC0 && marker <= 0xCF && (marker == 0xC0 || marker % 4 != 0) && length >= 6) { // a frame
            components = file[at + 5] & 255;
            namedRgb = length >= 15 && file[at + 6] == 'R' && file[at + 9] == 'G' && file[at + 12] == 'B';
        } else if (marker == 0xE0 && length >= 14 && startsWith(at, length, JFIF)) {
            jfif = true;
        } else if (marker == 0xEE && length >= 12 && startsWith(at, length, ADOBE)) {
            adobeTransform = file[at + 11] & 255;
        } else if (marker == 0xE1 && exif == null && startsWith(at, length, EXIF) && length > 6) {
            exif = ByteBuffer.wrap(file).slice(at + 6, length - 6);
        } else if (marker == 0xE1 && xmp == null && startsWith(at, length, XMP)) {
            xmp = ByteBuffer.wrap(file).slice(at, length);
        }
    }

    private boolean startsWith(int at, int length, byte[] name) {
        return length >= name.length && Arrays.equals(file, at, at + name.length, name, 0, name.length);
    }
}
