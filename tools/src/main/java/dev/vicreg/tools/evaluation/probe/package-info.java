/**
 * What a linear model learns of frozen vectors: probes for classes and for numbers.
 *
 * <p>Knows no encoders, no files and no command line. First class to read: {@link
 * dev.vicreg.tools.evaluation.probe.LinearProbe}.
 */
@NullMarked
package dev.vicreg.tools.evaluation.probe;

import org.jspecify.annotations.NullMarked;
