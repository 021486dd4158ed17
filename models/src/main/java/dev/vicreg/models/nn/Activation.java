package dev.vicreg.models.nn;

/** Elementwise functions between layers; {@link Layers#activate} applies them. */
public enum Activation {
    /** max(x, 0). */
    RELU,
    /** x·max(0, min(1, x/6 + 1/2)) (Howard et al. 2019, MobileNetV3). */
    HARD_SWISH,
    /** max(0, min(1, x/6 + 1/2)): PyTorch's Hardsigmoid. */
    HARD_SIGMOID,
    /** x·sigmoid(x), also called swish. */
    SILU,
    /** 1/(1 + e⁻ˣ). */
    SIGMOID,
    /** x·Φ(x) with the normal distribution's Φ, exactly rather than by tanh (Hendrycks and Gimpel 2016). */
    GELU
}
