/**
 * One class per command, listed in {@link dev.vicreg.tools.command.Commands}. Commands resolve settings, call the
 * other modules and print.
 *
 * <p>Knows no mathematics. Read {@link dev.vicreg.tools.command.Commands} first.
 */
@NullMarked
package dev.vicreg.tools.command;

import org.jspecify.annotations.NullMarked;
