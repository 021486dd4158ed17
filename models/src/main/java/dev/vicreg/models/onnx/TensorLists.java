package dev.vicreg.models.onnx;

import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.graph.infer.ShapeRules;
import dev.vicreg.models.graph.infer.ShapeValues;
import dev.vicreg.models.onnx.OpsetUpgrade.Call;
import dev.vicreg.models.ops.Ops;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Operators that make and read lists of tensors, as exporters write {@code chunk}, {@code split}, {@code unbind} and
 * {@code stack}: the lists are known while a file is read, so Split, Concat and Slice are left of them. Places and sizes
 * must be constant. Source: ONNX's Operators.md.
 */
final class TensorLists {
    private static final Set<String> OPERATORS = Set.of(
            "SplitToSequence",
            "SequenceConstruct",
            "SequenceEmpty",
            "SequenceInsert",
            "SequenceErase",
            "SequenceAt",
            "SequenceLength",
            "ConcatFromSequence");

    private TensorLists() {}

    static boolean knows(String domain, String operator) {
        return domain.isEmpty() && OPERATORS.contains(operator);
    }

    /**
     * What the operator gives.
     *
     * @param call without the inputs that are lists
     * @param inputs all of them; null where one is left out
     */
    static Item build(Call call, List<@Nullable Item> inputs) {
        return switch (call.operator()) {
            case "SplitToSequence" -> Item.list(split(call));
            case "SequenceConstruct" -> Item.list(tensors(call, 0));
            case "SequenceEmpty" -> Item.list(List.of());
            case "SequenceInsert" -> {
                List<Value> list = new ArrayList<>(list(call, inputs));
                list.add(call.has(2) ? place(call, 2, list.size(), 1) : list.size(), call.in(1));
                yield Item.list(list);
            }
            case "SequenceErase" -> {
                List<Value> list = new ArrayList<>(list(call, inputs));
                list.remove(call.has(1) ? place(call, 1, list.size(), 0) : list.size() - 1);
                yield Item.list(list);
            }
            case "SequenceAt" -> {
                List<Value> list = list(call, inputs);
                yield Item.of(list.get(place(call, 1, list.size(), 0)));
            }
            case "SequenceLength" ->
                Item.of(Value.constant(null, Tensor.ofLong(list(call, inputs).size())));
            case "ConcatFromSequence" -> Item.of(joined(call, list(call, inputs)));
            case "Identity" -> Item.list(list(call, inputs));
            default -> throw new IllegalArgumentException(call.operator() + " does not take a list of tensors");
        };
    }

    private static List<Value> list(Call call, List<@Nullable Item> inputs) {
        Item list = inputs.isEmpty() ? null : inputs.get(0);
        if (list == null || !list.isList()) {
            throw new IllegalArgumentException(call.operator() + " takes a list of tensors");
        }
        return list.tensors();
    }

    private static List<Value> tensors(Call call, int first) {
        List<Value> tensors = new ArrayList<>();
        for (int i = first; i < call.inputs().size(); i++) {
            tensors.add(call.in(i));
        }
        return tensors;
    }

    /**
     * A place in a list of {@code size}; negative ones count from its end.
     *
     * @param more 1 if the list's end is a place, too
     */
    private static int place(Call call, int input, int size, int more) {
        long place = constant(call, input, "place")[0];
        if (place < -size || place >= size + more) {
            throw new IllegalArgumentException(
                    "place " + place + " of a list of " + size + ": expected " + -size + " to " + (size + more - 1));
        }
        return (int) (place < 0 ? place + size : place);
    }

    private static long[] constant(Call call, int input, String what) {
        return ShapeValues.longs(call.in(input))
                .filter(elements -> elements.length > 0)
                .orElseThrow(() -> new IllegalArgumentException("the " + what + " that " + call.operator()
                        + " reads is not constant: export the network for fixed sizes"));
    }

    /** Parts of the sizes that are given, or all of the one size, the last perhaps smaller; each of size 1 if there is none. */
    private static List<Value> split(Call call) {
        Value x = call.in(0);
        int axis =
                ShapeRules.axis(call.attributes().integer("axis", 0), x.shape().rank());
        if (!x.shape().at(axis).isFixed()) {
            throw new IllegalArgumentException("SplitToSequence of axis " + axis + " of " + x.shape()
                    + ", whose size is not fixed: export the network for fixed sizes");
        }
        long size = x.shape().size(axis);
        boolean scalar = !call.has(1) || call.in(1).shape().rank() == 0;
        long[] given = call.has(1) ? constant(call, 1, "split") : new long[] {1};
        long[] sizes = scalar ? pieces(size, given[0]) : given;
        List<Value> parts = sizes.length == 1 ? List.of(x) : call.ops().split(x, axis, sizes);
        boolean keeps = call.has(1) || call.attributes().integer("keepdims", 1) != 0;
        return keeps
                ? parts
                : parts.stream().map(part -> call.ops().squeeze(part, axis)).toList();
    }

    private static long[] pieces(long size, long piece) {
        if (piece <= 0 || size <= 0) {
            throw new IllegalArgumentException("an axis of " + size + " does not fall into parts of " + piece);
        }
        long[] sizes = new long[Math.toIntExact((size + piece - 1) / piece)];
        Arrays.fill(sizes, piece);
        sizes[sizes.length - 1] = size - (sizes.length - 1) * piece;
        return sizes;
    }

    private static Value joined(Call call, List<Value> parts) {
        if (parts.isEmpty()) {
            throw new IllegalArgumentException("ConcatFromSequence of an empty list");
        }
        boolean newAxis = call.attributes().integer("new_axis", 0) != 0;
        long axis = call.attributes().integer("axis", 0);
        int rank = parts.get(0).shape().rank() + (newAxis ? 1 : 0);
        return joined(call.ops(), parts, ShapeRules.axis(axis, rank), newAxis);
    }

    /** The parts along an axis, or each as one element of a new axis. */
    static Value joined(Ops ops, List<Value> parts, int axis, boolean newAxis) {
        List<Value> joined =
                newAxis ? parts.stream().map(part -> ops.unsqueeze(part, axis)).toList() : parts;
        return joined.size() == 1 ? joined.get(0) : ops.concat(axis, joined.toArray(new Value[0]));
    }
}
