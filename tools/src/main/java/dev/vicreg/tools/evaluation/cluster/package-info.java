/**
 * What classes vectors fall into by themselves, and how well two partitions agree.
 *
 * <p>Knows no labels but as a partition. First class to read: {@link dev.vicreg.tools.evaluation.cluster.KMeans}.
 */
@NullMarked
package dev.vicreg.tools.evaluation.cluster;

import org.jspecify.annotations.NullMarked;
