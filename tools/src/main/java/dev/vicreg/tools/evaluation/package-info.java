/**
 * How good vectors are: nearest neighbours among labelled pictures.
 *
 * <p>Knows no command line. First class to read: {@link dev.vicreg.tools.evaluation.KnnClassifier}.
 */
@NullMarked
package dev.vicreg.tools.evaluation;

import org.jspecify.annotations.NullMarked;
