/**
 * What a kind of data is to everybody else.
 *
 * <p>Must not know any one kind, graphs or the command line. Read {@link dev.vicreg.training.data.kind.Kind}.
 */
@NullMarked
package dev.vicreg.training.data.kind;

import org.jspecify.annotations.NullMarked;
