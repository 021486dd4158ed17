/**
 * Sequences of ids: text as ids of its bytes.
 *
 * <p>Uses the JDK alone; does not know ONNX Runtime, models or data sets. Read
 * {@link dev.vicreg.runtime.sequence.ByteIds} first.
 */
@NullMarked
package dev.vicreg.runtime.sequence;

import org.jspecify.annotations.NullMarked;
