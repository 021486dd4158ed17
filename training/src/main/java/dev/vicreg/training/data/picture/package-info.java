/**
 * Pictures: raw formats, data sets, pixel effects and views.
 *
 * <p>Must not know other kinds of data, graphs or the command line. Read {@link dev.vicreg.training.data.picture.PictureViews} first.
 */
@NullMarked
package dev.vicreg.training.data.picture;

import org.jspecify.annotations.NullMarked;
