package dev.vicreg.training.data.source;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HexFormat;

/**
 * Names of files as text. On disk and in archives they are bytes, of whatever encoding: they are taken as UTF-8 in every
 * locale, and bytes that are none become {@code %E9}, so that no two names become one.
 */
final class FileNames {
    private static final char REPLACED = '\uFFFD';

    private FileNames() {}

    /** The text of a name, the same for no other name of its archive. */
    static String decode(byte[] name) {
        CharsetDecoder decoder = StandardCharsets.UTF_8.newDecoder();
        ByteBuffer in = ByteBuffer.wrap(name);
        CharBuffer chars = CharBuffer.allocate(name.length);
        StringBuilder text = new StringBuilder();
        while (true) {
            CoderResult result = decoder.decode(in, chars, true);
            text.append(chars.flip());
            chars.clear();
            if (!result.isError()) {
                return text.toString();
            }
            for (int i = 0; i < result.length(); i++) {
                text.append('%').append(HexFormat.of().withUpperCase().toHexDigits(in.get()));
            }
            decoder.reset();
        }
    }

    /**
     * The name of a file below a folder, with {@code /} between folders. Where the locale's encoding could not decode it,
     * the bytes are asked for: a path's address holds them.
     */
    static String below(Path folder, Path file) {
        String name = folder.relativize(file).toString();
        if (name.indexOf(REPLACED) < 0) {
            return name.replace('\\', '/');
        }
        String root = folder.toUri().getRawPath();
        String address = file.toUri().getRawPath().substring(root.endsWith("/") ? root.length() : root.length() + 1);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (int i = 0; i < address.length(); i++) {
            boolean escaped = address.charAt(i) == '%';
            bytes.write(escaped ? HexFormat.fromHexDigits(address, i + 1, i + 3) : address.charAt(i));
            i += escaped ? 2 : 0;
        }
        String decoded = decode(bytes.toByteArray());
        return decoded.endsWith("/") ? decoded.substring(0, decoded.length() - 1) : decoded; // of a folder
    }
}
