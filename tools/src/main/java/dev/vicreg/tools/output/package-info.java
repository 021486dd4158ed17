/**
 * Files of vectors and lines of progress.
 *
 * <p>Knows no models. First class to read: {@link dev.vicreg.tools.output.VectorFile}.
 */
@NullMarked
package dev.vicreg.tools.output;

import org.jspecify.annotations.NullMarked;
