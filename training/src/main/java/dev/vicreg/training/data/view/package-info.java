/**
 * How views of a sample are made. What a view looks like depends on (seed, epoch, index, view) alone, never on
 * threads, time or how often a run was resumed.
 *
 * <p>Must not know graphs, sessions or the command line. Read {@link dev.vicreg.training.data.view.ViewSource} first.
 */
@NullMarked
package dev.vicreg.training.data.view;

import org.jspecify.annotations.NullMarked;
