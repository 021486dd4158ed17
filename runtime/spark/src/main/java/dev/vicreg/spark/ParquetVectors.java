package dev.vicreg.spark;

import static org.apache.spark.sql.functions.col;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SaveMode;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.Metadata;
import org.apache.spark.sql.types.MetadataBuilder;
import org.apache.spark.sql.types.StructType;

/**
 * A folder of Parquet files with the vectors of one model. Which it is stands in each file, as metadata of the column
 * {@code embedding}.
 *
 * <p>A task's file appears as a whole when the task is done, under a name that another try of it has too. So what a job
 * that was ended has written stays, and no row is there twice.
 */
final class ParquetVectors {
    /** SHA-256 of the encoder's file. */
    static final String MODEL = "vicreg.model";

    /** Whether vectors were scaled to length 1. */
    static final String NORMALIZED = "vicreg.normalized";

    static final StructType SCHEMA = new StructType()
            .add("path", DataTypes.StringType, false)
            .add("label", DataTypes.StringType, true)
            .add("embedding", DataTypes.createArrayType(DataTypes.FloatType, false), false);

    private final SparkSession spark;
    private final String folder;
    private final Metadata origin;

    /**
     * The vectors of a model.
     *
     * @param folder where they are, or will be
     * @throws IOException if there is something else, or vectors of another model
     */
    ParquetVectors(SparkSession spark, String folder, ShippedModel model, boolean normalized) throws IOException {
        this.spark = spark;
        this.folder = folder;
        this.origin = new MetadataBuilder()
                .putString(MODEL, model.sha256())
                .putBoolean(NORMALIZED, normalized)
                .build();
        if (hasFiles()) {
            requireOrigin(model);
        }
    }

    private boolean hasFiles() throws IOException {
        Path path = new Path(folder);
        FileSystem files = path.getFileSystem(spark.sparkContext().hadoopConfiguration());
        if (!files.exists(path)) {
            return false;
        }
        if (files.getFileStatus(path).isFile()) {
            throw new IOException(folder + " is a file, expected a folder of Parquet files, or none");
        }
        List<String> names = Arrays.stream(files.listStatus(path))
                .map(FileStatus::getPath)
                .map(Path::getName)
                .filter(name -> !name.startsWith("_") && !name.startsWith("."))
                .toList();
        for (String name : names) {
            if (!name.endsWith(".parquet")) {
                throw new IOException(
                        folder + " holds " + name + ", expected Parquet files of vectors alone; name another folder");
            }
        }
        return !names.isEmpty();
    }

    private void requireOrigin(ShippedModel model) throws IOException {
        StructType found = spark.read().parquet(folder).schema();
        List<String> columns = Arrays.asList(found.fieldNames());
        Metadata known =
                columns.contains("embedding") ? found.apply("embedding").metadata() : Metadata.empty();
        if (!known.contains(MODEL) || !known.contains(NORMALIZED) || !columns.contains("path")) {
            throw new IOException(folder + " holds a table of other origin, expected vectors that this job wrote;"
                    + " name another folder");
        }
        if (!known.getString(MODEL).equals(model.sha256())) {
            throw new IOException(folder + " holds vectors of another model (SHA-256 "
                    + known.getString(MODEL).substring(0, 12) + "…), expected " + model.name() + "'s ("
                    + model.sha256().substring(0, 12) + "…); name another folder");
        }
        if (!known.equals(origin)) {
            throw new IOException(folder + " holds vectors that are "
                    + (known.getBoolean(NORMALIZED) ? "of length 1" : "not of length 1")
                    + ", and `normalize` says otherwise; name another folder");
        }
    }

    /** The samples whose vectors are there: rows of {@code path}, those of this moment. */
    Dataset<Row> paths() throws IOException {
        Dataset<Row> rows =
                hasFiles() ? spark.read().schema(SCHEMA).parquet(folder) : spark.createDataFrame(List.of(), SCHEMA);
        return rows.select("path");
    }

    /** Adds rows of {@link #SCHEMA}. */
    void append(Dataset<Row> vectors) {
        vectors.select(col("path"), col("label"), col("embedding").as("embedding", origin))
                .write()
                .mode(SaveMode.Append)
                .option("mapreduce.fileoutputcommitter.algorithm.version", "2") // else nothing stays of a killed job
                .parquet(folder);
    }
}
