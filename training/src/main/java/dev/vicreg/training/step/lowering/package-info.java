/**
 * Kernels for a device: the one place that knows which of ONNX Runtime's kernels compute what, and how.
 *
 * <p>Must not know networks, objectives, optimizers, data or sessions. Read {@link dev.vicreg.training.step.lowering.Lowering} first.
 */
@NullMarked
package dev.vicreg.training.step.lowering;

import org.jspecify.annotations.NullMarked;
