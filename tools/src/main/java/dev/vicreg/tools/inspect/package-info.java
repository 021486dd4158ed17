/**
 * What a file or folder holds, for people and for programs: ONNX models, checkpoints, runs.
 *
 * <p>Reads only. First class to read: {@link dev.vicreg.tools.inspect.Inspection}.
 */
@NullMarked
package dev.vicreg.tools.inspect;

import org.jspecify.annotations.NullMarked;
