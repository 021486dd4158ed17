/**
 * Which settings fit a data set, told without labels: what changes samples stand, what is tried, and what is made of it.
 *
 * <p>Knows no command and no trainer. First class to read: {@link dev.vicreg.tools.evaluation.advice.Advice}.
 */
@NullMarked
package dev.vicreg.tools.evaluation.advice;

import org.jspecify.annotations.NullMarked;
