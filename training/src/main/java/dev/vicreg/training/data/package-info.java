/**
 * Which kinds of data there are ({@link dev.vicreg.training.data.Kinds}), their augmentations as people write them, and the
 * data sets that a command has opened.
 *
 * <p>Each kind has a package of its own, which knows {@code source}, {@code view} and {@code kind}, but no other kind; only
 * this package knows them all. Must not know graphs, sessions, losses, optimizers or the command line.
 */
@NullMarked
package dev.vicreg.training.data;

import org.jspecify.annotations.NullMarked;
