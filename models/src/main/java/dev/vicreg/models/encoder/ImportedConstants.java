package dev.vicreg.models.encoder;

import dev.vicreg.models.graph.Dim;
import dev.vicreg.models.graph.ElementType;
import dev.vicreg.models.graph.Graph;
import dev.vicreg.models.graph.Node;
import dev.vicreg.models.graph.OpType;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.Value;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Which floating-point tensors of a file are constants by what they do in the graph. Files don't tell them from weights:
 * simplifiers and other exporters than PyTorch's write both as initialisers, some write both as Constant nodes.
 *
 * <p>A tensor is a constant if all who read it take it as one. Whoever reads it in a way that is not listed here takes it as
 * a weight.
 */
final class ImportedConstants {
    /** Masks hold numbers at least so far below zero, or infinity. */
    private static final float MASKED = -1e4f;
    /** Of epsilons. */
    private static final float LARGEST_EPSILON = 1e-2f;

    private static final float TINY = 1e-3f;
    private static final double CIRCLE_TOLERANCE = 1e-3;

    /** What these give is what they read, in another form. */
    private static final Set<OpType> SAME = EnumSet.of(
            OpType.CAST,
            OpType.EXPAND,
            OpType.FLATTEN,
            OpType.IDENTITY,
            OpType.NEG,
            OpType.RESHAPE,
            OpType.SLICE,
            OpType.SQRT,
            OpType.SQUEEZE,
            OpType.TILE,
            OpType.TRANSPOSE,
            OpType.UNSQUEEZE);

    private static final Set<OpType> ARITHMETIC = EnumSet.of(OpType.ADD, OpType.SUB, OpType.MUL, OpType.DIV);

    /** A node that reads a value, and where. */
    private record Reader(Node node, int input) {}

    private final Map<Value, List<Reader>> readers = new HashMap<>();
    /** Floating-point values that depend on the input's, or on rows that ids chose: not on places and masks alone. */
    private final Set<Value> data = new HashSet<>();
    /** The input, and what arithmetic with constants and changes of form make of it. */
    private final Set<Value> raw = new HashSet<>();
    /** Inputs of ids, in whatever form. */
    private final Set<Value> fromIds = new HashSet<>();
    /** Circle tables come in pairs. */
    private final Collection<Value> tables = new LinkedHashSet<>();

    ImportedConstants(Graph graph) {
        for (Value input : graph.inputs()) {
            ElementType element = input.type().element();
            if (element.isFloatingPoint() || element == ElementType.UINT8) { // not ids, nor masks
                data.add(input);
                raw.add(input);
            } else if (!IdInputs.follows(input)) {
                fromIds.add(input);
            }
        }
        graph.nodes().forEach(this::add);
    }

    private void add(Node node) {
        boolean fromData = false;
        boolean fromRaw = SAME.contains(node.op()) || ARITHMETIC.contains(node.op());
        boolean anyRaw = false;
        for (int i = 0; i < node.inputs().size(); i++) {
            Value input = node.inputs().get(i);
            if (input == null) {
                continue;
            }
            readers.computeIfAbsent(input, key -> new ArrayList<>()).add(new Reader(node, i));
            fromData |= data.contains(input);
            anyRaw |= raw.contains(input);
            fromRaw &= raw.contains(input) || input.constant() != null;
            if (isNamed(input) && input.shape().elements() > 1) {
                tables.add(input);
            }
        }
        boolean chosen = node.op() == OpType.GATHER && fromIds.contains(node.input(1));
        for (Value output : node.outputs()) {
            if ((fromData || chosen) && output.type().element().isFloatingPoint()) {
                data.add(output);
            }
            if (fromRaw && anyRaw) {
                raw.add(output);
            }
            if (IdInputs.keeps(node.op()) && fromIds.contains(node.input(0))) {
                fromIds.add(output);
            }
        }
    }

    private static boolean isNamed(Value value) {
        return value.name() != null && value.constant() != null && value.type().element() == ElementType.FLOAT;
    }

    /** Why a tensor of the file is a constant; null if it is a weight. */
    @Nullable
    String reason(Value tensor) {
        return reason(tensor, tensor);
    }

    /** Why {@code tensor} is a constant where it is read as {@code form}. */
    private @Nullable String reason(Value tensor, Value form) {
        String first = null;
        for (Reader reader : readers.getOrDefault(form, List.of())) {
            String reason = reason(tensor, reader);
            if (reason == null) {
                return null;
            }
            first = first == null ? reason : first;
        }
        return first;
    }

    private @Nullable String reason(Value tensor, Reader reader) {
        Node node = reader.node;
        Value output = node.output(0);
        if (leadsOnlyToSines(output, new HashSet<>())) {
            return "frequencies of sines and cosines";
        }
        boolean rows = node.op() == OpType.GATHER && !data.contains(output); // by places, not by ids
        if (reader.input == 0 && (SAME.contains(node.op()) || rows)) {
            return reason(tensor, output);
        }
        float[] values = floats(tensor);
        return switch (node.op()) {
            case ADD, SUB, MUL, DIV -> isExponent(output) ? null : ofArithmetic(tensor, reader, values);
            case POW ->
                reader.input == 1 ? ofExponent(tensor, values) : ofNumber(tensor, reader, "the base of a power");
            case CLIP, MAX, MIN ->
                isOne(tensor) && isPlain(values[0]) ? "a bound of " + node.op().onnxName() : null;
            case MOD -> isOne(tensor) ? "a divisor of Mod" : null;
            case ONE_HOT -> "the two numbers of OneHot";
            case PAD -> "the border's value of Pad";
            case WHERE -> isMask(values) ? "a mask" : null;
            default -> null;
        };
    }

    private @Nullable String ofArithmetic(Value tensor, Reader reader, float... values) {
        Node node = reader.node;
        boolean added = node.op() == OpType.ADD || node.op() == OpType.SUB;
        if (node.op() == OpType.ADD && isEpsilon(values) && isBesideVariance(node.output(0))) {
            return "an epsilon beside a variance";
        }
        Value other = node.input(1 - reader.input);
        if (isNearInput(tensor, reader, other)) {
            return "a mean or deviation right behind the input";
        }
        if ((added && isMask(values)) || isZerosAndOnes(tensor, values)) {
            return "a mask";
        }
        if (isCircle(tensor, added, values)) {
            return "a table of sines and cosines";
        }
        return ofNumber(tensor, reader, added ? "a one-element term" : "a one-element factor");
    }

    /**
     * A number of rank 0, as simplifiers write them; or of any rank if the exporter called it a constant, or formulas have
     * such numbers. A factor or term of zero would end everything or do nothing: it is a weight that has not been trained yet,
     * and so may be a factor of one.
     */
    private static @Nullable String ofNumber(Value tensor, Reader reader, String what) {
        if (!isOne(tensor)) {
            return null;
        }
        float value = floats(tensor)[0];
        boolean added = reader.node.op() == OpType.ADD || reader.node.op() == OpType.SUB;
        boolean isScalar = tensor.shape().rank() == 0;
        String name = String.valueOf(tensor.name()).toLowerCase(Locale.ROOT);
        boolean isCalled = name.contains("const") || name.contains("::");
        boolean fresh = value == 0 || (value == 1 && !added && !isScalar && !isCalled);
        if (fresh || !(isScalar || isCalled || isOfFormula(value))) {
            return null;
        }
        Value output = reader.node.output(0);
        int behind = output.shape().rank() - tensor.shape().rank();
        for (int axis = 0; axis < tensor.shape().rank(); axis++) {
            int place = behind + axis;
            // A layer of one unit or channel has a bias of one element.
            if (place > 0
                    && output.shape().rank() > 1
                    && output.shape().at(place).equals(Dim.of(1))) {
                return null;
            }
        }
        return what;
    }

    /** Whole numbers, halves, roots of whole numbers and their reciprocals, and those of Gelu by tanh. */
    private static boolean isOfFormula(double value) {
        double square = value * value;
        return isWhole(2 * value)
                || isWhole(square)
                || isWhole(1 / square)
                || isWhole(1 / value)
                || isWhole(value / 0.044715)
                || isWhole(square * Math.PI / 2);
    }

    private static boolean isWhole(double value) {
        return Math.abs(value) < 1e6
                && Math.abs(value) > 0.5
                && Math.abs(value - Math.rint(value)) < 1e-5 * Math.abs(value);
    }

    /** Whether a value that is computed from constants is somewhere an exponent: 1/p, beside p itself, of a learned p. */
    private boolean isExponent(Value value) {
        return readers.getOrDefault(value, List.of()).stream()
                .anyMatch(reader -> reader.node.op() == OpType.POW && reader.input == 1);
    }

    /** Learned exponents, as of generalised-mean pooling, are no such numbers, or are divided by as well. */
    private static @Nullable String ofExponent(Value tensor, float... values) {
        for (float value : values) {
            boolean usual = value == Math.rint(value) || Math.abs(value) == 0.5f || Math.abs(value) == 0.25f;
            if (!usual && tensor.shape().rank() > 0) {
                return null;
            }
        }
        return "an exponent";
    }

    private static boolean isEpsilon(float... values) {
        for (float value : values) {
            if (value <= 0 || value > LARGEST_EPSILON) {
                return false;
            }
        }
        return true;
    }

    /** Whether a sum goes into roots, powers, logarithms and quotients alone. */
    private boolean isBesideVariance(Value sum) {
        List<Reader> all = readers.getOrDefault(sum, List.of());
        return !all.isEmpty()
                && all.stream().allMatch(reader -> switch (reader.node.op()) {
                    case SQRT, LOG, RECIPROCAL -> true;
                    case POW -> reader.input == 0;
                    case DIV -> reader.input == 1;
                    default -> false;
                });
    }

    /** Subtracted in whatever shape, or of one number per channel. */
    private boolean isNearInput(Value tensor, Reader reader, Value other) {
        if (!raw.contains(other) || !data.contains(other)) {
            return false;
        }
        boolean perChannel =
                tensor.shape().dims().stream().filter(dim -> dim.size() != 1).count() <= 1;
        return perChannel || (reader.node.op() == OpType.SUB && reader.input == 1);
    }

    private static boolean isMask(float... values) {
        boolean masked = false;
        for (float value : values) {
            if (value != 0 && value > MASKED) {
                return false;
            }
            masked |= value != 0;
        }
        return masked;
    }

    /** Both in one tensor of more than one axis; a fresh norm has one of them. */
    private static boolean isZerosAndOnes(Value tensor, float... values) {
        int ones = 0;
        for (float value : values) {
            if (value != 0 && value != 1) {
                return false;
            }
            ones += value == 1 ? 1 : 0;
        }
        long axes =
                tensor.shape().dims().stream().filter(dim -> dim.size() != 1).count();
        return axes > 1 && ones > 0 && ones < values.length;
    }

    /**
     * Whether a tensor holds sines and cosines: another one has the others, or its last axis has both, one after another or
     * in two halves.
     */
    private boolean isCircle(Value tensor, boolean added, float... values) {
        if (values.length < 4
                || isZerosAndOnes(tensor, values)
                || tensor.shape().rank() < 2) {
            return false;
        }
        if (!added) {
            return tables.stream()
                    .filter(other -> other != tensor && other.shape().equals(tensor.shape()))
                    .anyMatch(other -> isCircle(values, floats(other)));
        }
        long width = tensor.shape().size(-1);
        if (width % 2 != 0) {
            return false;
        }
        int half = (int) width / 2;
        float[] firsts = new float[values.length / 2];
        float[] seconds = new float[values.length / 2];
        float[] lefts = new float[values.length / 2];
        float[] rights = new float[values.length / 2];
        for (int i = 0; i < firsts.length; i++) {
            firsts[i] = values[2 * i];
            seconds[i] = values[2 * i + 1];
            int row = i / half * 2 * half;
            lefts[i] = values[row + i % half];
            rights[i] = values[row + half + i % half];
        }
        return isCircle(firsts, seconds) || isCircle(lefts, rights);
    }

    private static boolean isCircle(float[] sines, float... cosines) {
        boolean varies = false;
        for (int i = 0; i < sines.length; i++) {
            double square = (double) sines[i] * sines[i] + (double) cosines[i] * cosines[i];
            if (!(Math.abs(square - 1) < CIRCLE_TOLERANCE)) {
                return false;
            }
            varies |= sines[i] != 0 && cosines[i] != 0;
        }
        return varies;
    }

    /** Whether nothing comes of a value but sines and cosines of what the data have no part in. */
    private boolean leadsOnlyToSines(Value value, Set<Value> seen) {
        List<Reader> all = readers.getOrDefault(value, List.of());
        if (data.contains(value) || all.isEmpty() || !seen.add(value)) {
            return false;
        }
        return all.stream()
                .allMatch(reader -> reader.node.op() == OpType.SIN
                        || reader.node.op() == OpType.COS
                        || leadsOnlyToSines(reader.node.output(0), seen));
    }

    /** A whole or a tiny number, as activations and quotients are bounded by. */
    private static boolean isPlain(float value) {
        return value == Math.rint(value) || Math.abs(value) <= TINY;
    }

    private static boolean isOne(Value tensor) {
        return tensor.shape().elements() == 1;
    }

    private static float[] floats(Value tensor) {
        Tensor constant = tensor.constant();
        if (constant == null) {
            throw new IllegalStateException("No data of " + tensor);
        }
        return constant.floats();
    }

    /** What stands in the way of a tensor's gradient. */
    String obstacle(Value tensor) {
        Set<String> operators = new TreeSet<>();
        for (Reader reader : readers.getOrDefault(tensor, List.of())) {
            if (reader.node.op() == OpType.BATCH_NORMALIZATION && reader.input > 2) {
                return "a running statistic";
            }
            operators.add(reader.node.op().onnxName());
        }
        return "no gradient flows back through " + String.join(", ", operators);
    }

    /**
     * Whether somebody reads a tensor in the place of a layer's weights. Constant nodes hold weights in some files; in
     * others what the code had as literals.
     */
    boolean isLayerWeight(Value tensor) {
        return readers.getOrDefault(tensor, List.of()).stream().anyMatch(reader -> isLayerWeight(tensor, reader));
    }

    private boolean isLayerWeight(Value tensor, Reader reader) {
        Node node = reader.node;
        int rank = tensor.shape().rank();
        return switch (node.op()) {
            case CONV, CONV_TRANSPOSE, GEMM, GRU, LSTM, PRELU -> reader.input > 0;
            case BATCH_NORMALIZATION, GROUP_NORMALIZATION, INSTANCE_NORMALIZATION, LAYER_NORMALIZATION ->
                reader.input == 1 || reader.input == 2;
            case MAT_MUL, EINSUM -> reader.input == 1 && rank >= 2 && data.contains(node.input(0));
            case GATHER -> reader.input == 0 && rank == 2 && data.contains(node.output(0));
            case IDENTITY, CAST, TRANSPOSE, RESHAPE, UNSQUEEZE -> reader.input == 0 && isLayerWeight(node.output(0));
            case ADD -> isBias(tensor.shape(), node.input(1 - reader.input));
            default -> false;
        };
    }

    /** One number per unit or channel of a product that has no bias of its own. */
    private static boolean isBias(Shape shape, Value product) {
        Node node = product.producer();
        if (node == null) {
            return false;
        }
        int axis = switch (node.op()) {
            case MAT_MUL -> -1;
            case CONV, CONV_TRANSPOSE -> 1 - product.shape().rank();
            default -> 0;
        };
        return axis < 0
                && -axis <= shape.rank()
                && shape.at(axis).equals(product.shape().at(axis))
                && shape.elements() == shape.size(axis);
    }
}
