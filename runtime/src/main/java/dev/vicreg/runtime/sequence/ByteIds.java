package dev.vicreg.runtime.sequence;

import java.nio.charset.StandardCharsets;

/**
 * Text as the ids of its UTF-8 bytes, the same as ByT5's tokenizer gives (Xue et al., ByT5, TACL 2022; Hugging Face's
 * {@code ByT5Tokenizer}): byte b is b + {@value #OFFSET}, and {@value #END} ends every text. Nothing needs to be learned
 * from the data, and no text is unknown.
 */
public final class ByteIds {
    /** What a manifest calls these ids. */
    public static final String NAME = "utf-8";

    /** Fills up short sequences. */
    public static final int PADDING = 0;

    /** Stands at the end of every text. */
    public static final int END = 1;

    /** Never comes from a text, so it can stand for what is masked. */
    public static final int UNKNOWN = 2;

    /** Id of byte 0. */
    public static final int OFFSET = 3;

    /** How many ids there are, the three above among them. */
    public static final int COUNT = 256 + OFFSET;

    private ByteIds() {}

    /** The ids of a text, its end among them. */
    public static int[] of(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        int[] ids = new int[bytes.length + 1];
        for (int i = 0; i < bytes.length; i++) {
            ids[i] = (bytes[i] & 0xFF) + OFFSET;
        }
        ids[bytes.length] = END;
        return ids;
    }

    /** The text of ids, without those that stand for no byte. */
    public static String text(int... ids) {
        byte[] bytes = new byte[ids.length];
        int count = 0;
        for (int id : ids) {
            if (id >= OFFSET && id < COUNT) {
                bytes[count++] = (byte) (id - OFFSET);
            }
        }
        return new String(bytes, 0, count, StandardCharsets.UTF_8);
    }
}
