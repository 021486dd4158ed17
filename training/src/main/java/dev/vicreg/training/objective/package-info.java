/**
 * The VICReg objective: its three terms, the published variants and the projector.
 *
 * <p>Does not know encoders, optimizers or pictures. Read {@link dev.vicreg.training.objective.VicReg} first.
 */
package dev.vicreg.training.objective;
