/**
 * Exported encoders in applications that use DJL; they bring {@code ai.djl:api} themselves.
 *
 * <p>Must not know training, protobuf, HTTP or the command line. Read {@link dev.vicreg.runtime.djl.EmbeddingTranslator} first.
 */
@NullMarked
package dev.vicreg.runtime.djl;

import org.jspecify.annotations.NullMarked;
