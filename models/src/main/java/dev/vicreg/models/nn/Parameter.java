package dev.vicreg.models.nn;

import dev.vicreg.models.graph.ElementType;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.TensorType;
import dev.vicreg.models.graph.Value;

/**
 * A float tensor that training changes: a weight, a bias, or a statistic of a batch norm. In a graph it is an input of
 * its name; its data live in a checkpoint.
 *
 * <p>Names are public and dotted as in torchvision: {@code encoder.layer1.0.conv1.weight}.
 */
public final class Parameter {
    /** What a parameter is, which decides how optimizers treat it. */
    public enum Role {
        /** Weights of a convolution or a linear layer. */
        WEIGHT(true),
        /** Additive term of a convolution or a linear layer. */
        BIAS(true),
        /** Learned tokens and positions, which no input is multiplied with. */
        EMBEDDING(true),
        /** Multiplicative term of a norm, or of a residual branch. */
        NORM_SCALE(true),
        /** Additive term of a norm. */
        NORM_BIAS(true),
        /** Running mean of a batch norm: no gradient. */
        RUNNING_MEAN(false),
        /** Running variance of a batch norm, unbiased: no gradient. */
        RUNNING_VARIANCE(false),
        /** Counts steps, for what has to differ from step to step: no gradient. */
        COUNTER(false);

        private final boolean trained;

        Role(boolean trained) {
            this.trained = trained;
        }
    }

    private final String name;
    private final Role role;
    private final Initializer initializer;
    private final Value value;

    /** Declares a parameter. */
    public Parameter(String name, Shape shape, Role role, Initializer initializer) {
        this.name = name;
        this.role = role;
        this.initializer = initializer;
        this.value = Value.input(name, new TensorType(ElementType.FLOAT, shape));
    }

    /** The public name. */
    public String name() {
        return name;
    }

    /** The shape, in ONNX's layout: [O,I,kH,kW] for convolutions, [O,I] for linear layers. */
    public Shape shape() {
        return value.shape();
    }

    /** What the parameter is. */
    public Role role() {
        return role;
    }

    /** How its data start. */
    public Initializer initializer() {
        return initializer;
    }

    /** The graph input that stands for it, the same in every graph. */
    public Value value() {
        return value;
    }

    /** Whether an optimizer moves it along a gradient; false for statistics. */
    public boolean isTrained() {
        return role.trained;
    }

    @Override
    public String toString() {
        return name + " " + shape();
    }
}
