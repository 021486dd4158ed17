package dev.vicreg.models.nn;

/**
 * Settings of a batch norm.
 *
 * @param epsilon added to the variance
 * @param momentum share of the batch's statistics that the running ones take up a step, as PyTorch has it; ONNX's is
 *     one minus this
 * @param scale what the scale starts from: 0 makes a residual branch start as nothing (Goyal et al. 2017, section 5.1)
 */
public record BatchNorm(float epsilon, float momentum, float scale) {
    /** PyTorch's defaults. */
    public static final BatchNorm DEFAULT = new BatchNorm(1e-5f, 0.1f, 1);
    /** The defaults with a scale that starts from zero. */
    public static final BatchNorm ZERO = new BatchNorm(1e-5f, 0.1f, 0);
}
