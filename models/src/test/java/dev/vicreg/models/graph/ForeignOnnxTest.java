package dev.vicreg.models.graph;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.onnx.proto.OnnxMl.AttributeProto;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files as other tools write them. */
class ForeignOnnxTest {
    @TempDir
    Path folder;

    private static OnnxFile.Model read(OnnxModelBuilder model) throws IOException {
        return OnnxFile.parse(model.bytes(), "model.onnx");
    }

    private static String failure(OnnxModelBuilder model) {
        String message = String.valueOf(
                assertThrows(IOException.class, () -> read(model)).getMessage());
        assertFalse(message.contains("\n"), message);
        assertTrue(message.startsWith("model.onnx: "), message);
        return message.substring("model.onnx: ".length());
    }

    private static OnnxModelBuilder model(int opset) {
        return new OnnxModelBuilder(opset).input("x", 1, "N", 4).output("y");
    }

    @Test
    void nodesInAnyOrderAreSorted() throws IOException {
        Graph graph = read(model(13)
                        .node("Neg", "a", "y")
                        .node("Sqrt", "b", "a")
                        .node("Relu", "x", "b"))
                .graph();
        assertEquals(
                List.of(OpType.RELU, OpType.SQRT, OpType.NEG),
                graph.nodes().stream().map(Node::op).toList());
    }

    @Test
    void cyclesAreNamed() {
        assertEquals(
                "the graph has a cycle: Sqrt_1 → Neg_0 → Sqrt_1",
                failure(model(13).node("Neg", "b", "a").node("Sqrt", "a", "b").node("Add", "x,b", "y")));
    }

    @Test
    void nodesThatNoOutputNeedsMayBeOfAnyKind() throws IOException {
        OnnxModelBuilder model = model(13).node("Relu", "x", "y").node("Nonsense", "y", "z");
        assertEquals(1, read(model).graph().nodes().size());
        assertEquals("operator Nonsense at node Nonsense_1 is not supported", failure(model.output("z")));
    }

    @Test
    void initializersAreToldFromConstants() throws IOException {
        OnnxFile.Model model = read(model(13)
                .initializer("w", 1)
                .input("v", 1, 1) // as IR 3 wants it
                .initializer("v", 3)
                .initializer("unused", 4)
                .node(
                        "Constant",
                        "",
                        "c",
                        b -> b.addAttributeBuilder()
                                .setName("value_float")
                                .setType(AttributeProto.AttributeType.forNumber(1))
                                .setF(5))
                .node("Mul", "x,w", "a")
                .node("Add", "a,v", "b")
                .node("Sub", "b,c", "y"));
        assertEquals(List.of("w", "v"), List.copyOf(model.initializers().keySet()));
        assertEquals(1, model.graph().inputs().size());
        Node sub = model.graph().nodes().get(2);
        assertEquals(Tensor.scalar(5), sub.input(1).constant());
        assertFalse(model.initializers().containsValue(sub.input(1)));
        assertEquals(model.initializers().get("w"), model.graph().nodes().get(0).input(1));
    }
}
