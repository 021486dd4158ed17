package dev.vicreg.models.graph.infer;

import dev.vicreg.models.graph.Node;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.infer.ShapeRules.Call;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.LongStream;

/**
 * What a Slice takes along one axis: the elements {@code start}, {@code start + step}, … of which there are
 * {@code count}. All are inside the axis.
 *
 * @param axis from 0
 * @param start the first element taken
 * @param step not 0; negative where the slice runs backwards
 * @param count 0 or more
 */
public record SliceRange(int axis, long start, long step, long count) {
    /** The cuts of a Slice node, if its operands and the shape of its input are known. */
    public static Optional<List<SliceRange>> of(Node node) {
        return of(new Call(node.inputs(), node.attributes()));
    }

    static Optional<List<SliceRange>> of(Call call) {
        Shape shape = call.shape(0);
        Optional<long[]> starts = ShapeValues.longs(call.in(1));
        Optional<long[]> ends = ShapeValues.longs(call.in(2));
        if (starts.isEmpty() || ends.isEmpty() || !shape.isFixed()) {
            return Optional.empty();
        }
        int count = starts.get().length;
        Optional<long[]> axes = call.has(3)
                ? ShapeValues.longs(call.in(3))
                : Optional.of(LongStream.range(0, count).toArray());
        Optional<long[]> steps = call.has(4) ? ShapeValues.longs(call.in(4)) : Optional.of(ShapeRules.ones(count));
        if (axes.isEmpty() || steps.isEmpty()) {
            return Optional.empty();
        }
        List<SliceRange> cuts = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            int axis = ShapeRules.axis(axes.get()[i], shape.rank());
            cuts.add(of(axis, shape.size(axis), starts.get()[i], ends.get()[i], steps.get()[i]));
        }
        return Optional.of(cuts);
    }

    /** Places from the back where negative, moved to the nearest end where outside, as ONNX's Slice has it. */
    static SliceRange of(int axis, long size, long start, long end, long step) {
        if (step == 0) {
            throw new IllegalArgumentException("a step is not 0");
        }
        long high = step > 0 ? size : size - 1;
        long first = Math.max(0, Math.min(start < 0 ? start + size : start, high));
        long last = Math.max(step > 0 ? 0 : -1, Math.min(end < 0 ? end + size : end, high));
        long span = step > 0 ? last - first : first - last;
        long count = size == 0 || span <= 0 ? 0 : (span - 1) / Math.abs(step) + 1;
        return new SliceRange(axis, first, step, count);
    }
}
