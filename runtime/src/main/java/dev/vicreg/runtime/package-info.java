/**
 * What an application needs to run an exported encoder or classifier: the models, their manifest, what it takes
 * ({@code input}, {@code picture}, {@code signal}, {@code sequence}), an index of vectors ({@code search}), and ONNX Runtime's native libraries, devices and
 * sessions ({@code natives}).
 *
 * <p>Must not know training, protobuf, HTTP or the command line: other applications embed this package, so it depends on
 * the ONNX Runtime Java API, gson, slf4j-api and jspecify alone; {@code ai.djl:api} is optional, for
 * {@code djl}, and jvector, for large indexes.
 *
 * <p>Read {@link dev.vicreg.runtime.EmbeddingModel} first, {@link dev.vicreg.runtime.ClassifierModel} beside it, then {@link dev.vicreg.runtime.natives.NativeLibraries}.
 */
@NullMarked
package dev.vicreg.runtime;

import org.jspecify.annotations.NullMarked;
