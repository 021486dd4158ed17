package dev.vicreg.models.onnx;

import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.graph.infer.ShapeRules;
import dev.vicreg.models.onnx.OpsetUpgrade.Call;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Weights that a file stores as integers with their scales: the float32 tensor that they stand for. */
final class QuantisedWeights {
    private QuantisedWeights() {}

    /**
     * DequantizeLinear of a constant: (x - zero point)·scale, with one scale for all, one for each element of an axis, or
     * one for each block along it. Source: ONNX's Operators.md.
     */
    static List<Value> dequantised(Call call) {
        Tensor x = constant(call, 0);
        float[] scales = constant(call, 1).floats();
        Tensor zero = call.has(2) ? constant(call, 2) : null;
        Shape scaleShape = call.in(1).shape();
        int[] places = places(call, x.shape(), scaleShape);
        float[] values = new float[places.length];
        for (int i = 0; i < values.length; i++) {
            long offset = zero == null ? 0 : integer(zero, places[i]);
            values[i] = (integer(x, i) - offset) * scales[places[i]];
        }
        return List.of(Value.constant(null, Tensor.of(x.shape(), values)));
    }

    private static Tensor constant(Call call, int input) {
        @Nullable Tensor constant = call.in(input).constant();
        if (constant == null) {
            throw unsupported(call);
        }
        return constant;
    }

    /** A graph that is read computes with real numbers, though exported files may hold integers. */
    static IllegalArgumentException unsupported(Call call) {
        return new IllegalArgumentException(call.operator() + " of what the graph computes is not supported: "
                + UnsupportedOperators.remedy(call.domain(), call.operator()));
    }

    /** For each element of a tensor, the place of its scale. */
    private static int[] places(Call call, Shape shape, Shape scales) {
        int[] places = new int[Math.toIntExact(shape.elements())];
        if (scales.elements() == 1) {
            return places;
        }
        int axis = ShapeRules.axis(call.attributes().integer("axis", 1), shape.rank());
        long block = Math.max(1, call.attributes().integer("block_size", 1));
        long[] sizes = shape.toArray();
        long along = (sizes[axis] + block - 1) / block;
        boolean blocked = scales.rank() > 1;
        long[] expected = blocked ? sizes.clone() : new long[] {along};
        if (blocked) {
            expected[axis] = along;
        }
        if (!Arrays.equals(expected, scales.toArray())) {
            throw new IllegalArgumentException("scales " + scales + " do not fit axis " + axis + " of " + shape);
        }
        long inner = Arrays.stream(sizes).skip(axis + 1L).reduce(1, Math::multiplyExact);
        for (int i = 0; i < places.length; i++) {
            long place = i / inner % sizes[axis] / block;
            places[i] = (int) (blocked ? (i / inner / sizes[axis] * along + place) * inner + i % inner : place);
        }
        return places;
    }

    private static long integer(Tensor tensor, int place) {
        ByteBuffer data = tensor.buffer();
        return switch (tensor.type().element()) {
            case INT8 -> data.get(place);
            case UINT8 -> Byte.toUnsignedInt(data.get(place));
            case INT32 -> data.getInt(4 * place);
            default ->
                throw new IllegalArgumentException("DequantizeLinear of " + tensor + ": expected int8, uint8 or int32");
        };
    }
}
