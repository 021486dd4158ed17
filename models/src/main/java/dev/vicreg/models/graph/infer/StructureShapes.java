package dev.vicreg.models.graph.infer;

import static dev.vicreg.models.graph.infer.ShapeRules.axis;
import static dev.vicreg.models.graph.infer.ShapeRules.many;
import static dev.vicreg.models.graph.infer.ShapeRules.one;

import dev.vicreg.models.graph.Attributes;
import dev.vicreg.models.graph.Dim;
import dev.vicreg.models.graph.ElementType;
import dev.vicreg.models.graph.KnownElement;
import dev.vicreg.models.graph.OpType;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.TensorType;
import dev.vicreg.models.graph.infer.ShapeRules.Call;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/**
 * Shape rules of operators that move elements: shapes, slices, gathers, scatters, pads, resizes. Those that only lay the
 * same elements out otherwise are in {@link LayoutShapes}. Semantics are those of opset 21. Where a symbolic size or an
 * operand that is computed from data leaves a size open, it is {@link Dim#unknown}; where even the number of axes is
 * open, the rule throws.
 */
final class StructureShapes {
    /** Ends of slices from here on mean "to the end"; exporters write the largest 32- or 64-bit number. */
    private static final long FAR = Integer.MAX_VALUE;

    private StructureShapes() {}

    static void register() {
        one(OpType.CONCAT, StructureShapes::concat);
        one(OpType.CONSTANT, call -> constant(call.attributes()).type());
        one(OpType.CONSTANT_OF_SHAPE, StructureShapes::constantOfShape);
        one(OpType.DEPTH_TO_SPACE, LayoutShapes::depthToSpace);
        one(OpType.EXPAND, LayoutShapes::expand);
        one(OpType.EYE_LIKE, StructureShapes::eyeLike);
        one(OpType.FLATTEN, LayoutShapes::flatten);
        one(OpType.GATHER, StructureShapes::gather);
        one(OpType.GATHER_ELEMENTS, call -> {
            sameRank(call, 0, 1);
            return call.shaped(call.shape(1));
        });
        one(OpType.GATHER_ND, StructureShapes::gatherNd);
        one(
                OpType.NON_ZERO,
                call -> new TensorType(
                        ElementType.INT64,
                        new Shape(List.of(Dim.of(call.shape(0).rank()), Dim.unknown()))));
        one(OpType.ONE_HOT, StructureShapes::oneHot);
        one(OpType.PAD, StructureShapes::pad);
        one(OpType.RANGE, StructureShapes::range);
        one(OpType.RESHAPE, LayoutShapes::reshape);
        one(OpType.RESIZE, StructureShapes::resize);
        one(OpType.SCATTER_ELEMENTS, StructureShapes::scatterElements);
        one(OpType.SCATTER_ND, StructureShapes::scatterNd);
        one(OpType.SHAPE, StructureShapes::shape);
        one(OpType.SIZE, call -> new TensorType(ElementType.INT64, Shape.SCALAR));
        one(OpType.SLICE, StructureShapes::slice);
        one(OpType.SPACE_TO_DEPTH, LayoutShapes::spaceToDepth);
        many(OpType.SPLIT, StructureShapes::split);
        one(OpType.SQUEEZE, LayoutShapes::squeeze);
        one(OpType.TILE, LayoutShapes::tile);
        one(OpType.TRANSPOSE, LayoutShapes::transpose);
        one(OpType.TRILU, StructureShapes::trilu);
        one(OpType.UNSQUEEZE, LayoutShapes::unsqueeze);
    }

    private static TensorType concat(Call call) {
        Shape shape = call.shape(0);
        int axis = axis(call.attributes().integer("axis", 0), shape.rank());
        List<Dim> parts = new ArrayList<>();
        for (int i = 0; i < call.inputs().size(); i++) {
            sameElement(call, 0, i);
            sameRank(call, 0, i);
            parts.add(call.shape(i).at(axis));
            shape = merge(
                    shape.with(axis, Dim.of(0)),
                    call.shape(i).with(axis, Dim.of(0)),
                    "shapes differ outside axis " + axis);
        }
        List<Dim> filled =
                parts.stream().filter(part -> !part.equals(Dim.of(0))).toList();
        boolean fixed = filled.stream().allMatch(Dim::isFixed);
        Dim sum = fixed
                ? Dim.of(filled.stream().mapToLong(Dim::size).sum())
                : filled.size() == 1 ? filled.get(0) : Dim.unknown();
        return call.shaped(shape.with(axis, sum));
    }

    /** The shape of two tensors that must have the same: what is known of either. */
    private static Shape merge(Shape a, Shape b, String otherwise) {
        List<Dim> dims = new ArrayList<>();
        for (int i = 0; i < a.rank(); i++) {
            if (a.at(i).isFixed() && b.at(i).isFixed() && !a.at(i).equals(b.at(i))) {
                throw new IllegalArgumentException(otherwise + ": " + a + " and " + b);
            }
            dims.add(a.at(i).isFixed() ? a.at(i) : b.at(i).isFixed() ? b.at(i) : a.at(i));
        }
        return new Shape(dims);
    }

    private static void sameElement(Call call, int a, int b) {
        if (call.element(a) != call.element(b)) {
            throw new IllegalArgumentException("element types differ: " + call.element(a) + " and " + call.element(b));
        }
    }

    private static void sameRank(Call call, int a, int b) {
        if (call.shape(a).rank() != call.shape(b).rank()) {
            throw new IllegalArgumentException(
                    "ranks differ: inputs " + a + " and " + b + " are " + call.shape(a) + " and " + call.shape(b));
        }
    }

    /** What a Constant node with these attributes gives. */
    static Tensor constant(Attributes attributes) {
        if (attributes.has("value_int")) {
            return Tensor.ofLong(attributes.integer("value_int", 0));
        }
        if (attributes.has("value_ints")) {
            return Tensor.ofLongs(attributes.integers("value_ints"));
        }
        if (attributes.has("value_float")) {
            return Tensor.scalar(attributes.real("value_float", 0));
        }
        if (attributes.has("value_floats")) {
            float[] values = attributes.reals("value_floats");
            return Tensor.of(Shape.of(values.length), values);
        }
        return attributes
                .tensor("value")
                .orElseThrow(() -> new IllegalArgumentException(
                        "expected one of value, value_int, value_ints, value_float, value_floats, found "
                                + attributes.names()));
    }

    private static TensorType constantOfShape(Call call) {
        ElementType element = call.attributes()
                .tensor("value")
                .map(value -> value.type().element())
                .orElse(ElementType.FLOAT);
        return new TensorType(
                element,
                new Shape(target(call, 0).stream().map(StructureShapes::size).toList()));
    }

    /** The elements of a shape or another row of numbers; unknown ones where only their count can be told. */
    static List<KnownElement> target(Call call, int index) {
        return call.in(index).elements().orElseGet(() -> {
            Shape shape = call.shape(index);
            if (!shape.isFixed()) {
                throw new IllegalArgumentException(
                        "the rank of the result cannot be told: input " + index + " is " + call.in(index));
            }
            return LongStream.range(0, shape.elements())
                    .mapToObj(i -> KnownElement.unknown())
                    .toList();
        });
    }

    static Dim size(KnownElement element) {
        if (element instanceof KnownElement.Whole whole && whole.value() < 0) {
            throw new IllegalArgumentException("a size is 0 or more, found " + whole.value());
        }
        return ShapeValues.dim(element);
    }

    private static TensorType eyeLike(Call call) {
        if (call.shape(0).rank() != 2) {
            throw new IllegalArgumentException("expected a matrix, found " + call.shape(0));
        }
        long code = call.attributes().integer("dtype", call.element(0).code());
        return new TensorType(ElementType.ofCode((int) code), call.shape(0));
    }

    private static TensorType gather(Call call) {
        Shape shape = call.shape(0);
        int axis = axis(call.attributes().integer("axis", 0), shape.rank());
        List<Dim> dims = new ArrayList<>(shape.dims());
        dims.remove(axis);
        dims.addAll(axis, call.shape(1).dims());
        Dim size = shape.at(axis);
        if (size.isFixed()) {
            ShapeValues.longs(call.in(1)).ifPresent(indices -> {
                for (long index : indices) {
                    if (index < -size.size() || index >= size.size()) {
                        throw new IllegalArgumentException(
                                "index " + index + " is outside axis " + axis + " of " + shape);
                    }
                }
            });
        }
        return call.shaped(new Shape(dims));
    }

    /** Data [b…,d1…dk,rest…] and indices [b…,q…,k] → [b…,q…,rest…]. */
    private static TensorType gatherNd(Call call) {
        int batch = (int) call.attributes().integer("batch_dims", 0);
        return call.shaped(addressed(call, batch));
    }

    private static Shape addressed(Call call, int batch) {
        Shape shape = call.shape(0);
        Shape indices = call.shape(1);
        if (indices.rank() <= batch || !indices.at(-1).isFixed() || batch + indices.size(-1) > shape.rank()) {
            throw new IllegalArgumentException("indices " + indices + " do not address " + shape);
        }
        List<Dim> dims = new ArrayList<>(indices.dims().subList(0, indices.rank() - 1));
        dims.addAll(shape.dims().subList(batch + (int) indices.size(-1), shape.rank()));
        return new Shape(dims);
    }

    private static TensorType oneHot(Call call) {
        Shape indices = call.shape(0);
        int axis = axis(call.attributes().integer("axis", -1), indices.rank() + 1);
        List<Dim> dims = new ArrayList<>(indices.dims());
        dims.add(axis, size(target(call, 1).get(0)));
        return new TensorType(call.element(2), new Shape(dims));
    }

    private static TensorType pad(Call call) {
        Shape shape = call.shape(0);
        List<KnownElement> pads = target(call, 1);
        List<Integer> axes = axes(call, 3, shape.rank());
        if (pads.size() != 2 * axes.size()) {
            throw new IllegalArgumentException(
                    pads.size() + " pads for " + axes.size() + " axes, expected two for each");
        }
        for (int i = 0; i < axes.size(); i++) {
            KnownElement sum =
                    KnownElement.arithmetic(OpType.ADD, pads.get(i), pads.get(i + axes.size()), ElementType.INT64);
            KnownElement size =
                    KnownElement.arithmetic(OpType.ADD, KnownElement.of(shape.at(axes.get(i))), sum, ElementType.INT64);
            shape = shape.with(axes.get(i), size(size));
        }
        return call.shaped(shape);
    }

    /** The axes that an optional input lists; all where it is left out. */
    static List<Integer> axes(Call call, int index, int rank) {
        return call.has(index)
                ? LongStream.of(call.constantLongs(index))
                        .mapToObj(each -> axis(each, rank))
                        .toList()
                : IntStream.range(0, rank).boxed().toList();
    }

    private static TensorType range(Call call) {
        List<KnownElement> operands =
                IntStream.range(0, 3).mapToObj(i -> target(call, i).get(0)).toList();
        KnownElement span = KnownElement.arithmetic(OpType.SUB, operands.get(1), operands.get(0), call.element(0));
        Optional<Double> step = operands.get(2).known();
        if (step.filter(by -> by == 0).isPresent()) {
            throw new IllegalArgumentException("a step is not 0");
        }
        if (span.known().isPresent() && step.isPresent()) {
            double count = Math.ceil(span.known().get() / step.get());
            return call.shaped(Shape.of((long) Math.max(0, count)));
        }
        boolean counts = span instanceof KnownElement.Symbol symbol
                && symbol.isSize()
                && step.filter(by -> by == 1).isPresent();
        return call.shaped(new Shape(List.of(counts ? ShapeValues.dim(span) : Dim.unknown())));
    }

    private static TensorType resize(Call call) {
        Shape shape = call.shape(0);
        String policy = call.attributes().string("keep_aspect_ratio_policy", "stretch");
        if (!policy.equals("stretch")) {
            throw new IllegalArgumentException(
                    "keep_aspect_ratio_policy " + policy + " is not supported, only stretch");
        }
        boolean scaled = call.has(2) && !call.shape(2).equals(Shape.of(0));
        List<KnownElement> operand = target(call, scaled ? 2 : 3);
        long[] axes = call.attributes()
                .integers("axes", LongStream.range(0, shape.rank()).toArray());
        if (operand.size() != axes.length) {
            throw new IllegalArgumentException(
                    operand.size() + (scaled ? " scales" : " sizes") + " for " + axes.length + " axes");
        }
        for (int i = 0; i < axes.length; i++) {
            int axis = axis(axes[i], shape.rank());
            shape = shape.with(
                    axis, scaled ? scaled(shape.at(axis), operand.get(i).known()) : size(operand.get(i)));
        }
        return call.shaped(shape);
    }

    /** floor(size · scale), in single precision as the runtime does. */
    private static Dim scaled(Dim dim, Optional<Double> scale) {
        if (scale.isEmpty()) {
            return Dim.unknown();
        }
        if (dim.isFixed()) {
            return Dim.of((long) (scale.get().floatValue() * dim.size()));
        }
        return scale.get() == Math.rint(scale.get()) ? dim.times(scale.get().longValue()) : Dim.unknown();
    }

    private static TensorType scatterElements(Call call) {
        sameElement(call, 0, 2);
        sameRank(call, 0, 1);
        sameRank(call, 1, 2);
        axis(call.attributes().integer("axis", 0), call.shape(0).rank());
        merge(call.shape(1), call.shape(2), "indices and updates differ");
        return call.like(0);
    }

    private static TensorType scatterNd(Call call) {
        sameElement(call, 0, 2);
        Shape expected = addressed(call, 0);
        if (expected.rank() != call.shape(2).rank()) {
            throw new IllegalArgumentException("expected updates " + expected + ", found " + call.shape(2));
        }
        merge(expected, call.shape(2), "updates differ from what the indices address");
        return call.like(0);
    }

    private static TensorType shape(Call call) {
        int rank = call.shape(0).rank();
        int start = bound(call.attributes().integer("start", 0), rank);
        int end = bound(call.attributes().integer("end", rank), rank);
        return new TensorType(ElementType.INT64, Shape.of(Math.max(0, end - start)));
    }

    /** A place in a row of that size, from the back if negative, moved to the nearest end if outside. */
    static int bound(long place, int size) {
        return (int) Math.max(0, Math.min(place < 0 ? place + size : place, size));
    }

    private static long[] first(long count) {
        return LongStream.range(0, count).toArray();
    }

    private static TensorType slice(Call call) {
        Shape shape = call.shape(0);
        List<KnownElement> starts = target(call, 1);
        List<KnownElement> ends = target(call, 2);
        int count = starts.size();
        if (ends.size() != count
                || (call.has(3) && call.shape(3).elements() != count)
                || (call.has(4) && call.shape(4).elements() != count)) {
            throw new IllegalArgumentException("starts, ends, axes and steps are not of one length");
        }
        long[] axes = call.has(3) ? call.constantLongs(3) : first(count);
        List<KnownElement> steps =
                call.has(4) ? target(call, 4) : Collections.nCopies(count, new KnownElement.Whole(1));
        for (int i = 0; i < count; i++) {
            int axis = axis(axes[i], shape.rank());
            shape = shape.with(axis, cut(axis, shape.at(axis), starts.get(i), ends.get(i), steps.get(i)));
        }
        return call.shaped(shape);
    }

    private static Dim cut(int axis, Dim dim, KnownElement start, KnownElement end, KnownElement step) {
        if (!(step instanceof KnownElement.Whole by)) {
            return Dim.unknown();
        }
        if (dim.isFixed() && start instanceof KnownElement.Whole from && end instanceof KnownElement.Whole to) {
            return Dim.of(SliceRange.of(axis, dim.size(), from.value(), to.value(), by.value())
                    .count());
        }
        boolean fromStart = start.equals(new KnownElement.Whole(0));
        boolean toEnd = end instanceof KnownElement.Whole to
                ? to.value() >= FAR
                : KnownElement.of(dim).equals(end);
        boolean fromEnd = start instanceof KnownElement.Whole from && (from.value() == -1 || from.value() >= FAR);
        boolean toStart = end instanceof KnownElement.Whole to && to.value() <= -FAR;
        boolean whole = (by.value() == 1 && fromStart && toEnd) || (by.value() == -1 && fromEnd && toStart);
        return whole ? dim : Dim.unknown();
    }

    /** One type per part: the given sizes, or {@code num_outputs} parts of which the last may be smaller. */
    static List<TensorType> split(Call call) {
        Shape shape = call.shape(0);
        int axis = axis(call.attributes().integer("axis", 0), shape.rank());
        Dim dim = shape.at(axis);
        List<Dim> sizes = new ArrayList<>();
        if (call.has(1)) {
            target(call, 1).forEach(size -> sizes.add(size(size)));
            if (dim.isFixed()
                    && sizes.stream().allMatch(Dim::isFixed)
                    && sizes.stream().mapToLong(Dim::size).sum() != dim.size()) {
                throw new IllegalArgumentException("parts of " + sizes + " do not add up to " + dim);
            }
        } else {
            long parts = call.attributes().integer("num_outputs", 0);
            if (parts < 1) {
                throw new IllegalArgumentException("expected sizes or num_outputs, found neither");
            }
            long size = dim.isFixed() ? (dim.size() + parts - 1) / parts : 0;
            for (long i = 0; i < parts; i++) {
                Dim even = dim.over(Dim.of(parts)).orElseGet(Dim::unknown);
                sizes.add(dim.isFixed() ? Dim.of(Math.max(0, Math.min(size, dim.size() - i * size))) : even);
            }
        }
        return sizes.stream().map(size -> call.shaped(shape.with(axis, size))).toList();
    }

    private static TensorType trilu(Call call) {
        if (call.shape(0).rank() < 2) {
            throw new IllegalArgumentException("expected matrices, found " + call.shape(0));
        }
        return call.like(0);
    }
}
