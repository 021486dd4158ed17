/**
 * What an encoder's vectors are worth, as {@code eval} measures it: each {@link dev.vicreg.tools.evaluation.measure.Measure}
 * takes a {@link dev.vicreg.tools.evaluation.measure.Space} and gives figures. Start at {@code Measures}, the table of them.
 * Must not know commands, models and files.
 */
@NullMarked
package dev.vicreg.tools.evaluation.measure;

import org.jspecify.annotations.NullMarked;
