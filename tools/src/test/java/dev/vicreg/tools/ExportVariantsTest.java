package dev.vicreg.tools;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.vicreg.runtime.EmbeddingModel;
import dev.vicreg.runtime.Embeddings;
import dev.vicreg.runtime.Manifest;
import dev.vicreg.runtime.natives.Device;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What {@code export} makes of a run and of a file, as the other commands take it. */
class ExportVariantsTest {
    @TempDir
    static Path folder;

    private static Path run;

    @BeforeAll
    static void train() throws Exception {
        Cli.sample("pictures", folder.resolve("p"), 4, 2);
        run = folder.resolve("run");
        Cli done = Cli.run(
                "train",
                "--data",
                folder + "/p/train",
                "--out",
                run.toString(),
                "--width",
                "8",
                "--projector",
                "24",
                "--batch-size",
                "8",
                "--steps",
                "3",
                "--ema",
                "0.5");
        assertEquals(0, done.status(), done.err());
    }

    private static Cli export(Path out, String... more) {
        List<String> words = new ArrayList<>(List.of("export", "--run", run.toString(), "--out", out.toString()));
        words.addAll(List.of(more));
        return Cli.run(words.toArray(new String[0]));
    }

    private static JsonNode json(Cli cli) throws Exception {
        assertEquals(0, cli.status(), cli.err());
        return new ObjectMapper().readTree(cli.out());
    }

    @Test
    void int8IsCalibratedOnSamplesAndComparedOnOthersWithTheirLabels() throws Exception {
        Path out = folder.resolve("int8.onnx");
        String calibration = folder + "/p/train";
        List<String> lines = export(out, "--precision", "int8", "--calibration", calibration, "--json")
                .out()
                .lines()
                .toList();
        assertEquals(2, lines.size(), "one for the encoder and one for its averages");
        JsonNode told = new ObjectMapper().readTree(lines.get(0));
        assertEquals(out.toString(), told.get("encoder").asText());
        assertEquals("int8", told.get("precision").asText());
        assertEquals(8, told.get("compared").asInt());
        assertFalse(told.get("made_up").asBoolean());
        assertTrue(told.get("cosine_mean").asDouble() > 0.99, told.toString());
        assertTrue(told.get("knn").isNumber() && told.get("knn_plain").isNumber(), told.toString());
        assertTrue(told.get("bytes").asLong() < told.get("plain_bytes").asLong(), told.toString());
        assertEquals(
                "int8", Manifest.read(folder.resolve("int8-ema.onnx")).made().precision());

        Path vectors = folder.resolve("int8.npy");
        Cli embedded =
                Cli.run("embed", "--model", out.toString(), "--data", folder + "/p/test", "--out", vectors.toString());
        assertEquals(0, embedded.status(), embedded.err());
        Cli inspected = Cli.run("inspect", out.toString());
        assertTrue(inspected.out().contains("int8") && inspected.out().contains("QuantizeLinear"), inspected.out());
        Cli classified = Cli.run(
                "classify",
                "--model",
                out.toString(),
                "--train",
                calibration,
                "--out",
                folder.resolve("classifier.onnx").toString());
        assertTrue(
                classified.status() == 1 && classified.err().contains("is a variant of an encoder, in int8"),
                classified.err());
    }

    @Test
    void aFileThatResizesGetsOriginals() throws Exception {
        Path plain = run.resolve("encoder.onnx");
        Path out = folder.resolve("resizing.onnx");
        Cli cli = Cli.run(
                "export",
                "--model",
                plain.toString(),
                "--out",
                out.toString(),
                "--with-resize",
                "--normalize",
                "--precision",
                "fp16");
        assertEquals(0, cli.status(), cli.err());
        assertEquals(out + System.lineSeparator(), cli.out());
        assertTrue(cli.err().contains("resnet10 in fp16") && cli.err().contains("differ from Java's"), cli.err());
        Path large = Path.of("..", "docs", "neighbours.jpg");
        try (EmbeddingModel before = EmbeddingModel.load(plain, Device.CPU, 1);
                EmbeddingModel after = EmbeddingModel.load(out, Device.CPU, 1)) {
            float[] expected = Embeddings.normalised(before.embed(large));
            assertArrayEquals(expected, after.embed(large), 2e-3f);
        }
        Cli measured = Cli.run(
                "eval",
                "--model",
                out.toString(),
                "--train",
                folder + "/p/train",
                "--test",
                folder + "/p/test",
                "--k",
                "3",
                "--json");
        assertEquals(0, measured.status(), measured.err());
    }

    @Test
    void aFewOriginalsOfTheCalibrationTellHowTheFileResizes() throws Exception {
        Path out = folder.resolve("both.onnx");
        Cli cli = Cli.run(
                "export",
                "--model",
                run.resolve("encoder.onnx").toString(),
                "--out",
                out.toString(),
                "--precision",
                "int8",
                "--calibration",
                folder + "/p/train",
                "--with-resize");
        assertEquals(0, cli.status(), cli.err());
        assertTrue(cli.err().contains("resizing: of 8 pictures 0.00 % of the values differ"), cli.err());
    }

    @Test
    void projectionsHaveTheProjectorsWidthAndSaySo() throws Exception {
        Path out = folder.resolve("projection.onnx");
        JsonNode told = json(export(out, "--projection", "--json"));
        assertEquals("fp32", told.get("precision").asText());
        assertEquals(24, Manifest.read(out).dimension());
        assertTrue(Manifest.read(out).made().projection());
    }

    @Test
    void whatMakesNoSenseIsRefusedInOneLine() throws Exception {
        Path out = folder.resolve("none.onnx");
        refused(
                "--precision int8 needs samples to calibrate with: add --calibration DIR",
                export(out, "--precision", "int8"));
        refused("--calibration is for --precision int8; leave it out", export(out, "--calibration", "p"));
        refused(
                "--opset 17: Resize at resize is what it is here from opset 18 on; expected 18 or more",
                export(out, "--opset", "17", "--with-resize"));
        refused(
                "--batch 4: pictures of different sizes are no batch; with --with-resize expected 1, or none given",
                export(out, "--batch", "4", "--with-resize"));
        refused("--batch must be from 0 to 1024, found 20000", export(out, "--batch", "20000"));
        refused(
                "--projection goes without --picture-input; leave either out",
                export(out, "--projection", "--picture-input"));
        refused(
                "expected either --run RUN or --model FILE.onnx; ./vicreg export --help shows how",
                Cli.run("export", "--out", out.toString()));
        refused(
                "--branch is for --run, not for --model; leave it out",
                Cli.run("export", "--model", "e.onnx", "--branch", "b", "--out", out.toString()));
        Path table = Files.writeString(folder.resolve("t.csv"), "a,b\n1,2\n3,4\n");
        refused(
                "The encoder takes pictures, " + table + " holds vectors",
                export(out, "--precision", "int8", "--calibration", table.toString()));
        refused(
                "--calibration: 2 samples, expected at least 20; a few hundred are usual",
                export(out, "--precision", "int8", "--calibration", folder + "/p/test/bricks"));
        assertFalse(Files.exists(out));
    }

    private static void refused(String line, Cli cli) {
        assertEquals(2, cli.status(), cli.err());
        String last = cli.err().strip().lines().reduce("", (one, other) -> other);
        assertEquals("vicreg export: " + line, last);
    }
}
