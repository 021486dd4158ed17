/**
 * Options declared once: each {@link dev.vicreg.tools.cli.Setting} feeds the parser, the help page and the YAML file.
 *
 * <p>Knows no particular command. First class to read: {@link dev.vicreg.tools.cli.Command}.
 */
@NullMarked
package dev.vicreg.tools.cli;

import org.jspecify.annotations.NullMarked;
