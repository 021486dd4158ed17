package dev.vicreg.serve;

import dev.vicreg.runtime.file.Reason;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.NoSuchAlgorithmException;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.SignatureException;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A certificate chain and its key in PEM files (RFC 7468), as the key store that Java wants. */
final class PemFiles {
    private static final Pattern KEY =
            Pattern.compile("-----BEGIN PRIVATE KEY-----([A-Za-z0-9+/=\\s]+)-----END PRIVATE KEY-----");
    private static final List<String> ALGORITHMS = List.of("RSA", "EC", "Ed25519");

    /** What keys sign by, by what they call their algorithm. */
    private static final Map<String, String> SIGNATURES =
            Map.of("RSA", "SHA256withRSA", "EC", "SHA256withECDSA", "EdDSA", "EdDSA");

    private PemFiles() {}

    /**
     * A key store without a password that holds the two.
     *
     * @throws IOException if one can't be read, isn't of that form, or they don't belong together: says which
     */
    static KeyStore keyStore(ServeConfig.Tls tls) throws IOException {
        Certificate[] chain = chain(tls.certificate());
        PrivateKey key = key(tls.key());
        PublicKey certified = chain[0].getPublicKey();
        try {
            if (!key.getAlgorithm().equals(certified.getAlgorithm()) || !belongs(key, certified)) {
                throw new IOException(
                        tls.key() + " (" + key.getAlgorithm() + ") is not the key of the first certificate in "
                                + tls.certificate() + " (" + certified.getAlgorithm()
                                + "); expected the key that it was made for,"
                                + " and the server's own certificate before those that sign it");
            }
            KeyStore store = KeyStore.getInstance("PKCS12");
            store.load(null, null);
            store.setKeyEntry("server", key, new char[0], chain);
            return store;
        } catch (GeneralSecurityException e) {
            throw new IOException("Cannot use " + tls.certificate() + " and " + tls.key() + ": " + Reason.of(e), e);
        }
    }

    /** Whether the public key verifies what the private one signs. */
    private static boolean belongs(PrivateKey key, PublicKey certified) throws GeneralSecurityException {
        String algorithm = SIGNATURES.get(key.getAlgorithm());
        if (algorithm == null) {
            throw new NoSuchAlgorithmException("no signatures by a key of " + key.getAlgorithm());
        }
        Signature signature = Signature.getInstance(algorithm);
        byte[] text = {1};
        signature.initSign(key);
        signature.update(text);
        byte[] signed = signature.sign();
        signature.initVerify(certified);
        signature.update(text);
        try {
            return signature.verify(signed);
        } catch (SignatureException e) { // one that a key of this size or curve can't have made
            return false;
        }
    }

    private static Certificate[] chain(Path file) throws IOException {
        try {
            Certificate[] chain = CertificateFactory.getInstance("X.509")
                    .generateCertificates(new ByteArrayInputStream(Files.readAllBytes(file)))
                    .toArray(Certificate[]::new);
            if (chain.length > 0) {
                return chain;
            }
            throw new IOException(file + " holds no certificate, expected a chain in PEM, the server's own first");
        } catch (CertificateException e) {
            throw new IOException(
                    file + " holds no certificate that can be read, expected a chain in PEM, the server's own first",
                    e);
        }
    }

    private static PrivateKey key(Path file) throws IOException {
        Matcher found = KEY.matcher(Files.readString(file, StandardCharsets.US_ASCII));
        if (!found.find()) {
            throw new IOException(file + " holds no PRIVATE KEY in PEM (PKCS #8, without a password); openssl pkcs8"
                    + " -topk8 -nocrypt makes one of other forms");
        }
        try {
            byte[] coded = Base64.getMimeDecoder().decode(found.group(1));
            for (String algorithm : ALGORITHMS) {
                try {
                    return KeyFactory.getInstance(algorithm).generatePrivate(new PKCS8EncodedKeySpec(coded));
                } catch (InvalidKeySpecException e) {
                    // of another algorithm: the next one is tried
                }
            }
        } catch (GeneralSecurityException e) {
            throw new IOException("Cannot read " + file + ": " + Reason.of(e), e);
        }
        throw new IOException(
                file + " holds a key of another algorithm, or a damaged one, expected one of " + ALGORITHMS);
    }
}
