package dev.vicreg.models.nn;

import dev.vicreg.models.graph.Attributes;
import dev.vicreg.models.graph.ElementType;
import dev.vicreg.models.graph.Node;
import dev.vicreg.models.graph.OpType;
import dev.vicreg.models.graph.Ops;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.nn.Parameter.Role;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Layers of a network: each call declares the parameters it needs under the current scope and builds the nodes.
 *
 * <p>For training, batch norms use the statistics of their batch and move the running ones; {@link #statistics} then
 * holds their new values. For inference they use the running ones. Not thread-safe.
 */
public final class Layers {
    private final Ops ops;
    private final Parameters parameters;
    private final boolean training;
    private final Map<Parameter, Value> statistics;
    private final RandomMasks masks;

    private Layers(
            Ops ops,
            Parameters parameters,
            boolean training,
            Map<Parameter, Value> statistics,
            RandomMasks masks) {
        this.ops = ops;
        this.parameters = parameters;
        this.training = training;
        this.statistics = statistics;
        this.masks = masks;
    }

    /** Layers whose batch norms use and move statistics; the same instance builds both branches, one after the other. */
    public static Layers forTraining(Parameters parameters) {
        return new Layers(new Ops(), parameters, true, new LinkedHashMap<>(), new RandomMasks(parameters));
    }

    /** Layers whose batch norms use the running statistics. */
    public static Layers forInference(Parameters parameters) {
        return new Layers(new Ops(), parameters, false, new LinkedHashMap<>(), new RandomMasks(parameters));
    }

    /** These layers below {@code name}; an empty name changes nothing. */
    public Layers scope(String name) {
        return name.isEmpty() ? this : new Layers(ops.scope(name), parameters, training, statistics, masks);
    }

    /** The operators at this scope, for what has no parameters. */
    public Ops ops() {
        return ops;
    }

    /** New values of the running statistics after all that was built so far; empty for inference. */
    public Map<Parameter, Value> statistics() {
        return new LinkedHashMap<>(statistics);
    }

    /** The parameter of that name at this scope, for networks that say themselves what they need. */
    public Parameter declare(String name, Shape shape, Role role, Initializer initializer) {
        return parameters.declare(ops.scope(name).scope(), shape, role, initializer);
    }

    private Parameter declare(String layer, String name, Shape shape, Role role, Initializer initializer) {
        return parameters.declare(ops.scope(layer).scope(name).scope(), shape, role, initializer);
    }

    /** Square convolution without bias: [N,C,H,W] → [N,channels,H',W']. */
    public Value conv(String name, Value x, int channels, int kernel, int stride, int padding) {
        Shape shape = Shape.of(channels, x.shape().size(1), kernel, kernel);
        Parameter weight = declare(name, "weight", shape, Role.WEIGHT, Initializer.kaimingNormalFanOut());
        return ops.scope(name).conv(x, weight.value(), null, Ops.window(kernel, stride, padding));
    }

    /** Linear layer: [N,I] → [N,width]. */
    public Value linear(String name, Value x, int width, boolean withBias) {
        long fanIn = x.shape().size(1);
        Initializer initializer = Initializer.uniformFanIn(fanIn);
        Value weight = declare(name, "weight", Shape.of(width, fanIn), Role.WEIGHT, initializer)
                .value();
        Value bias = withBias
                ? declare(name, "bias", Shape.of(width), Role.BIAS, initializer).value()
                : null;
        return ops.scope(name).gemm(x, weight, bias, false, true);
    }

    /** max(x, 0). */
    public Value relu(Value x) {
        return ops.relu(x);
    }

    /** Mean over the spatial axes: [N,C,H,W] → [N,C]. */
    public Value globalMean(Value x) {
        return ops.flatten(ops.globalAveragePool(x), 1);
    }

    /** Max pooling with a square window. */
    public Value maxPool(Value x, int kernel, int stride, int padding) {
        return ops.maxPool(x, Ops.window(kernel, stride, padding)).output(0);
    }

    /** Batch norm over all axes but the second, with PyTorch's defaults: [N,C], [N,C,T] or [N,C,H,W]. */
    public Value batchNorm(String name, Value x) {
        return batchNorm(name, x, BatchNorm.DEFAULT);
    }

    /** Batch norm over all axes but the second: [N,C], [N,C,T] or [N,C,H,W]. */
    public Value batchNorm(String name, Value x, BatchNorm settings) {
        Shape shape = Shape.of(x.shape().size(1));
        Value scale = declare(name, "weight", shape, Role.NORM_SCALE, Initializer.constant(settings.scale()))
                .value();
        Value bias = declare(name, "bias", shape, Role.NORM_BIAS, Initializer.constant(0))
                .value();
        Parameter mean = declare(name, "running_mean", shape, Role.RUNNING_MEAN, Initializer.constant(0));
        Parameter variance = declare(name, "running_var", shape, Role.RUNNING_VARIANCE, Initializer.constant(1));
        Ops here = ops.scope(name);
        if (!training) {
            return here.batchNormalization(x, scale, bias, mean.value(), variance.value(), settings.epsilon());
        }
        return trainedBatchNorm(here, x, List.of(scale, bias), mean, variance, settings);
    }

    /**
     * Batch norm whose parameters have been declared.
     *
     * @param scale [C]
     * @param bias [C]
     * @param mean [C], moved in training
     * @param variance [C], moved in training
     */
    public Value batchNorm(
            Value x, Value scale, Value bias, Parameter mean, Parameter variance, BatchNorm settings) {
        return training
                ? trainedBatchNorm(ops, x, List.of(scale, bias), mean, variance, settings)
                : ops.batchNormalization(x, scale, bias, mean.value(), variance.value(), settings.epsilon());
    }

    /**
     * x with a share {@code ratio} of its elements set to zero and the rest scaled up to make up for it; x itself for
     * inference. Which ones depends on the seed, the step and the place in the network; see {@link RandomMasks}.
     *
     * @param ratio 0 or more, less than 1
     */
    public Value dropout(Value x, double ratio) {
        if (!training || ratio == 0) {
            return x;
        }
        Value kept = masks.kept(ops.scope("dropout"), statistics, x.shape(), ratio);
        return ops.mul(x, ops.mul(ops.cast(kept, ElementType.FLOAT), 1 / (1 - ratio)));
    }

    /**
     * Uses the batch's statistics and moves the running ones: mean ← (1-m)·mean + m·batch mean, and the variance alike
     * with the unbiased batch variance, as PyTorch does.
     *
     * <p>ONNX Runtime's CPU kernel moves the running variance with the biased batch variance b. With c = n/(n-1) and
     * the old value divided by c going in, c·((1-m)·old/c + m·b) = (1-m)·old + m·c·b comes out right. Dividing also
     * makes a copy: the kernel may write its results over its inputs, and the old values are state that a second
     * reader needs.
     */
    private Value trainedBatchNorm(
            Ops here, Value x, List<Value> affine, Parameter mean, Parameter variance, BatchNorm settings) {
        double n = x.shape().elements() / (double) x.shape().size(1);
        if (n < 2) {
            throw new IllegalArgumentException(
                    "Batch norm at " + here.scope() + " needs more than one value per channel"
                            + " to train, found input " + x.shape() + ": use a larger batch or pictures");
        }
        double correction = n / (n - 1);
        Value oldMean = statistics.getOrDefault(mean, mean.value());
        Value oldVariance = statistics.getOrDefault(variance, variance.value());
        float kept = 1 - settings.momentum();
        Node norm = here.node(
                OpType.BATCH_NORM_INTERNAL,
                List.of(
                        x,
                        affine.get(0),
                        affine.get(1),
                        here.mul(oldMean, 1 / correction),
                        here.mul(oldVariance, 1 / correction)),
                Attributes.NONE
                        .with("epsilon", settings.epsilon())
                        .with("momentum", kept)
                        .with("training_mode", 1L));
        Value batchMean = norm.output(3);
        statistics.put(mean, here.add(here.mul(oldMean, kept), here.mul(batchMean, 1 - kept)));
        statistics.put(variance, here.mul(norm.output(2), correction));
        return norm.output(0);
    }

    /**
     * Pictures as networks take them: uint8 [N,H,W,C] → float32 [N,C,H,W], (x/255 - mean)/deviation per channel.
     *
     * @param mean per channel, on a scale of 0 to 1
     * @param deviation standard deviation per channel, on a scale of 0 to 1
     */
    public static Value normalisePictures(Ops ops, Value pictures, List<Float> mean, List<Float> deviation) {
        int channels = mean.size();
        float[] factor = new float[channels];
        float[] offset = new float[channels];
        for (int c = 0; c < channels; c++) {
            factor[c] = 1 / (255 * deviation.get(c));
            offset[c] = -mean.get(c) / deviation.get(c);
        }
        Value reals = ops.transpose(ops.cast(pictures, ElementType.FLOAT), 0, 3, 1, 2);
        Shape perChannel = Shape.of(1, channels, 1, 1);
        Value scaled = ops.mul(reals, ops.constant(Tensor.of(perChannel, factor)));
        return ops.add(scaled, ops.constant(Tensor.of(perChannel, offset)));
    }
}
