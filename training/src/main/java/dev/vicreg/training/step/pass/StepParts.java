package dev.vicreg.training.step.pass;

import dev.vicreg.models.graph.Graph;
import dev.vicreg.models.graph.Node;
import dev.vicreg.models.graph.OpType;
import dev.vicreg.models.graph.Region;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.ops.Ops;
import dev.vicreg.models.ops.Rewriter;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A step cut into parts, so that what belongs to one branch can be computed beside what belongs to the other: both forward
 * passes, then the objective, then both backward passes, then the updates in two halves. Which part a node belongs to follows
 * from what it reads. Parts of a stage read nothing of each other. What depends on parameters alone, such as weights in
 * another layout, is computed again in every part that reads it.
 *
 * <p>Parts write nothing: new values are outputs, named as their targets in {@link Part#next}.
 *
 * @param stages that are done one after the other, none empty, each of one part or two
 * @param share of the step's convolutions and products of matrices that are in passes of one branch, by their number
 */
public record StepParts(List<List<Part>> stages, double share) {
    private static final String HANDED = "/handed/";

    private static final Set<OpType> HEAVY = EnumSet.of(
            OpType.CONV, OpType.CONV_GRAD, OpType.BLOCKED_CONV, OpType.CONV_TRANSPOSE, OpType.GEMM, OpType.MAT_MUL);

    /** Kernels that read a target's element before they write the new one in its place, and no other after. */
    private static final Set<OpType> ELEMENTWISE =
            EnumSet.of(OpType.ADAM_OPTIMIZER, OpType.ADD, OpType.SUB, OpType.MUL, OpType.WHERE);

    /**
     * A part of a step.
     *
     * @param graph its inputs are fed values, parameters and state by their names, and what earlier parts hand over; its
     *     outputs what the step gives, what later parts read, and new values
     * @param handedOver outputs that later parts read, by inputs of the same names
     * @param next outputs that are new values, each with the name of its target
     * @param guarded names of targets that take their new values only where an output of some part says so, by
     *     {@link #guardOf}
     */
    public record Part(Graph graph, Set<String> handedOver, Map<String, String> next, Set<String> guarded) {
        /** Names of its inputs. */
        public Set<String> inputs() {
            return graph.inputs().stream()
                    .map(input -> String.valueOf(input.name()))
                    .collect(Collectors.toSet());
        }

        /**
         * Whether a new value may be written over the old one while this part runs: it is taken in any case, whatever reads the
         * old one in here is done before the kernel begins that makes the new one, and that kernel reads each element before it
         * writes it.
         *
         * @param output one of {@link #next}
         */
        public boolean isWrittenInPlace(String output) {
            String target = next.get(output);
            Node last = graph.output(output).producer();
            if (last == null || !ELEMENTWISE.contains(last.op()) || guarded.contains(target)) {
                return false;
            }
            Set<Node> before = new HashSet<>(Graph.of(output, graph.inputs(), Map.of(output, last.output(0)))
                    .nodes());
            return graph.nodes().stream()
                    .filter(node -> node.inputs().stream()
                            .anyMatch(input -> input != null && Objects.equals(target, input.name())))
                    .allMatch(before::contains);
        }
    }

    /** Where a node is computed, in the order of the stages. */
    private enum Place {
        /** Depends on no view: wherever it is read. */
        ANYWHERE,
        FORWARD_A,
        FORWARD_B,
        OBJECTIVE,
        BACKWARD_A,
        BACKWARD_B,
        UPDATE;

        /** Of a node that reads values of these places. */
        static Place of(Region region, Set<Place> read) {
            boolean a = read.contains(FORWARD_A);
            boolean b = read.contains(FORWARD_B);
            boolean backA = read.contains(BACKWARD_A);
            boolean backB = read.contains(BACKWARD_B);
            if (region == Region.UPDATE || read.contains(UPDATE) || (backA && (b || backB)) || (backB && a)) {
                return UPDATE;
            }
            if (backA || backB) {
                return backA ? BACKWARD_A : BACKWARD_B;
            }
            boolean objective = read.contains(OBJECTIVE);
            if ((a && b) || (objective && region == Region.OBJECTIVE)) {
                return OBJECTIVE;
            }
            if (a || b) {
                boolean late = objective || region == Region.BACKWARD; // what is computed again for gradients too
                return late ? (a ? BACKWARD_A : BACKWARD_B) : (a ? FORWARD_A : FORWARD_B);
            }
            return objective ? OBJECTIVE : ANYWHERE;
        }
    }

    private static final Set<Place> PASSES =
            EnumSet.of(Place.FORWARD_A, Place.FORWARD_B, Place.BACKWARD_A, Place.BACKWARD_B);

    private static final List<List<Place>> ORDER = List.of(
            List.of(Place.FORWARD_A, Place.FORWARD_B),
            List.of(Place.OBJECTIVE),
            List.of(Place.BACKWARD_A, Place.BACKWARD_B));

    /** Copies. */
    public StepParts {
        stages = stages.stream().map(List::copyOf).toList();
    }

    /**
     * Cuts a step that writes nothing and has its kernels chosen.
     *
     * @param viewA the input with the views of the first branch, {@code viewB} that of the others
     * @return nothing where a branch has no pass for itself, such as one that waits for what the other makes of its views
     */
    public static Optional<StepParts> of(StepGraph step, String viewA, String viewB) {
        Map<Value, Value> next = new LinkedHashMap<>();
        Ops ops = new Ops().scope("update").in(Region.UPDATE);
        step.next()
                .forEach((target, value) -> next.put(target, value.producer() == null ? ops.identity(value) : value));
        return new Cutting(new StepGraph(step.name(), step.inputs(), step.outputs(), next, step.guards()), viewA, viewB)
                .parts();
    }

    /** Name of the output, a boolean scalar, that says whether a guarded target takes its new value. */
    public static String guardOf(String target) {
        return StepGraph.GUARD + target;
    }

    /** Bytes that are held for later parts at most. */
    public long handedOver() {
        return stages.stream()
                .flatMap(List::stream)
                .flatMap(part -> part.handedOver().stream().map(part.graph()::output))
                .mapToLong(value ->
                        value.shape().elements() * value.type().element().bytes())
                .sum();
    }

    private static final class Cutting {
        private final StepGraph step;
        private final Graph graph;
        private final Set<Value> next;
        private final Map<Value, Place> places = new HashMap<>();
        private final Map<Value, String> names = new LinkedHashMap<>(); // of what is handed over

        Cutting(StepGraph step, String viewA, String viewB) {
            this.step = step;
            this.graph = step.graph();
            this.next = Set.copyOf(step.next().values());
            for (Value input : graph.inputs()) {
                places.put(
                        input,
                        viewA.equals(input.name())
                                ? Place.FORWARD_A
                                : viewB.equals(input.name()) ? Place.FORWARD_B : Place.ANYWHERE);
            }
            for (Node node : graph.nodes()) {
                Set<Place> read = EnumSet.noneOf(Place.class);
                inputs(node).forEach(input -> read.add(place(input)));
                Place place = Place.of(node.region(), read);
                boolean late = place != Place.ANYWHERE && isNext(node);
                node.outputs().forEach(output -> places.put(output, late ? Place.UPDATE : place));
            }
        }

        private boolean isNext(Node node) {
            return node.outputs().stream().anyMatch(next::contains);
        }

        private Place place(Value value) {
            return places.getOrDefault(value, Place.ANYWHERE); // constants
        }

        private Place place(Node node) {
            return place(node.output(0));
        }

        private static List<Value> inputs(Node node) {
            List<Value> inputs = new ArrayList<>();
            for (@Nullable Value input : node.inputs()) {
                if (input != null) {
                    inputs.add(input);
                }
            }
            return inputs;
        }

        /** Convolutions and products of each part. */
        private Map<Place, Long> heavy() {
            Map<Place, Long> heavy = new EnumMap<>(Place.class);
            graph.nodes().stream()
                    .filter(node -> HEAVY.contains(node.op()))
                    .forEach(node -> heavy.merge(place(node), 1L, Long::sum));
            return heavy;
        }

        Optional<StepParts> parts() {
            Map<Place, Long> heavy = heavy();
            if (!heavy.keySet().containsAll(PASSES)) {
                return Optional.empty();
            }
            double all = heavy.values().stream().mapToLong(Long::longValue).sum();
            heavy.keySet().retainAll(PASSES);
            return Optional.of(new StepParts(
                    stages(), heavy.values().stream().mapToLong(Long::longValue).sum() / all));
        }

        private List<List<Part>> stages() {
            Map<Value, List<Node>> readers = graph.readers();
            readers.forEach((value, nodes) -> {
                Place place = place(value);
                if (!value.isInput()
                        && place != Place.ANYWHERE
                        && nodes.stream().anyMatch(reader -> place(reader) != place)) {
                    names.put(value, HANDED + names.size());
                }
            });
            List<List<Part>> stages = new ArrayList<>();
            for (List<Place> stage : ORDER) {
                List<Part> parts = new ArrayList<>();
                for (Place place : stage) {
                    Set<Node> nodes = new LinkedHashSet<>();
                    graph.nodes().stream().filter(node -> place(node) == place).forEach(nodes::add);
                    add(parts, place.name(), nodes, fetched(value -> nodes.contains(value.producer())));
                }
                addStage(stages, parts);
            }
            List<Set<Node>> halves = updateHalves();
            Set<Node> second = halves.get(1);
            List<Part> updates = new ArrayList<>();
            add(updates, Place.UPDATE.name(), halves.get(0), fetched(value -> {
                Place place = place(value);
                return (place == Place.UPDATE && !second.contains(value.producer())) || place == Place.ANYWHERE;
            }));
            add(updates, Place.UPDATE.name(), second, fetched(value -> second.contains(value.producer())));
            addStage(stages, updates);
            return stages;
        }

        /** What the step gives but for new values, guards among it. */
        private Map<String, Value> fetched(Predicate<Value> which) {
            Map<String, Value> fetched = new LinkedHashMap<>();
            graph.outputs().forEach((output, value) -> {
                if (!output.startsWith(StepGraph.NEXT) && which.test(value)) {
                    fetched.put(output, value);
                }
            });
            return fetched;
        }

        private static void addStage(List<List<Part>> stages, List<Part> parts) {
            if (!parts.isEmpty()) {
                stages.add(parts);
            }
        }

        /** Updates in two sets that read nothing of each other, about as large; the first has what isn't a new value. */
        private List<Set<Node>> updateHalves() {
            Map<Node, Node> parent = new LinkedHashMap<>();
            for (Node node : graph.nodes()) {
                if (place(node) == Place.UPDATE || isNext(node)) {
                    parent.put(node, node);
                    for (Value input : inputs(node)) {
                        Node producer = input.producer();
                        if (producer != null && parent.containsKey(producer)) {
                            parent.put(root(parent, producer), root(parent, node));
                        }
                    }
                }
            }
            Map<Node, Set<Node>> groups = new LinkedHashMap<>();
            parent.keySet()
                    .forEach(node -> groups.computeIfAbsent(root(parent, node), any -> new LinkedHashSet<>())
                            .add(node));
            Map<Set<Node>, Long> sizes = new HashMap<>();
            groups.values().forEach(group -> sizes.put(group, work(group)));
            List<Set<Node>> largestFirst = new ArrayList<>(groups.values());
            largestFirst.sort(Comparator.comparing((Set<Node> group) -> -Objects.requireNonNull(sizes.get(group))));
            List<Set<Node>> halves = List.of(new LinkedHashSet<>(), new LinkedHashSet<>());
            long[] filled = new long[2];
            for (Set<Node> group : largestFirst) {
                int half = filled[1] < filled[0] ? 1 : 0;
                halves.get(half).addAll(group);
                filled[half] += Objects.requireNonNull(sizes.get(group));
            }
            return halves;
        }

        private static Node root(Map<Node, Node> parent, Node node) {
            Node at = node;
            while (parent.get(at) != at) {
                at = Objects.requireNonNull(parent.get(at));
            }
            return at;
        }

        private static long work(Set<Node> nodes) {
            return nodes.stream()
                    .flatMap(node -> node.outputs().stream())
                    .mapToLong(
                            output -> output.shape().isFixed() ? output.shape().elements() : 1)
                    .sum();
        }

        /** The part that computes {@code own}; none where that is nothing. */
        private void add(List<Part> parts, String name, Set<Node> own, Map<String, Value> fetched) {
            if (own.isEmpty() && fetched.isEmpty()) {
                return;
            }
            Map<Value, Value> handed = new LinkedHashMap<>();
            Set<String> handedOver = new LinkedHashSet<>();
            Map<String, Value> outputs = new LinkedHashMap<>(fetched);
            names.forEach((value, output) -> {
                if (own.contains(value.producer())) {
                    handedOver.add(output);
                    outputs.put(output, value);
                } else {
                    handed.put(value, Value.input(output, value.type()));
                }
            });
            Map<String, String> next = new LinkedHashMap<>();
            Set<String> guarded = new HashSet<>();
            step.next().forEach((target, value) -> {
                if (own.contains(value.producer())) {
                    next.put(StepGraph.NEXT + target.name(), String.valueOf(target.name()));
                    outputs.put(StepGraph.NEXT + target.name(), value);
                    if (step.guards().containsKey(target)) {
                        guarded.add(String.valueOf(target.name()));
                    }
                }
            });
            List<Value> declared = new ArrayList<>(graph.inputs());
            declared.addAll(handed.values());
            Graph part = Rewriter.rewrite(Graph.of(name, declared, outputs), handed, Rewriter.Rule.COPY);
            Set<Value> read = part.readers().keySet();
            List<Value> inputs = part.inputs().stream().filter(read::contains).toList();
            parts.add(new Part(Graph.of(name, inputs, part.outputs()), handedOver, next, guarded));
        }
    }
}
