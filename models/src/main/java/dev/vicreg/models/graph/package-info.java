/**
 * The intermediate representation: {@link dev.vicreg.models.graph.Value}, {@link dev.vicreg.models.graph.Node} and
 * {@link dev.vicreg.models.graph.Graph}, all immutable, and the table of operators
 * {@link dev.vicreg.models.graph.OpType}.
 *
 * <p>Must not know how types are inferred, how graphs are built or written, gradients, ONNX Runtime. Read {@link dev.vicreg.models.graph.Value} first.
 */
@NullMarked
package dev.vicreg.models.graph;

import org.jspecify.annotations.NullMarked;
