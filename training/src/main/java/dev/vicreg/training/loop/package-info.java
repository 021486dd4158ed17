/**
 * The training loop: artifacts on disk, ONNX Runtime Training sessions, checkpoints, metrics and resume.
 *
 * <p>Does not know the command line. Read {@link dev.vicreg.training.loop.Trainer} first.
 */
package dev.vicreg.training.loop;
