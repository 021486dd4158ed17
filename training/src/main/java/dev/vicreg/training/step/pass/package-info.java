/**
 * A training step before it is written for a runtime, and what turns one into another that computes the same.
 *
 * <p>Must not know networks, objectives, optimizers, kernels of a device, data or sessions. Read
 * {@link dev.vicreg.training.step.pass.StepGraph} first.
 */
@NullMarked
package dev.vicreg.training.step.pass;

import org.jspecify.annotations.NullMarked;
