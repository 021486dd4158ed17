package dev.vicreg.models.encoder;

import dev.vicreg.models.graph.Graph;
import dev.vicreg.models.graph.Node;
import dev.vicreg.models.graph.OpType;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.graph.infer.ShapeValues;
import dev.vicreg.models.nn.Parameter.Role;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What of a file's tensors training changes, under which names, and what each one is.
 *
 * <p>Trained is every floating-point initialiser from which a path of differentiable inputs leads to the output, unless
 * {@link ImportedConstants} tells that it is a constant; and of Constant nodes those that stand where a layer's weights
 * do, or, in files that have all of them there, any that could be a weight. Which inputs are differentiable is what ONNX's
 * operator documents say. Moved besides are the running statistics of batch norms; an initialiser that several norms share
 * as a statistic, or that is trained as well, is split: exporters write equal tensors once, and a fresh network's are all
 * equal.
 */
final class ImportedWeights {
    /** Names that the graphs around the network use themselves, those of exported encoders included. */
    private static final Set<String> TAKEN = Set.of(
            "loss_scale",
            "skipped_in_a_row",
            "skipped_steps",
            "view_a",
            "view_b",
            "learning_rate",
            "target_momentum",
            "directions",
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

    private static final List<String> TAKEN_PREFIXES =
            List.of("projector.", "predictor.", "optimizer.", "target.", "ema.", "loss.", "b.", "written");
    /** ONNX Runtime Training gives these a meaning of their own. */
    private static final List<String> RESERVED_SUFFIXES =
            List.of("_grad", "_grad.accumulation.buffer", "_grad.accumulation.out");

    /** A tensor as a parameter. */
    record Weight(String name, Role role) {}

    /**
     * The running statistics of a batch norm: tensors of the file, or what it computes from some, and the names of the
     * parameters made of them.
     */
    record Statistics(Value mean, String meanName, Value variance, String varianceName) {}

    private final Set<String> initializers;
    private final Set<String> names = new HashSet<>();
    private final Map<Value, Weight> trained = new LinkedHashMap<>();
    private final Map<Value, String> untrained = new LinkedHashMap<>();
    private final Map<Node, Statistics> statistics = new LinkedHashMap<>();
    private final Set<Node> computed = new HashSet<>();
    private final Set<Value> added = new HashSet<>();
    private final Map<String, String> renamed = new LinkedHashMap<>();

    private ImportedWeights(Set<String> initializers) {
        this.initializers = initializers;
    }

    /**
     * Of a graph as it was read.
     *
     * @param initializers names of the file's initialisers; other tensors with names come from Constant nodes
     * @param normsMove whether batch norms use the batch's statistics and move the running ones
     */
    static ImportedWeights of(Graph graph, Set<String> initializers, boolean normsMove) {
        ImportedWeights weights = new ImportedWeights(initializers);
        weights.findComputed(graph);
        weights.choose(graph);
        if (normsMove) {
            Set<Value> moved = new HashSet<>(weights.trained.keySet());
            graph.nodes().stream()
                    .filter(node -> node.op() == OpType.BATCH_NORMALIZATION && !weights.computed.contains(node))
                    .forEach(node -> weights.addStatistics(node, moved));
        }
        graph.nodes().stream().filter(ImportedWeights::keepsStatistics).forEach(norm -> {
            weights.untrained.remove(throughIdentities(norm.input(3)));
            weights.untrained.remove(throughIdentities(norm.input(4)));
        });
        return weights;
    }

    /** Batch norms whose statistics depend on what goes in: not running ones, gradients pass through them. */
    private void findComputed(Graph graph) {
        Set<Value> fromInput = new HashSet<>(graph.inputs());
        for (Node node : graph.nodes()) {
            if (node.op() == OpType.BATCH_NORMALIZATION
                    && (fromInput.contains(node.input(3)) || fromInput.contains(node.input(4)))) {
                computed.add(node);
            }
            boolean shapeOnly = node.op() == OpType.SHAPE || node.op() == OpType.SIZE;
            if (!shapeOnly && node.inputs().stream().anyMatch(fromInput::contains)) {
                fromInput.addAll(node.outputs());
            }
        }
    }

    private void choose(Graph graph) {
        Set<Value> reaching = reaching(graph);
        Roles roles = new Roles(graph);
        ImportedConstants constants = new ImportedConstants(graph);
        Set<Value> tensors = tensors(graph);
        boolean weightsInConstants = tensors.stream()
                .noneMatch(tensor -> isInitializer(tensor)
                        && reaching.contains(tensor)
                        && tensor.shape().rank() > 1);
        for (Value tensor : tensors) {
            String reason = !reaching.contains(tensor) ? constants.obstacle(tensor) : constants.reason(tensor);
            boolean literal = !isInitializer(tensor) && !weightsInConstants && !constants.isLayerWeight(tensor);
            if (reason == null && !literal) {
                trained.put(tensor, new Weight(claim(nameOf(tensor)), roles.of(tensor)));
            } else if (tensor.type().element().isFloatingPoint()) {
                untrained.put(tensor, reason != null ? reason : "a Constant node that no layer has as its weights");
            }
        }
    }

    /** Whether a batch norm's running statistics are tensors of the file. */
    static boolean keepsStatistics(Node node) {
        return node.op() == OpType.BATCH_NORMALIZATION
                && isTensor(throughIdentities(node.input(3)))
                && isTensor(throughIdentities(node.input(4)));
    }

    /** Whether a batch norm's statistics are computed from the input. */
    boolean isComputed(Node norm) {
        return computed.contains(norm);
    }

    /** The floating-point tensors of the file that are not trained, nor moved, and why. */
    Map<Value, String> untrained() {
        return untrained;
    }

    /** Trained tensors. */
    Map<Value, Weight> trained() {
        return trained;
    }

    /** The statistics of a batch norm; null where they do not move. */
    @Nullable
    Statistics statistics(Node norm) {
        return statistics.get(norm);
    }

    /** Whether the file lacks a statistic: it computes it from others. */
    boolean isAdded(Value statistic) {
        return added.contains(statistic);
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
        Value mean = statistic(norm, 3, "running_mean");
        Value variance = statistic(norm, 4, "running_var");
        if (mean != null && variance != null) {
            statistics.put(norm, new Statistics(mean, name(mean, moved), variance, name(variance, moved)));
        }
    }

    /** A tensor of the file; or one of a name of its own with what the file computes; null if that cannot be told. */
    private @Nullable Value statistic(Node norm, int input, String name) {
        Value source = throughIdentities(norm.input(input));
        if (isTensor(source)) {
            return source;
        }
        if (norm.attributes().integer("training_mode", 0) != 0) {
            return null; // the batch's own, as of an instance norm that is written so: nothing is to be kept
        }
        return ShapeValues.reals(source)
                .map(elements -> {
                    float[] values = new float[elements.length];
                    for (int i = 0; i < values.length; i++) {
                        values[i] = (float) elements[i];
                    }
                    String scope = norm.scope().isEmpty() ? "" : norm.scope() + ".";
                    Value value = Value.constant(scope + name, Tensor.of(source.shape(), values));
                    added.add(value);
                    return value;
                })
                .orElse(null);
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
        Node node = source.producer();
        while (node != null && isSame(node)) {
            source = node.input(0);
            node = source.producer();
        }
        return source;
    }

    /** Casts from float16 are among these: all that a file computes in is read as float32. */
    private static boolean isSame(Node node) {
        return node.op() == OpType.IDENTITY
                || (node.op() == OpType.CAST
                        && node.input(0).type().equals(node.output(0).type()));
    }

    private static boolean isTensor(Value value) {
        return value.constant() != null && value.producer() == null && value.name() != null;
    }

    private boolean isInitializer(Value tensor) {
        return initializers.contains(nameOf(tensor));
    }

    /** The tensors of the file that the nodes read, in the order in which they do. */
    private static Set<Value> tensors(Graph graph) {
        Set<Value> found = new java.util.LinkedHashSet<>();
        for (Node node : graph.nodes()) {
            for (@Nullable Value input : node.inputs()) {
                if (input != null && isTensor(input)) {
                    found.add(input);
                }
            }
        }
        return found;
    }

    /** The floating-point values from which differentiable inputs lead to an output. */
    private Set<Value> reaching(Graph graph) {
        Set<Value> reaching = new HashSet<>(graph.outputs().values());
        List<Node> nodes = graph.nodes();
        for (int n = nodes.size() - 1; n >= 0; n--) {
            Node node = nodes.get(n);
            if (node.outputs().stream().noneMatch(reaching::contains)) {
                continue;
            }
            for (int i = 0; i < node.inputs().size(); i++) {
                Value input = node.inputs().get(i);
                if (input != null && input.type().element().isFloatingPoint() && isDifferentiable(node, i)) {
                    reaching.add(input);
                }
            }
        }
        return reaching;
    }

    private boolean isDifferentiable(Node node, int input) {
        return switch (node.op()) {
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
                    NON_ZERO,
                    RANGE,
                    ROUND,
                    SHAPE,
                    SIGN,
                    SIZE -> false;
            case DROPOUT, RESIZE, TOP_K -> input == 0;
            case BATCH_NORMALIZATION -> input < 3 || computed.contains(node);
            default -> true;
        };
    }

    /** Tells what an initialiser is from the first node that brings it together with the network's input. */
    private static final class Roles {
        private final Set<Value> fromInput = new HashSet<>();
        private final Map<Value, List<Node>> readers;

        Roles(Graph graph) {
            readers = graph.readers();
            fromInput.addAll(graph.inputs());
            for (Node node : graph.nodes()) {
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
