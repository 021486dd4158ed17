package dev.vicreg.spark;

import static org.apache.spark.sql.functions.col;

import com.google.gson.Gson;
import dev.vicreg.runtime.EmbeddingModel;
import dev.vicreg.runtime.file.Reason;
import java.io.IOException;
import java.io.PrintStream;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Supplier;
import org.apache.spark.SparkContext;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.storage.StorageLevel;
import org.apache.spark.util.SerializableConfiguration;

/**
 * Embeds a data set on a Spark cluster: what {@code spark-submit --class dev.vicreg.spark.EmbedJob} runs. Samples whose
 * path is in the output already are left alone, so the same command goes on where another was ended.
 */
public final class EmbedJob {
    private static final int SUCCESS = 0;
    private static final int FAILURE = 1;
    private static final int USAGE = 2;

    /** Entries of one tar so near to each other are read by one task. */
    private static final long NEAR = 32L << 20;

    private static final int NAMED = 20;

    private final SparkSession spark;
    private final EmbedSettings settings;

    private EmbedJob(SparkSession spark, EmbedSettings settings) {
        this.spark = spark;
        this.settings = settings;
    }

    /**
     * Runs a job and exits: 0 success, 1 failure, 2 wrong usage.
     *
     * @param args {@code model=FILE data=FOLDER out=FOLDER}, and others as docs/spark.md lists them
     */
    public static void main(String[] args) {
        System.exit(run(
                List.of(args),
                () -> SparkSession.builder().appName("vicreg embed").getOrCreate(),
                System.out,
                System.err));
    }

    /**
     * The same without exiting.
     *
     * @param session opened for a job that is told what it needs, and closed
     */
    static int run(List<String> words, Supplier<SparkSession> session, PrintStream out, PrintStream err) {
        EmbedSettings settings;
        try {
            settings = EmbedSettings.parse(words);
        } catch (IllegalArgumentException e) {
            err.println("vicreg embed: " + e.getMessage());
            return USAGE;
        }
        SparkSession spark = session.get();
        try {
            return run(settings, spark, out, err);
        } finally {
            spark.stop();
        }
    }

    /** The same in a session that stays open. */
    static int run(EmbedSettings settings, SparkSession spark, PrintStream out, PrintStream err) {
        try {
            new EmbedJob(spark, settings).embed(out, err);
            return SUCCESS;
        } catch (NoClassDefFoundError e) {
            err.println("vicreg embed: there is no class " + e.getMessage()
                    + "; give the jars that docs/spark.md names with --jars");
            return FAILURE;
        } catch (Exception e) { // the job ends here: whatever went wrong becomes one line
            err.println("vicreg embed: " + line(e));
            return FAILURE;
        }
    }

    /** Spark tells of a task's failure in a page, and hands on what it failed by. */
    private static String line(Throwable e) {
        Throwable first = e;
        while (first.getClass().getName().startsWith("org.apache.spark.") && first.getCause() != null) {
            first = first.getCause();
        }
        String message = first instanceof IOException ? Reason.of(first) : first.getMessage();
        return Objects.requireNonNullElse(message, first.getClass().getSimpleName())
                .replaceAll("\\s+", " ")
                .strip();
    }

    private void embed(PrintStream out, PrintStream err) throws IOException {
        JavaSparkContext context = JavaSparkContext.fromSparkContext(spark.sparkContext());
        int threads = settings.threads() > 0
                ? settings.threads()
                : spark.sparkContext().conf().getInt("spark.task.cpus", 1);
        ShippedModel model = ShippedModel.read(context, settings.model(), settings.device(), threads);
        EmbeddingModel opened = model.open(); // so that a wrong one is told before anything is listed
        String noun = Location.noun(opened.manifest().input());
        ParquetVectors table = new ParquetVectors(spark, settings.out(), model, settings.normalize());
        Dataset<Row> all = new Locations(spark, noun).of(settings.data());
        Dataset<Row> known = table.paths();
        long before = known.count();
        Dataset<Row> wanted = all.join(known, all.col("path").equalTo(known.col("path")), "left_anti")
                .persist(StorageLevel.MEMORY_AND_DISK());
        try {
            long count = wanted.count();
            var undecodable = UndecodableSamples.of(spark.sparkContext(), noun, count);
            if (count > 0) {
                append(table, wanted, count, model, undecodable);
            }
            List<String> left = undecodable.found();
            left.stream().limit(NAMED).forEach(each -> err.println("skipped: " + each));
            report(new Result(table.paths().count(), before, left.size(), opened.dimension()), out, err);
        } finally {
            wanted.unpersist();
        }
    }

    private void append(
            ParquetVectors table, Dataset<Row> wanted, long count, ShippedModel model, UndecodableSamples undecodable)
            throws IOException {
        SparkContext context = spark.sparkContext();
        EmbedPartition task = new EmbedPartition(
                model, settings.normalize(), new SerializableConfiguration(context.hadoopConfiguration()), undecodable);
        Dataset<Row> vectors = wanted.repartition(
                        tasks(count), col("file"), col("offset").divide(NEAR).cast("long"))
                .sortWithinPartitions("file", "offset")
                .mapPartitions(task, Encoders.row(ParquetVectors.SCHEMA));
        SparkListener ending = undecodable.ending(context);
        context.addSparkListener(ending);
        try {
            table.append(vectors);
        } catch (Exception e) { // Spark's are checked ones that it doesn't declare
            undecodable.check(settings.data());
            throw e;
        } finally {
            context.removeSparkListener(ending);
        }
        undecodable.check(settings.data());
    }

    /** So many that all of the cluster has work, and none more than it should. */
    private int tasks(long count) {
        long needed = (count + settings.taskSamples() - 1) / settings.taskSamples();
        long parallel = Math.min(count, spark.sparkContext().defaultParallelism());
        return Math.toIntExact(Math.max(needed, parallel));
    }

    /**
     * What came of a job.
     *
     * @param rows that the output has
     * @param before of them were there
     * @param skipped samples that could not be decoded
     */
    private record Result(long rows, long before, int skipped, int dimension) {}

    private void report(Result result, PrintStream out, PrintStream err) {
        if (settings.json()) {
            Map<String, Object> told = new LinkedHashMap<>();
            told.put("vectors", settings.out());
            told.put("samples", result.rows());
            told.put("new", result.rows() - result.before());
            told.put("skipped", result.skipped());
            told.put("dimension", result.dimension());
            out.println(new Gson().toJson(told));
            return;
        }
        err.println(result.rows() + " vectors of " + result.dimension() + " values: "
                + (result.rows() - result.before()) + " new, " + result.before() + " as they were; " + result.skipped()
                + " skipped");
        out.println(settings.out());
    }
}
