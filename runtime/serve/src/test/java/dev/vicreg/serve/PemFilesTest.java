package dev.vicreg.serve;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vicreg.runtime.natives.Device;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.KeyStore;
import java.util.Base64;
import java.util.List;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** HTTPS by certificates that the JDK's keytool makes. */
class PemFilesTest {
    private static final char[] PASSWORD = "changeit".toCharArray();

    @TempDir
    static Path folder;

    private static KeyStore store;

    /** A key store, and what it holds as PEM files. */
    @BeforeAll
    static void make() throws Exception {
        Path file = folder.resolve("server.p12");
        String keytool =
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString();
        Process made = new ProcessBuilder(
                        keytool,
                        "-genkeypair",
                        "-keyalg",
                        "EC",
                        "-dname",
                        "CN=localhost",
                        "-ext",
                        "SAN=dns:localhost,ip:127.0.0.1",
                        "-alias",
                        "server",
                        "-keystore",
                        file.toString(),
                        "-storetype",
                        "PKCS12",
                        "-storepass",
                        "changeit")
                .redirectErrorStream(true)
                .start();
        String said = new String(made.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, made.waitFor(), said);
        store = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(file)) {
            store.load(in, PASSWORD);
        }
        pem("EC.crt", "CERTIFICATE", store.getCertificate("server").getEncoded());
        pem("EC.key", "PRIVATE KEY", store.getKey("server", PASSWORD).getEncoded());
    }

    private static void pem(String name, String what, byte[] content) throws IOException {
        String text = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(content);
        Files.writeString(
                folder.resolve(name), "-----BEGIN " + what + "-----\n" + text + "\n-----END " + what + "-----\n");
    }

    private static ServeConfig.Tls tls(String certificate, String key) {
        return new ServeConfig.Tls(folder.resolve(certificate), folder.resolve(key));
    }

    @Test
    void clientsThatTrustTheCertificateAreAnsweredByHttps() throws Exception {
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        KeyStore trusted = KeyStore.getInstance("PKCS12");
        trusted.load(null, null);
        trusted.setCertificateEntry("server", store.getCertificate("server"));
        trust.init(trusted);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, trust.getTrustManagers(), null);
        Path model = ServedFiles.logarithm(folder.resolve("log.onnx"));
        ServeConfig config = new ServeConfig(
                List.of(new ServeConfig.Source("log", model)),
                Device.CPU,
                1,
                new ServeConfig.Address("127.0.0.1", 0, tls("EC.crt", "EC.key")),
                Served.ANYBODY,
                ServeConfig.Limits.DEFAULT,
                "test");
        try (Served served = new Served(config)) {
            HttpResponse<String> answer = HttpClient.newBuilder()
                    .sslContext(context)
                    .build()
                    .send(
                            HttpRequest.newBuilder(URI.create("https://localhost:" + served.server.port() + "/healthz"))
                                    .build(),
                            HttpResponse.BodyHandlers.ofString());
            assertEquals(200, answer.statusCode());
            assertTrue(answer.sslSession().isPresent());
            assertThrows(AssertionError.class, () -> served.get("/healthz"), "a client that doesn't trust it");
        }
    }

    @Test
    void filesThatHoldNeitherOrDoNotBelongTogetherAreRefused() throws Exception {
        Path empty = Files.writeString(folder.resolve("empty"), "");
        assertEquals(
                empty + " holds no certificate, expected a chain in PEM, the server's own first",
                refused(tls("empty", "EC.key")));
        assertTrue(refused(tls("EC.crt", "EC.crt")).contains("holds no PRIVATE KEY in PEM"));
        for (String other : List.of("RSA", "EC", "Ed25519")) {
            KeyPair pair = KeyPairGenerator.getInstance(other).generateKeyPair();
            pem("other.key", "PRIVATE KEY", pair.getPrivate().getEncoded());
            assertEquals(
                    folder.resolve("other.key") + " (" + pair.getPrivate().getAlgorithm()
                            + ") is not the key of the first"
                            + " certificate in " + folder.resolve("EC.crt") + " (EC); expected the key that it was made"
                            + " for, and the server's own certificate before those that sign it",
                    refused(tls("EC.crt", "other.key")));
        }
        Files.writeString(folder.resolve("bad.key"), "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
        assertTrue(refused(tls("EC.crt", "bad.key")).contains("of another algorithm, or a damaged one"));
    }

    private static String refused(ServeConfig.Tls tls) {
        return String.valueOf(
                assertThrows(IOException.class, () -> PemFiles.keyStore(tls)).getMessage());
    }
}
