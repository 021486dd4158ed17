/**
 * Recordings and other series: reading WAV files, changing their rate, cutting out what an encoder takes.
 *
 * <p>Uses the JDK alone; does not know ONNX Runtime, models or data sets. Read {@link dev.vicreg.runtime.signal.Signal}
 * first.
 */
@NullMarked
package dev.vicreg.runtime.signal;

import org.jspecify.annotations.NullMarked;
