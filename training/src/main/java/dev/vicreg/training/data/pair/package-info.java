/**
 * Pairs of views in batches: two views of one sample, or samples of two sets that belong together.
 *
 * <p>Must not know kinds of data, graphs, sessions or the command line. Read {@link dev.vicreg.training.data.pair.PairLoader} first.
 */
@NullMarked
package dev.vicreg.training.data.pair;

import org.jspecify.annotations.NullMarked;
