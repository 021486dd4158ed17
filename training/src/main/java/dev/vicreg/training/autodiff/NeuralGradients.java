package dev.vicreg.training.autodiff;

import static dev.vicreg.training.autodiff.GradientRules.first;
import static dev.vicreg.training.autodiff.GradientRules.listOf;

import dev.vicreg.models.graph.Attributes;
import dev.vicreg.models.graph.Dim;
import dev.vicreg.models.graph.Node;
import dev.vicreg.models.graph.OpType;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.graph.infer.EinsumEquation;
import dev.vicreg.models.ops.Ops;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Gradients of matrix products; convolutions, pooling and norms have files of their own. */
final class NeuralGradients {
    private NeuralGradients() {}

    static void register() {
        first(OpType.MAT_MUL, NeuralGradients::matMul);
        first(OpType.GEMM, NeuralGradients::gemm);
        first(OpType.EINSUM, NeuralGradients::einsum);
        ConvolutionGradients.register();
        PoolGradients.register();
        NormGradients.register();
    }

    /**
     * Y = A·B: dA = dY·Bᵀ, dB = Aᵀ·dY; leading axes that were broadcast are summed by Backward. A vector counts as a row
     * on the left and as a column on the right.
     */
    private static List<@Nullable Value> matMul(Ops ops, Node node, Value g) {
        Value a = node.input(0);
        Value b = node.input(1);
        boolean row = a.shape().rank() == 1;
        boolean column = b.shape().rank() == 1;
        Value left = row ? ops.reshape(a, 1, -1) : a;
        Value right = column ? ops.reshape(b, -1, 1) : b;
        Value dy = row || column ? ops.reshape(g, asMatrices(g.shape(), row, column)) : g;
        Value da = ops.matMul(dy, swapLast(ops, right));
        // Weights that multiply a batch of matrices: one product over all rows, instead of one per matrix and a sum.
        Value db = right.shape().rank() == 2 && left.shape().rank() > 2
                ? ops.gemm(rows(ops, left), rows(ops, dy), null, true, false)
                : ops.matMul(swapLast(ops, left), dy);
        return listOf(row ? asVector(ops, da, left, a) : da, column ? asVector(ops, db, right, b) : db);
    }

    /** The product's shape with the axes of 1 that vectors leave out. */
    private static long[] asMatrices(Shape product, boolean row, boolean column) {
        List<Dim> dims = new ArrayList<>(product.dims());
        if (row) {
            dims.add(column ? dims.size() : dims.size() - 1, Dim.of(1));
        }
        if (column) {
            dims.add(Dim.of(1));
        }
        return new Shape(dims).toArray();
    }

    private static Value asVector(Ops ops, Value gradient, Value matrix, Value vector) {
        return GradientRules.reshapeLike(ops, Backward.sumTo(ops, gradient, matrix.shape()), vector);
    }

    /** [..., K] → [rows, K]. */
    private static Value rows(Ops ops, Value x) {
        return ops.reshape(x, -1, x.shape().size(-1));
    }

    private static Value swapLast(Ops ops, Value x) {
        int rank = x.shape().rank();
        long[] permutation = new long[rank];
        Arrays.setAll(permutation, i -> i < rank - 2 ? i : i == rank - 2 ? rank - 1 : rank - 2);
        return ops.transpose(x, permutation);
    }

    /** Y = α·A'·B' + β·C with A' = A or Aᵀ, B alike: dA' = α·dY·B'ᵀ, dB' = α·A'ᵀ·dY, dC = β·dY. */
    private static List<@Nullable Value> gemm(Ops ops, Node node, Value g) {
        boolean ta = node.attributes().integer("transA", 0) != 0;
        boolean tb = node.attributes().integer("transB", 0) != 0;
        float alpha = node.attributes().real("alpha", 1);
        float beta = node.attributes().real("beta", 1);
        Value a = node.input(0);
        Value b = node.input(1);
        Value da = ta ? product(ops, b, g, tb, true, alpha) : product(ops, g, b, false, !tb, alpha);
        Value db = tb ? product(ops, g, a, true, ta, alpha) : product(ops, a, g, !ta, false, alpha);
        return node.hasInput(2) ? listOf(da, db, beta == 1 ? g : ops.mul(g, beta)) : listOf(da, db);
    }

    private static Value product(Ops ops, Value a, Value b, boolean transposeA, boolean transposeB, float alpha) {
        Attributes attributes = Attributes.NONE
                .with("transA", transposeA ? 1L : 0L)
                .with("transB", transposeB ? 1L : 0L)
                .with("alpha", alpha);
        return ops.node(OpType.GEMM, List.of(a, b), attributes).output(0);
    }

    /**
     * A sum of products is linear in each operand: an operand's gradient is the Einsum of dY with the other operands,
     * summed to the operand's letters. Letters that only this operand has were summed over: every element gets the same.
     * A letter twice in the operand took a diagonal: the gradient lies there, which a factor of ones on the diagonal says.
     */
    private static List<@Nullable Value> einsum(Ops ops, Node node, Value g) {
        List<Value> operands =
                node.inputs().stream().map(Objects::requireNonNull).toList();
        EinsumEquation equation = new EinsumEquation(
                node.attributes().string("equation", ""),
                operands.stream().map(Value::shape).toList());
        List<@Nullable Value> gradients = new ArrayList<>();
        for (int i = 0; i < operands.size(); i++) {
            gradients.add(operandGradient(ops, equation, operands, i, g));
        }
        return gradients;
    }

    private static Value operandGradient(Ops ops, EinsumEquation equation, List<Value> operands, int index, Value g) {
        List<String> terms = new ArrayList<>();
        List<Value> factors = new ArrayList<>();
        factor(ops, equation, equation.output(), g, terms, factors);
        for (int i = 0; i < operands.size(); i++) {
            if (i != index) {
                factor(ops, equation, equation.operands().get(i), operands.get(i), terms, factors);
            }
        }
        Shape shape = operands.get(index).shape();
        String own = apart(ops, equation, index, terms, factors);
        String available = String.join("", terms);
        StringBuilder wanted = new StringBuilder();
        Shape kept = shape;
        String written = equation.operands().get(index);
        for (int axis = 0; axis < own.length(); axis++) {
            char letter = own.charAt(axis);
            if (available.indexOf(letter) >= 0 && shape.at(axis).equals(equation.size(written.charAt(axis)))) {
                wanted.append(letter);
            } else {
                kept = kept.with(axis, Dim.of(1));
            }
        }
        Value sum = ops.einsum(String.join(",", terms) + "->" + wanted, factors.toArray(Value[]::new));
        Value placed = sum.shape().equals(kept) ? sum : ops.reshape(sum, kept.toArray());
        return kept.equals(shape) ? placed : ops.expand(placed, shape);
    }

    /** An operand's letters, each once: a repeated one gets another letter, and a factor that makes the two equal. */
    private static String apart(Ops ops, EinsumEquation equation, int index, List<String> terms, List<Value> factors) {
        StringBuilder own = new StringBuilder();
        StringBuilder taken = new StringBuilder(String.join("", equation.operands()) + equation.output());
        for (char letter : equation.operands().get(index).toCharArray()) {
            if (own.indexOf(String.valueOf(letter)) < 0) {
                own.append(letter);
                continue;
            }
            char other = 'A';
            while (taken.indexOf(String.valueOf(other)) >= 0) {
                other++;
            }
            taken.append(other);
            own.append(other);
            terms.add("" + letter + other);
            factors.add(
                    ops.constant(identity(Math.toIntExact(equation.size(letter).size()))));
        }
        return own.toString();
    }

    /** Ones on the diagonal of [n,n]. */
    private static Tensor identity(int n) {
        float[] values = new float[n * n];
        for (int i = 0; i < n; i++) {
            values[i * n + i] = 1;
        }
        return Tensor.of(Shape.of(n, n), values);
    }

    /** Adds a factor without the axes of 1 that the equation stretches; a scalar becomes a row of one. */
    private static void factor(
            Ops ops, EinsumEquation equation, String letters, Value x, List<String> terms, List<Value> factors) {
        StringBuilder kept = new StringBuilder();
        List<Dim> dims = new ArrayList<>();
        for (int axis = 0; axis < letters.length(); axis++) {
            Dim dim = x.shape().at(axis);
            if (dim.equals(equation.size(letters.charAt(axis)))) {
                kept.append(letters.charAt(axis));
                dims.add(dim);
            }
        }
        if (kept.isEmpty()) {
            kept.append(equation.spareLetter());
            dims.add(Dim.of(1));
        }
        terms.add(kept.toString());
        factors.add(dims.size() == x.shape().rank() ? x : ops.reshape(x, new Shape(dims).toArray()));
    }
}
