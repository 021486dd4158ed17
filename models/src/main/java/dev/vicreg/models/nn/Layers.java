package dev.vicreg.models.nn;

import dev.vicreg.models.graph.Attributes;
import dev.vicreg.models.graph.Dim;
import dev.vicreg.models.graph.ElementType;
import dev.vicreg.models.graph.Node;
import dev.vicreg.models.graph.OpType;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.nn.Parameter.Role;
import dev.vicreg.models.ops.Ops;
import dev.vicreg.models.setting.SettingException;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

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
            Ops ops, Parameters parameters, boolean training, Map<Parameter, Value> statistics, RandomMasks masks) {
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

    /** A parameter of its own at this scope, such as a token or positions. */
    public Value parameter(String name, Shape shape, Role role, Initializer initializer) {
        return parameters
                .declare(ops.scope(name).scope(), shape, role, initializer)
                .value();
    }

    /** Convolution: [N,C,H,W] → [N,channels,H',W'], or [N,C,T] → [N,channels,T']; weights [channels,C/groups,k,k]. */
    public Value conv(String name, Value x, Convolution settings) {
        int axes = x.shape().rank() - 2;
        long[] shape = new long[axes + 2];
        Arrays.fill(shape, settings.kernel());
        shape[0] = settings.channels();
        shape[1] = x.shape().size(1) / settings.groups();
        Value weight = declare(name, "weight", Shape.of(shape), Role.WEIGHT, settings.weights())
                .value();
        Initializer start = settings.bias();
        Value bias = start == null
                ? null
                : declare(name, "bias", Shape.of(settings.channels()), Role.BIAS, start)
                        .value();
        Attributes window = Ops.window(axes, settings.kernel(), settings.stride(), settings.padding());
        return ops.scope(name)
                .conv(x, weight, bias, settings.groups() == 1 ? window : window.with("group", settings.groups()));
    }

    /** Linear layer with PyTorch's default initialisation: [...,I] → [...,width]. */
    public Value linear(String name, Value x, int width, boolean withBias) {
        Initializer initializer = Initializer.uniformFanIn(x.shape().size(-1));
        return linear(name, x, width, initializer, withBias ? initializer : null);
    }

    /**
     * Linear layer on the last axis: [...,I] → [...,width], weights [width,I].
     *
     * <p>More than two axes are one matrix product over all rows where their number is known, which is what training
     * wants; with a symbolic batch it is a batched product.
     *
     * @param startOfBias how the bias starts; null for none
     */
    public Value linear(
            String name, Value x, int width, Initializer startOfWeights, @Nullable Initializer startOfBias) {
        Shape shape = x.shape();
        Value weight = declare(name, "weight", Shape.of(width, shape.size(-1)), Role.WEIGHT, startOfWeights)
                .value();
        Value bias = startOfBias == null
                ? null
                : declare(name, "bias", Shape.of(width), Role.BIAS, startOfBias).value();
        Ops here = ops.scope(name);
        if (shape.rank() == 2) {
            return here.gemm(x, weight, bias, false, true);
        }
        if (shape.isFixed()) {
            Value rows = here.gemm(here.reshape(x, -1, shape.size(-1)), weight, bias, false, true);
            return here.reshape(rows, shape.with(-1, Dim.of(width)).toArray());
        }
        Value product = here.matMul(x, here.transpose(weight, 1, 0));
        return bias == null ? product : here.add(product, bias);
    }

    /** max(x, 0). */
    public Value relu(Value x) {
        return ops.relu(x);
    }

    /** The function of each element. */
    public Value activate(Activation activation, Value x) {
        return switch (activation) {
            case RELU -> ops.relu(x);
            case HARD_SWISH -> unary(OpType.HARD_SWISH, Attributes.NONE, x);
            case HARD_SIGMOID ->
                unary(OpType.HARD_SIGMOID, Attributes.NONE.with("alpha", 1 / 6f).with("beta", 0.5f), x);
            case SILU -> ops.mul(x, ops.sigmoid(x));
            case SIGMOID -> ops.sigmoid(x);
            case GELU -> gelu(x);
        };
    }

    private Value unary(OpType op, Attributes attributes, Value x) {
        return ops.node(op, List.of(x), attributes).output(0);
    }

    /** Composed for inference, since Gelu is an operator of its own only from opset 20 on. */
    private Value gelu(Value x) {
        if (training) {
            return ops.gelu(x);
        }
        Value erf = ops.erf(ops.div(x, ops.constant((float) Math.sqrt(2))));
        return ops.mul(ops.mul(x, ops.add(erf, ops.constant(1))), 0.5);
    }

    /** Mean over the spatial axes: [N,C,H,W] or [N,C,T] → [N,C]. */
    public Value globalMean(Value x) {
        return ops.flatten(ops.globalAveragePool(x), 1);
    }

    /** Max pooling with a window that is alike along the axes of [N,C,H,W] or [N,C,T]. */
    public Value maxPool(Value x, int kernel, int stride, int padding) {
        return ops.maxPool(x, Ops.window(x.shape().rank() - 2, kernel, stride, padding))
                .output(0);
    }

    /** Layer norm over the last axis, [...,D], with a scale and a bias of [D] (Ba, Kiros and Hinton 2016). */
    public Value layerNorm(String name, Value x, float epsilon) {
        Shape shape = Shape.of(x.shape().size(-1));
        Value scale = declare(name, "weight", shape, Role.NORM_SCALE, Initializer.constant(1))
                .value();
        Value bias = declare(name, "bias", shape, Role.NORM_BIAS, Initializer.constant(0))
                .value();
        Attributes attributes = Attributes.NONE.with("axis", -1L).with("epsilon", epsilon);
        return ops.scope(name)
                .node(OpType.LAYER_NORMALIZATION, List.of(x, scale, bias), attributes)
                .output(0);
    }

    /** x times a learned factor per element of the last axis, [...,D] (Touvron et al. 2021, LayerScale). */
    public Value layerScale(String name, Value x, float start) {
        Shape shape = Shape.of(x.shape().size(-1));
        return ops.mul(x, parameter(name, shape, Role.NORM_SCALE, Initializer.constant(start)));
    }

    /**
     * Weighs the channels by what their means say (Hu et al. 2018): x·gate(fc2(inner(fc1(mean(x))))), with 1×1
     * convolutions {@code fc1} to {@code squeezed} channels and {@code fc2} back. [N,C,H,W] → [N,C,H,W].
     */
    public Value squeezeExcitation(String name, Value x, int squeezed, Activation inner, Activation gate) {
        Layers here = scope(name);
        int channels = Math.toIntExact(x.shape().size(1));
        Value mean = here.ops.globalAveragePool(x); // [N,C,1,1]
        Value hidden = here.activate(
                inner, here.conv("fc1", mean, Convolution.of(squeezed, 1, 1).withBias()));
        Value weights = here.activate(
                gate, here.conv("fc2", hidden, Convolution.of(channels, 1, 1).withBias()));
        return here.ops.mul(weights, x);
    }

    /**
     * Multi-head self-attention (Vaswani et al. 2017, section 3.2): softmax(Q·Kᵀ/√d)·V in each head of width d, heads side by
     * side, then a linear layer. [N,T,D] → [N,T,D]. One linear layer {@code qkv} gives queries, keys and values; the last one
     * is {@code proj}.
     *
     * @param heads a divisor of D
     */
    public Value attention(String name, Value x, int heads, Initializer startOfWeights, Initializer startOfBias) {
        Layers here = scope(name);
        int width = Math.toIntExact(x.shape().size(2));
        Value joined = here.linear("qkv", x, 3 * width, startOfWeights, startOfBias); // [N,T,3D]
        List<Value> parts = here.ops.split(joined, 2, width, width, width);
        double scale = 1 / Math.sqrt(width / (double) heads);
        Value queries = here.ops.mul(here.heads(parts.get(0), heads, 0, 2, 1, 3), scale); // [N,heads,T,d]
        Value keys = here.heads(parts.get(1), heads, 0, 2, 3, 1); // [N,heads,d,T]
        Value values = here.heads(parts.get(2), heads, 0, 2, 1, 3); // [N,heads,T,d]
        Value shares = here.ops.softmax(here.ops.matMul(queries, keys), -1); // [N,heads,T,T]
        Value mixed = here.ops.transpose(here.ops.matMul(shares, values), 0, 2, 1, 3); // [N,T,heads,d]
        Value together = here.ops.reshape(mixed, 0, x.shape().size(1), width);
        return here.linear("proj", together, width, startOfWeights, startOfBias);
    }

    /** [N,T,D] → [N,T,heads,D/heads] → its axes in another order. */
    private Value heads(Value x, int heads, long... order) {
        long perHead = x.shape().size(2) / heads;
        return ops.transpose(ops.reshape(x, 0, x.shape().size(1), heads, perHead), order);
    }

    /** Whether the network is built for training. */
    public boolean isTraining() {
        return training;
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

    /** The same without scale and shift: what it gives has mean 0 and variance 1 along each column of [N,C]. */
    public Value batchNormWithoutScale(String name, Value x) {
        Shape shape = Shape.of(x.shape().size(1));
        Layers here = scope(name);
        return here.batchNorm(
                x,
                here.ops.constant(Tensor.filled(shape, 1)),
                here.ops.constant(Tensor.filled(shape, 0)),
                here.declare("running_mean", shape, Role.RUNNING_MEAN, Initializer.constant(0)),
                here.declare("running_var", shape, Role.RUNNING_VARIANCE, Initializer.constant(1)),
                BatchNorm.DEFAULT);
    }

    /**
     * Batch norm whose parameters have been declared.
     *
     * @param scale [C]
     * @param bias [C]
     * @param mean [C], moved in training
     * @param variance [C], moved in training
     */
    public Value batchNorm(Value x, Value scale, Value bias, Parameter mean, Parameter variance, BatchNorm settings) {
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
     */
    private Value trainedBatchNorm(
            Ops here, Value x, List<Value> affine, Parameter mean, Parameter variance, BatchNorm settings) {
        if (x.shape().elements() < 2 * x.shape().size(1)) {
            throw new SettingException("Batch norm at " + here.scope() + " needs more than one value per channel"
                    + " to train, found input " + x.shape() + ": use a larger batch or pictures");
        }
        Value oldMean = statistics.getOrDefault(mean, mean.value());
        Value oldVariance = statistics.getOrDefault(variance, variance.value());
        Node norm = here.node(
                OpType.BATCH_NORM_TRAINING,
                List.of(x, affine.get(0), affine.get(1), oldMean, oldVariance),
                Attributes.NONE.with("epsilon", settings.epsilon()).with("momentum", 1 - settings.momentum()));
        statistics.put(mean, norm.output(1));
        statistics.put(variance, norm.output(2));
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
