/**
 * Objectives: VICReg with its three terms and published variants, and others in its place, a file each; the heads that they
 * want behind an encoder.
 *
 * <p>Does not know encoders, optimizers or pictures. Read {@link dev.vicreg.training.objective.VicReg} first.
 */
@NullMarked
package dev.vicreg.training.objective;

import org.jspecify.annotations.NullMarked;
