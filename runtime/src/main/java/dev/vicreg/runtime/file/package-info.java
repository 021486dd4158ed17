/**
 * Files that are complete or not there, what goes with the process that made it, and checksums. Uses the JDK and slf4j alone.
 *
 * <p>Must not know what is written. Read {@link dev.vicreg.runtime.file.AtomicFile} first.
 */
@NullMarked
package dev.vicreg.runtime.file;

import org.jspecify.annotations.NullMarked;
