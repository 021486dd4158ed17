/**
 * ONNX files: reading them into graphs, whatever opset they are of, writing graphs, and putting trained values into
 * the file that a network came in. The only package that knows protobuf.
 *
 * <p>Must not know networks, gradients or ONNX Runtime. Read {@link dev.vicreg.models.onnx.OnnxFile} first.
 */
@NullMarked
package dev.vicreg.models.onnx;

import org.jspecify.annotations.NullMarked;
