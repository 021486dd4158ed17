package dev.vicreg.models.graph;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A computation: inputs, nodes in topological order, and named outputs. Immutable. Nodes that no output needs are not
 * part of it.
 */
public final class Graph {
    private final String name;
    private final List<Value> inputs;
    private final List<Node> nodes;
    private final Map<String, Value> outputs;

    private Graph(String name, List<Value> inputs, List<Node> nodes, Map<String, Value> outputs) {
        this.name = name;
        this.inputs = inputs;
        this.nodes = nodes;
        this.outputs = outputs;
    }

    /**
     * The graph that computes {@code outputs}. Every node needed is collected; {@code inputs} are declared in their
     * order even where no node reads them.
     *
     * @throws IllegalArgumentException if a node reads an input that is not among {@code inputs}
     */
    public static Graph of(String name, List<Value> inputs, Map<String, Value> outputs) {
        List<Node> nodes = needed(outputs.values());
        Set<Value> declared = new HashSet<>(inputs);
        for (Node node : nodes) {
            for (Value input : node.inputs()) {
                if (input != null && input.isInput() && !declared.contains(input)) {
                    throw new IllegalArgumentException(
                            "Graph " + name + ": " + node + " reads " + input + ", which is no input of the graph");
                }
            }
        }
        return new Graph(name, List.copyOf(inputs), nodes, Collections.unmodifiableMap(new LinkedHashMap<>(outputs)));
    }

    /** The nodes that {@code targets} need, in the order of construction, which is topological. */
    private static List<Node> needed(Collection<Value> targets) {
        Set<Node> found = new HashSet<>();
        Deque<Value> open = new ArrayDeque<>(targets);
        while (!open.isEmpty()) {
            Node node = open.pop().producer();
            if (node != null && found.add(node)) {
                for (@Nullable Value input : node.inputs()) {
                    if (input != null) {
                        open.push(input);
                    }
                }
            }
        }
        List<Node> nodes = new ArrayList<>(found);
        nodes.sort(Comparator.comparingLong(Node::sequence));
        return List.copyOf(nodes);
    }

    /** The graph's name. */
    public String name() {
        return name;
    }

    /** The declared inputs, parameters among them, in order. */
    public List<Value> inputs() {
        return inputs;
    }

    /** The nodes in topological order. */
    public List<Node> nodes() {
        return nodes;
    }

    /** The nodes that read each value, in order, one as often as it reads it; of values that none reads there is no entry. */
    public Map<Value, List<Node>> readers() {
        Map<Value, List<Node>> readers = new HashMap<>();
        for (Node node : nodes) {
            for (@Nullable Value input : node.inputs()) {
                if (input != null) {
                    readers.computeIfAbsent(input, any -> new ArrayList<>()).add(node);
                }
            }
        }
        return readers;
    }

    /** The outputs by name, in order. */
    public Map<String, Value> outputs() {
        return outputs;
    }

    /**
     * The output of that name.
     *
     * @throws IllegalArgumentException if there is none
     */
    public Value output(String output) {
        Value value = outputs.get(output);
        if (value == null) {
            throw new IllegalArgumentException(
                    "Graph " + name + " has no output " + output + ", only " + outputs.keySet());
        }
        return value;
    }

    @Override
    public String toString() {
        return "Graph " + name + " (" + nodes.size() + " nodes)";
    }
}
