/**
 * The VICReg objective: its three terms, the published variants and the projector.
 *
 * <p>Does not know encoders, optimizers or pictures. Read {@link dev.vicreg.training.objective.VicReg} first.
 */
@NullMarked
package dev.vicreg.training.objective;

import org.jspecify.annotations.NullMarked;
