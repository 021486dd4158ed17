/**
 * What a run says of itself: by rules over its losses and what is measured of it on the way, which look for known faults.
 * Start at {@link dev.vicreg.training.finding.Rules}, which has all of them with their thresholds; {@link
 * dev.vicreg.training.finding.Findings} asks them. Knows no graphs, sessions, files or settings.
 */
@NullMarked
package dev.vicreg.training.finding;

import org.jspecify.annotations.NullMarked;
