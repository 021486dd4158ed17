/**
 * Rows of tables: files, data sets and views.
 *
 * <p>Must not know other kinds of data, graphs or the command line. Read {@link dev.vicreg.training.data.vector.VectorViews} first.
 */
@NullMarked
package dev.vicreg.training.data.vector;

import org.jspecify.annotations.NullMarked;
