package dev.vicreg.training.autodiff;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vicreg.models.graph.Attributes;
import dev.vicreg.models.graph.ElementType;
import dev.vicreg.models.graph.Graph;
import dev.vicreg.models.graph.OpType;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.TensorType;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.ops.Ops;
import dev.vicreg.training.GraphRunner;
import dev.vicreg.training.Lcg;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every gradient rule against central differences: for y = f(x…) and random weights w, the derivative of Σ w·y along a
 * random direction. Forward values are float32, their projection is summed in double.
 */
final class GradientCheckTest {
    /** Step of the difference; inputs are of size 1. */
    private static final double H = 1e-2;
    /** The largest error measured is 6e-4 (7×7 convolution; x86-64 with AVX-512), most are below 1e-5. */
    private static final double TOLERANCE = 1e-3;

    record Case(String name, OpType op, BiFunction<Ops, List<Value>, Value> build, double offset, long[]... shapes) {
        @Override
        public String toString() {
            return op + " " + name;
        }
    }

    static Case check(String name, OpType op, BiFunction<Ops, List<Value>, Value> build, long[]... shapes) {
        return new Case(name, op, build, 0, shapes);
    }

    static long[] s(long... sizes) {
        return sizes;
    }

    static Stream<Case> cases() {
        List<Case> cases = List.of(
                check("pictures", OpType.BATCH_NORM_TRAINING, GradientCheckTest::norm, s(4, 3, 5, 5), s(3), s(3)),
                check("vectors", OpType.BATCH_NORM_TRAINING, GradientCheckTest::norm, s(16, 6), s(6), s(6)));
        return Stream.of(
                        cases.stream(),
                        ElementwiseCases.cases(),
                        AxisCases.cases(),
                        StructureCases.cases(),
                        NeuralCases.cases(),
                        RecurrentCases.cases())
                .flatMap(each -> each);
    }

    private static Value norm(Ops ops, List<Value> x) {
        Shape channels = x.get(1).shape();
        Value mean = ops.mul(ops.constant(Tensor.filled(channels, 0)), x.get(1));
        Value variance = ops.mul(ops.constant(Tensor.filled(channels, 1)), x.get(1));
        Attributes attributes =
                Attributes.NONE.with("epsilon", 1e-5f).with("momentum", 0.9f);
        return ops.node(
                        OpType.BATCH_NORM_TRAINING,
                        List.of(x.get(0), x.get(1), x.get(2), detached(ops, mean), detached(ops, variance)),
                        attributes)
                .output(0);
    }

    /** A value without gradient: the statistics are state, not a function of the inputs. */
    private static Value detached(Ops ops, Value x) {
        return ops.cast(ops.cast(x, ElementType.INT64), ElementType.FLOAT);
    }

    @ParameterizedTest
    @MethodSource("cases")
    void ruleAgreesWithCentralDifferences(Case test) {
        Prepared of = prepare(test);
        Map<String, Tensor> found = GraphRunner.run(of.graph("backward", of.gradients), of.at);

        try (GraphRunner forward = new GraphRunner(of.graph("forward", Map.of("y", of.y)))) {
            for (int i = 0; i < of.inputs.size(); i++) {
                double analytic = dot(found.get("g" + i), of.direction.get("x" + i));
                double up = project(forward, moved(of.at, "x" + i, of.direction, H), of.weights);
                double down = project(forward, moved(of.at, "x" + i, of.direction, -H), of.weights);
                double numeric = (up - down) / (2 * H);
                double scale = Math.max(1, Math.max(Math.abs(analytic), Math.abs(numeric)));
                double error = Math.abs(analytic - numeric) / scale;
                assertTrue(
                        error < TOLERANCE,
                        test + ", input " + i + ": rule " + analytic + ", central difference " + numeric + ", error "
                                + error);
            }
        }
    }

    /**
     * A case as values.
     *
     * @param at the inputs' tensors
     * @param direction in which each input is moved
     * @param y the operator's result
     * @param weights of the sum of y that is differentiated
     * @param gradients of that sum: {@code g0} of the first input
     */
    record Prepared(
            List<Value> inputs,
            Map<String, Tensor> at,
            Map<String, double[]> direction,
            Value y,
            Tensor weights,
            Map<String, Value> gradients) {
        Graph graph(String name, Map<String, Value> outputs) {
            return Graph.of(name, inputs, outputs);
        }
    }

    static Prepared prepare(Case test) {
        Lcg random = new Lcg(test.toString().hashCode());
        Ops ops = new Ops().scope("model");
        List<Value> inputs = new ArrayList<>();
        Map<String, Tensor> at = new LinkedHashMap<>();
        Map<String, double[]> direction = new LinkedHashMap<>();
        for (int i = 0; i < test.shapes.length; i++) {
            Shape shape = Shape.of(test.shapes[i]);
            inputs.add(Value.input("x" + i, new TensorType(ElementType.FLOAT, shape)));
            at.put("x" + i, Lcg.tensor(shape, 1, spaced(random, (int) shape.elements(), test.offset)));
            direction.put("x" + i, random.doubles((int) shape.elements()));
        }
        Value y = test.build.apply(ops, inputs);
        Tensor weights = random.tensor(1, y.shape().toArray());
        Value loss = ops.reduceSum(ops.mul(y, ops.constant(weights)), false);
        Map<Value, Value> byInput = Backward.gradients(loss, inputs);

        Map<String, Value> gradients = new LinkedHashMap<>();
        for (int i = 0; i < inputs.size(); i++) {
            Value gradient = byInput.get(inputs.get(i));
            assertTrue(gradient != null && gradient.type().equals(inputs.get(i).type()));
            gradients.put("g" + i, gradient);
        }
        return new Prepared(inputs, at, direction, y, weights, gradients);
    }

    /** Values at least 3H apart and from zero, in random order, so that neither sign nor order changes within H. */
    private static double[] spaced(Lcg random, int count, double offset) {
        Integer[] order = new Integer[count];
        double[] key = random.doubles(count);
        Arrays.setAll(order, i -> i);
        Arrays.sort(order, (a, b) -> Double.compare(key[a], key[b]));
        double[] values = new double[count];
        for (int i = 0; i < count; i++) {
            values[order[i]] = offset + (i - count / 2 + 0.5) * Math.max(3 * H, 2.0 / count);
        }
        return values;
    }

    private static Map<String, Tensor> moved(
            Map<String, Tensor> at, String name, Map<String, double[]> direction, double h) {
        Map<String, Tensor> moved = new LinkedHashMap<>(at);
        moved.computeIfPresent(name, (key, tensor) -> {
            float[] values = tensor.floats();
            double[] along = direction.getOrDefault(name, new double[0]);
            for (int i = 0; i < values.length; i++) {
                values[i] += (float) (h * along[i]);
            }
            return Tensor.of(tensor.shape(), values);
        });
        return moved;
    }

    private static double project(GraphRunner forward, Map<String, Tensor> inputs, Tensor weights) {
        Tensor y = forward.run(inputs).get("y");
        return y == null ? Double.NaN : dot(y, toDoubles(weights));
    }

    private static double[] toDoubles(Tensor tensor) {
        float[] floats = tensor.floats();
        double[] doubles = new double[floats.length];
        Arrays.setAll(doubles, i -> floats[i]);
        return doubles;
    }

    private static double dot(Tensor a, double[] b) {
        double sum = 0;
        float[] values = a.floats();
        for (int i = 0; i < values.length; i++) {
            sum += values[i] * b[i];
        }
        return sum;
    }

    @Test
    void everyRuleIsChecked() {
        Set<OpType> ruled = EnumSet.noneOf(OpType.class);
        Arrays.stream(OpType.values())
                .filter(op -> GradientRules.of(op).isPresent())
                .forEach(ruled::add);
        Set<OpType> checked = EnumSet.noneOf(OpType.class);
        cases().forEach(test -> checked.add(test.op));
        assertEquals(ruled, checked);
    }

    @Test
    void everyOperatorIsRuledWithoutGradientOrUnsupported() {
        for (OpType op : OpType.values()) {
            int sets = (GradientRules.of(op).isPresent() ? 1 : 0)
                    + (GradientRules.isWithout(op) ? 1 : 0)
                    + (GradientRules.unsupported(op).isPresent() ? 1 : 0);
            assertEquals(1, sets, op + " belongs to " + sets + " sets");
        }
    }
}
