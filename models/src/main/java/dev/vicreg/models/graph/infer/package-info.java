/**
 * What the outputs of an operator are: element types and shapes, and the elements of small tensors, as far as they
 * follow from shapes and constants.
 *
 * <p>Must not know files, builders or networks. Read {@link dev.vicreg.models.graph.infer.ShapeRules} first.
 */
@NullMarked
package dev.vicreg.models.graph.infer;

import org.jspecify.annotations.NullMarked;
