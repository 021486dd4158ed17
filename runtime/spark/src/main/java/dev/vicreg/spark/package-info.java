/**
 * Embeds files with an exported encoder on a Spark cluster, and appends the vectors to a folder of Parquet files.
 *
 * <p>Knows {@code runtime} alone, and neither training nor the command line; executors need nothing else of this project.
 * Spark, Hadoop and commons-compress are the cluster's.
 *
 * <p>Read {@link dev.vicreg.spark.EmbedJob} first, then {@code Locations}, {@code EmbedPartition} and {@code ParquetVectors}.
 */
@NullMarked
package dev.vicreg.spark;

import org.jspecify.annotations.NullMarked;
