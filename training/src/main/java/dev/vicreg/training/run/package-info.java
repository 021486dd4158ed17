/**
 * The files of a run: config.json, artifacts, checkpoints, metrics.
 *
 * <p>Must not know how a run is trained, sessions or the command line. Read {@link dev.vicreg.training.run.RunFolder} first.
 */
@NullMarked
package dev.vicreg.training.run;

import org.jspecify.annotations.NullMarked;
