/**
 * A run as one page to look at: curves, views, neighbours, a map of the embeddings, spectra, layers and settings.
 *
 * <p>Java collects what the page shows as JSON, and a script in the page draws it; the page loads nothing. Must not know
 * commands. Read {@link dev.vicreg.tools.report.RunReport} first.
 */
@NullMarked
package dev.vicreg.tools.report;

import org.jspecify.annotations.NullMarked;
