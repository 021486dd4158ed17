/**
 * Samples on their way to the training graph: data sets, how views of them are made, and the loader that makes pairs of
 * views.
 *
 * <p>Must not know: graphs, sessions, losses, optimizers, the command line. What a sample's views look like depends on
 * (seed, epoch, index, view) alone, never on threads, time or how often a run was resumed.
 *
 * <p>Read first: {@link dev.vicreg.training.data.ViewSource} and {@link dev.vicreg.training.data.PairLoader}, then
 * {@link dev.vicreg.training.data.Augmentation} and {@link dev.vicreg.training.data.Datasets}.
 */
@NullMarked
package dev.vicreg.training.data;

import org.jspecify.annotations.NullMarked;
