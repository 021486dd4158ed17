package dev.vicreg.models.ops;

import dev.vicreg.models.graph.Graph;
import dev.vicreg.models.graph.Node;
import dev.vicreg.models.graph.Value;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Derives a graph from another: values replaced, nodes rewritten one by one. Nodes whose inputs stay the same are taken
 * over; others are built anew through {@link Ops}, in their scope and region, so types and shapes are inferred again.
 */
public final class Rewriter {
    /** What becomes of one node. */
    @FunctionalInterface
    public interface Rule {
        /** Takes every node over with its new inputs. */
        Rule COPY = Rewriter::copy;

        /**
         * Builds what stands for {@code node} in the new graph; {@link Rewriter#copy} where nothing is to change.
         *
         * @param ops builds in the node's scope
         * @param node the old node; what it reads belongs to the old graph
         * @param inputs what stands for the node's inputs in the new graph; null where one is left out
         * @return one value per output of the old node
         */
        List<Value> rewrite(Ops ops, Node node, List<@Nullable Value> inputs);
    }

    private Rewriter() {}

    /**
     * The graph with {@code replaced} put in place of some values, most often inputs, and {@code rule} applied to every node,
     * inputs before their readers. Outputs keep their names. Replaced inputs are no longer declared; the replacement of an
     * input by another input is declared in its place. An input that replaces a computed value is declared by {@code graph}
     * already; what only that value needed is no longer part of the graph.
     *
     * @throws IllegalArgumentException if a new node does not take its inputs, or the rule returns too few values
     */
    public static Graph rewrite(Graph graph, Map<Value, Value> replaced, Rule rule) {
        Map<Value, Value> known = new HashMap<>(replaced);
        for (Node node : graph.nodes()) {
            List<@Nullable Value> inputs = new ArrayList<>();
            for (@Nullable Value input : node.inputs()) {
                inputs.add(input == null ? null : known.getOrDefault(input, input));
            }
            List<Value> outputs = rule.rewrite(Ops.at(node), node, inputs);
            if (outputs.size() != node.outputs().size()) {
                throw new IllegalArgumentException("Rewriting " + node + ": expected "
                        + node.outputs().size() + " values in place of its outputs, found " + outputs.size());
            }
            for (int i = 0; i < outputs.size(); i++) {
                known.putIfAbsent(node.output(i), outputs.get(i));
            }
        }
        List<Value> inputs = graph.inputs().stream()
                .map(input -> known.getOrDefault(input, input))
                .filter(Value::isInput)
                .toList();
        Map<String, Value> outputs = new LinkedHashMap<>();
        graph.outputs().forEach((name, value) -> outputs.put(name, known.getOrDefault(value, value)));
        return Graph.of(graph.name(), inputs, outputs);
    }

    /** The outputs of the same operator on {@code inputs}: of {@code node} itself if they are its own. */
    public static List<Value> copy(Ops ops, Node node, List<? extends @Nullable Value> inputs) {
        return inputs.equals(node.inputs())
                ? node.outputs()
                : ops.node(node.op(), inputs, node.attributes()).outputs();
    }
}
