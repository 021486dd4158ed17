/**
 * Opening data sets of every kind.
 *
 * <p>Must not know graphs, sessions, losses, optimizers or the command line. Read {@link dev.vicreg.training.data.Datasets} first.
 */
@NullMarked
package dev.vicreg.training.data;

import org.jspecify.annotations.NullMarked;
