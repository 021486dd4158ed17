package dev.vicreg.models.graph.infer;

import dev.vicreg.models.graph.Dim;
import dev.vicreg.models.graph.ElementType;
import dev.vicreg.models.graph.KnownElement;
import dev.vicreg.models.graph.OpType;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.TensorType;
import dev.vicreg.models.graph.infer.ShapeRules.Call;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.function.BinaryOperator;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/**
 * The elements of an operator's outputs where they follow from shapes and constants: a table for the operators that
 * exporters write into shape computations, then the rules by name.
 */
final class ElementRules {

    private interface Rule {
        /** Elements of output {@code output}, which is of {@code type}: at most {@link KnownElement#LIMIT}, of fixed shape. */
        Optional<List<KnownElement>> apply(Call call, TensorType type, int output);
    }

    private static final Map<OpType, Rule> RULES = new EnumMap<>(OpType.class);

    static {
        RULES.put(OpType.SHAPE, ElementRules::shape);
        RULES.put(
                OpType.SIZE,
                (call, type, output) -> Optional.of(
                        List.of(KnownElement.of(call.shape(0).dims().stream().reduce(Dim.of(1), Dim::times)))));
        RULES.put(
                OpType.CONSTANT, (call, type, output) -> KnownElement.of(StructureShapes.constant(call.attributes())));
        RULES.put(OpType.CONSTANT_OF_SHAPE, ElementRules::filled);
        RULES.put(OpType.RANGE, ElementRules::range);
        for (OpType op : List.of(OpType.IDENTITY, OpType.UNSQUEEZE, OpType.SQUEEZE, OpType.RESHAPE, OpType.FLATTEN)) {
            RULES.put(op, (call, type, output) -> call.in(0).elements());
        }
        RULES.put(OpType.GATHER, ElementRules::gather);
        RULES.put(OpType.SLICE, ElementRules::slice);
        RULES.put(OpType.SPLIT, ElementRules::split);
        RULES.put(OpType.CONCAT, ElementRules::concat);
        RULES.put(OpType.TRANSPOSE, ElementRules::transpose);
        RULES.put(OpType.EXPAND, (call, type, output) -> broadcast(call, 0, type.shape()));
        RULES.put(OpType.TILE, (call, type, output) -> pick(call, type.shape(), at -> wrapped(at, call.shape(0))));
        RULES.put(OpType.SCATTER_ND, ElementRules::scatterNd);

        each(OpType.CAST, (element, type) -> element.cast(type));
        each(OpType.FLOOR, (element, type) -> element.rounded(Math::floor));
        each(OpType.CEIL, (element, type) -> element.rounded(Math::ceil));
        each(OpType.ROUND, (element, type) -> element.rounded(Math::rint));
        each(
                OpType.NEG,
                (element, type) -> KnownElement.arithmetic(OpType.SUB, KnownElement.of(0, type), element, type));
        each(
                OpType.SQRT,
                (element, type) -> KnownElement.arithmetic(OpType.POW, element, new KnownElement.Real(0.5), type));
        each(OpType.NOT, (element, type) -> truth(element.known().map(holds -> holds == 0)));
        for (OpType op : List.of(OpType.ADD, OpType.SUB, OpType.MUL, OpType.DIV, OpType.POW, OpType.MIN, OpType.MAX)) {
            RULES.put(
                    op,
                    (call, type, output) ->
                            fold(call, type.shape(), (a, b) -> KnownElement.arithmetic(op, a, b, type.element())));
        }
        RULES.put(
                OpType.MOD,
                (call, type, output) -> call.attributes().integer("fmod", 0) != 0
                        ? Optional.empty() // the sign of a remainder is another there
                        : fold(
                                call,
                                type.shape(),
                                (a, b) -> KnownElement.arithmetic(OpType.MOD, a, b, type.element())));
        compare(OpType.EQUAL, order -> order == 0);
        compare(OpType.GREATER, order -> order > 0);
        compare(OpType.GREATER_OR_EQUAL, order -> order >= 0);
        compare(OpType.LESS, order -> order < 0);
        compare(OpType.LESS_OR_EQUAL, order -> order <= 0);
        RULES.put(OpType.AND, (call, type, output) -> fold(call, type.shape(), ElementRules::and));
        RULES.put(OpType.OR, (call, type, output) -> fold(call, type.shape(), ElementRules::or));
        RULES.put(OpType.WHERE, ElementRules::where);
        reduce(OpType.REDUCE_PROD, OpType.MUL);
        reduce(OpType.REDUCE_SUM, OpType.ADD);
        reduce(OpType.REDUCE_MAX, OpType.MAX);
        reduce(OpType.REDUCE_MIN, OpType.MIN);
    }

    private ElementRules() {}

    /** The elements of output {@code output} of an operator, if something can be told of them. */
    static Optional<List<KnownElement>> infer(OpType op, Call call, TensorType type, int output) {
        Rule rule = RULES.get(op);
        boolean small = type.shape().isFixed() && type.shape().elements() <= KnownElement.LIMIT;
        return rule == null || !small ? Optional.empty() : rule.apply(call, type, output);
    }

    private static void each(OpType op, BiFunction<KnownElement, ElementType, KnownElement> rule) {
        RULES.put(
                op,
                (call, type, output) -> call.in(0)
                        .elements()
                        .map(from -> from.stream()
                                .map(element -> rule.apply(element, type.element()))
                                .toList()));
    }

    private static void compare(OpType op, Function<Integer, Boolean> rule) {
        RULES.put(
                op,
                (call, type, output) -> fold(
                        call,
                        type.shape(),
                        (a, b) -> truth(KnownElement.compare(a, b).map(rule))));
    }

    /** Reductions of all elements to one. */
    private static void reduce(OpType op, OpType pair) {
        RULES.put(
                op,
                (call, type, output) -> type.shape().elements() != 1
                        ? Optional.empty()
                        : call.in(0)
                                .elements()
                                .flatMap(from -> op == OpType.REDUCE_PROD
                                        ? Optional.of(List.of(from.stream()
                                                .reduce(
                                                        KnownElement.of(1, type.element()),
                                                        (a, b) -> KnownElement.arithmetic(pair, a, b, type.element()))))
                                        : from.stream()
                                                .reduce((a, b) -> KnownElement.arithmetic(pair, a, b, type.element()))
                                                .map(List::of)));
    }

    private static KnownElement truth(Optional<Boolean> value) {
        return value.map(holds -> (KnownElement) new KnownElement.Whole(holds ? 1 : 0))
                .orElseGet(KnownElement::unknown);
    }

    private static KnownElement and(KnownElement a, KnownElement b) {
        return KnownElement.choose(
                a, b, a.known().isPresent() ? a : b.equals(new KnownElement.Whole(0)) ? b : KnownElement.unknown());
    }

    private static KnownElement or(KnownElement a, KnownElement b) {
        return KnownElement.choose(a, a, b);
    }

    private static Optional<List<KnownElement>> shape(Call call, TensorType type, int output) {
        List<Dim> dims = call.shape(0).dims();
        int start = StructureShapes.bound(call.attributes().integer("start", 0), dims.size());
        return Optional.of(dims.subList(start, start + (int) type.shape().elements()).stream()
                .map(KnownElement::of)
                .toList());
    }

    private static Optional<List<KnownElement>> filled(Call call, TensorType type, int output) {
        Optional<List<KnownElement>> element = call.attributes()
                .tensor("value")
                .flatMap(KnownElement::of)
                .or(() -> Optional.of(List.of(KnownElement.of(0, type.element()))));
        return element.map(one -> Collections.nCopies((int) type.shape().elements(), one.get(0)));
    }

    /** Integers alone: sums of reals depend on how the device adds them up. */
    private static Optional<List<KnownElement>> range(Call call, TensorType type, int output) {
        Optional<long[]> start = ShapeValues.longs(call.in(0));
        Optional<long[]> step = ShapeValues.longs(call.in(2));
        return start.flatMap(first ->
                step.map(by -> LongStream.range(0, type.shape().elements())
                        .mapToObj(i -> (KnownElement) new KnownElement.Whole(first[0] + i * by[0]))
                        .toList()));
    }

    /** Elements of input 0 in the places that {@code source} gives for the places of the output. */
    private static Optional<List<KnownElement>> pick(Call call, Shape to, UnaryOperator<long[]> source) {
        return call.in(0).elements().map(from -> pick(from, call.shape(0), to, source));
    }

    private static List<KnownElement> pick(
            List<KnownElement> from, Shape shape, Shape to, UnaryOperator<long[]> source) {
        List<KnownElement> picked = new ArrayList<>();
        long[] at = new long[to.rank()];
        long count = to.elements();
        for (long i = 0; i < count; i++) {
            long[] place = source.apply(at.clone());
            long flat = 0;
            for (int axis = 0; axis < shape.rank(); axis++) {
                flat = flat * shape.size(axis) + place[axis];
            }
            picked.add(from.get((int) flat));
            for (int axis = at.length - 1; axis >= 0 && ++at[axis] == to.size(axis); axis--) {
                at[axis] = 0;
            }
        }
        return picked;
    }

    private static Optional<List<KnownElement>> broadcast(Call call, int index, Shape to) {
        Shape shape = call.shape(index);
        return call.in(index)
                .elements()
                .map(from -> pick(
                        from,
                        shape,
                        to,
                        at -> wrapped(Arrays.copyOfRange(at, at.length - shape.rank(), at.length), shape)));
    }

    private static long[] wrapped(long[] at, Shape shape) {
        for (int axis = 0; axis < at.length; axis++) {
            at[axis] %= shape.size(axis);
        }
        return at;
    }

    /** Any number of broadcast inputs combined two by two. */
    private static Optional<List<KnownElement>> fold(Call call, Shape to, BinaryOperator<KnownElement> operator) {
        Optional<List<KnownElement>> result = broadcast(call, 0, to);
        for (int i = 1; i < call.inputs().size(); i++) {
            Optional<List<KnownElement>> next = broadcast(call, i, to);
            result = result.flatMap(a -> next.map(b -> IntStream.range(0, a.size())
                    .mapToObj(place -> operator.apply(a.get(place), b.get(place)))
                    .toList()));
        }
        return result;
    }

    private static Optional<List<KnownElement>> where(Call call, TensorType type, int output) {
        Optional<List<KnownElement>> condition = broadcast(call, 0, type.shape());
        Optional<List<KnownElement>> yes = broadcast(call, 1, type.shape());
        Optional<List<KnownElement>> no = broadcast(call, 2, type.shape());
        if (condition.isEmpty() || yes.isEmpty() || no.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(IntStream.range(0, yes.get().size())
                .mapToObj(i -> KnownElement.choose(
                        condition.get().get(i), yes.get().get(i), no.get().get(i)))
                .toList());
    }

    private static Optional<List<KnownElement>> gather(Call call, TensorType type, int output) {
        Optional<long[]> indices = ShapeValues.longs(call.in(1));
        Shape shape = call.shape(0);
        int axis = ShapeRules.axis(call.attributes().integer("axis", 0), shape.rank());
        int indexRank = call.shape(1).rank();
        return indices.flatMap(known -> pick(call, type.shape(), at -> {
            long flat = 0;
            for (int i = 0; i < indexRank; i++) {
                flat = flat * call.shape(1).size(i) + at[axis + i];
            }
            long[] place = new long[shape.rank()];
            System.arraycopy(at, 0, place, 0, axis);
            place[axis] = Math.floorMod(known[(int) flat], shape.size(axis));
            System.arraycopy(at, axis + indexRank, place, axis + 1, shape.rank() - axis - 1);
            return place;
        }));
    }

    private static Optional<List<KnownElement>> slice(Call call, TensorType type, int output) {
        Optional<List<SliceRange>> cuts = SliceRange.of(call);
        return cuts.flatMap(known -> pick(call, type.shape(), at -> {
            for (SliceRange cut : known) {
                at[cut.axis()] = cut.start() + at[cut.axis()] * cut.step();
            }
            return at;
        }));
    }

    private static Optional<List<KnownElement>> split(Call call, TensorType type, int output) {
        int axis = ShapeRules.axis(
                call.attributes().integer("axis", 0), call.shape(0).rank());
        List<TensorType> parts = StructureShapes.split(call);
        long start = 0;
        for (TensorType before : parts.subList(0, output)) {
            if (!before.shape().at(axis).isFixed()) {
                return Optional.empty();
            }
            start += before.shape().size(axis);
        }
        long offset = start;
        return pick(call, type.shape(), at -> {
            at[axis] += offset;
            return at;
        });
    }

    private static Optional<List<KnownElement>> transpose(Call call, TensorType type, int output) {
        long[] permutation = LayoutShapes.permutation(call);
        return pick(call, type.shape(), at -> {
            long[] place = new long[at.length];
            for (int i = 0; i < at.length; i++) {
                place[(int) permutation[i]] = at[i];
            }
            return place;
        });
    }

    private static Optional<List<KnownElement>> concat(Call call, TensorType type, int output) {
        if (type.shape().rank() != 1) {
            return Optional.empty();
        }
        List<KnownElement> all = new ArrayList<>();
        for (int i = 0; i < call.inputs().size(); i++) {
            long size = call.shape(i).elements();
            // A part that cannot be told hides only itself.
            all.addAll(call.in(i).elements().orElseGet(() -> unknown(size)));
        }
        return Optional.of(all);
    }

    private static List<KnownElement> unknown(long count) {
        return LongStream.range(0, count).mapToObj(i -> KnownElement.unknown()).toList();
    }

    /** Elements of a row replaced: how exporters write {@code shape[2] = 1}. */
    private static Optional<List<KnownElement>> scatterNd(Call call, TensorType type, int output) {
        Optional<List<KnownElement>> data = call.in(0).elements();
        Optional<long[]> places = ShapeValues.longs(call.in(1));
        Optional<List<KnownElement>> updates = call.in(2).elements();
        boolean plain = call.attributes().string("reduction", "none").equals("none")
                && type.shape().rank() == 1;
        if (!plain || data.isEmpty() || places.isEmpty() || updates.isEmpty()) {
            return Optional.empty();
        }
        List<KnownElement> result = new ArrayList<>(data.get());
        for (int i = 0; i < places.get().length; i++) {
            result.set(
                    (int) Math.floorMod(places.get()[i], (long) result.size()),
                    updates.get().get(i));
        }
        return Optional.of(result);
    }
}
