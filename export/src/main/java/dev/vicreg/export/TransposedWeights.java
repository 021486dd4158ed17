package dev.vicreg.export;

import dev.vicreg.models.graph.ElementType;
import dev.vicreg.models.graph.Graph;
import dev.vicreg.models.graph.Node;
import dev.vicreg.models.graph.OpType;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.ops.Ops;
import dev.vicreg.models.ops.Rewriter;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Turns weights that a matrix product reads transposed into constants of that form, so that it is seen to read constants. */
final class TransposedWeights implements Rewriter.Rule {
    private final Map<Value, List<Node>> readers;

    private TransposedWeights(Map<Value, List<Node>> readers) {
        this.readers = readers;
    }

    /** The same function. */
    static Graph folded(Graph graph) {
        return Rewriter.rewrite(graph, Map.of(), new TransposedWeights(graph.readers()));
    }

    @Override
    public List<Value> rewrite(Ops ops, Node node, List<@Nullable Value> inputs) {
        Value weight = inputs.get(0);
        Tensor constant = weight == null ? null : weight.constant();
        if (node.op() != OpType.TRANSPOSE
                || weight == null
                || constant == null
                || weight.type().element() != ElementType.FLOAT
                || weight.shape().rank() != 2
                || node.attributes().integers("perm", 1, 0)[0] == 0) {
            return Rewriter.copy(ops, node, inputs);
        }
        String name = readers.getOrDefault(weight, List.of()).size() == 1
                ? weight.name()
                : null; // else another has it as it is
        return List.of(Value.constant(name, transposed(constant)));
    }

    /** [R,C] → [C,R]. */
    private static Tensor transposed(Tensor tensor) {
        int rows = (int) tensor.shape().size(0);
        int columns = (int) tensor.shape().size(1);
        float[] values = tensor.floats();
        float[] turned = new float[values.length];
        for (int i = 0; i < values.length; i++) {
            turned[i % columns * rows + i / columns] = values[i];
        }
        return Tensor.of(Shape.of(columns, rows), turned);
    }
}
