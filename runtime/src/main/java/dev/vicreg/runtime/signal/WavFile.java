package dev.vicreg.runtime.signal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/**
 * Reads WAV files: integers of 8, 16, 24 and 32 bits and floating point of 32 and 64, in the plain and in the extensible
 * form, any number of channels (Microsoft and IBM, Multimedia Programming Interface 1.0, 1991; Multiple Channel Audio
 * Data and WAVE Files, 2007). Compressed ones are refused.
 */
final class WavFile {
    private static final int PCM = 1;
    private static final int FLOAT = 3;
    private static final int EXTENSIBLE = 0xFFFE;
    /** Writers that cannot go back leave this as the size of the data: they reach to the end. */
    private static final long UNKNOWN_SIZE = 0xFFFFFFFFL;

    private final String name;
    private final ByteBuffer file;

    private WavFile(byte[] bytes, String name) {
        this.name = name;
        this.file = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    /** The {@code fmt } chunk. */
    private record Format(int coding, int channels, int rate, int frameBytes, int bits) {}

    /**
     * Whether these first 12 bytes are those of a WAV file.
     */
    static boolean matches(byte[] head) {
        return head.length >= 12
                && new String(head, 0, 4, StandardCharsets.ISO_8859_1).equals("RIFF")
                && new String(head, 8, 4, StandardCharsets.ISO_8859_1).equals("WAVE");
    }

    /**
     * The recording in these bytes: integers divided by their largest magnitude, so between -1 and 1; floating point as
     * it is.
     *
     * @param name what messages call the file
     * @throws IOException if the file is damaged, empty, or of another coding: says which
     */
    static Signal read(byte[] bytes, String name) throws IOException {
        if (!matches(bytes)) {
            throw new IOException(name + " is no WAV file: expected it to begin with RIFF and WAVE");
        }
        return new WavFile(bytes, name).read();
    }

    private Signal read() throws IOException {
        Format format = null;
        int position = 12;
        while (position + 8 <= file.limit()) {
            String chunk = new String(file.array(), position, 4, StandardCharsets.ISO_8859_1);
            long size = file.getInt(position + 4) & 0xFFFFFFFFL;
            int start = position + 8;
            if (chunk.equals("fmt ")) {
                format = format(start, size);
            } else if (chunk.equals("data")) {
                if (format == null) {
                    throw new IOException(name + " is damaged: its data come before its format");
                }
                return samples(format, start, size);
            }
            long next = start + size + (size & 1); // chunks are padded to even sizes
            if (next > file.limit()) {
                throw new IOException(name + " is truncated: its chunk '" + chunk + "' ends at byte " + next
                        + ", the file at " + file.limit());
            }
            position = (int) next;
        }
        throw new IOException(name + " is damaged: it has no data");
    }

    private Format format(int start, long size) throws IOException {
        if (size < 16 || start + size > file.limit()) {
            throw new IOException(name + " is damaged: its format takes " + size + " bytes, expected 16 or more");
        }
        int coding = file.getShort(start) & 0xFFFF;
        if (coding == EXTENSIBLE && size >= 40) {
            coding = file.getShort(start + 24) & 0xFFFF; // the first two bytes of the sub-format
        }
        int channels = file.getShort(start + 2) & 0xFFFF;
        int rate = file.getInt(start + 4);
        int bits = file.getShort(start + 14) & 0xFFFF;
        boolean known = (coding == PCM && (bits == 8 || bits == 16 || bits == 24 || bits == 32))
                || (coding == FLOAT && (bits == 32 || bits == 64));
        if (!known) {
            throw new IOException(String.format(
                    Locale.ROOT,
                    "%s has coding 0x%04X with %d bits, expected integers of 8, 16, 24 or 32 or floating point of 32"
                            + " or 64 bits; convert it to 16-bit PCM",
                    name,
                    coding,
                    bits));
        }
        if (channels < 1 || rate < 1) {
            throw new IOException(name + " is damaged: it has " + channels + " channels and a rate of " + rate);
        }
        int frameBytes = channels * bits / 8;
        int stated = file.getShort(start + 12) & 0xFFFF;
        if (stated != frameBytes) { // samples in wider containers: which of their bits count isn't known
            throw new IOException(name + " says that a sample of all channels takes " + stated + " bytes, expected "
                    + frameBytes + " for " + channels + " of " + bits + " bits; convert it to 16-bit PCM");
        }
        return new Format(coding, channels, rate, frameBytes, bits);
    }

    private Signal samples(Format format, int start, long size) throws IOException {
        long available = file.limit() - (long) start;
        if (size > available && size != UNKNOWN_SIZE) {
            throw new IOException(
                    name + " is truncated: it should hold " + size + " bytes of data, found " + available);
        }
        int frames = (int) (Math.min(size, available) / format.frameBytes);
        if (frames == 0) {
            throw new IOException(name + " is empty: it holds no samples");
        }
        int bytes = format.bits / 8;
        float[][] samples = new float[format.channels][frames];
        for (int frame = 0; frame < frames; frame++) {
            for (int c = 0; c < format.channels; c++) {
                float value = value(format, start + frame * format.frameBytes + c * bytes);
                if (!Float.isFinite(value)) {
                    throw new IOException(name + " holds a value that is not finite at sample " + frame);
                }
                samples[c][frame] = value;
            }
        }
        return new Signal(samples, format.rate);
    }

    private float value(Format format, int at) {
        if (format.coding == FLOAT) {
            return format.bits == 32 ? file.getFloat(at) : (float) file.getDouble(at);
        }
        return switch (format.bits) {
            case 8 -> ((file.get(at) & 255) - 128) / 128f; // the only unsigned one
            case 16 -> file.getShort(at) / 32768f;
            case 24 -> ((file.getShort(at) & 0xFFFF) | file.get(at + 2) << 16) / 8388608f;
            default -> (float) (file.getInt(at) / 2147483648.0);
        };
    }
}
