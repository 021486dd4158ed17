package dev.vicreg.training.data;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** SHA-256 of what tells one data set from another. */
final class Fingerprint {
    private final MessageDigest digest;

    Fingerprint() {
        try {
            digest = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }

    /** Adds a text in UTF-8. */
    void add(String text) {
        digest.update(text.getBytes(StandardCharsets.UTF_8));
    }

    /** Adds what the buffer has from its position to its limit; both stay. */
    void add(ByteBuffer bytes) {
        digest.update(bytes.duplicate());
    }

    /** The fingerprint, in lower-case hexadecimal digits; nothing is added afterwards. */
    String hex() {
        return HexFormat.of().formatHex(digest.digest());
    }
}
