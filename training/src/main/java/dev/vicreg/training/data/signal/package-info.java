/**
 * Recordings and other series: files, data sets and views.
 *
 * <p>Must not know other kinds of data, graphs or the command line. Read {@link dev.vicreg.training.data.signal.SignalViews} first.
 */
@NullMarked
package dev.vicreg.training.data.signal;

import org.jspecify.annotations.NullMarked;
