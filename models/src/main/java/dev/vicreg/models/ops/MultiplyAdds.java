package dev.vicreg.models.ops;

import dev.vicreg.models.graph.Dim;
import dev.vicreg.models.graph.Graph;
import dev.vicreg.models.graph.Node;
import dev.vicreg.models.graph.OpType;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.graph.infer.EinsumEquation;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How many multiplications with an addition a graph does in convolutions, matrix products and recurrent layers; all else,
 * such as norms, activations and pooling, is not counted. This is what papers give as multiply-adds; twice as many are
 * its floating-point operations.
 *
 * @param byOperator sums of the operators that are counted and occur
 * @param unknown nodes of these operators whose sizes are not fixed, and which are missing in the sums
 */
public record MultiplyAdds(Map<OpType, Long> byOperator, List<Node> unknown) {
    /** Copies. */
    public MultiplyAdds {
        byOperator = Collections.unmodifiableMap(new EnumMap<>(byOperator));
        unknown = List.copyOf(unknown);
    }

    /**
     * Those of all nodes.
     *
     * @throws ArithmeticException if there are more than a long holds
     */
    public static MultiplyAdds of(Graph graph) {
        Map<OpType, Long> sums = new EnumMap<>(OpType.class);
        List<Node> unknown = new ArrayList<>();
        for (Node node : graph.nodes()) {
            Product product = new Product();
            if (factors(node, product)) {
                if (product.known) {
                    sums.merge(node.op(), product.value, Math::addExact);
                } else {
                    unknown.add(node);
                }
            }
        }
        return new MultiplyAdds(sums, unknown);
    }

    /**
     * All of them.
     *
     * @throws ArithmeticException if there are more than a long holds
     */
    public long total() {
        return byOperator.values().stream().reduce(0L, Math::addExact);
    }

    /** A product of sizes, as long as all are fixed. */
    private static final class Product {
        private long value = 1;
        private boolean known = true;

        Product times(Dim dim) {
            known &= dim.isFixed();
            value = dim.isFixed() ? Math.multiplyExact(value, dim.size()) : value;
            return this;
        }

        Product times(List<Dim> dims) {
            dims.forEach(this::times);
            return this;
        }
    }

    /** Multiplies what is done once by how often; false for an operator that is not counted. */
    private static boolean factors(Node node, Product product) {
        switch (node.op()) {
            case CONV -> product.times(node.output(0).shape().dims()).times(behindFirst(node.input(1)));
            case CONV_TRANSPOSE -> product.times(node.input(0).shape().dims()).times(behindFirst(node.input(1)));
            case MAT_MUL ->
                product.times(node.output(0).shape().dims())
                        .times(node.input(0).shape().at(-1));
            case GEMM -> {
                boolean transposed = node.attributes().integer("transA", 0) != 0;
                product.times(node.output(0).shape().dims())
                        .times(node.input(0).shape().at(transposed ? 0 : 1));
            }
            case EINSUM -> product.times(einsum(node));
            case LSTM, GRU -> recurrent(node, product);
            default -> {
                return false;
            }
        }
        return true;
    }

    /** Of weights [O,C/groups,k…] or [C,O/groups,k…]: what one element of one side has to do with the other. */
    private static List<Dim> behindFirst(Value weights) {
        return weights.shape().dims().subList(1, weights.shape().rank());
    }

    /** The sizes of all letters: a sum over every combination of places. */
    private static List<Dim> einsum(Node node) {
        List<Shape> shapes = new ArrayList<>();
        for (@Nullable Value input : node.inputs()) {
            if (input != null) {
                shapes.add(input.shape());
            }
        }
        EinsumEquation equation = new EinsumEquation(node.attributes().string("equation", ""), shapes);
        return String.join("", equation.operands())
                .chars()
                .distinct()
                .mapToObj(letter -> equation.size((char) letter))
                .toList();
    }

    /** X [T,N,I] (T and N the other way round make no difference) with W [D,G·H,I] and R [D,G·H,H]. */
    private static void recurrent(Node node, Product product) {
        Shape w = node.input(1).shape();
        Shape r = node.input(2).shape();
        product.times(node.input(0).shape().at(0)).times(node.input(0).shape().at(1));
        product.times(w.at(0)).times(w.at(1));
        boolean fixed = w.at(2).isFixed() && r.at(2).isFixed();
        product.times(fixed ? Dim.of(w.size(2) + r.size(2)) : Dim.unknown());
    }
}
