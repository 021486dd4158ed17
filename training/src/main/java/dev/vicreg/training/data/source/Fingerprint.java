package dev.vicreg.training.data.source;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** SHA-256 of what tells one data set from another. */
public final class Fingerprint {
    private final MessageDigest digest;

    public Fingerprint() {
        try {
            digest = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }

    /** Adds a text in UTF-8. */
    public void add(String text) {
        digest.update(text.getBytes(StandardCharsets.UTF_8));
    }

    /** Adds what the buffer has from its position to its limit; both stay. */
    public void add(ByteBuffer bytes) {
        digest.update(bytes.duplicate());
    }

    /** The fingerprint, in lower-case hexadecimal digits; nothing is added afterwards. */
    public String hex() {
        return HexFormat.of().formatHex(digest.digest());
    }
}
