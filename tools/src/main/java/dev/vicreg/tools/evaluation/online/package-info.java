/**
 * An encoder measured while it is trained: on a few samples that stay the same, and by a probe that learns beside it.
 *
 * <p>Knows neither how encoders are exported nor how runs go on; what it learns never comes back to them. First class to
 * read: {@link dev.vicreg.tools.evaluation.online.RunWatch}.
 */
@NullMarked
package dev.vicreg.tools.evaluation.online;

import org.jspecify.annotations.NullMarked;
