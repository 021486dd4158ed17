/**
 * Texts and other sequences of ids: files, data sets and views.
 *
 * <p>Must not know other kinds of data, graphs or the command line. Read {@link dev.vicreg.training.data.sequence.SequenceViews} first.
 */
@NullMarked
package dev.vicreg.training.data.sequence;

import org.jspecify.annotations.NullMarked;
