package dev.vicreg.training.autodiff;

import static dev.vicreg.training.autodiff.GradientRules.constantLongs;
import static dev.vicreg.training.autodiff.GradientRules.first;
import static dev.vicreg.training.autodiff.GradientRules.listOf;
import static dev.vicreg.training.autodiff.GradientRules.many;
import static dev.vicreg.training.autodiff.GradientRules.reshapeLike;
import static dev.vicreg.training.autodiff.GradientRules.unary;
import static dev.vicreg.training.autodiff.GradientRules.without;

import dev.vicreg.models.graph.Attributes;
import dev.vicreg.models.graph.Dim;
import dev.vicreg.models.graph.Node;
import dev.vicreg.models.graph.OpType;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.graph.infer.ShapeValues;
import dev.vicreg.models.graph.infer.SliceRange;
import dev.vicreg.models.ops.Ops;
import dev.vicreg.models.setting.SettingException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * Gradients of operators that move elements: each element's gradient goes back to where the element came from, and what
 * was read more than once adds up.
 *
 * <p>Places that may repeat are added up by ScatterElements, whose CPU kernel works through them in order. The faster
 * kernels won't do: ScatterND adds from several threads at once and loses part of a sum, and GatherGrad locks for every
 * element and adds in another order in every run: docs/measured.md, Kernels.
 */
final class StructureGradients {
    private StructureGradients() {}

    static void register() {
        first(OpType.CONCAT, StructureGradients::concat);
        first(OpType.DEPTH_TO_SPACE, StructureGradients::depthToSpace);
        first(OpType.EXPAND, (ops, node, g) -> listOf(g, null)); // a broadcast: Backward sums it back
        unary(OpType.FLATTEN, (ops, g, x, y) -> reshapeLike(ops, g, x));
        first(OpType.GATHER, StructureGradients::gather);
        first(OpType.GATHER_ELEMENTS, StructureGradients::gatherElements);
        first(OpType.GATHER_ND, StructureGradients::gatherNd);
        first(OpType.ONE_HOT, StructureGradients::oneHot);
        first(OpType.PAD, PadGradient::rule);
        first(OpType.RESHAPE, (ops, node, g) -> listOf(reshapeLike(ops, g, node.input(0)), null));
        first(OpType.RESIZE, ResizeGradient::rule);
        first(OpType.SCATTER_ELEMENTS, StructureGradients::scatter);
        first(OpType.SCATTER_ND, StructureGradients::scatter);
        first(OpType.SLICE, StructureGradients::slice);
        first(OpType.SPACE_TO_DEPTH, StructureGradients::spaceToDepth);
        many(OpType.SPLIT, StructureGradients::split);
        first(OpType.SQUEEZE, (ops, node, g) -> listOf(reshapeLike(ops, g, node.input(0))));
        first(OpType.TILE, StructureGradients::tile);
        first(OpType.TRANSPOSE, StructureGradients::transpose);
        first(OpType.TRILU, StructureGradients::trilu);
        first(OpType.UNSQUEEZE, (ops, node, g) -> listOf(reshapeLike(ops, g, node.input(0))));

        without(OpType.CONSTANT, "it has no inputs");
        without(OpType.CONSTANT_OF_SHAPE, "its only input is a shape");
        without(OpType.EYE_LIKE, "it reads only the shape of its input");
        without(OpType.NON_ZERO, "indices have no gradient");
        without(OpType.RANGE, "it counts; its bounds are not trained");
        without(OpType.SHAPE, "it reads only the shape of its input");
        without(OpType.SIZE, "it reads only the shape of its input");
    }

    private static int axis(Node node, long otherwise) {
        long written = node.attributes().integer("axis", otherwise);
        return (int) (written < 0 ? written + node.input(0).shape().rank() : written);
    }

    /** Each part gets the stretch of the gradient that lies where it went. */
    private static List<@Nullable Value> concat(Ops ops, Node node, Value g) {
        int axis = axis(node, 0);
        List<@Nullable Value> gradients = new ArrayList<>();
        long start = 0;
        for (int i = 0; i < node.inputs().size(); i++) {
            long end = start + node.input(i).shape().size(axis);
            gradients.add(ops.slice(g, axis, start, end, 1));
            start = end;
        }
        return gradients;
    }

    /** The parts in a row again, zeros for those that the loss does not depend on. */
    private static List<@Nullable Value> split(Ops ops, Node node, List<@Nullable Value> upstream) {
        Value[] parts = new Value[upstream.size()];
        for (int i = 0; i < parts.length; i++) {
            Value g = upstream.get(i);
            parts[i] = g != null ? g : ops.zeros(node.output(i).shape());
        }
        return listOf(ops.concat(axis(node, 0), parts));
    }

    private static List<@Nullable Value> transpose(Ops ops, Node node, Value g) {
        int rank = g.shape().rank();
        long[] reversed = LongStream.range(0, rank).map(i -> rank - 1 - i).toArray();
        long[] permutation = node.attributes().integers("perm", reversed);
        long[] inverse = new long[rank];
        for (int i = 0; i < rank; i++) {
            inverse[(int) permutation[i]] = i;
        }
        return listOf(ops.transpose(g, inverse));
    }

    /** The same triangle of the gradient. */
    private static List<@Nullable Value> trilu(Ops ops, Node node, Value g) {
        List<@Nullable Value> inputs = node.hasInput(1) ? listOf(g, node.input(1)) : listOf(g);
        return listOf(ops.node(OpType.TRILU, inputs, node.attributes()).output(0));
    }

    /** [r₀·d₀,r₁·d₁,…] → [r₀,d₀,r₁,d₁,…] → [d₀,d₁,…]: the copies add up. */
    private static List<@Nullable Value> tile(Ops ops, Node node, Value g) {
        Shape shape = node.input(0).shape();
        long[] repeats = constantLongs(node, 1);
        long[] apart = new long[2 * repeats.length];
        for (int i = 0; i < repeats.length; i++) {
            apart[2 * i] = repeats[i];
            apart[2 * i + 1] = shape.size(i);
        }
        long[] copies = LongStream.range(0, repeats.length).map(i -> 2 * i).toArray();
        return listOf(repeats.length == 0 ? g : ops.reduceSum(ops.reshape(g, apart), false, copies));
    }

    /** Depth first (DCR) is undone by SpaceToDepth; columns and rows first (CRD) by moving the block's axes back. */
    private static List<@Nullable Value> depthToSpace(Ops ops, Node node, Value g) {
        long block = node.attributes().integer("blocksize", 1);
        if (node.attributes().string("mode", "DCR").equals("DCR")) {
            Attributes attributes = Attributes.NONE.with("blocksize", block);
            return listOf(
                    ops.node(OpType.SPACE_TO_DEPTH, List.of(g), attributes).output(0));
        }
        long[] x = node.input(0).shape().toArray();
        // [N,C,H·b,W·b] → [N,C,H,b,W,b] → [N,C,b,b,H,W] → [N,C·b·b,H,W]
        Value apart = ops.reshape(g, x[0], x[1] / (block * block), x[2], block, x[3], block);
        return listOf(ops.reshape(ops.transpose(apart, 0, 1, 3, 5, 2, 4), x));
    }

    private static List<@Nullable Value> spaceToDepth(Ops ops, Node node, Value g) {
        Attributes attributes =
                Attributes.NONE.with("blocksize", node.attributes().integer("blocksize", 1));
        return listOf(ops.node(OpType.DEPTH_TO_SPACE, List.of(g), attributes).output(0));
    }

    /** Zeros where nothing was taken. */
    private static List<@Nullable Value> slice(Ops ops, Node node, Value g) {
        Shape shape = node.input(0).shape();
        List<SliceRange> cuts = SliceRange.of(node)
                .orElseThrow(() -> new SettingException("No gradient for " + node
                        + ": expected constant starts, ends, axes and steps, found " + node.inputs()));
        Value spread = g;
        for (SliceRange cut : cuts) {
            if (cut.count() == 0) {
                return listOf(ops.zeros(shape));
            }
            spread = spread(ops, spread, cut, shape.size(cut.axis()));
        }
        return listOf(spread);
    }

    /** [count] → [size]: elements at start, start + step, …, zeros elsewhere. */
    private static Value spread(Ops ops, Value g, SliceRange cut, long size) {
        int axis = cut.axis();
        if (cut.step() < 0) {
            long first = cut.start() + (cut.count() - 1) * cut.step();
            return spread(ops, ops.reverse(g, axis), new SliceRange(axis, first, -cut.step(), cut.count()), size);
        }
        Value spaced = g;
        if (cut.step() > 1) { // [count] → [count,1] → [count,step] → [count·step]
            Value apart = padAxis(ops, ops.unsqueeze(g, axis + 1), axis + 1, 0, cut.step() - 1);
            spaced = ops.reshape(
                    apart,
                    g.shape().with(axis, Dim.of(cut.count() * cut.step())).toArray());
        }
        long behind = size - cut.start() - spaced.shape().size(axis);
        return padAxis(ops, spaced, axis, cut.start(), behind);
    }

    /** x with zeros before and after it along an axis; negative numbers cut off. */
    static Value padAxis(Ops ops, Value x, int axis, long before, long after) {
        if (before == 0 && after == 0) {
            return x;
        }
        int rank = x.shape().rank();
        long[] pads = new long[2 * rank];
        pads[axis] = before;
        pads[axis + rank] = after;
        return ops.pad(x, pads);
    }

    /** Of the two values, off and on, each gets the gradients of the places where it stands. */
    private static List<@Nullable Value> oneHot(Ops ops, Node node, Value g) {
        Value numbers = ops.constant(Tensor.of(Shape.of(2), 0, 1));
        Value on = ops.node(OpType.ONE_HOT, List.of(node.input(0), node.input(1), numbers), node.attributes())
                .output(0);
        Value ofOn = ops.reduceSum(ops.mul(g, on), false);
        Value ofOff = ops.sub(ops.reduceSum(g, false), ofOn);
        return listOf(null, null, ops.concat(0, ops.reshape(ofOff, 1), ops.reshape(ofOn, 1)));
    }

    /** [a,n,b] and indices [i,j] → [a,i,j,b]: each index adds its gradient to the n-th place. */
    private static List<@Nullable Value> gather(Ops ops, Node node, Value g) {
        Shape shape = node.input(0).shape();
        Value indices = node.input(1);
        int axis = axis(node, 0);
        long count = indices.shape().elements();
        long[] taken = shape.with(axis, Dim.of(count)).toArray();
        Value rows = ops.reshape(g, taken); // [a,i·j,b]
        Optional<long[]> known = ShapeValues.longs(indices);
        if (known.isPresent() && count == 1) { // one slice, such as a class token
            long place = Math.floorMod(known.get()[0], shape.size(axis));
            return listOf(padAxis(ops, rows, axis, place, shape.size(axis) - place - 1), null);
        }
        long[] along = new long[shape.rank()];
        Arrays.fill(along, 1);
        along[axis] = count;
        Value places = ops.expand(ops.reshape(indices, along), Shape.of(taken));
        return listOf(ops.scatterAdd(ops.zeros(shape), places, rows, axis), null);
    }

    private static List<@Nullable Value> gatherElements(Ops ops, Node node, Value g) {
        return listOf(ops.scatterAdd(ops.zeros(node.input(0).shape()), node.input(1), g, axis(node, 0)), null);
    }

    /**
     * Data [b…,d₁…dₖ,rest…] seen as a matrix [rows,rest]: each index is a row's number, and each row gets its
     * gradients.
     */
    private static List<@Nullable Value> gatherNd(Ops ops, Node node, Value g) {
        long[] shape = node.input(0).shape().toArray();
        int batch = (int) node.attributes().integer("batch_dims", 0);
        Value indices = node.input(1);
        int addressed = batch + (int) indices.shape().size(-1);
        long width =
                Shape.of(Arrays.copyOfRange(shape, addressed, shape.length)).elements();
        long height = Shape.of(Arrays.copyOf(shape, addressed)).elements();
        Value row = rows(ops, indices, Arrays.copyOf(shape, addressed), batch);
        long count = row.shape().elements();
        Value places = ops.expand(ops.reshape(row, count, 1), Shape.of(count, width));
        Value scattered = ops.scatterAdd(ops.zeros(Shape.of(height, width)), places, ops.reshape(g, count, width));
        return listOf(ops.reshape(scattered, shape), null);
    }

    /** Indices [b…,q…,k] into [b…,d₁…dₖ] as numbers of rows [b…,q…]; negative ones count from the back. */
    private static Value rows(Ops ops, Value indices, long[] sizes, int batch) {
        long[] steps = new long[sizes.length];
        long step = 1;
        for (int i = sizes.length - 1; i >= 0; i--) {
            steps[i] = step;
            step *= sizes[i];
        }
        Value size = ops.longs(Arrays.copyOfRange(sizes, batch, sizes.length));
        Value fromFront = ops.where(ops.greater(ops.longs(0), indices), ops.add(indices, size), indices);
        Value inBatch = ops.mul(fromFront, ops.longs(Arrays.copyOfRange(steps, batch, sizes.length)));
        Value row = ops.reduceSum(inBatch, false, indices.shape().rank() - 1);
        for (int axis = 0; axis < batch; axis++) {
            long[] along = new long[row.shape().rank()];
            Arrays.fill(along, 1);
            along[axis] = sizes[axis];
            long[] offsets = new long[(int) sizes[axis]];
            for (int i = 0; i < offsets.length; i++) {
                offsets[i] = i * steps[axis];
            }
            row = ops.add(row, ops.reshape(ops.longs(offsets), along));
        }
        return row;
    }

    /**
     * y = data with updates put (none) or added (add) at some places. The updates get the gradients of their places;
     * data keeps its own, but not where it was overwritten. As ONNX has it, places don't repeat where they are
     * overwritten.
     */
    private static List<@Nullable Value> scatter(Ops ops, Node node, Value g) {
        String reduction = node.attributes().string("reduction", "none");
        if (!reduction.equals("none") && !reduction.equals("add")) {
            throw new SettingException(
                    "No gradient for " + node + " with reduction " + reduction + ": expected none or add");
        }
        Value indices = node.input(1);
        boolean elements = node.op() == OpType.SCATTER_ELEMENTS;
        Attributes along = elements ? Attributes.NONE.with("axis", (long) axis(node, 0)) : Attributes.NONE;
        OpType gather = elements ? OpType.GATHER_ELEMENTS : OpType.GATHER_ND;
        Value updates = ops.node(gather, List.of(g, indices), along).output(0);
        Value data = g;
        if (reduction.equals("none")) {
            Value zeros = ops.zeros(node.input(2).shape());
            data = ops.node(node.op(), List.of(g, indices, zeros), along).output(0);
        }
        return listOf(data, null, updates);
    }
}
