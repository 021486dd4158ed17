package dev.vicreg.training.step;

import dev.vicreg.models.encoder.Encoder;
import dev.vicreg.models.graph.Dim;
import dev.vicreg.models.graph.ElementType;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.TensorType;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.nn.Convolution;
import dev.vicreg.models.nn.Layers;
import dev.vicreg.models.nn.Parameter;
import dev.vicreg.models.ops.Ops;
import dev.vicreg.training.Lcg;
import dev.vicreg.training.objective.Projector;
import dev.vicreg.training.objective.VicReg;
import dev.vicreg.training.optim.Optimizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The network of golden/trajectory.json: {@code Net} in its generator. */
public final class GoldenNet implements Encoder {
    public static final int BATCH = 16;

    /** Generator's names in its order, with ours; the order is that of the random numbers. */
    public static final Map<String, String> NAMES = new LinkedHashMap<>();

    static {
        layer("conv", "encoder.conv");
        layer("bn", "encoder.bn");
        layer("block.conv1", "encoder.block.conv1");
        layer("block.bn1", "encoder.block.bn1");
        layer("block.conv2", "encoder.block.conv2");
        layer("block.bn2", "encoder.block.bn2");
        layer("block.short", "encoder.block.short");
        layer("block.bns", "encoder.block.bns");
        layer("fc1", "projector.0");
        layer("bn1", "projector.1");
        layer("fc2", "projector.3");
    }

    private static void layer(String theirs, String ours) {
        boolean norm = theirs.contains("bn");
        NAMES.put(theirs + ".weight", ours + ".weight");
        if (norm || theirs.equals("fc1")) {
            NAMES.put(theirs + ".bias", ours + ".bias");
        }
        if (norm) {
            NAMES.put(theirs + ".running_mean", ours + ".running_mean");
            NAMES.put(theirs + ".running_var", ours + ".running_var");
        }
    }

    /** Raw float views of that shape, as the generator feeds them. */
    public record Floats(long... shape) implements ViewInput {
        @Override
        public String name() {
            return "x";
        }

        @Override
        public TensorType type(Dim batch) {
            List<Dim> dims = new ArrayList<>(List.of(batch));
            Arrays.stream(shape).mapToObj(Dim::of).forEach(dims::add);
            return new TensorType(ElementType.FLOAT, new Shape(dims));
        }

        @Override
        public Value prepare(Ops ops, Value view) {
            return view;
        }
    }

    public static TrainingGraph.Spec spec(Optimizer optimizer, TrainingGraph.NoDecay noDecay) {
        return TrainingGraph.Spec.shared(
                Branch.first(
                        new Floats(3, 8, 8),
                        new GoldenNet(),
                        new Projector(List.of(32, 32), Projector.Ending.WITHOUT_BIAS)),
                new VicReg(VicReg.Variant.OFFICIAL, 25, 25, 1),
                optimizer,
                noDecay,
                BATCH);
    }

    @Override
    public int dimension() {
        return 16;
    }

    @Override
    public Value build(Layers layers, Value x) {
        Value y = layers.relu(layers.batchNorm("bn", layers.conv("conv", x, Convolution.of(8, 3, 1))));
        Layers block = layers.scope("block");
        Value z = block.relu(block.batchNorm("bn1", block.conv("conv1", y, Convolution.of(16, 3, 2))));
        z = block.batchNorm("bn2", block.conv("conv2", z, Convolution.of(16, 3, 1)));
        Value shortcut = block.batchNorm("bns", block.conv("short", y, Convolution.of(16, 1, 2)));
        return layers.globalMean(block.relu(block.ops().add(z, shortcut)));
    }

    /** The generator's starting point. */
    public static Map<String, Tensor> initialState(TrainingGraph.Built built) {
        return initialState(built, List.of());
    }

    /**
     * The same for a network that has more behind it.
     *
     * @param more its further parameters in the generator's order; those that it doesn't have are passed over
     */
    public static Map<String, Tensor> initialState(TrainingGraph.Built built, List<String> more) {
        Map<String, Tensor> state = new LinkedHashMap<>(built.initialState(0));
        Map<String, Parameter> byName = new LinkedHashMap<>();
        built.parameters().all().forEach(parameter -> byName.put(parameter.name(), parameter));
        Lcg random = new Lcg(7);
        NAMES.forEach((theirs, ours) -> {
            Parameter parameter = byName.get(ours);
            if (parameter == null) {
                throw new AssertionError("no parameter " + ours);
            }
            if (parameter.isTrained()) {
                state.put(ours, draw(random, parameter));
            }
        });
        for (String name : more) {
            Parameter parameter = byName.get(name);
            if (parameter != null) {
                state.put(name, draw(random, parameter));
            }
        }
        built.averages().forEach((average, of) -> state.put(average, state.get(of.name())));
        return state;
    }

    /** A parameter as the generator draws it. */
    public static Tensor draw(Lcg random, Parameter parameter) {
        Shape shape = parameter.shape();
        double[] values = random.doubles((int) shape.elements());
        double fanIn = shape.rank() > 1 ? (double) shape.elements() / shape.size(0) : shape.elements();
        for (int i = 0; i < values.length; i++) {
            values[i] = switch (parameter.role()) {
                case NORM_SCALE -> 1 + 0.1 * values[i];
                case NORM_BIAS -> 0.1 * values[i];
                default -> values[i] * Math.sqrt(3 / fanIn);
            };
        }
        return Lcg.tensor(shape, 1, values);
    }

    /** The two views of one step, from a generator that goes on. */
    public static List<Tensor> views(Lcg data) {
        Shape shape = Shape.of(BATCH, 3, 8, 8);
        int count = (int) shape.elements();
        double[] x = data.doubles(count);
        return List.of(view(shape, x, data.doubles(count)), view(shape, x, data.doubles(count)));
    }

    static Tensor view(Shape shape, double[] x, double[] noise) {
        double[] sum = new double[x.length];
        for (int i = 0; i < x.length; i++) {
            sum[i] = x[i] + 0.1 * noise[i];
        }
        return Lcg.tensor(shape, 1, sum);
    }
}
