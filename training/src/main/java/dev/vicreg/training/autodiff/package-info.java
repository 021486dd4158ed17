/**
 * Reverse-mode differentiation of ONNX graphs: a table of one rule per operator and one walk.
 *
 * <p>Does not know networks, losses, optimizers or ONNX Runtime sessions. Read
 * {@link dev.vicreg.training.autodiff.GradientRules}, then {@link dev.vicreg.training.autodiff.Backward}.
 */
@NullMarked
package dev.vicreg.training.autodiff;

import org.jspecify.annotations.NullMarked;
