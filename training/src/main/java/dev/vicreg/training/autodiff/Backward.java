package dev.vicreg.training.autodiff;

import dev.vicreg.models.graph.Dim;
import dev.vicreg.models.graph.Graph;
import dev.vicreg.models.graph.Node;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.ops.Ops;
import dev.vicreg.models.setting.SettingException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The one reverse walk: gradients of a scalar with respect to inputs of the graph that computes it. */
public final class Backward {
    private final Ops ops = new Ops();
    private final Set<Value> reached = new HashSet<>();
    private final Map<Value, Value> gradients = new HashMap<>();

    private Backward() {}

    /**
     * The gradient of {@code loss} with respect to each of {@code sources}. The nodes that compute them are created
     * under {@code grad.<scope of the forward node>}.
     *
     * @param loss a float value of one element
     * @param sources inputs of the graph, such as parameters
     * @return a value of the source's type and shape for each source, in their order
     * @throws IllegalArgumentException if the loss does not depend on a source, is not a scalar, or if a gradient
     *     would have to pass an operator that has no rule
     */
    public static Map<Value, Value> gradients(Value loss, Collection<Value> sources) {
        return new Backward().walk(loss, sources);
    }

    private Map<Value, Value> walk(Value loss, Collection<Value> sources) {
        if (loss.shape().elements() != 1) {
            throw new IllegalArgumentException("Only a scalar can be differentiated, found " + loss);
        }
        List<Node> nodes =
                Graph.of("forward", inputsOf(loss), Map.of("loss", loss)).nodes();
        reached.addAll(sources);
        for (Node node : nodes) {
            if (node.inputs().stream().anyMatch(reached::contains) && !GradientRules.isWithout(node.op())) {
                node.outputs().stream()
                        .filter(output -> output.type().element().isFloatingPoint())
                        .forEach(reached::add);
            }
        }
        gradients.put(loss, ops.atScope("grad").constant(Tensor.filled(loss.shape(), 1)));
        for (int i = nodes.size() - 1; i >= 0; i--) {
            differentiate(nodes.get(i));
        }
        Map<Value, Value> result = new LinkedHashMap<>();
        for (Value source : sources) {
            Value gradient = gradients.get(source);
            if (gradient == null) {
                throw new SettingException("The loss does not depend on " + source);
            }
            result.put(source, gradient);
        }
        return result;
    }

    private static List<Value> inputsOf(Value loss) {
        Set<Value> inputs = new HashSet<>();
        Set<Value> seen = new HashSet<>();
        List<Value> open = new ArrayList<>(List.of(loss));
        while (!open.isEmpty()) {
            Value value = open.remove(open.size() - 1);
            if (!seen.add(value)) {
                continue;
            }
            if (value.isInput()) {
                inputs.add(value);
            }
            Node producer = value.producer();
            if (producer != null) {
                producer.inputs().stream().filter(input -> input != null).forEach(open::add);
            }
        }
        return List.copyOf(inputs);
    }

    private void differentiate(Node node) {
        List<@Nullable Value> upstream = new ArrayList<>();
        node.outputs().forEach(output -> upstream.add(gradients.get(output)));
        boolean matters = upstream.stream().anyMatch(Objects::nonNull);
        if (!matters || node.inputs().stream().noneMatch(reached::contains)) {
            return;
        }
        Ops here = ops.atScope(node.scope().isEmpty() ? "grad" : "grad." + node.scope())
                .in(node.region().ofGradients());
        try {
            propagate(here, node, upstream);
        } catch (IllegalStateException | IllegalArgumentException e) {
            throw explained(node, e);
        }
    }

    private void propagate(Ops here, Node node, List<@Nullable Value> upstream) {
        List<@Nullable Value> found = rule(node).apply(here, node, upstream);
        if (found.size() > node.inputs().size()) {
            throw new IllegalStateException("The gradient rule of " + node + " gives " + found.size()
                    + " gradients for " + node.inputs().size() + " inputs");
        }
        for (int i = 0; i < found.size(); i++) {
            Value input = node.inputs().get(i);
            Value gradient = found.get(i);
            if (input != null && gradient != null && reached.contains(input)) {
                accumulate(here, node, input, sumTo(here, gradient, input.shape()));
            }
        }
    }

    /** A rule that needs a size which is symbolic fails by itself; only here it is known what to do about it. */
    private static RuntimeException explained(Node node, RuntimeException e) {
        Throwable cause = e;
        while (cause != null && !(cause instanceof Shape.SymbolicSizeException)) {
            cause = cause.getCause();
        }
        return cause == null
                ? e
                : new SettingException(
                        "The gradient of " + node + " needs the sizes of its inputs " + node.inputs()
                                + ": give every symbolic dimension a size before differentiating ("
                                + cause.getMessage() + ")",
                        e);
    }

    private static GradientRules.Rule rule(Node node) {
        return GradientRules.of(node.op())
                .orElseThrow(() ->
                        new SettingException("No gradient for " + node.op().onnxName() + " at "
                                + node.scope() + " (input " + node.input(0) + "): "
                                + GradientRules.unsupported(node.op()).orElse("add a row to GradientRules or detach")));
    }

    private void accumulate(Ops here, Node node, Value input, Value gradient) {
        if (!gradient.type().equals(input.type())) {
            throw new IllegalStateException(
                    "The gradient rule of " + node + " gives " + gradient.type() + " for an input of " + input.type());
        }
        gradients.merge(input, gradient, here::add);
    }

    /** Sums over the axes along which a value of {@code shape} was broadcast. */
    static Value sumTo(Ops ops, Value gradient, Shape shape) {
        Shape from = gradient.shape();
        if (from.equals(shape)) {
            return gradient;
        }
        List<Long> axes = new ArrayList<>();
        int added = from.rank() - shape.rank();
        for (int axis = 0; axis < from.rank(); axis++) {
            boolean stretched = axis >= added
                    && shape.at(axis - added).equals(Dim.of(1))
                    && !from.at(axis).equals(Dim.of(1));
            if (axis < added || stretched) {
                axes.add((long) axis);
            }
        }
        Value summed = axes.isEmpty()
                ? gradient
                : ops.reduceSum(
                        gradient, true, axes.stream().mapToLong(Long::longValue).toArray());
        return summed.shape().equals(shape) ? summed : ops.reshape(summed, shape.toArray());
    }
}
