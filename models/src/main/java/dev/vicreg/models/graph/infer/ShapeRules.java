package dev.vicreg.models.graph.infer;

import dev.vicreg.models.graph.Attributes;
import dev.vicreg.models.graph.Dim;
import dev.vicreg.models.graph.ElementType;
import dev.vicreg.models.graph.Node;
import dev.vicreg.models.graph.OpType;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.TensorType;
import dev.vicreg.models.graph.Value;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The types of each operator's outputs from its inputs: a table of one row per operator, then the rules by name. */
public final class ShapeRules {
    /** One application of an operator, before it has outputs. */
    record Call(List<? extends @Nullable Value> inputs, Attributes attributes) {
        Value in(int index) {
            Value value = index < inputs.size() ? inputs.get(index) : null;
            if (value == null) {
                throw new IllegalArgumentException("input " + index + " is missing");
            }
            return value;
        }

        boolean has(int index) {
            return index < inputs.size() && inputs.get(index) != null;
        }

        Shape shape(int index) {
            return in(index).shape();
        }

        ElementType element(int index) {
            return in(index).type().element();
        }

        /** The elements of an integer input that can be told when the graph is built; see {@link ShapeValues}. */
        long[] constantLongs(int index) {
            return ShapeValues.longs(in(index))
                    .orElseThrow(() -> new IllegalArgumentException("input " + index + " must be a constant"));
        }

        /** The elements of an integer input as dimensions, as far as they can be told. */
        Optional<List<Dim>> dims(int index) {
            return ShapeValues.dims(in(index));
        }

        TensorType like(int index) {
            return in(index).type();
        }

        TensorType shaped(Shape shape) {
            return new TensorType(element(0), shape);
        }
    }

    interface Rule {
        List<TensorType> infer(Call call);
    }

    interface SingleRule {
        TensorType infer(Call call);
    }

    private static final Map<OpType, Rule> RULES = new EnumMap<>(OpType.class);

    static {
        many(OpType.BATCH_NORM_TRAINING, ShapeRules::trainedBatchNorm);
        many(OpType.ADAM, call -> List.of(call.like(2), call.like(1), call.like(4), call.like(5)));
        one(OpType.DETACH, call -> call.like(0));
        many(OpType.BATCH_NORM_INTERNAL, ShapeRules::trainedBatchNorm);
        many(OpType.BATCH_NORMALIZATION_GRAD, call -> List.of(call.like(1), call.like(2), call.like(2)));
        one(OpType.RELU_GRAD, call -> call.like(0));
        one(OpType.LEAKY_RELU_GRAD, call -> call.like(0));
        many(
                OpType.CONV_GRAD,
                call -> List.of(
                        call.like(1),
                        call.like(2),
                        new TensorType(call.element(0), Shape.of(call.shape(2).size(0)))));
        one(OpType.IN_PLACE_ACCUMULATOR, call -> new TensorType(ElementType.BOOL, Shape.of(1)));
        many(OpType.ADAM_OPTIMIZER, call -> List.of(call.like(1), call.like(4), call.like(5), call.like(2)));
        one(OpType.GROUP, call -> new TensorType(ElementType.BOOL, Shape.SCALAR));
        many(OpType.PASS_THROUGH, ShapeRules::alike);
        one(OpType.REDUCE_ALL_L2, call -> new TensorType(ElementType.FLOAT, Shape.SCALAR));
        one(OpType.REORDER_INPUT, call -> call.like(0));
        one(OpType.REORDER_OUTPUT, ShapeRules::reorderOutput);
        one(OpType.BLOCKED_CONV, ShapeRules::blockedConv);

        ElementwiseShapes.register();
        AxisShapes.register();
        StructureShapes.register();
        NeuralShapes.register();
    }

    private ShapeRules() {}

    /**
     * What the outputs of an operator are, from its inputs.
     *
     * @throws IllegalArgumentException if it does not take them
     */
    public static List<Node.Output> outputs(OpType op, List<? extends @Nullable Value> inputs, Attributes attributes) {
        Call call = new Call(inputs, attributes);
        Tensor constant = op == OpType.CONSTANT ? StructureShapes.constant(attributes) : null;
        List<TensorType> types = infer(op, inputs, attributes);
        List<Node.Output> outputs = new ArrayList<>();
        for (int i = 0; i < types.size(); i++) {
            outputs.add(new Node.Output(types.get(i), constant, ElementRules.infer(op, call, types.get(i), i)));
        }
        return outputs;
    }

    static List<TensorType> infer(OpType op, List<? extends @Nullable Value> inputs, Attributes attributes) {
        Rule rule = RULES.get(op);
        if (rule == null) {
            throw new IllegalStateException("there is no shape rule; add a row to ShapeRules");
        }
        return rule.infer(new Call(inputs, attributes));
    }

    /** Adds a row for an operator with one output. */
    static void one(OpType op, SingleRule rule) {
        many(op, call -> List.of(rule.infer(call)));
    }

    /** Adds a row for an operator with any number of outputs. */
    static void many(OpType op, Rule rule) {
        if (RULES.put(op, rule) != null) {
            throw new IllegalStateException("Two shape rules for " + op);
        }
    }

    static Shape broadcast(Call call, int a, int b) {
        if (call.element(a) != call.element(b)) {
            throw new IllegalArgumentException("element types differ: " + call.element(a) + " and " + call.element(b));
        }
        return Shape.broadcast(call.shape(a), call.shape(b));
    }

    public static int axis(long axis, int rank) {
        if (axis < -rank || axis >= rank) {
            throw new IllegalArgumentException("axis " + axis + " is outside a rank of " + rank);
        }
        return (int) (axis < 0 ? axis + rank : axis);
    }

    static long[] ones(int count) {
        long[] ones = new long[count];
        Arrays.fill(ones, 1);
        return ones;
    }

    /** Each output like its input. */
    private static List<TensorType> alike(Call call) {
        List<TensorType> types = new ArrayList<>();
        for (int i = 0; i < call.inputs().size(); i++) {
            types.add(call.like(i));
        }
        return types;
    }

    private static List<TensorType> trainedBatchNorm(Call call) {
        TensorType statistics = call.like(3);
        if (!statistics.shape().at(0).equals(call.shape(0).at(1))) {
            throw new IllegalArgumentException("statistics " + statistics + " do not fit the channels");
        }
        return List.of(call.like(0), statistics, statistics, statistics, statistics);
    }

    private static TensorType reorderOutput(Call call) {
        return call.shaped(call.shape(0).with(1, Dim.of(call.attributes.integer("channels", 0))));
    }

    private static TensorType blockedConv(Call call) {
        return call.shaped(Window.of(call.attributes(), call.inputs())
                .outputs(call.shape(0), call.shape(1).at(0)));
    }
}
