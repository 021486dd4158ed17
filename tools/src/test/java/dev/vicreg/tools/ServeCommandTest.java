package dev.vicreg.tools;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.gson.Gson;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** The server as a process of its own, over one small encoder. */
@EnabledOnOs(OS.LINUX)
@Timeout(180) // seconds: what is waited for may never come
class ServeCommandTest {
    @TempDir
    static Path folder;

    private static String model;
    private static Path pictures;

    @BeforeAll
    static void train() {
        pictures = folder.resolve("pictures");
        Cli.sample("pictures", pictures, 10, 1);
        Cli trained = Cli.run(
                "train",
                "--data",
                pictures + "/train",
                "--out",
                folder + "/run",
                "--width",
                "4",
                "--projector",
                "16-16",
                "--batch-size",
                "32",
                "--threads",
                "1",
                "--workers",
                "1",
                "--steps",
                "1");
        assertEquals(0, trained.status(), trained.err());
        model = folder + "/run/encoder.onnx";
    }

    private static Process start(Path log, String... options) throws IOException {
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        List<String> command = new ArrayList<>(List.of(java, "-Xmx512m", "-cp", System.getProperty("java.class.path")));
        command.addAll(List.of("dev.vicreg.tools.Main", "serve", "--threads", "1", "--port", "0"));
        command.addAll(List.of(options));
        return new ProcessBuilder(command).redirectError(log.toFile()).start();
    }

    private static int port(Path file, Process process, Path log) throws Exception {
        while (!Files.exists(file)) {
            assertTrue(process.isAlive(), "it ended by itself: " + Files.readString(log));
            Thread.onSpinWait();
        }
        return Integer.parseInt(Files.readString(file).strip()); // complete, since it is there
    }

    private static String post(int port, String path, Path file) throws Exception {
        HttpRequest request = HttpRequest.newBuilder(URI.create("http://localhost:" + port + path))
                .header("Content-Type", "image/png")
                .POST(HttpRequest.BodyPublishers.ofFile(file))
                .build();
        HttpResponse<String> answer = HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());
        assertEquals(200, answer.statusCode(), answer.body());
        return answer.body();
    }

    /** Programs inherit which signals are ignored, and Java leaves those that are. */
    private static boolean hangUpsArrive() throws IOException {
        try (Stream<String> lines = Files.lines(Path.of("/proc/self/status"))) {
            return lines.filter(line -> line.startsWith("SigIgn:"))
                    .noneMatch(line -> (Long.parseUnsignedLong(
                                            line.substring("SigIgn:".length()).strip(), 16)
                                    & 1)
                            != 0);
        }
    }

    @Test
    void servesTheVectorsOfEmbedUntilItIsToldToEnd() throws Exception {
        assumeTrue(hangUpsArrive(), "hang-ups are ignored here, as under nohup, and by what is started from here");
        Path portFile = folder.resolve("port");
        Path log = folder.resolve("log");
        Path vectors = folder.resolve("vectors.csv");
        Cli embedded = Cli.run("embed", "--model", model, "--data", pictures + "/test", "--out", vectors.toString());
        assertEquals(0, embedded.status(), embedded.err());
        List<String> rows = Files.readAllLines(vectors);
        List<String> names = Files.readAllLines(folder.resolve("vectors.paths.txt"));
        Process process = start(log, "--model", "shapes=" + model, "--port-file", portFile.toString(), "--log", "json");
        try {
            int port = port(portFile, process, log);
            for (int i = 0; i < 3; i++) {
                String body = post(
                        port, "/embed?model=shapes", Path.of(pictures + "/test").resolve(names.get(i)));
                float[] found = new Gson()
                        .fromJson(
                                JsonParser.parseString(body)
                                        .getAsJsonObject()
                                        .getAsJsonArray("embeddings")
                                        .get(0),
                                float[].class);
                assertArrayEquals(CsvVector.values(rows.get(i + 1)), found, 1e-5f);
            }
            signal(process, "HUP");
            while (!Files.readString(log).contains("\"reloaded\"")) {
                assertTrue(process.isAlive(), "a hang-up ends no server");
                Thread.onSpinWait();
            }
            signal(process, "TERM");
            assertTrue(process.waitFor(60, TimeUnit.SECONDS), "the server hangs");
            assertEquals(0, process.exitValue(), Files.readString(log));
            assertEquals(
                    "http://127.0.0.1",
                    new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8)
                            .replaceFirst(":\\d+\\s*$", ""));
        } finally {
            process.destroyForcibly();
        }
        assertFalse(Files.exists(portFile));
        for (String line : Files.readAllLines(log)) {
            JsonObject event = JsonParser.parseString(line).getAsJsonObject();
            assertTrue(event.has("time") && event.has("level") && event.has("message"), line);
        }
    }

    private static void signal(Process process, String name) throws Exception {
        assertEquals(
                0,
                new ProcessBuilder("kill", "-" + name, "" + process.pid())
                        .start()
                        .waitFor());
    }

    @Test
    void wrongOptionsAreToldInOneLineBeforeAnythingIsServed() throws IOException {
        Path short7 = Files.writeString(folder.resolve("token"), "short\n");
        Path pem = Files.writeString(folder.resolve("some.pem"), "no certificate");
        List<String> wrong = Stream.<List<Object>>of(
                        List.of(2, "expected NAME=FILE.onnx", "--model", "a b=" + model),
                        List.of(2, "names two models encoder", "--model", model + "," + model),
                        List.of(2, "names two models encoder", "--model", model, "--model", model),
                        List.of(2, "--port must be", "--model", model, "--port", "70000"),
                        List.of(2, "belong together", "--model", model, "--tls-cert", "a.pem"),
                        List.of(1, "8 characters or more", "--model", model, "--token-file", short7),
                        List.of(1, "holds no certificate", "--model", model, "--tls-cert", pem, "--tls-key", pem),
                        List.of(1, "no-such.onnx", "--model", folder + "/no-such.onnx"),
                        List.of(1, "Cannot listen at", "--model", model, "--host", "192.0.2.1"))
                .map(ServeCommandTest::problem)
                .filter(problem -> !problem.isEmpty())
                .toList();
        assertEquals(List.of(), wrong);
    }

    /** What is wrong with how a command line is refused; empty if nothing. */
    private static String problem(List<Object> test) {
        List<String> words = new ArrayList<>(List.of("serve"));
        test.subList(2, test.size()).forEach(word -> words.add(word.toString()));
        Cli cli = Cli.run(words.toArray(String[]::new));
        String last = cli.err().lines().reduce((before, line) -> line).orElse("");
        boolean right = test.get(0).equals(cli.status())
                && cli.err().contains(test.get(1).toString());
        return right && cli.out().isEmpty() && !last.contains("Exception") ? "" : words + ": " + cli;
    }
}
