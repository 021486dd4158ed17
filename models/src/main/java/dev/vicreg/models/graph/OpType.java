package dev.vicreg.models.graph;

import dev.vicreg.models.graph.infer.ShapeRules;
import dev.vicreg.models.ops.Ops;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * The operators that graphs of this project are made of: name, domain and arity. A new operator is one constant here,
 * a builder method in {@link Ops}, a row in {@link ShapeRules}, and (if gradients flow through it) a gradient rule.
 *
 * <p>Standard operators are those of opset {@value #ONNX_OPSET}. The others are ONNX Runtime's: {@code com.microsoft}
 * (its training kernels) and {@code com.microsoft.nchwc} (its blocked CPU convolution); and a few of our own, which no
 * file holds.
 */
public enum OpType {
    // Elementwise, with broadcasting
    ADD("Add", 2),
    SUB("Sub", 2),
    MUL("Mul", 2),
    DIV("Div", 2),
    MOD("Mod", 2),
    POW("Pow", 2),
    PRELU("PRelu", 2),
    MIN("Min", 1, Arity.MANY, 1),
    MAX("Max", 1, Arity.MANY, 1),
    SUM("Sum", 1, Arity.MANY, 1),
    MEAN("Mean", 1, Arity.MANY, 1),
    EQUAL("Equal", 2),
    GREATER("Greater", 2),
    GREATER_OR_EQUAL("GreaterOrEqual", 2),
    LESS("Less", 2),
    LESS_OR_EQUAL("LessOrEqual", 2),
    AND("And", 2),
    OR("Or", 2),
    XOR("Xor", 2),
    WHERE("Where", 3),
    // Elementwise
    ABS("Abs", 1),
    ACOS("Acos", 1),
    ACOSH("Acosh", 1),
    ASIN("Asin", 1),
    ASINH("Asinh", 1),
    ATAN("Atan", 1),
    ATANH("Atanh", 1),
    CAST("Cast", 1),
    CEIL("Ceil", 1),
    CLIP("Clip", 1, 3, 1),
    COS("Cos", 1),
    COSH("Cosh", 1),
    DROPOUT("Dropout", 1, 3, 2),
    ELU("Elu", 1),
    ERF("Erf", 1),
    EXP("Exp", 1),
    FLOOR("Floor", 1),
    GELU("Gelu", 1),
    HARD_SIGMOID("HardSigmoid", 1),
    HARD_SWISH("HardSwish", 1),
    IDENTITY("Identity", 1),
    IS_INF("IsInf", 1),
    IS_NAN("IsNaN", 1),
    LEAKY_RELU("LeakyRelu", 1),
    LOG("Log", 1),
    MISH("Mish", 1),
    NEG("Neg", 1),
    NOT("Not", 1),
    RECIPROCAL("Reciprocal", 1),
    RELU("Relu", 1),
    ROUND("Round", 1),
    SELU("Selu", 1),
    SIGMOID("Sigmoid", 1),
    SIGN("Sign", 1),
    SIN("Sin", 1),
    SINH("Sinh", 1),
    SOFTPLUS("Softplus", 1),
    SOFTSIGN("Softsign", 1),
    SQRT("Sqrt", 1),
    TAN("Tan", 1),
    TANH("Tanh", 1),
    // Along axes; a reduction's axes are the second input
    ARG_MAX("ArgMax", 1),
    ARG_MIN("ArgMin", 1),
    CUM_SUM("CumSum", 2),
    LOG_SOFTMAX("LogSoftmax", 1),
    REDUCE_L1("ReduceL1", 1, 2, 1),
    REDUCE_L2("ReduceL2", 1, 2, 1),
    REDUCE_LOG_SUM("ReduceLogSum", 1, 2, 1),
    REDUCE_LOG_SUM_EXP("ReduceLogSumExp", 1, 2, 1),
    REDUCE_MAX("ReduceMax", 1, 2, 1),
    REDUCE_MEAN("ReduceMean", 1, 2, 1),
    REDUCE_MIN("ReduceMin", 1, 2, 1),
    REDUCE_PROD("ReduceProd", 1, 2, 1),
    REDUCE_SUM("ReduceSum", 1, 2, 1),
    REDUCE_SUM_SQUARE("ReduceSumSquare", 1, 2, 1),
    SOFTMAX("Softmax", 1),
    TOP_K("TopK", 2, 2, 2),
    // Structure
    CONCAT("Concat", 1, Arity.MANY, 1),
    CONSTANT("Constant", 0),
    CONSTANT_OF_SHAPE("ConstantOfShape", 1),
    DEPTH_TO_SPACE("DepthToSpace", 1),
    EXPAND("Expand", 2),
    EYE_LIKE("EyeLike", 1),
    FLATTEN("Flatten", 1),
    GATHER("Gather", 2),
    GATHER_ELEMENTS("GatherElements", 2),
    GATHER_ND("GatherND", 2),
    NON_ZERO("NonZero", 1),
    ONE_HOT("OneHot", 3),
    PAD("Pad", 2, 4, 1),
    RANGE("Range", 3),
    RESHAPE("Reshape", 2),
    RESIZE("Resize", 1, 4, 1),
    SCATTER_ELEMENTS("ScatterElements", 3),
    SCATTER_ND("ScatterND", 3),
    SHAPE("Shape", 1),
    SIZE("Size", 1),
    SLICE("Slice", 3, 5, 1),
    SPACE_TO_DEPTH("SpaceToDepth", 1),
    SPLIT("Split", 1, 2, Arity.MANY),
    SQUEEZE("Squeeze", 1, 2, 1),
    TILE("Tile", 2),
    TRANSPOSE("Transpose", 1),
    TRILU("Trilu", 1, 2, 1),
    UNSQUEEZE("Unsqueeze", 2),
    // Matrices and neural layers
    AVERAGE_POOL("AveragePool", 1),
    BATCH_NORMALIZATION("BatchNormalization", 5, 5, 3),
    CONV("Conv", 2, 3, 1),
    CONV_TRANSPOSE("ConvTranspose", 2, 3, 1),
    EINSUM("Einsum", 1, Arity.MANY, 1),
    GEMM("Gemm", 2, 3, 1),
    GLOBAL_AVERAGE_POOL("GlobalAveragePool", 1),
    GLOBAL_MAX_POOL("GlobalMaxPool", 1),
    GROUP_NORMALIZATION("GroupNormalization", 3),
    GRU("GRU", 3, 6, 2),
    INSTANCE_NORMALIZATION("InstanceNormalization", 3),
    LAYER_NORMALIZATION("LayerNormalization", 2, 3, 3),
    LSTM("LSTM", 3, 8, 3),
    MAT_MUL("MatMul", 2),
    MAX_POOL("MaxPool", 1, 1, 2),
    // Integers for real numbers, of exported encoders alone
    QUANTIZE_LINEAR("QuantizeLinear", 3),
    DEQUANTIZE_LINEAR("DequantizeLinear", 2, 3, 1),
    // ONNX Runtime Training
    BATCH_NORM_INTERNAL("BatchNormInternal", Domain.MICROSOFT, 5, 5, 5),
    BATCH_NORMALIZATION_GRAD("BatchNormalizationGrad", Domain.MICROSOFT, 5, 5, 3),
    RELU_GRAD("ReluGrad", Domain.MICROSOFT, 2, 2, 1),
    LEAKY_RELU_GRAD("LeakyReluGrad", Domain.MICROSOFT, 2, 2, 1),
    CONV_GRAD("ConvGrad", Domain.MICROSOFT, 3, 3, 3),
    IN_PLACE_ACCUMULATOR("InPlaceAccumulatorV2", Domain.MICROSOFT, 3, 3, 1),
    ADAM_OPTIMIZER("AdamOptimizer", Domain.MICROSOFT, 10, 10, 4),
    GROUP("Group", Domain.MICROSOFT, 1, Arity.MANY, 1),
    PASS_THROUGH("PassThrough", Domain.MICROSOFT, 1, Arity.MANY, Arity.MANY),
    REDUCE_ALL_L2("ReduceAllL2", Domain.MICROSOFT, 1, Arity.MANY, 1),
    // ONNX Runtime's blocked layout on the CPU
    REORDER_INPUT("ReorderInput", Domain.NCHWC, 1, 1, 1),
    REORDER_OUTPUT("ReorderOutput", Domain.NCHWC, 1, 1, 1),
    BLOCKED_CONV("Conv", Domain.NCHWC, 2, 4, 1),
    // What a step computes before a lowering finds kernels for it; never in a file
    /**
     * A batch norm that uses its batch's statistics: x [N,C,…], scale, bias, running mean and variance [C] → result, both
     * moved by a share of 1 - {@code momentum} (the variance by the unbiased one), batch mean and 1/deviation.
     */
    BATCH_NORM_TRAINING("BatchNormTraining", Domain.SEMANTIC, 5, 5, 5),
    /** Rate, step (from 1), parameter, gradient, first and second moment → new parameter, step and moments. */
    ADAM("Adam", Domain.SEMANTIC, 6, 6, 4),
    /** x, through which no gradient flows. */
    DETACH("Detach", Domain.SEMANTIC, 1, 1, 1);

    /** The one opset that graphs are built with. */
    public static final int ONNX_OPSET = 21;

    /** A holder, since constants of the enum itself cannot be used where its values are made. */
    private static final class Arity {
        /** Any number of values. */
        static final int MANY = Integer.MAX_VALUE;
    }

    /** Operator domains. */
    public enum Domain {
        /** The standard operators. */
        ONNX("", ONNX_OPSET),
        /** ONNX Runtime's own operators, its training kernels among them. */
        MICROSOFT("com.microsoft", 1),
        /** ONNX Runtime's blocked CPU layout. */
        NCHWC("com.microsoft.nchwc", 1),
        /** Our own, which say what is computed and leave how to a lowering. Files don't hold them. */
        SEMANTIC("dev.vicreg", 1);

        private final String onnxName;
        private final int version;

        Domain(String onnxName, int version) {
            this.onnxName = onnxName;
            this.version = version;
        }

        /** The domain's name in ONNX files; empty for the standard one. */
        public String onnxName() {
            return onnxName;
        }

        /** The operator set version that this project uses. */
        public int version() {
            return version;
        }
    }

    private static final Map<String, OpType> BY_NAME = Arrays.stream(values())
            .filter(OpType::isInFiles)
            .collect(Collectors.toUnmodifiableMap(op -> key(op.domain.onnxName, op.onnxName), Function.identity()));

    private final String onnxName;
    private final Domain domain;
    private final int minInputs;
    private final int maxInputs;
    private final int outputs;

    OpType(String onnxName, int inputs) {
        this(onnxName, Domain.ONNX, inputs, inputs, 1);
    }

    OpType(String onnxName, int minInputs, int maxInputs, int outputs) {
        this(onnxName, Domain.ONNX, minInputs, maxInputs, outputs);
    }

    OpType(String onnxName, Domain domain, int minInputs, int maxInputs, int outputs) {
        this.onnxName = onnxName;
        this.domain = domain;
        this.minInputs = minInputs;
        this.maxInputs = maxInputs;
        this.outputs = outputs;
    }

    /** The operator's name in ONNX files. */
    public String onnxName() {
        return onnxName;
    }

    /** The operator's domain. */
    public Domain domain() {
        return domain;
    }

    /** Whether ONNX files hold the operator; the others must be lowered first. */
    public boolean isInFiles() {
        return domain != Domain.SEMANTIC;
    }

    /** The most outputs that a node may have. */
    public int outputs() {
        return outputs;
    }

    public void checkArity(int inputs) {
        if (inputs < minInputs || inputs > maxInputs) {
            throw new IllegalArgumentException(onnxName + " takes " + minInputs
                    + (maxInputs == minInputs ? "" : " to " + maxInputs) + " inputs, found " + inputs);
        }
    }

    /** The operator of that domain and name, if this project knows it. */
    public static Optional<OpType> of(String domain, String onnxName) {
        return Optional.ofNullable(BY_NAME.get(key(domain.equals("ai.onnx") ? "" : domain, onnxName)));
    }

    private static String key(String domain, String name) {
        return domain + "/" + name;
    }
}
