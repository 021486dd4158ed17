/**
 * How vectors fill their space, without labels: rank, decay of the spectrum, uniformity, collapse.
 *
 * <p>Knows no encoder and no labels, only rows of numbers. First class to read: {@link
 * dev.vicreg.tools.evaluation.diagnosis.Diagnosis}.
 */
@NullMarked
package dev.vicreg.tools.evaluation.diagnosis;

import org.jspecify.annotations.NullMarked;
