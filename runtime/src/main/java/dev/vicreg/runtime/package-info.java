/**
 * What an application needs to run an exported encoder: ONNX Runtime's native libraries, devices, sessions, the model's
 * manifest, picture preprocessing and the embedding model itself.
 *
 * <p>Must not know training, protobuf, HTTP or the command line: other applications embed this package, so it depends on
 * the ONNX Runtime Java API, gson, slf4j-api and jspecify alone. {@code ai.djl:api} is optional: only {@code djl} needs it.
 *
 * <p>Read {@link dev.vicreg.runtime.EmbeddingModel} first, then {@link dev.vicreg.runtime.natives.NativeLibraries}.
 */
@NullMarked
package dev.vicreg.runtime;

import org.jspecify.annotations.NullMarked;
