package dev.vicreg.export;

import dev.vicreg.models.graph.Attributes;
import dev.vicreg.models.graph.Graph;
import dev.vicreg.models.graph.Node;
import dev.vicreg.models.graph.OpType;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.ops.Ops;
import dev.vicreg.models.ops.Rewriter;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Folds batch norms with constant statistics into the convolution or matrix product before them. With
 * s = scale/√(variance + ε), per output channel:
 *
 * <pre>(W·x + b - mean)·s + bias = (s·W)·x + (b - mean)·s + bias</pre>
 *
 * A norm stays where something else reads what it normalises, or where weights are not constant.
 */
final class BatchNormFolding implements Rewriter.Rule {
    private static final float DEFAULT_EPSILON = 1e-5f;

    private final Map<Value, Integer> readers = new HashMap<>();

    /** Folds in {@code graph}, to which the rule is then applied. */
    BatchNormFolding(Graph graph) {
        graph.outputs().values().forEach(output -> readers.merge(output, 1, Integer::sum));
        graph.nodes()
                .forEach(node -> node.inputs().forEach(input -> {
                    if (input != null) {
                        readers.merge(input, 1, Integer::sum);
                    }
                }));
    }

    @Override
    public List<Value> rewrite(Ops ops, Node node, List<@Nullable Value> inputs) {
        Value normalised = inputs.get(0);
        Node linear = normalised == null ? null : normalised.producer();
        Node before = node.op() == OpType.BATCH_NORMALIZATION ? node.input(0).producer() : null;
        if (before == null
                || linear == null
                || readers.getOrDefault(node.input(0), 0) > 1
                || !inputs.subList(1, 5).stream().allMatch(input -> input != null && input.constant() != null)
                || !foldable(linear)) {
            return Rewriter.copy(ops, node, inputs);
        }
        // Weights that another node reads too keep their name; the folded copy is named by the writer.
        boolean named = readers.getOrDefault(before.input(1), 0) == 1;
        return List.of(fold(ops.atScope(linear.scope()), linear, new Norm(node, inputs), named));
    }

    private static boolean foldable(Node linear) {
        boolean product = linear.op() == OpType.GEMM && linear.attributes().real("alpha", 1) == 1;
        boolean bias = !linear.hasInput(2)
                || (linear.input(2).constant() != null
                        && linear.input(2).shape().rank() == 1);
        return (product || linear.op() == OpType.CONV) && linear.input(1).constant() != null && bias;
    }

    private static Value fold(Ops ops, Node linear, Norm norm, boolean named) {
        boolean product = linear.op() == OpType.GEMM;
        Tensor weights = data(linear.input(1));
        // Output channels are the first axis of [O,I,kH,kW] and of a transposed [O,I], the last of [I,O].
        boolean first = !product || linear.attributes().integer("transB", 0) != 0;
        float[] bias = linear.hasInput(2) ? data(linear.input(2)).floats() : new float[norm.factor.length];
        double beta = product ? linear.attributes().real("beta", 1) : 1;
        for (int channel = 0; channel < bias.length; channel++) {
            bias[channel] = (float) (beta * bias[channel] * norm.factor[channel] + norm.offset[channel]);
        }
        String name = named ? linear.input(1).name() : null;
        Value folded = Value.constant(name, scaled(weights, norm.factor, first));
        Value offset = Value.constant(name == null ? null : biasName(name), Tensor.of(Shape.of(bias.length), bias));
        Attributes attributes = linear.attributes();
        if (product && attributes.has("beta")) {
            attributes = attributes.with("beta", 1f);
        }
        return ops.node(linear.op(), List.of(linear.input(0), folded, offset), attributes)
                .output(0);
    }

    private static String biasName(String weight) {
        String suffix = ".weight";
        String stem = weight.endsWith(suffix) ? weight.substring(0, weight.length() - suffix.length()) : weight;
        return stem + ".bias";
    }

    private static Tensor scaled(Tensor weights, double[] factor, boolean firstAxis) {
        float[] values = weights.floats();
        int perChannel = values.length / factor.length;
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (values[i] * factor[firstAxis ? i / perChannel : i % factor.length]);
        }
        return Tensor.of(weights.shape(), values);
    }

    private static Tensor data(@Nullable Value constant) {
        Tensor data = constant == null ? null : constant.constant();
        if (data == null) {
            throw new IllegalStateException("Folding needs a constant, found " + constant);
        }
        return data;
    }

    /** y = factor·x + offset per channel, in double precision because factor and offset nearly cancel. */
    private static final class Norm {
        final double[] factor;
        final double[] offset;

        Norm(Node norm, List<@Nullable Value> inputs) {
            float[][] data = new float[5][];
            for (int i = 1; i < 5; i++) {
                data[i] = data(inputs.get(i)).floats();
            }
            double epsilon = norm.attributes().real("epsilon", DEFAULT_EPSILON);
            factor = new double[data[1].length];
            offset = new double[data[1].length];
            for (int channel = 0; channel < factor.length; channel++) {
                factor[channel] = data[1][channel] / Math.sqrt(data[4][channel] + epsilon);
                offset[channel] = data[2][channel] - data[3][channel] * factor[channel];
            }
        }
    }
}
