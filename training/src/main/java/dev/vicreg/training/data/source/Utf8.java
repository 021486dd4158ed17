package dev.vicreg.training.data.source;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/** Text as it is in files; other bytes than UTF-8 are refused, since replaced ones would pass for data. */
public final class Utf8 {
    private static final String BYTE_ORDER_MARK = "\uFEFF";

    private Utf8() {}

    /**
     * The text without a byte order mark.
     *
     * @param name of the file, for messages
     * @throws IOException if the bytes are no UTF-8: names the line
     */
    public static String decode(byte[] bytes, String name) throws IOException {
        refuseUtf16(bytes, name);
        ByteBuffer encoded = ByteBuffer.wrap(bytes);
        try {
            String text = StandardCharsets.UTF_8.newDecoder().decode(encoded).toString();
            return text.startsWith(BYTE_ORDER_MARK) ? text.substring(1) : text;
        } catch (CharacterCodingException e) {
            int line = 1;
            for (int i = 0; i < encoded.position(); i++) { // where the decoder stopped
                line += bytes[i] == '\n' ? 1 : 0;
            }
            throw new IOException(name + ": line " + line + " is no text in UTF-8; convert the file", e);
        }
    }

    /**
     * Refuses what spreadsheets save as "Unicode text".
     *
     * @throws IOException if the bytes begin with the mark of UTF-16
     */
    public static void refuseUtf16(byte[] head, String name) throws IOException {
        if (DataFile.startsWith(head, 0xFF, 0xFE) || DataFile.startsWith(head, 0xFE, 0xFF)) {
            throw new IOException(name + " is in UTF-16, expected UTF-8; save or convert it as UTF-8");
        }
    }
}
