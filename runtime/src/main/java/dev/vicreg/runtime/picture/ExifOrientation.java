package dev.vicreg.runtime.picture;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * How a camera was held, as the EXIF orientation tag (0x0112) says, in the order of its values 1 to 8.
 *
 * <p>Found in a JPEG's APP1 segment, a PNG's eXIf chunk, a WebP's EXIF chunk or a TIFF's directory; else in XMP. Whatever cannot be understood counts as
 * upright: a damaged tag is no reason to refuse a picture.
 */
enum ExifOrientation {
    UPRIGHT(false, false, false),
    MIRRORED(false, true, false),
    UPSIDE_DOWN(false, true, true),
    MIRRORED_UPSIDE_DOWN(false, false, true),
    TRANSPOSED(true, false, false),
    TURNED_LEFT(true, false, true),
    TRANSVERSED(true, true, true),
    TURNED_RIGHT(true, true, false);

    private static final int TAG = 0x0112;
    private static final Pattern IN_XMP = Pattern.compile("tiff:Orientation(?:=\\s*[\"']|>)\\s*([1-8])");

    private final boolean swapsAxes;
    private final boolean flipsColumns;
    private final boolean flipsRows;

    /** Source pixel of an upright (x, y): axes swapped first, then source columns or rows counted from the far end. */
    ExifOrientation(boolean swapsAxes, boolean flipsColumns, boolean flipsRows) {
        this.swapsAxes = swapsAxes;
        this.flipsColumns = flipsColumns;
        this.flipsRows = flipsRows;
    }

    /** Of a file that is no JPEG and no WebP: a PNG's chunks or a TIFF's own directory. */
    static ExifOrientation of(byte[] file) {
        ByteBuffer in = ByteBuffer.wrap(file);
        if (file.length > 8 && in.getLong(0) == 0x89504E470D0A1A0AL) {
            return inPng(in);
        }
        return TiffTags.matches(file) ? of(in, null) : UPRIGHT;
    }

    /**
     * Of metadata. XMP's {@code tiff:Orientation} counts where EXIF says nothing.
     *
     * @param exif as in a TIFF file, perhaps after JPEG's {@code Exif\0\0}, which some writers keep
     * @param xmp as text in UTF-8
     */
    static ExifOrientation of(@Nullable ByteBuffer exif, @Nullable ByteBuffer xmp) {
        ExifOrientation found = null;
        try {
            if (exif != null) {
                boolean prefixed = exif.get(0) == 'E';
                found = of(TiffTags.of(prefixed ? exif.slice(6, exif.limit() - 6) : exif, TAG));
            }
        } catch (IndexOutOfBoundsException e) {
            found = null; // offsets that leave the file
        }
        if (found == null && xmp != null) {
            Matcher matcher = IN_XMP.matcher(StandardCharsets.UTF_8.decode(xmp.duplicate()));
            found = matcher.find() ? of(Long.parseLong(matcher.group(1))) : null;
        }
        return found == null ? UPRIGHT : found;
    }

    Picture applyTo(Picture picture) {
        if (this == UPRIGHT) {
            return picture;
        }
        int width = swapsAxes ? picture.height() : picture.width();
        int height = swapsAxes ? picture.width() : picture.height();
        int channels = picture.channels();
        byte[] source = picture.samples();
        byte[] out = new byte[source.length];
        int to = 0;
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                int column = swapsAxes ? y : x;
                int row = swapsAxes ? x : y;
                column = flipsColumns ? picture.width() - 1 - column : column;
                row = flipsRows ? picture.height() - 1 - row : row;
                System.arraycopy(source, (row * picture.width() + column) * channels, out, to, channels);
                to += channels;
            }
        }
        return new Picture(width, height, channels, out);
    }

    private static ExifOrientation inPng(ByteBuffer in) {
        ByteBuffer exif = null;
        ByteBuffer xmp = null;
        for (int at = 8; at + 8 <= in.limit(); ) {
            int length = in.getInt(at);
            if (length < 0 || length > in.limit() - at - 8) {
                break;
            }
            ByteBuffer content = in.slice(at + 8, length);
            int type = in.getInt(at + 4);
            if (type == 0x65584966) { // eXIf
                exif = content;
            } else if (type == 0x69545874) { // iTXt
                xmp = content;
            }
            at += Math.min(length + 12, in.limit() - at);
        }
        return of(exif, xmp);
    }

    private static @Nullable ExifOrientation of(long value) {
        return value >= 1 && value <= 8 ? values()[(int) value - 1] : null;
    }
}
