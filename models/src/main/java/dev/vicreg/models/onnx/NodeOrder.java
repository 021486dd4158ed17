package dev.vicreg.models.onnx;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;

/**
 * The nodes of a file in an order in which they can be computed: those that some outputs need, each as near to its place
 * in the file as its inputs allow. Files are supposed to be in order, but not all are.
 */
final class NodeOrder {
    private final List<NodeProto> nodes;
    private final Predicate<String> given;
    /** Place in {@link #nodes} by name of an output. */
    private final Map<String, Integer> producers = new HashMap<>();

    private NodeOrder(List<NodeProto> nodes, Predicate<String> given) {
        this.nodes = nodes;
        this.given = given;
    }

    /**
     * The nodes that compute {@code wanted}, sorted.
     *
     * @param given tells which values are there without any of the nodes: inputs, initialisers, those of an outer graph
     * @throws IllegalArgumentException if a value is computed twice, read but never computed, or needed for itself
     */
    static List<NodeProto> of(List<NodeProto> nodes, Predicate<String> given, Collection<String> wanted) {
        return new NodeOrder(nodes, given).sorted(wanted);
    }

    /** What messages call a node: its name, or its operator and what it computes if it has none. */
    static String label(NodeProto node) {
        return !node.getName().isEmpty()
                ? node.getName()
                : "(" + node.getOpType() + " that computes " + String.join(", ", node.getOutputList()) + ")";
    }

    private List<NodeProto> sorted(Collection<String> wanted) {
        for (int i = 0; i < nodes.size(); i++) {
            for (String output : nodes.get(i).getOutputList()) {
                if (!output.isEmpty() && (given.test(output) || producers.put(output, i) != null)) {
                    throw new IllegalArgumentException(
                            "value " + output + " is defined twice, the second time by node " + label(nodes.get(i)));
                }
            }
        }
        Map<Integer, Set<Integer>> needs = needs(wanted);
        Map<Integer, List<Integer>> readers = new HashMap<>();
        Map<Integer, Integer> missing = new HashMap<>();
        PriorityQueue<Integer> ready = new PriorityQueue<>();
        needs.forEach((node, needed) -> {
            needed.forEach(producer ->
                    readers.computeIfAbsent(producer, key -> new ArrayList<>()).add(node));
            missing.put(node, needed.size());
            if (needed.isEmpty()) {
                ready.add(node);
            }
        });
        List<NodeProto> sorted = new ArrayList<>(needs.size());
        while (!ready.isEmpty()) {
            int node = ready.remove();
            sorted.add(nodes.get(node));
            missing.remove(node);
            for (int reader : readers.getOrDefault(node, List.of())) {
                if (missing.merge(reader, -1, Integer::sum) == 0) {
                    ready.add(reader);
                }
            }
        }
        if (!missing.isEmpty()) {
            throw new IllegalArgumentException("the graph has a cycle: " + cycle(needs, missing.keySet()));
        }
        return sorted;
    }

    /** For every node that {@code wanted} needs, the nodes whose outputs it reads; in the file's order. */
    private Map<Integer, Set<Integer>> needs(Collection<String> wanted) {
        Map<Integer, Set<Integer>> needs = new TreeMap<>();
        Deque<Integer> open = new ArrayDeque<>();
        for (String name : wanted) {
            producer(name, "the graph's outputs").ifPresent(open::push);
        }
        while (!open.isEmpty()) {
            int node = open.pop();
            if (needs.containsKey(node)) {
                continue;
            }
            Set<Integer> needed = new LinkedHashSet<>();
            for (String name : read(nodes.get(node))) {
                producer(name, "node " + label(nodes.get(node))).ifPresent(needed::add);
            }
            needs.put(node, needed);
            needed.forEach(open::push);
        }
        return needs;
    }

    private Optional<Integer> producer(String name, String reader) {
        Integer producer = producers.get(name);
        if (producer == null && !given.test(name)) {
            throw new IllegalArgumentException("value " + name + ", read by " + reader
                    + ", is neither an input nor an initialiser, and no node computes it");
        }
        return Optional.ofNullable(producer);
    }

    /** Names that a node reads: its inputs, and what its branches take from outside. */
    static Set<String> read(NodeProto node) {
        Set<String> names = new LinkedHashSet<>();
        node.getInputList().stream().filter(name -> !name.isEmpty()).forEach(names::add);
        for (AttributeProto attribute : node.getAttributeList()) {
            if (attribute.hasG()) {
                names.addAll(readFromOutside(attribute.getG()));
            }
        }
        return names;
    }

    private static Set<String> readFromOutside(GraphProto graph) {
        Set<String> inside = new HashSet<>();
        graph.getInputList().stream().map(ValueInfoProto::getName).forEach(inside::add);
        graph.getInitializerList().stream().map(TensorProto::getName).forEach(inside::add);
        Set<String> names = new LinkedHashSet<>();
        for (NodeProto node : graph.getNodeList()) {
            inside.addAll(node.getOutputList());
            names.addAll(read(node));
        }
        graph.getOutputList().stream().map(ValueInfoProto::getName).forEach(names::add);
        names.removeAll(inside);
        return names;
    }

    /** One cycle among nodes each of which needs another one of them. */
    private String cycle(Map<Integer, Set<Integer>> needs, Set<Integer> stuck) {
        List<Integer> path = new ArrayList<>();
        Integer node = stuck.iterator().next();
        while (!path.contains(node)) {
            path.add(node);
            node = needs.getOrDefault(node, Set.of()).stream()
                    .filter(stuck::contains)
                    .findFirst()
                    .orElseThrow();
        }
        List<String> names = new ArrayList<>();
        for (int i = path.size() - 1; i >= path.indexOf(node); i--) {
            names.add(label(nodes.get(path.get(i))));
        }
        String shown = names.size() <= 6 ? String.join(" → ", names) : String.join(" → ", names.subList(0, 6)) + " → …";
        return shown + " → " + names.get(0);
    }
}
