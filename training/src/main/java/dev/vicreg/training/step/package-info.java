/**
 * The whole training step as one graph: both branches, loss, backward pass, update and statistics; and the lowering that
 * chooses kernels for a device.
 *
 * <p>Does not know data sets, files or ONNX Runtime sessions. Read {@link dev.vicreg.training.step.TrainingGraph} first.
 */
@NullMarked
package dev.vicreg.training.step;

import org.jspecify.annotations.NullMarked;
