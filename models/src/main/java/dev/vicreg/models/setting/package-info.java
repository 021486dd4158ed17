/**
 * Settings, each declared once: an annotated component of a record.
 *
 * <p>Uses the JDK alone. Must not know graphs, files, JSON or the command line: those who do read what is declared here.
 * Read {@link dev.vicreg.models.setting.Option} first, then {@link dev.vicreg.models.setting.Schema}.
 */
@NullMarked
package dev.vicreg.models.setting;

import org.jspecify.annotations.NullMarked;
