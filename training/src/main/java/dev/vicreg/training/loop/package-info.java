/**
 * The training loop: start, resume, train.
 *
 * <p>Must not know the command line. Read {@link dev.vicreg.training.loop.Trainer} first.
 */
@NullMarked
package dev.vicreg.training.loop;

import org.jspecify.annotations.NullMarked;
