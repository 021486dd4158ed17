package dev.vicreg.runtime.input;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.stream.Stream;

/** Reads a sample from a file of text. */
final class Words {
    private static final String SEPARATOR = "[\\s,]+";

    private Words() {}

    /**
     * The text without white space at its ends.
     *
     * @throws IOException if the bytes are no UTF-8
     */
    static String text(byte[] file, String name) throws IOException {
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(file))
                    .toString()
                    .replaceFirst("^\uFEFF", "") // the byte order mark
                    .strip();
        } catch (CharacterCodingException e) {
            throw new IOException(name + " is no text in UTF-8; convert the file", e);
        }
    }

    /** Numbers with spaces, commas or line ends between them. */
    static float[] numbers(byte[] file, String name) throws IOException {
        String[] words = words(file, name);
        float[] numbers = new float[words.length];
        for (int i = 0; i < words.length; i++) {
            try {
                numbers[i] = Float.parseFloat(words[i]);
            } catch (NumberFormatException e) {
                throw unexpected(name, i, words[i], "a number", e);
            }
        }
        return numbers;
    }

    /** Ids, likewise. */
    static int[] ids(byte[] file, String name) throws IOException {
        String[] words = words(file, name);
        int[] ids = new int[words.length];
        for (int i = 0; i < words.length; i++) {
            try {
                ids[i] = Integer.parseInt(words[i]);
            } catch (NumberFormatException e) {
                throw unexpected(name, i, words[i], "a whole number", e);
            }
        }
        return ids;
    }

    private static String[] words(byte[] file, String name) throws IOException {
        return Stream.of(text(file, name).split(SEPARATOR))
                .filter(word -> !word.isEmpty())
                .toArray(String[]::new);
    }

    private static IOException unexpected(String name, int place, String word, String wanted, Exception cause) {
        String shown = word.substring(0, Math.min(20, word.length()));
        return new IOException(
                String.format(Locale.ROOT, "%s has '%s' as word %d, expected %s", name, shown, place + 1, wanted),
                cause);
    }
}
