/**
 * Every resolved setting of a run, as config.json has it, and what it means.
 *
 * <p>Must not know sessions, the loop or the command line. Read {@link dev.vicreg.training.config.TrainingConfig} first.
 */
@NullMarked
package dev.vicreg.training.config;

import org.jspecify.annotations.NullMarked;
