/**
 * Encoders, one file each, and the registry that finds them by name.
 *
 * <p>Does not know projectors, losses, data sets or ONNX Runtime. Read {@link dev.vicreg.models.encoder.Encoder} first.
 */
@NullMarked
package dev.vicreg.models.encoder;

import org.jspecify.annotations.NullMarked;
