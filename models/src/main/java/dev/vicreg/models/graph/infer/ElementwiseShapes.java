package dev.vicreg.models.graph.infer;

import static dev.vicreg.models.graph.infer.ShapeRules.broadcast;
import static dev.vicreg.models.graph.infer.ShapeRules.many;
import static dev.vicreg.models.graph.infer.ShapeRules.one;

import dev.vicreg.models.graph.ElementType;
import dev.vicreg.models.graph.OpType;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.TensorType;
import dev.vicreg.models.graph.infer.ShapeRules.Call;
import java.util.List;

/** Shape rules of elementwise operators, with broadcasting and without. */
final class ElementwiseShapes {
    private static final List<OpType> ARITHMETIC = List.of(OpType.ADD, OpType.SUB, OpType.MUL, OpType.DIV, OpType.MOD);
    private static final List<OpType> VARIADIC = List.of(OpType.MIN, OpType.MAX, OpType.SUM, OpType.MEAN);
    private static final List<OpType> COMPARISONS =
            List.of(OpType.EQUAL, OpType.GREATER, OpType.GREATER_OR_EQUAL, OpType.LESS, OpType.LESS_OR_EQUAL);
    private static final List<OpType> LOGIC = List.of(OpType.AND, OpType.OR, OpType.XOR);
    /** Defined for integers, too. */
    private static final List<OpType> ANY_NUMBER =
            List.of(OpType.ABS, OpType.ERF, OpType.IDENTITY, OpType.NEG, OpType.RELU, OpType.SIGN);

    private static final List<OpType> FLOATING_POINT = List.of(
            OpType.ACOS,
            OpType.ACOSH,
            OpType.ASIN,
            OpType.ASINH,
            OpType.ATAN,
            OpType.ATANH,
            OpType.CEIL,
            OpType.COS,
            OpType.COSH,
            OpType.ELU,
            OpType.EXP,
            OpType.FLOOR,
            OpType.GELU,
            OpType.HARD_SIGMOID,
            OpType.HARD_SWISH,
            OpType.LEAKY_RELU,
            OpType.LOG,
            OpType.MISH,
            OpType.RECIPROCAL,
            OpType.ROUND,
            OpType.SELU,
            OpType.SIGMOID,
            OpType.SIN,
            OpType.SINH,
            OpType.SOFTPLUS,
            OpType.SOFTSIGN,
            OpType.SQRT,
            OpType.TAN,
            OpType.TANH);

    private ElementwiseShapes() {}

    static void register() {
        ARITHMETIC.forEach(op -> one(op, call -> call.shaped(broadcast(call, 0, 1))));
        // The exponent's type may differ from the base's, which is the result's.
        one(OpType.POW, call -> call.shaped(Shape.broadcast(call.shape(0), call.shape(1))));
        one(OpType.PRELU, ElementwiseShapes::pRelu);
        VARIADIC.forEach(op -> one(op, ElementwiseShapes::variadic));
        COMPARISONS.forEach(op -> one(op, call -> new TensorType(ElementType.BOOL, broadcast(call, 0, 1))));
        LOGIC.forEach(op -> one(op, call -> bool(call, 0).shaped(broadcast(call, 0, 1))));
        one(OpType.WHERE, ElementwiseShapes::where);

        ANY_NUMBER.forEach(op -> one(op, call -> call.like(0)));
        FLOATING_POINT.forEach(op -> one(op, call -> floating(call).like(0)));
        one(OpType.NOT, call -> bool(call, 0).like(0));
        for (OpType op : List.of(OpType.IS_INF, OpType.IS_NAN)) {
            one(op, call -> new TensorType(ElementType.BOOL, floating(call).shape(0)));
        }
        one(OpType.CAST, ElementwiseShapes::cast);
        one(OpType.CLIP, ElementwiseShapes::clip);
        many(OpType.DROPOUT, ElementwiseShapes::dropout);
    }

    /** The slope is stretched to x, never x to the slope. */
    private static TensorType pRelu(Call call) {
        if (!broadcast(call, 0, 1).equals(call.shape(0))) {
            throw new IllegalArgumentException(
                    "the slope " + call.shape(1) + " cannot be broadcast to the input " + call.shape(0));
        }
        return call.like(0);
    }

    private static TensorType variadic(Call call) {
        Shape shape = call.shape(0);
        for (int i = 1; i < call.inputs().size(); i++) {
            shape = Shape.broadcast(shape, broadcast(call, 0, i));
        }
        return call.shaped(shape);
    }

    private static TensorType where(Call call) {
        Shape branches = broadcast(call, 1, 2);
        return new TensorType(call.element(1), Shape.broadcast(bool(call, 0).shape(0), branches));
    }

    private static TensorType cast(Call call) {
        if (!call.attributes().has("to")) {
            throw new IllegalArgumentException("the attribute to is missing");
        }
        ElementType to = ElementType.ofCode((int) call.attributes().integer("to", 0));
        return new TensorType(to, call.shape(0));
    }

    private static TensorType clip(Call call) {
        for (int bound = 1; bound <= 2; bound++) {
            if (call.has(bound) && call.element(bound) != call.element(0)) {
                throw new IllegalArgumentException(
                        "a bound of " + call.element(bound) + " does not fit an input of " + call.element(0));
            }
        }
        return call.like(0);
    }

    /** The data with some elements zeroed, and the mask of those that stayed. */
    private static List<TensorType> dropout(Call call) {
        if (call.has(2)) {
            bool(call, 2);
        }
        return List.of(floating(call).like(0), new TensorType(ElementType.BOOL, call.shape(0)));
    }

    private static Call bool(Call call, int index) {
        if (call.element(index) != ElementType.BOOL) {
            throw new IllegalArgumentException("input " + index + ": expected BOOL, found " + call.element(index));
        }
        return call;
    }

    static Call floating(Call call) {
        if (!call.element(0).isFloatingPoint()) {
            throw new IllegalArgumentException("input 0: expected FLOAT, FLOAT16 or DOUBLE, found " + call.element(0));
        }
        return call;
    }
}
