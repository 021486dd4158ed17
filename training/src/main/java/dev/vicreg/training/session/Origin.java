package dev.vicreg.training.session;

import dev.vicreg.models.graph.ElementType;
import dev.vicreg.models.graph.Node;
import dev.vicreg.models.graph.Region;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.ops.Ops;
import dev.vicreg.runtime.natives.Device;
import dev.vicreg.training.step.TrainingGraph;
import dev.vicreg.training.step.lowering.Lowering;
import dev.vicreg.training.step.pass.StepGraph;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Where the numbers of a step first go wrong: the first operator, in the order of computation, that makes a value which isn't
 * finite of values that are. One that reads a constant which isn't finite, such as a mask's, is not meant.
 *
 * @param scope of the operator, such as {@code encoder.layer1.0.conv1}; of gradients behind {@code grad.}
 * @param operator its type in the words of ONNX
 * @param part of the step that it belongs to: {@code network}, {@code backward}, …
 * @param inputs of the operator, in its order
 * @param outputs likewise
 */
public record Origin(String scope, String operator, String part, List<Range> inputs, List<Range> outputs) {
    private static final String FINITE = "finite.";
    private static final String RANGE = "range.";

    /**
     * What a value holds.
     *
     * @param name of an input of the step, else the scope and type of the operator that made it
     * @param shape such as {@code [64,3,32,32]}
     * @param values how many there are
     * @param finite how many of them are finite
     * @param least of these; 0 where there is none
     * @param greatest likewise
     */
    public record Range(String name, String shape, long values, long finite, float least, float greatest) {
        private static Range of(String name, Tensor tensor) {
            long finite = 0;
            float least = Float.POSITIVE_INFINITY;
            float greatest = Float.NEGATIVE_INFINITY;
            float[] values = tensor.floats();
            for (float value : values) {
                if (Float.isFinite(value)) {
                    finite++;
                    least = Math.min(least, value);
                    greatest = Math.max(greatest, value);
                }
            }
            boolean none = finite == 0;
            return new Range(
                    name, tensor.shape().toString(), values.length, finite, none ? 0 : least, none ? 0 : greatest);
        }

        /** {@code encoder.conv1 Conv [64,8,32,32] from -3.2 to 1.1e38, 17 of 524288 not finite}. */
        public String text() {
            String range = finite == 0
                    ? "nothing finite"
                    : String.format(Locale.ROOT, "from %.3g to %.3g", least, greatest)
                            + (finite == values ? "" : ", " + (values - finite) + " of " + values + " not finite");
            return name + " " + shape + " " + range;
        }
    }

    /** {@code Div in loss.invariance, part objective}. */
    public String text() {
        return operator + " in " + (scope.isEmpty() ? "the step" : scope) + ", part " + part;
    }

    /**
     * Finds it by doing the step again; empty where all comes out finite.
     *
     * @param threads that one operator may use
     */
    public static Optional<Origin> of(
            TrainingGraph.Built built, Lowering lowering, Device device, int threads, StepRun.Given given) {
        StepGraph step = built.step();
        Set<String> infinite = infinite(given.state());
        Map<String, Value> checks = new LinkedHashMap<>();
        List<Node> makers = new ArrayList<>();
        for (Node node : step.graph().nodes()) {
            if (!readsInfinity(node, infinite)) {
                node.outputs().stream().filter(Origin::isFloat).forEach(output -> {
                    checks.put(FINITE + checks.size(), zeroIfFinite(node, output));
                    makers.add(node);
                });
            }
        }
        Map<String, Tensor> found;
        try (StepRun run = StepRun.open(step.alsoGiving(checks), built.signature(), lowering, device, threads)) {
            found = run.run(given, checks.keySet());
        }
        for (int i = 0; i < makers.size(); i++) {
            Tensor sum = found.get(FINITE + i);
            if (sum != null && !Float.isFinite(sum.floats()[0])) {
                return Optional.of(of(makers.get(i), step, built, lowering, device, threads, given));
            }
        }
        return Optional.empty();
    }

    /** The operator, with what it is given and makes. */
    private static Origin of(
            Node node,
            StepGraph step,
            TrainingGraph.Built built,
            Lowering lowering,
            Device device,
            int threads,
            StepRun.Given given) {
        Map<String, Value> wanted = new LinkedHashMap<>();
        List<@Nullable Value> all = new ArrayList<>(node.inputs());
        all.addAll(node.outputs());
        for (int i = 0; i < all.size(); i++) {
            Value value = all.get(i);
            if (value != null && value.producer() != null && isFloat(value)) {
                wanted.put(RANGE + i, asFloat(node, value));
            }
        }
        Map<String, Tensor> fetched;
        try (StepRun run = StepRun.open(step.alsoGiving(wanted), built.signature(), lowering, device, threads)) {
            fetched = run.run(given, wanted.keySet());
        }
        List<Range> inputs = new ArrayList<>();
        List<Range> outputs = new ArrayList<>();
        for (int i = 0; i < all.size(); i++) {
            Value value = all.get(i);
            Tensor tensor = value == null ? null : fetched.getOrDefault(RANGE + i, held(value, given.state()));
            if (value != null && tensor != null) {
                (i < node.inputs().size() ? inputs : outputs).add(Range.of(name(value), tensor));
            }
        }
        return new Origin(
                node.scope(),
                node.op().onnxName(),
                node.region().name().toLowerCase(Locale.ROOT),
                List.copyOf(inputs),
                List.copyOf(outputs));
    }

    /** What a constant, a parameter or state holds as float32; null of what is fed. */
    private static @Nullable Tensor held(Value value, Map<String, Tensor> state) {
        Tensor tensor = value.constant() != null ? value.constant() : state.get(String.valueOf(value.name()));
        return tensor == null || tensor.type().element() != ElementType.FLOAT ? null : tensor;
    }

    private static String name(Value value) {
        Node producer = value.producer();
        if (producer != null) {
            return (producer.scope().isEmpty() ? "" : producer.scope() + " ")
                    + producer.op().onnxName();
        }
        return value.name() == null ? "a constant" : value.name();
    }

    private static boolean isFloat(Value value) {
        ElementType element = value.type().element();
        return element == ElementType.FLOAT || element == ElementType.FLOAT16;
    }

    /** Names of what isn't finite from the start. */
    private static Set<String> infinite(Map<String, Tensor> state) {
        Set<String> infinite = new HashSet<>();
        state.forEach((name, tensor) -> {
            if (isInfinite(tensor)) {
                infinite.add(name);
            }
        });
        return infinite;
    }

    private static boolean isInfinite(Tensor tensor) {
        if (tensor.type().element() == ElementType.FLOAT) {
            for (float value : tensor.floats()) {
                if (!Float.isFinite(value)) {
                    return true;
                }
            }
        }
        return false;
    }

    private static boolean readsInfinity(Node node, Set<String> infinite) {
        for (@Nullable Value input : node.inputs()) {
            if (input != null
                    && input.producer() == null
                    && (input.constant() != null
                            ? isInfinite(input.constant())
                            : infinite.contains(String.valueOf(input.name())))) {
                return true;
            }
        }
        return false;
    }

    /** A scalar: 0 where all is finite, else no number, since infinity times zero is none. */
    private static Value zeroIfFinite(Node node, Value value) {
        Ops ops = beside(node);
        return ops.reduceSum(ops.mul(asFloat(node, value), 0), false);
    }

    /** Of its own: an output must not be one of the step's inputs, nor what the step gives anyway. */
    private static Value asFloat(Node node, Value value) {
        Ops ops = beside(node);
        return value.type().element() == ElementType.FLOAT ? ops.identity(value) : ops.cast(value, ElementType.FLOAT);
    }

    /** No part of the network or its gradients, by which is chosen what is computed again. */
    private static Ops beside(Node node) {
        return Ops.at(node).in(Region.OBJECTIVE);
    }
}
