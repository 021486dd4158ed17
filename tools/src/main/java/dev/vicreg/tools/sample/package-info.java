/**
 * Draws the labelled pictures that the quick start trains on.
 *
 * <p>Knows nothing of training. First class to read: {@link dev.vicreg.tools.sample.SampleSet}.
 */
@NullMarked
package dev.vicreg.tools.sample;

import org.jspecify.annotations.NullMarked;
