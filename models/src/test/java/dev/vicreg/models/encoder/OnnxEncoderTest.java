package dev.vicreg.models.encoder;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.onnx.proto.OnnxMl.ModelProto;
import dev.vicreg.models.graph.Attributes;
import dev.vicreg.models.graph.Dim;
import dev.vicreg.models.graph.ElementType;
import dev.vicreg.models.graph.Graph;
import dev.vicreg.models.graph.OpType;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.TensorType;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.nn.Layers;
import dev.vicreg.models.nn.Parameter;
import dev.vicreg.models.nn.Parameter.Role;
import dev.vicreg.models.nn.Parameters;
import dev.vicreg.models.onnx.OnnxFile;
import dev.vicreg.models.ops.Ops;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OnnxEncoderTest {
    @TempDir
    Path folder;

    private final Ops ops = new Ops();
    private final Value x =
            Value.input("x", new TensorType(ElementType.FLOAT, new Shape(List.of(Dim.symbol("N"), Dim.of(3)))));

    private static Value initializer(String name, long... shape) {
        return Value.constant(name, Tensor.filled(Shape.of(shape), 0.5f));
    }

    private OnnxEncoder read(Value output) throws IOException {
        Path file = folder.resolve("net.onnx");
        Files.write(file, OnnxFile.bytes(Graph.of("net", List.of(x), Map.of("y", output)), Map.of()));
        return OnnxEncoder.read(file, List.of(), OnnxEncoder.Settings.DEFAULT);
    }

    /** Names and roles of the parameters, in their order. */
    private static Map<String, Role> roles(OnnxEncoder encoder) {
        Parameters parameters = new Parameters();
        Value view = Value.input(encoder.inputName(), encoder.type(Dim.of(4)));
        Value representation = encoder.build(Layers.forInference(parameters), view);
        assertEquals(Shape.of(4, encoder.dimension()), representation.shape());
        Map<String, Role> roles = new LinkedHashMap<>();
        parameters.all().forEach(parameter -> roles.put(parameter.name(), parameter.role()));
        parameters.all().stream()
                .filter(Parameter::isTrained)
                .forEach(each -> assertEquals(
                        Tensor.filled(each.shape(), 0.5f), parameters.draw(1).get(each.name())));
        return roles;
    }

    @Test
    void trainedIsWhatAGradientReachesAndItsReaderTellsWhatItIs() throws IOException {
        Value weight = initializer("w", 5, 3);
        Value hidden = ops.add(ops.matMul(x, ops.transpose(weight, 1, 0)), initializer("b", 5));
        Value clipped = ops.node(
                        OpType.CLIP,
                        List.of(
                                hidden,
                                Value.constant("low", Tensor.scalar(-1)),
                                Value.constant("high", Tensor.scalar(1))),
                        Attributes.NONE)
                .output(0);
        Value scaled = ops.mul(clipped, initializer("factor", 5));
        Value positions = ops.add(scaled, initializer("table", 1, 5));
        Value compared = ops.greater(positions, initializer("threshold", 5));
        Value chosen = ops.where(compared, positions, ops.relu(positions));
        Value again = ops.matMul(ops.matMul(chosen, weight), ops.transpose(weight, 1, 0));
        Map<String, Role> roles = roles(read(again));
        Map<String, Role> expected = new LinkedHashMap<>();
        expected.put("w", Role.WEIGHT);
        expected.put("b", Role.BIAS);
        expected.put("factor", Role.NORM_SCALE);
        expected.put("table", Role.BIAS);
        assertEquals(expected, roles);
    }

    @Test
    void namesThatMeanSomethingElseAreChangedAndReported() throws IOException {
        Value y = ops.matMul(x, initializer("projector.0.weight", 3, 3));
        y = ops.matMul(y, initializer("w_grad", 3, 3));
        y = ops.matMul(y, initializer("loss", 3, 3));
        y = ops.matMul(y, initializer("embedding", 3, 3)); // the output of exported encoders
        OnnxEncoder encoder = read(ops.matMul(y, initializer("imported.loss", 3, 3)));
        assertEquals(
                Map.of(
                        "projector.0.weight", "imported.projector.0.weight",
                        "w_grad", "imported.w_grad.data",
                        "loss", "imported.loss",
                        "embedding", "imported.embedding",
                        "imported.loss", "imported.loss_"),
                encoder.renamed());
        assertEquals(
                List.of(
                        "imported.projector.0.weight",
                        "imported.w_grad.data",
                        "imported.loss",
                        "imported.embedding",
                        "imported.loss_"),
                List.copyOf(roles(encoder).keySet()));
        assertEquals("loss", encoder.initializers().get("imported.loss"));
    }

    @Test
    void whatOtherOutputsNeedIsNotRead() throws IOException {
        Path file = folder.resolve("net.onnx");
        Value output = ops.matMul(x, initializer("w", 3, 3));
        ModelProto.Builder model =
                ModelProto.parseFrom(OnnxFile.bytes(Graph.of("net", List.of(x), Map.of("y", output)), Map.of()))
                        .toBuilder();
        model.getGraphBuilder()
                .addNodeBuilder()
                .setOpType("Strange")
                .addInput("x")
                .addOutput("z");
        model.getGraphBuilder()
                .addOutput(model.getGraph().getOutput(0).toBuilder().setName("z"));
        Files.write(file, model.build().toByteArray());
        OnnxEncoder encoder = OnnxEncoder.read(file, List.of(), OnnxEncoder.Settings.DEFAULT);
        assertEquals("y", encoder.outputName());
        assertEquals(Map.of("w", Role.WEIGHT), roles(encoder));
        assertThrows(IOException.class, () -> OnnxFile.read(file));
    }

    @Test
    void vocabularyIsTheSmallestTableThatIdsChooseRowsOf() throws IOException {
        Value ids =
                Value.input("ids", new TensorType(ElementType.INT64, new Shape(List.of(Dim.symbol("N"), Dim.of(3)))));
        Value same = ops.identity(ops.cast(ops.cast(ids, ElementType.INT32), ElementType.INT64));
        Value words = ops.gather(initializer("words", 9, 4), same, 0); // [N,3,4]
        Value kinds = ops.gather(initializer("kinds", 7, 4), ids, 0);
        Value position = ops.gather(initializer("positions", 3, 4), ops.constant(Tensor.ofLongs(0, 1, 2)), 0);
        Value y = ops.reduceMean(ops.add(ops.add(words, kinds), position), false, 1);
        Path file = folder.resolve("ids.onnx");
        Files.write(file, OnnxFile.bytes(Graph.of("net", List.of(ids), Map.of("y", y)), Map.of()));
        OnnxEncoder encoder = OnnxEncoder.read(file, List.of(), OnnxEncoder.Settings.DEFAULT);
        assertEquals(OptionalLong.of(7), encoder.vocabulary());
        assertEquals(
                OptionalLong.empty(),
                read(ops.matMul(x, initializer("w", 3, 3))).vocabulary());
    }

    @Test
    void aSecondInputIsRefusedUnlessItFollowsFromIds() throws IOException {
        String other = withSecondInput("lengths", null);
        assertTrue(other.contains("output y depends on 2 inputs: expected 1, or ids int64[N,T] beside"), other);
        String unknown = withSecondInput("attention_mask", null);
        assertTrue(unknown.contains("is made from ids and their padding, which is not known"), unknown);
        assertEquals("", withSecondInput("attention_mask", 0));
        assertEquals("", withSecondInput("token_type_ids", 0));
    }

    /** The refusal, if it is refused. */
    private String withSecondInput(String name, Integer padding) throws IOException {
        TensorType type = new TensorType(ElementType.INT64, new Shape(List.of(Dim.symbol("N"), Dim.of(3))));
        Value second = Value.input(name, type); // first in the file
        Value ids = Value.input("input_ids", type);
        Value words = ops.gather(initializer("words", 9, 4), ids, 0);
        Value kept = ops.unsqueeze(ops.cast(second, ElementType.FLOAT), 2);
        Value y = ops.reduceMean(ops.mul(words, kept), false, 1);
        Path file = folder.resolve("two.onnx");
        Files.write(file, OnnxFile.bytes(Graph.of("net", List.of(second, ids), Map.of("y", y)), Map.of()));
        OnnxEncoder.Settings settings = new OnnxEncoder.Settings(
                "", Pooling.NONE, OnnxEncoder.BatchNorms.TRAIN, OnnxEncoder.Dropout.OFF, padding);
        try {
            OnnxEncoder encoder = OnnxEncoder.read(file, List.of(), settings);
            assertEquals("input_ids", encoder.inputName());
            return "";
        } catch (IllegalArgumentException e) {
            return e.getMessage();
        }
    }

    @Test
    void filesThatCannotBeTrainedAreRefusedInOneLine() {
        String untrained = message(ops.relu(x));
        assertTrue(untrained.contains("net.onnx: no initialiser of it can be trained"), untrained);
        Value pixels = ops.reshape(ops.matMul(x, initializer("w", 3, 4)), -1, 2, 2, 1, 1);
        String shape = message(pixels);
        assertTrue(shape.contains("is no vector per sample: expected [N,D], [N,T,D] or [N,D,H,W]"), shape);
    }

    private String message(Value output) {
        return String.valueOf(
                assertThrows(IllegalArgumentException.class, () -> read(output)).getMessage());
    }
}
