package dev.vicreg.models.encoder;

import dev.vicreg.models.graph.Graph;
import dev.vicreg.models.graph.Node;
import dev.vicreg.models.graph.OpType;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.nn.Parameter.Role;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What of a file's initialisers training changes, under which names, and what each one is.
 *
 * <p>Trained is every floating-point initialiser from which a path of differentiable inputs leads to the output. Which
 * inputs are differentiable is what ONNX's operator documents say. Moved besides are the running statistics of batch
 * norms; an initialiser that several norms share as a statistic, or that is trained as well, is split: exporters write
 * equal tensors once, and a fresh network's are all equal.
 */
final class ImportedWeights {
    /** Names that the graphs around the network use themselves, those of exported encoders included. */
    private static final Set<String> TAKEN = Set.of(
            "view_a",
            "view_b",
            "learning_rate",
            "lazy_reset_grad",
            "loss",
            "invariance",
            "variance",
            "covariance",
            "representation",
            "projection",
            "representation_b",
            "projection_b",
            "dropout.state",
            "image",
            "embedding");

    private static final List<String> TAKEN_PREFIXES = List.of("projector.", "optimizer.", "b.", "written");
    /** ONNX Runtime Training gives these a meaning of their own. */
    private static final List<String> RESERVED_SUFFIXES =
            List.of("_grad", "_grad.accumulation.buffer", "_grad.accumulation.out");

    /** An initialiser as a parameter. */
    record Weight(String name, Role role) {}

    /** The running statistics of a batch norm: initialisers, and the names of the parameters made of them. */
    record Statistics(Value mean, String meanName, Value variance, String varianceName) {}

    private final Set<String> names = new HashSet<>();
    private final Map<Value, Weight> trained = new LinkedHashMap<>();
    private final Map<Node, Statistics> statistics = new LinkedHashMap<>();
    private final Map<String, String> renamed = new LinkedHashMap<>();

    private ImportedWeights() {}

    /** @param normsMove whether batch norms use the batch's statistics and move the running ones */
    static ImportedWeights of(Graph graph, boolean normsMove) {
        ImportedWeights weights = new ImportedWeights();
        Set<Value> reaching = reaching(graph);
        Roles roles = new Roles(graph);
        initializers(graph).forEach(initializer -> {
            if (reaching.contains(initializer)) {
                weights.trained.put(initializer, new Weight(weights.claim(nameOf(initializer)), roles.of(initializer)));
            }
        });
        if (normsMove) {
            Set<Value> moved = new HashSet<>(weights.trained.keySet());
            graph.nodes().stream()
                    .filter(node -> node.op() == OpType.BATCH_NORMALIZATION)
                    .forEach(node -> weights.addStatistics(node, moved));
        }
        return weights;
    }

    /** Trained initialisers. */
    Map<Value, Weight> trained() {
        return trained;
    }

    /** The statistics of a batch norm; null where they do not move. */
    @Nullable
    Statistics statistics(Node norm) {
        return statistics.get(norm);
    }

    /** The statistics that move. */
    Collection<Statistics> statistics() {
        return statistics.values();
    }

    /** New names by those of the file, where they differ. */
    Map<String, String> renamed() {
        return renamed;
    }

    /** A name that is free for a value of the graph. */
    static String free(String name) {
        boolean suffix = RESERVED_SUFFIXES.stream().anyMatch(name::endsWith);
        boolean taken =
                suffix || TAKEN.contains(name) || TAKEN_PREFIXES.stream().anyMatch(name::startsWith);
        return !taken ? name : "imported." + name + (suffix ? ".data" : "");
    }

    private String claim(String name) {
        String free = free(name);
        while (!names.add(free)) {
            free += "_";
        }
        if (!free.equals(name)) {
            renamed.put(name, free);
        }
        return free;
    }

    private void addStatistics(Node norm, Set<Value> moved) {
        Value mean = throughIdentities(norm.input(3));
        Value variance = throughIdentities(norm.input(4));
        if (isInitializer(mean) && isInitializer(variance)) {
            statistics.put(norm, new Statistics(mean, name(mean, moved), variance, name(variance, moved)));
        }
    }

    private String name(Value statistic, Set<Value> moved) {
        String name = nameOf(statistic);
        if (moved.add(statistic)) {
            return claim(name);
        }
        int copy = 2;
        while (names.contains(free(name + "." + copy))) {
            copy++;
        }
        return claim(name + "." + copy);
    }

    private static String nameOf(Value initializer) {
        return String.valueOf(initializer.name());
    }

    private static Value throughIdentities(Value value) {
        Value source = value;
        for (Node node = source.producer(); node != null && node.op() == OpType.IDENTITY; node = source.producer()) {
            source = node.input(0);
        }
        return source;
    }

    private static boolean isInitializer(Value value) {
        return value.constant() != null && value.producer() == null && value.name() != null;
    }

    /** The initialisers that the nodes read, in the order in which they do. */
    private static Set<Value> initializers(Graph graph) {
        Set<Value> found = new java.util.LinkedHashSet<>();
        for (Node node : graph.nodes()) {
            for (@Nullable Value input : node.inputs()) {
                if (input != null && isInitializer(input)) {
                    found.add(input);
                }
            }
        }
        return found;
    }

    /** The floating-point values from which differentiable inputs lead to an output. */
    private static Set<Value> reaching(Graph graph) {
        Set<Value> reaching = new HashSet<>(graph.outputs().values());
        List<Node> nodes = graph.nodes();
        for (int n = nodes.size() - 1; n >= 0; n--) {
            Node node = nodes.get(n);
            if (node.outputs().stream().noneMatch(reaching::contains)) {
                continue;
            }
            for (int i = 0; i < node.inputs().size(); i++) {
                Value input = node.inputs().get(i);
                if (input != null && input.type().element().isFloatingPoint() && isDifferentiable(node.op(), i)) {
                    reaching.add(input);
                }
            }
        }
        return reaching;
    }

    private static boolean isDifferentiable(OpType op, int input) {
        return switch (op) {
            case ARG_MAX,
                    ARG_MIN,
                    CEIL,
                    CONSTANT_OF_SHAPE,
                    EQUAL,
                    EYE_LIKE,
                    FLOOR,
                    GREATER,
                    GREATER_OR_EQUAL,
                    IS_INF,
                    IS_NAN,
                    LESS,
                    LESS_OR_EQUAL,
                    MOD,
                    NON_ZERO,
                    ONE_HOT,
                    RANGE,
                    ROUND,
                    SHAPE,
                    SIGN,
                    SIZE -> false;
            case CLIP, DROPOUT, PAD, RESIZE, TOP_K -> input == 0;
            case BATCH_NORMALIZATION -> input < 3;
            default -> true;
        };
    }

    /** Tells what an initialiser is from the first node that brings it together with the network's input. */
    private static final class Roles {
        private final Set<Value> fromInput = new HashSet<>();
        private final Map<Value, List<Node>> readers = new HashMap<>();

        Roles(Graph graph) {
            fromInput.addAll(graph.inputs());
            for (Node node : graph.nodes()) {
                for (@Nullable Value input : node.inputs()) {
                    if (input != null) {
                        readers.computeIfAbsent(input, key -> new ArrayList<>()).add(node);
                    }
                }
                boolean shapeOnly = node.op() == OpType.SHAPE || node.op() == OpType.SIZE;
                if (!shapeOnly && node.inputs().stream().anyMatch(fromInput::contains)) {
                    fromInput.addAll(node.outputs());
                }
            }
        }

        /** A weight if any reader takes it as one, else what the first reader takes it as. */
        Role of(Value value) {
            Role first = null;
            for (Node reader : readers.getOrDefault(value, List.of())) {
                Role role = fromInput.contains(reader.output(0))
                        ? role(reader, reader.inputs().indexOf(value))
                        : of(reader.output(0));
                if (role == Role.WEIGHT) {
                    return role;
                }
                first = first == null ? role : first;
            }
            return first == null ? Role.EMBEDDING : first;
        }

        private static Role role(Node reader, int input) {
            return switch (reader.op()) {
                case CONV, CONV_TRANSPOSE, GEMM -> input == 2 ? Role.BIAS : Role.WEIGHT;
                case MAT_MUL, EINSUM -> Role.WEIGHT;
                case LSTM, GRU -> input == 3 ? Role.BIAS : input == 5 || input == 6 ? Role.EMBEDDING : Role.WEIGHT;
                case BATCH_NORMALIZATION, LAYER_NORMALIZATION, INSTANCE_NORMALIZATION, GROUP_NORMALIZATION ->
                    input == 1 ? Role.NORM_SCALE : Role.NORM_BIAS;
                case PRELU -> Role.NORM_SCALE;
                case ADD, SUB -> isPerChannel(reader.input(input).shape()) ? Role.BIAS : Role.EMBEDDING;
                case MUL, DIV -> isPerChannel(reader.input(input).shape()) ? Role.NORM_SCALE : Role.WEIGHT;
                default -> Role.EMBEDDING;
            };
        }

        private static boolean isPerChannel(Shape shape) {
            return shape.dims().stream().filter(dim -> dim.size() != 1).count() <= 1;
        }
    }
}
