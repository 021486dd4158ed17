package dev.vicreg.tools;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.vicreg.models.graph.Attributes;
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
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What {@code inspect} says of whether a file trains, and that {@code artifacts} agrees. */
class VerdictTest {
    private static final Path GOLDEN = Path.of("../training/src/test/resources/golden/imported");

    @TempDir
    Path folder;

    private static JsonNode verdict(Path file, String... options) throws IOException {
        List<String> words = new ArrayList<>(List.of("inspect", file.toString(), "--json"));
        words.addAll(List.of(options));
        Cli cli = Cli.run(words.toArray(String[]::new));
        assertEquals(0, cli.status(), cli.err());
        return new ObjectMapper().readTree(cli.out()).get("verdict");
    }

    private Cli artifacts(Path file, JsonNode options) throws IOException {
        List<String> words = new ArrayList<>(List.of("artifacts", "--encoder", file.toString()));
        options.forEach(option -> words.addAll(List.of(option.asText().split(" ", 2))));
        words.addAll(List.of("--out", Files.createTempDirectory(folder, "out").toString()));
        return Cli.run(words.toArray(String[]::new));
    }

    /** Of vectors of 8 values: relu(x·w)·v, and the place of its largest value as the first output if {@code labels}. */
    private Path classifier(boolean labels) throws IOException {
        Ops ops = new Ops();
        Value x = Value.input("x", new TensorType(ElementType.FLOAT, new Shape(List.of(Dim.symbol("N"), Dim.of(8)))));
        Value hidden = ops.relu(ops.matMul(x, Value.constant("w", Tensor.filled(Shape.of(8, 16), 0.1f))));
        Value logits = ops.matMul(hidden, Value.constant("v", Tensor.filled(Shape.of(16, 4), 0.1f)));
        Map<String, Value> outputs = new LinkedHashMap<>();
        if (labels) {
            Attributes last = Attributes.NONE.with("axis", 1L).with("keepdims", 0L);
            outputs.put("label", ops.node(OpType.ARG_MAX, List.of(logits), last).output(0));
        }
        outputs.put("logits", logits);
        Graph graph = Graph.of("g", List.of(x), outputs);
        return Files.write(folder.resolve("classifier.onnx"), OnnxFile.bytes(graph, Map.of()));
    }

    @ParameterizedTest
    @ValueSource(strings = {"residual", "masked-tokens", "text-tokens", "gru", "signal", "updown", "patches-13"})
    void whatItSaysOfAFileIsWhatArtifactsDoes(String name) throws IOException {
        Path file = GOLDEN.resolve(name + ".onnx");
        JsonNode verdict = verdict(file);
        assertTrue(verdict.get("trains").asBoolean(), verdict.toString());
        Cli cli = artifacts(file, verdict.get("options"));
        assertEquals(0, cli.status(), cli.err());
        assertEquals(verdict.get("options").isEmpty(), verdict.path("refusal").isMissingNode());
    }

    @Test
    void theLikelyInnerValuesCanBeNamed() throws IOException {
        Path file = GOLDEN.resolve("residual.onnx");
        JsonNode outputs = verdict(file).get("outputs");
        assertEquals("/Flatten_output_0", outputs.get(0).get("name").asText(), "what goes into the classifier");
        assertEquals(12, outputs.get(0).get("dimension").asInt());
        assertTrue(outputs.size() > 1, outputs.toString());
        for (JsonNode output : outputs) {
            List<String> options =
                    new ArrayList<>(List.of("--output", output.get("name").asText()));
            output.get("options")
                    .forEach(option -> options.addAll(List.of(option.asText().split(" "))));
            JsonNode named = verdict(file, options.toArray(String[]::new));
            assertTrue(named.get("trains").asBoolean(), named.toString());
            assertTrue(named.get("options").isEmpty(), named.toString());
        }
    }

    @Test
    void whatAFileTakesIsSaid() throws IOException {
        assertTrue(verdict(GOLDEN.resolve("residual.onnx"))
                .get("takes")
                .asText()
                .startsWith("pictures, as float [N,3,16,16]"));
        assertEquals(
                "ids below 40, as int64 [N,T], filled up with --pad-id",
                verdict(GOLDEN.resolve("masked.onnx")).get("takes").asText());
        assertTrue(verdict(GOLDEN.resolve("signal.onnx")).get("takes").asText().startsWith("signals of --channels 2"));
        assertTrue(verdict(classifier(false)).get("takes").asText().startsWith("vectors of 8 values"));
    }

    @Test
    void anOutputOfLabelsHasOthersNamed() throws IOException {
        Path file = classifier(true);
        JsonNode verdict = verdict(file);
        assertEquals("--output logits", verdict.get("options").get(0).asText(), verdict.toString());
        Cli cli = artifacts(file, new ObjectMapper().createArrayNode());
        assertEquals(2, cli.status());
        assertTrue(cli.errorLine().contains("; as --output these would do: logits float [N,4], "), cli.err());
        assertFalse(verdict(file, "--output", "label").get("trains").asBoolean(), "it was asked for");
    }

    @Test
    void aSizeThatWouldDoIsNamedRatherThanAValueThatNeedsItToo() throws IOException {
        Ops ops = new Ops();
        List<Dim> dims = List.of(Dim.symbol("N"), Dim.of(3), Dim.symbol("H"), Dim.symbol("W"));
        Value x = Value.input("x", new TensorType(ElementType.FLOAT, new Shape(dims)));
        Value w = Value.constant("w", Tensor.filled(Shape.of(6, 3, 40, 40), 0.1f)); // more than the usual 32 pixels
        Value output = ops.flatten(ops.globalAveragePool(ops.conv(x, w, null, Attributes.NONE)), 1);
        Path file = Files.write(
                folder.resolve("large.onnx"), OnnxFile.bytes(Graph.of("g", List.of(x), Map.of("y", output)), Map.of()));
        Cli refused = artifacts(file, new ObjectMapper().createArrayNode());
        assertEquals(2, refused.status());
        assertTrue(refused.errorLine().endsWith("; it trains with --image-size 224"), refused.err());
        assertEquals("--image-size 224", verdict(file).get("options").get(0).asText());
    }

    /** Of pictures [N,3,8,W]: maps of 6 channels, which stand last if {@code transposed}. */
    private Path lines(boolean transposed) throws IOException {
        Ops ops = new Ops();
        List<Dim> dims = List.of(Dim.symbol("N"), Dim.of(3), Dim.of(8), Dim.symbol("W"));
        Value x = Value.input("x", new TensorType(ElementType.FLOAT, new Shape(dims)));
        Attributes strides = Attributes.NONE.with("strides", 1L, 64L);
        Value maps = ops.conv(x, Value.constant("w", Tensor.filled(Shape.of(6, 3, 3, 3), 0.1f)), null, strides);
        Value output = transposed ? ops.transpose(maps, 0, 2, 3, 1) : maps;
        Graph graph = Graph.of("g", List.of(x), Map.of("y", output));
        return Files.write(folder.resolve("lines.onnx"), OnnxFile.bytes(graph, Map.of()));
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aHeightThatTheFileHasIsKeptAndChannelsAreNotAveraged(boolean transposed) throws IOException {
        Path file = lines(transposed);
        JsonNode verdict = verdict(file);
        assertTrue(verdict.get("trains").asBoolean(), verdict.toString());
        assertEquals(6, verdict.get("dimension").asInt(), verdict.toString());
        assertTrue(verdict.get("takes").asText().contains("float [N,3,8,224]"), verdict.toString());
        Cli cli = artifacts(file, verdict.get("options"));
        assertEquals(0, cli.status(), cli.err());
    }

    @Test
    void aQuantisedFileHasARemedyAndNoValuesToName() throws IOException {
        Path file = classifier(false);
        String bytes = Files.readString(file, StandardCharsets.ISO_8859_1);
        Files.writeString(file, bytes.replace("\u0006MatMul", "\u0006xNBits"), StandardCharsets.ISO_8859_1);
        JsonNode verdict = verdict(file);
        assertFalse(verdict.get("trains").asBoolean());
        assertTrue(verdict.get("refusal").asText().contains("take the float file"), verdict.toString());
        assertTrue(verdict.get("outputs").isEmpty(), verdict.toString());
        Cli cli = artifacts(file, new ObjectMapper().createArrayNode());
        assertEquals(1, cli.status());
        assertTrue(cli.errorLine().endsWith(verdict.get("refusal").asText()), cli.err());
    }

    @Test
    void aBrokenFileIsOneLine() throws IOException {
        byte[] bytes = Files.readAllBytes(classifier(false));
        Path file = Files.write(folder.resolve("cut.onnx"), Arrays.copyOf(bytes, bytes.length / 2));
        Cli cli = Cli.run("inspect", file.toString());
        assertEquals(1, cli.status());
        assertTrue(cli.errorLine().contains("is not an ONNX model, or a truncated one"), cli.err());
    }

    @Test
    void sizesThatAreGivenAreCountedWith() throws IOException {
        Path file = GOLDEN.resolve("residual.onnx");
        Cli fits = Cli.run("inspect", file.toString(), "--input-shape", "3,16,16");
        assertTrue(fits.out().contains("computation  183 kFLOPs a sample"), fits.out());
        Cli other = Cli.run("inspect", file.toString(), "--input-shape", "3,32,32");
        assertTrue(other.out().replaceAll("\\s+", " ").contains("which [1,3,32,32] does not fit"), other.out());
    }
}
