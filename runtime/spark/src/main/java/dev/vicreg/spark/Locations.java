package dev.vicreg.spark;

import static org.apache.spark.sql.functions.col;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.LocatedFileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RemoteIterator;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.apache.spark.util.SerializableConfiguration;

/**
 * Finds where the samples of a data set lie: of a folder, at any depth, tars among its files included; of one tar; of one
 * file; or of a table of paths. Folders are listed by the driver, tars by the executors, their entries' headers alone.
 */
final class Locations {
    private static final String TABLE = ".parquet";
    private static final String TAR = "tar";

    private final SparkSession spark;
    private final SerializableConfiguration hadoop;
    private final String noun;
    private final Set<String> endings;

    /** @param noun what the model takes */
    Locations(SparkSession spark, String noun) {
        this.spark = spark;
        this.hadoop = new SerializableConfiguration(spark.sparkContext().hadoopConfiguration());
        this.noun = noun;
        this.endings = Location.endings(noun);
    }

    /**
     * Rows of {@link Location#SCHEMA}, the same whenever they are computed.
     *
     * @throws IOException if there is nothing of that name, or nothing in it that the model takes
     */
    Dataset<Row> of(String data) throws IOException {
        Path path = new Path(data);
        FileSystem files = path.getFileSystem(hadoop.value());
        FileStatus found;
        try {
            found = files.getFileStatus(path);
        } catch (FileNotFoundException e) {
            throw new IOException("no such file or folder: " + data, e);
        }
        if (data.replaceFirst("/+$", "").endsWith(TABLE)) {
            return table(data, found.getPath());
        }
        return found.isFile() ? file(data, found) : folder(data, found.getPath(), files);
    }

    private Dataset<Row> file(String data, FileStatus file) throws IOException {
        String name = file.getPath().getName();
        if (Location.ending(name).equals(TAR)) {
            return entries(List.of(new TarFile(file.getPath().toString(), "")), data);
        }
        if (!endings.contains(Location.ending(name))) {
            throw nothing(data, List.of(name));
        }
        return rows(List.of(new Location(name, null, file.getPath().toString(), 0, file.getLen())));
    }

    private Dataset<Row> folder(String data, Path root, FileSystem files) throws IOException {
        List<Location> samples = new ArrayList<>();
        List<TarFile> tars = new ArrayList<>();
        List<String> others = new ArrayList<>();
        RemoteIterator<LocatedFileStatus> listed = files.listFiles(root, true);
        while (listed.hasNext()) {
            LocatedFileStatus file = listed.next();
            String name = root.toUri().relativize(file.getPath().toUri()).getPath();
            String ending = Location.ending(name);
            if (Location.isHidden(name)) {
                continue;
            }
            if (endings.contains(ending)) {
                samples.add(new Location(
                        name, Location.className(name), file.getPath().toString(), 0, file.getLen()));
            } else if (ending.equals(TAR)) {
                tars.add(new TarFile(file.getPath().toString(), name + "!/"));
            } else {
                others.add(name);
            }
        }
        if (samples.isEmpty() && tars.isEmpty()) {
            throw nothing(data, others);
        }
        if (tars.isEmpty()) {
            return rows(samples);
        }
        Dataset<Row> entries = entries(tars, data);
        return samples.isEmpty() ? entries : rows(samples).union(entries);
    }

    private IOException nothing(String data, List<String> others) {
        return new IOException("no " + noun + " in " + data + ": expected files that end in "
                + String.join(", ", new TreeSet<>(endings)) + ", or .tar archives of them, found "
                + (others.isEmpty() ? "none" : others.size() + " other files, such as " + others.get(0)));
    }

    private Dataset<Row> rows(List<Location> locations) {
        return spark.createDataFrame(locations.stream().map(Location::row).toList(), Location.SCHEMA);
    }

    private Dataset<Row> entries(List<TarFile> tars, String data) throws IOException {
        SerializableConfiguration configuration = hadoop;
        Set<String> wanted = endings;
        JavaRDD<Row> entries = JavaSparkContext.fromSparkContext(spark.sparkContext())
                .parallelize(tars, tars.size())
                .flatMap(tar -> tar.entries(configuration.value(), wanted).stream()
                        .map(Location::row)
                        .iterator());
        Dataset<Row> rows = spark.createDataFrame(entries, Location.SCHEMA);
        if (rows.isEmpty()) {
            throw nothing(data, List.of());
        }
        return rows;
    }

    /** Paths that are relative start at the table's folder; a path that stands there twice is one sample. */
    private Dataset<Row> table(String data, Path table) throws IOException {
        Dataset<Row> rows = spark.read().parquet(table.toString());
        List<String> columns = Arrays.asList(rows.columns());
        if (!columns.contains("path")) {
            throw new IOException(data + " has no column path, expected one of text, and label for classes; found "
                    + String.join(", ", columns));
        }
        Path folder = table.getParent();
        String base = folder == null ? "" : folder.toString();
        return rows.select(
                        col("path").cast("string").as("path"),
                        (columns.contains("label") ? col("label") : functions.lit(null))
                                .cast("string")
                                .as("label"))
                .where(col("path").isNotNull())
                .dropDuplicates("path")
                .select(
                        col("path"),
                        col("label"),
                        functions
                                .when(col("path").rlike("^(/|[A-Za-z][A-Za-z0-9+.-]*:/)"), col("path"))
                                .otherwise(functions.concat(functions.lit(base + "/"), col("path")))
                                .as("file"),
                        functions.lit(0L).as("offset"),
                        functions.lit(Location.WHOLE).as("length"));
    }
}
