/**
 * Building graphs: one typed method per operator, which infers at the call, and rewriting a graph node by node.
 *
 * <p>Must not know files, networks or gradients. Read {@link dev.vicreg.models.ops.Ops} first.
 */
@NullMarked
package dev.vicreg.models.ops;

import org.jspecify.annotations.NullMarked;
