/**
 * ONNX Runtime's native libraries, CUDA's, devices and sessions.
 *
 * <p>Must not know models, manifests or samples. Read {@link dev.vicreg.runtime.natives.NativeLibraries} first.
 */
@NullMarked
package dev.vicreg.runtime.natives;

import org.jspecify.annotations.NullMarked;
