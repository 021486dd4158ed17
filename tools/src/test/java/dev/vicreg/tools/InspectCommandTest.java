package dev.vicreg.tools;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.vicreg.models.graph.Dim;
import dev.vicreg.models.graph.ElementType;
import dev.vicreg.models.graph.Graph;
import dev.vicreg.models.graph.OpType;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.TensorType;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.onnx.OnnxFile;
import dev.vicreg.models.ops.Ops;
import dev.vicreg.training.run.CheckpointFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class InspectCommandTest {
    @TempDir
    Path folder;

    /** {@code layers} products of [N,8] with [8,8] and a Relu each. */
    private Path model(int layers) throws IOException {
        Ops ops = new Ops();
        Value x = Value.input("x", new TensorType(ElementType.FLOAT, new Shape(List.of(Dim.symbol("N"), Dim.of(8)))));
        Value y = x;
        for (int i = 0; i < layers; i++) {
            Ops here = ops.scope("layers." + i);
            y = here.relu(here.matMul(y, Value.constant("layers." + i + ".weight", Tensor.filled(Shape.of(8, 8), i))));
        }
        Graph graph = Graph.of("g", List.of(x), Map.of("y", y));
        return Files.write(folder.resolve("model.onnx"), OnnxFile.bytes(graph, Map.of("note", "a b")));
    }

    private static Cli inspect(Object... words) {
        String[] all = new String[words.length + 1];
        all[0] = "inspect";
        for (int i = 0; i < words.length; i++) {
            all[i + 1] = words[i].toString();
        }
        return Cli.run(all);
    }

    private static String page(Object... words) {
        Cli cli = inspect(words);
        assertEquals("", cli.err());
        assertEquals(0, cli.status());
        cli.out().lines().forEach(line -> assertTrue(line.length() <= 80, line));
        return cli.out();
    }

    private static JsonNode json(Object... words) throws IOException {
        Cli cli = inspect(words);
        assertEquals(0, cli.status(), cli.err());
        return new ObjectMapper().readTree(cli.out());
    }

    @Test
    void aModelIsDescribed() throws IOException {
        Path file = model(2);
        assertEquals("""
                FILE: ONNX model, SIZE B
                written by   vicreg
                operator set ai.onnx 21; IR 10
                trains       yes: vectors of 8 values, 128 parameters
                takes        vectors of 8 values, as float [N,8] as they are
                inputs       x  float [N,8]
                outputs      y  float [N,8]
                initialisers 2 tensors, 128 values, 512 B
                  layers.0.weight  float  [8,8]  64
                  layers.1.weight  float  [8,8]  64
                operators    4 nodes of 2 kinds
                  MatMul  2  ruled
                  Relu    2  ruled
                computation  256 FLOPs a sample, two for each multiply-add of MatMul 128
                             (convolutions, matrix products and recurrent layers are counted,
                             nothing else)
                metadata     note: a b
                """, page(file).replace(file.toString(), "FILE").replaceFirst("model, [0-9]+ B", "model, SIZE B"));
        JsonNode json = json(file, "--json");
        assertEquals("model", json.get("kind").asText());
        assertEquals(256, json.get("flops").asLong());
        assertEquals(2, json.get("parameters").size());
        assertEquals("ruled", json.get("operators").get(0).get("gradient").asText());
    }

    @Test
    void longListsAreShortened() throws IOException {
        Path file = model(40);
        String page = page(file);
        assertTrue(page.contains("  … 20 more, listed by --all\n"), page);
        assertTrue(page.contains("layers.9.weight") && page.contains("layers.30.weight"), page);
        assertFalse(page.contains("layers.10.weight"), page);
        assertTrue(page(file, "--all").contains("layers.10.weight"));
    }

    @Test
    void whatCannotBeReadIsDescribedAllTheSame() throws IOException {
        Path file = model(1);
        String bytes = Files.readString(file, StandardCharsets.ISO_8859_1);
        Files.writeString(file, bytes.replace("\u0004Relu", "\u0004Rulu"), StandardCharsets.ISO_8859_1);
        String page = page(file);
        assertTrue(page.contains("  Rulu    1  unsupported: the operator is not known here\n"), page);
        String words = page.replaceAll("\\s+", " ");
        assertTrue(words.contains("trains no: operator Rulu at node layers.0/Relu_0 is not supported"), page);
        assertTrue(words.contains("computation not counted, since the model cannot be read"), page);
        assertTrue(json(file, "--json").get("refusal").asText().startsWith("operator Rulu"));
    }

    @Test
    void aCheckpointIsDescribed() throws IOException {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        tensors.put("encoder.weight", Tensor.filled(Shape.of(2, 3), 1));
        tensors.put("optimizer.step.encoder.weight", Tensor.ofLongs(7));
        Path file = folder.resolve("checkpoint");
        CheckpointFile.write(file, tensors);
        for (Path named : List.of(file, folder)) {
            String page = page(named);
            assertTrue(page.contains("parameters   1 tensor, statistics among them, 6 values, 24 B\n"), page);
            assertTrue(page.contains("  encoder.weight  float  [2,3]  6\n"), page);
            assertTrue(page.contains("optimizer    1 tensor of state, 8 B; listed by --all\n"), page);
        }
        assertTrue(page(file, "--all").contains("  optimizer.step.encoder.weight  int64  [1]  1\n"));
        assertEquals(1, json("--file", file, "--json").get("optimizer").size());

        tensors.put("ema.encoder.weight", Tensor.filled(Shape.of(2, 3), 1));
        CheckpointFile.write(file, tensors);
        String page = page(file);
        assertTrue(page.contains("parameters   1 tensor, statistics among them, 6 values, 24 B\n"), page);
        assertTrue(page.contains("averages     1 tensor of parameters and statistics, 24 B; listed by --all\n"), page);
        assertEquals(1, json("--file", file, "--json").get("averages").size());
    }

    @Test
    void everyOperatorIsInTheTableOnce() throws IOException {
        long operators =
                Arrays.stream(OpType.values()).filter(OpType::isInFiles).count();
        assertEquals(
                operators + 1,
                page("--operators")
                        .lines()
                        .filter(line -> line.matches("  [A-Za-z].*"))
                        .count());
        JsonNode rows = json("--operators", "--json").get("operators");
        assertEquals(operators, rows.size());
        for (JsonNode row : rows) {
            boolean ruled = row.get("gradient").asText().equals("ruled");
            assertEquals(ruled, row.get("reason").asText().isEmpty(), row.toString());
        }
    }

    @Test
    void wrongFilesAndWordsAreOneLine() throws IOException {
        Path text = Files.writeString(folder.resolve("notes.txt"), "no model at all");
        expect(1, text + " is not an ONNX model", text);
        expect(1, "no such file or folder: " + folder.resolve("none"), folder.resolve("none"));
        expect(1, "is neither a run (it has no config.json) nor a checkpoint's folder", folder);
        expect(2, "name either a file or --operators");
        expect(2, "name either a file or --operators", text, "--operators");
        expect(2, "unexpected \"more\"", text, "more");
        expect(2, "which of the two?", text, "--file", text);
        Files.writeString(folder.resolve("config.json"), "[]");
        expect(1, "config.json is not the configuration of a run", folder);
    }

    private static void expect(int status, String message, Object... words) {
        Cli cli = inspect(words);
        assertEquals(status, cli.status());
        assertTrue(cli.errorLine().contains(message), cli.err());
        assertEquals("", cli.out());
    }
}
