/**
 * ONNX Runtime Training sessions: the only package that steps a graph.
 *
 * <p>Must not know settings, data sets or the command line. Read {@link dev.vicreg.training.session.TrainingSession} first.
 */
@NullMarked
package dev.vicreg.training.session;

import org.jspecify.annotations.NullMarked;
