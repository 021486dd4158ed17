/**
 * The program's entry point.
 *
 * <p>Knows no command in particular but the table of them. Read {@link dev.vicreg.tools.Main} first.
 */
@NullMarked
package dev.vicreg.tools;

import org.jspecify.annotations.NullMarked;
