package dev.vicreg.models.ops;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.vicreg.models.graph.ElementType;
import dev.vicreg.models.graph.Graph;
import dev.vicreg.models.graph.Node;
import dev.vicreg.models.graph.OpType;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.TensorType;
import dev.vicreg.models.graph.Value;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class RewriterTest {
    private final Ops ops = new Ops().scope("layer");
    private final Value x = Value.input("x", new TensorType(ElementType.FLOAT, Shape.of(2, 3)));
    private final Value w = Value.input("w", new TensorType(ElementType.FLOAT, Shape.of(3)));
    private final Value relu = ops.relu(x);
    private final Graph graph = Graph.of("g", List.of(x, w), Map.of("y", ops.mul(relu, w)));

    @Test
    void nothingToChangeKeepsTheNodes() {
        Graph same = Rewriter.rewrite(graph, Map.of(), Rewriter.Rule.COPY);
        assertEquals(graph.nodes(), same.nodes());
        assertEquals(graph.inputs(), same.inputs());
        assertEquals(graph.outputs(), same.outputs());
    }

    @Test
    void inputsBecomeConstantsAndOnlyTheirReadersAreNew() {
        Value constant = Value.constant("w", Tensor.of(Shape.of(3), 1, 2, 3));
        Graph bound = Rewriter.rewrite(graph, Map.of(w, constant), Rewriter.Rule.COPY);
        assertEquals(List.of(x), bound.inputs());
        Node mul = bound.nodes().get(1);
        assertSame(relu, mul.input(0));
        assertSame(constant, mul.input(1));
        assertEquals("layer", mul.scope());
    }

    @Test
    void shapesAreInferredAnewFromAnotherInput() {
        Value batch = Value.input("x", new TensorType(ElementType.FLOAT, Shape.of(7, 3)));
        Graph wider = Rewriter.rewrite(graph, Map.of(x, batch), Rewriter.Rule.COPY);
        assertEquals(Shape.of(7, 3), wider.output("y").shape());
        assertEquals(List.of(batch, w), wider.inputs());
    }

    @Test
    void ruleReplacesNodesAndUnreadOnesDisappear() {
        Graph linear = Rewriter.rewrite(
                graph,
                Map.of(),
                (here, node, inputs) ->
                        node.op() == OpType.MUL ? List.of(here.add(x, w)) : Rewriter.copy(here, node, inputs));
        assertEquals(List.of(OpType.ADD), linear.nodes().stream().map(Node::op).toList());
    }

    @Test
    void anOutputThatIsAnInputIsReplacedToo() {
        Graph through = Graph.of("g", List.of(w), Map.of("y", w));
        Value constant = Value.constant("w", Tensor.of(Shape.of(3), 1, 2, 3));
        assertSame(
                constant,
                Rewriter.rewrite(through, Map.of(w, constant), Rewriter.Rule.COPY)
                        .output("y"));
    }

    @Test
    void ruleMustReplaceEveryOutput() {
        IllegalArgumentException e = assertThrows(
                IllegalArgumentException.class,
                () -> Rewriter.rewrite(graph, Map.of(), (here, node, inputs) -> List.of()));
        assertEquals("Rewriting Relu at layer: expected 1 values in place of its outputs, found 0", e.getMessage());
    }
}
