package dev.vicreg.models.graph;

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
 * (its training kernels) and {@code com.microsoft.nchwc} (its blocked CPU convolution).
 */
public enum OpType {
    // Elementwise, with broadcasting
    ADD("Add", 2),
    SUB("Sub", 2),
    MUL("Mul", 2),
    DIV("Div", 2),
    MIN("Min", 2),
    GREATER("Greater", 2),
    AND("And", 2),
    WHERE("Where", 3),
    // Elementwise
    SQRT("Sqrt", 1),
    RELU("Relu", 1),
    NEG("Neg", 1),
    CAST("Cast", 1),
    IDENTITY("Identity", 1),
    // Reductions; axes are the second input
    REDUCE_SUM("ReduceSum", 2),
    REDUCE_MEAN("ReduceMean", 2),
    // Structure
    RESHAPE("Reshape", 2),
    FLATTEN("Flatten", 1),
    TRANSPOSE("Transpose", 1),
    EXPAND("Expand", 2),
    CONCAT("Concat", 1, Integer.MAX_VALUE, 1),
    SLICE("Slice", 3, 5, 1),
    PAD("Pad", 2, 4, 1),
    CONSTANT_OF_SHAPE("ConstantOfShape", 1),
    SCATTER_ELEMENTS("ScatterElements", 3),
    // Matrices and neural layers
    MAT_MUL("MatMul", 2),
    GEMM("Gemm", 2, 3, 1),
    CONV("Conv", 2, 3, 1),
    MAX_POOL("MaxPool", 1, 1, 2),
    GLOBAL_AVERAGE_POOL("GlobalAveragePool", 1),
    BATCH_NORMALIZATION("BatchNormalization", 5),
    // ONNX Runtime Training
    BATCH_NORM_INTERNAL("BatchNormInternal", Domain.MICROSOFT, 5, 5, 5),
    BATCH_NORMALIZATION_GRAD("BatchNormalizationGrad", Domain.MICROSOFT, 5, 5, 3),
    RELU_GRAD("ReluGrad", Domain.MICROSOFT, 2, 2, 1),
    CONV_GRAD("ConvGrad", Domain.MICROSOFT, 3, 3, 3),
    IN_PLACE_ACCUMULATOR("InPlaceAccumulatorV2", Domain.MICROSOFT, 3, 3, 1),
    ADAM_OPTIMIZER("AdamOptimizer", Domain.MICROSOFT, 10, 10, 4),
    GROUP("Group", Domain.MICROSOFT, 1, Integer.MAX_VALUE, 1),
    // ONNX Runtime's blocked layout on the CPU
    REORDER_INPUT("ReorderInput", Domain.NCHWC, 1, 1, 1),
    REORDER_OUTPUT("ReorderOutput", Domain.NCHWC, 1, 1, 1),
    BLOCKED_CONV("Conv", Domain.NCHWC, 2, 4, 1);

    /** The one opset that graphs are built with. */
    public static final int ONNX_OPSET = 21;

    /** Operator domains. */
    public enum Domain {
        /** The standard operators. */
        ONNX("", ONNX_OPSET),
        /** ONNX Runtime's own operators, its training kernels among them. */
        MICROSOFT("com.microsoft", 1),
        /** ONNX Runtime's blocked CPU layout. */
        NCHWC("com.microsoft.nchwc", 1);

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

    /** The most outputs that a node may have. */
    public int outputs() {
        return outputs;
    }

    void checkArity(int inputs) {
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
