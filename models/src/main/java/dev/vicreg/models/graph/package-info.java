/**
 * ONNX graphs as immutable values: {@link dev.vicreg.models.graph.Value}, {@link dev.vicreg.models.graph.Node} and
 * {@link dev.vicreg.models.graph.Graph}, the operator builder {@link dev.vicreg.models.graph.Ops} with shape rules
 * applied at the call, and the reader and writer of ONNX files.
 *
 * <p>Does not know gradients, training, ONNX Runtime or pictures. Read {@link dev.vicreg.models.graph.Ops} first.
 */
package dev.vicreg.models.graph;
