/**
 * Optimizers and learning-rate schedules. An optimizer is a piece of graph: from parameter, gradient, state and rate to
 * their new values. Who writes them, and when, is none of its business.
 *
 * <p>Does not know networks, losses or ONNX Runtime sessions. Read {@link dev.vicreg.training.optim.Optimizer} first.
 */
@NullMarked
package dev.vicreg.training.optim;

import org.jspecify.annotations.NullMarked;
