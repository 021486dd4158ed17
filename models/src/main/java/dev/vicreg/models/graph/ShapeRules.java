package dev.vicreg.models.graph;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The types of each operator's outputs from its inputs: a table of one row per operator, then the rules by name. */
final class ShapeRules {
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
        one(OpType.RESHAPE, ShapeRules::reshape);
        one(OpType.FLATTEN, ShapeRules::flatten);
        one(OpType.TRANSPOSE, ShapeRules::transpose);
        one(OpType.EXPAND, call -> call.shaped(Shape.broadcast(call.shape(0), Shape.of(call.constantLongs(1)))));
        one(OpType.CONCAT, ShapeRules::concat);
        one(OpType.SLICE, ShapeRules::slice);
        one(OpType.PAD, ShapeRules::pad);
        one(OpType.CONSTANT_OF_SHAPE, call -> new TensorType(ElementType.FLOAT, Shape.of(call.constantLongs(0))));
        one(OpType.SCATTER_ELEMENTS, call -> call.like(0));
        many(OpType.BATCH_NORM_INTERNAL, ShapeRules::batchNormInternal);
        many(OpType.BATCH_NORMALIZATION_GRAD, call -> List.of(call.like(1), call.like(2), call.like(2)));
        one(OpType.RELU_GRAD, call -> call.like(0));
        many(
                OpType.CONV_GRAD,
                call -> List.of(
                        call.like(1),
                        call.like(2),
                        new TensorType(call.element(0), Shape.of(call.shape(2).size(0)))));
        one(OpType.IN_PLACE_ACCUMULATOR, call -> new TensorType(ElementType.BOOL, Shape.of(1)));
        many(OpType.ADAM_OPTIMIZER, call -> List.of(call.like(1), call.like(4), call.like(5), call.like(2)));
        one(OpType.GROUP, call -> new TensorType(ElementType.BOOL, Shape.SCALAR));
        one(OpType.REORDER_INPUT, call -> call.like(0));
        one(OpType.REORDER_OUTPUT, ShapeRules::reorderOutput);
        one(OpType.BLOCKED_CONV, ShapeRules::blockedConv);

        ElementwiseShapes.register();
        AxisShapes.register();
        StructureShapes.register();
        NeuralShapes.register();
    }

    private ShapeRules() {}

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

    static int axis(long axis, int rank) {
        if (axis < -rank || axis >= rank) {
            throw new IllegalArgumentException("axis " + axis + " is outside a rank of " + rank);
        }
        return (int) (axis < 0 ? axis + rank : axis);
    }

    private static TensorType reshape(Call call) {
        Shape from = call.shape(0);
        long[] target = call.constantLongs(1);
        List<Dim> dims = new ArrayList<>();
        int rest = -1;
        long product = 1;
        int symbolsKept = 0;
        for (int i = 0; i < target.length; i++) {
            Dim dim = target[i] == 0 ? from.at(i) : Dim.of(Math.max(target[i], 1));
            if (target[i] == -1) {
                rest = i;
            } else if (dim.isFixed()) {
                product *= dim.size();
            } else {
                symbolsKept++;
            }
            dims.add(dim);
        }
        List<Dim> symbols = from.dims().stream().filter(dim -> !dim.isFixed()).toList();
        long elements =
                from.dims().stream().filter(Dim::isFixed).mapToLong(Dim::size).reduce(1, (a, b) -> a * b);
        if (rest >= 0) {
            if (symbols.size() == symbolsKept && product != 0 && elements % product == 0) {
                dims.set(rest, Dim.of(elements / product));
            } else if (symbols.size() == symbolsKept + 1 && elements == product) {
                dims.set(rest, symbols.get(0));
            } else {
                throw new IllegalArgumentException("the size of -1 cannot be told from " + from);
            }
        } else if (symbols.size() == symbolsKept && product != elements) {
            throw new IllegalArgumentException(elements + " elements do not fit into " + dims);
        }
        return call.shaped(new Shape(dims));
    }

    private static TensorType flatten(Call call) {
        Shape shape = call.shape(0);
        int axis = (int) call.attributes.integer("axis", 1);
        return call.shaped(new Shape(List.of(
                product(shape.dims().subList(0, axis)), product(shape.dims().subList(axis, shape.rank())))));
    }

    private static Dim product(List<Dim> dims) {
        long sizes = dims.stream().filter(Dim::isFixed).mapToLong(Dim::size).reduce(1, (a, b) -> a * b);
        List<Dim> symbols = dims.stream().filter(dim -> !dim.isFixed()).toList();
        if (symbols.isEmpty()) {
            return Dim.of(sizes);
        }
        if (symbols.size() == 1 && sizes == 1) {
            return symbols.get(0);
        }
        throw new IllegalArgumentException("the product of " + dims + " is not known");
    }

    private static TensorType transpose(Call call) {
        Shape shape = call.shape(0);
        List<Dim> dims = new ArrayList<>();
        for (long each : call.attributes.integers("perm")) {
            dims.add(shape.at((int) each));
        }
        if (dims.size() != shape.rank()) {
            throw new IllegalArgumentException("perm has " + dims.size() + " axes");
        }
        return call.shaped(new Shape(dims));
    }

    private static TensorType concat(Call call) {
        Shape shape = call.shape(0);
        int axis = axis(call.attributes.integer("axis", 0), shape.rank());
        long size = 0;
        for (int i = 0; i < call.inputs.size(); i++) {
            if (!call.shape(i).with(axis, Dim.of(0)).equals(shape.with(axis, Dim.of(0)))) {
                throw new IllegalArgumentException("shapes differ outside axis " + axis);
            }
            size += call.shape(i).size(axis);
        }
        return call.shaped(shape.with(axis, Dim.of(size)));
    }

    private static TensorType slice(Call call) {
        Shape shape = call.shape(0);
        long[] starts = call.constantLongs(1);
        long[] ends = call.constantLongs(2);
        for (int i = 0; i < starts.length; i++) {
            int axis = axis(call.has(3) ? call.constantLongs(3)[i] : i, shape.rank());
            long step = call.has(4) ? call.constantLongs(4)[i] : 1;
            long size = call.shape(0).size(axis);
            long low = step > 0 ? 0 : -1;
            long high = step > 0 ? size : size - 1;
            long start = clamp(starts[i] < 0 ? starts[i] + size : starts[i], Math.max(low, 0), high);
            long end = clamp(ends[i] < 0 ? ends[i] + size : ends[i], low, high);
            long count = step > 0 ? (end - start + step - 1) / step : (start - end - step - 1) / -step;
            shape = shape.with(axis, Dim.of(Math.max(0, count)));
        }
        return call.shaped(shape);
    }

    private static long clamp(long value, long low, long high) {
        return Math.max(low, Math.min(value, high));
    }

    private static TensorType pad(Call call) {
        Shape shape = call.shape(0);
        long[] pads = call.constantLongs(1);
        int rank = shape.rank();
        for (int axis = 0; axis < rank; axis++) {
            if (pads[axis] + pads[axis + rank] != 0) {
                shape = shape.with(axis, Dim.of(shape.size(axis) + pads[axis] + pads[axis + rank]));
            }
        }
        return call.shaped(shape);
    }

    private static List<TensorType> batchNormInternal(Call call) {
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
