/**
 * How fast a step is, and where its time goes.
 *
 * <p>Must not know the loop or the command line. Read {@link dev.vicreg.training.bench.StepBenchmark} first.
 */
@NullMarked
package dev.vicreg.training.bench;

import org.jspecify.annotations.NullMarked;
