/**
 * The command line: one class per command, listed in {@link dev.vicreg.tools.Commands}.
 *
 * <p>Knows no mathematics: commands resolve settings, call the other modules and print. First class to read:
 * {@link dev.vicreg.tools.Main}.
 */
@NullMarked
package dev.vicreg.tools;

import org.jspecify.annotations.NullMarked;
