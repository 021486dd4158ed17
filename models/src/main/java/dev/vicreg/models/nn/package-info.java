/**
 * Parameters, their initialisation, and layers that create parameters by name while they build a graph.
 *
 * <p>Does not know gradients, the VICReg objective, pictures or ONNX Runtime. Read
 * {@link dev.vicreg.models.nn.Layers} first.
 */
@NullMarked
package dev.vicreg.models.nn;

import org.jspecify.annotations.NullMarked;
