package dev.vicreg.spark;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.Gson;
import com.google.gson.JsonObject;
import dev.vicreg.runtime.EmbeddingModel;
import dev.vicreg.runtime.Embeddings;
import dev.vicreg.runtime.natives.Device;
import dev.vicreg.runtime.sequence.ByteIds;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.spark.ExecutorLostFailure;
import org.apache.spark.SparkEnv;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerExecutorRemoved;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Jobs on a cluster of two executors, each a process of its own. */
class EmbedJobTest {
    private static final StructType PATHS =
            new StructType().add("path", DataTypes.StringType).add("label", DataTypes.IntegerType);

    private static SparkSession spark;

    @TempDir
    Path folder;

    @BeforeAll
    static void start() {
        spark = SparkSession.builder()
                .master("local-cluster[2,1,1024]")
                .config("spark.ui.enabled", false)
                .config("spark.executor.extraClassPath", System.getProperty("java.class.path"))
                .config("spark.executor.extraJavaOptions", "-Djava.awt.headless=true")
                .config("spark.scheduler.minRegisteredResourcesRatio", 1)
                .config("spark.scheduler.maxRegisteredResourcesWaitingTime", "120s")
                .config("spark.sql.shuffle.partitions", 4)
                .getOrCreate();
    }

    @AfterAll
    static void stop() {
        spark.stop();
    }

    /** How a job ended, and what it said. */
    private record Ended(int status, String out, String err) {
        JsonObject result() {
            assertEquals(0, status, err);
            return new Gson().fromJson(out, JsonObject.class);
        }

        int told(String name) {
            return result().get(name).getAsInt();
        }

        /** Its only line. */
        String line() {
            assertEquals(1, status, err);
            assertEquals(1, err.lines().count(), err);
            return err.strip();
        }
    }

    private Ended embed(Object model, Object data, Object out, String... more) {
        List<String> words = new ArrayList<>(List.of("model=" + model, "data=" + data, "out=" + out, "json=true"));
        words.addAll(List.of(more));
        var told = new ByteArrayOutputStream();
        var errors = new ByteArrayOutputStream();
        int status = EmbedJob.run(EmbedSettings.parse(words), spark, new PrintStream(told), new PrintStream(errors));
        return new Ended(status, told.toString(StandardCharsets.UTF_8), errors.toString(StandardCharsets.UTF_8));
    }

    /** What an output holds, by path; fails where one is there twice. */
    private static Map<String, Row> rows(Path out) {
        Map<String, Row> rows = new TreeMap<>();
        for (Row row : spark.read().parquet(out.toString()).collectAsList()) {
            assertNull(rows.put(row.getString(0), row), row.getString(0));
        }
        return rows;
    }

    private static float[] vector(Row row) {
        List<Float> values = row.getList(2);
        float[] vector = new float[values.size()];
        for (int i = 0; i < vector.length; i++) {
            vector[i] = values.get(i);
        }
        return vector;
    }

    private Path model() throws IOException {
        return MadeUpFiles.encoder(folder.resolve("encoder.onnx"), 1);
    }

    /** Small pictures in two folders. */
    private Path pictures(int count) throws IOException {
        Path data = folder.resolve("pictures");
        for (int i = 0; i < count; i++) {
            MadeUpFiles.write(data.resolve((i % 2 == 0 ? "ant/" : "bee/") + i + ".png"), picture(i));
        }
        return data;
    }

    private static byte[] picture(int seed) throws IOException {
        return MadeUpFiles.picture(20 + seed % 7, 30 - seed % 5, seed);
    }

    /** The vectors of files in the order of their names, as one process makes them of these, by name. */
    private static Map<String, float[]> expected(Path model, Path data, Set<String> names) throws IOException {
        Map<String, float[]> vectors = new HashMap<>();
        try (EmbeddingModel open = EmbeddingModel.load(model, Device.CPU, 2);
                Stream<float[]> all = open.embedFiles(names.stream().map(data::resolve))) {
            var name = names.iterator();
            all.forEach(vector -> vectors.put(name.next(), vector));
        }
        return vectors;
    }

    private static void check(Map<String, float[]> expected, Map<String, Row> rows) {
        assertEquals(new TreeSet<>(expected.keySet()), rows.keySet());
        rows.forEach((name, row) -> assertArrayEquals(expected.get(name), vector(row), name));
    }

    @Test
    void vectorsAreThoseOfOneProcess() throws Exception {
        Path model = model();
        Path data = pictures(150);
        MadeUpFiles.write(data.resolve("top level #1 50%25 ü.PNG"), picture(1000));
        MadeUpFiles.write(data.resolve("a:b.png"), picture(1000));
        MadeUpFiles.write(data.resolve(".hidden/1.png"), picture(1001));
        MadeUpFiles.write(data.resolve("notes.txt"), new byte[] {65});
        Path out = folder.resolve("out");
        Ended ended = embed(model, data, out, "task-samples=20");
        assertEquals(151, ended.told("samples"));
        assertTrue(ended.err().contains("a:b.png: Hadoop opens no file of such a name"), ended.err());
        Map<String, Row> rows = rows(out);
        check(expected(model, data, rows.keySet()), rows);
        assertEquals(151, rows.size());
        assertEquals("bee", rows.get("bee/1.png").getString(1));
        assertTrue(rows.get("top level #1 50%25 ü.PNG").isNullAt(1));
    }

    @Test
    void entriesOfTarsAreReadWhereTheyLie() throws Exception {
        Path model = model();
        Path loose = pictures(40);
        Map<String, byte[]> entries = new LinkedHashMap<>();
        for (int i = 0; i < 40; i++) {
            String name = (i % 2 == 0 ? "ant/" : "bee/") + i + ".png";
            entries.put("./" + name, Files.readAllBytes(loose.resolve(name)));
        }
        entries.put("readme.txt", new byte[1000]);
        Path data = folder.resolve("tars");
        MadeUpFiles.tar(data.resolve("a/1.tar"), entries);
        Path out = folder.resolve("out");
        assertEquals(40, embed(model, data, out).told("new"));
        Map<String, Row> rows = rows(out);
        Map<String, float[]> one = new TreeMap<>();
        expected(model, loose, names(loose)).forEach((name, vector) -> one.put("a/1.tar!/" + name, vector));
        check(one, rows);
        assertEquals("ant", rows.get("a/1.tar!/ant/0.png").getString(1));
        Path alone = folder.resolve("alone");
        assertEquals(
                40,
                embed(model, data.resolve("a/1.tar"), alone, "normalize=true").told("new"));
        float[] unit = Embeddings.normalised(vector(rows.get("a/1.tar!/bee/7.png")));
        assertArrayEquals(unit, vector(rows(alone).get("bee/7.png")));
    }

    private static Set<String> names(Path data) throws IOException {
        try (Stream<Path> files = Files.walk(data)) {
            return new TreeSet<>(files.filter(Files::isRegularFile)
                    .map(file -> data.relativize(file).toString())
                    .toList());
        }
    }

    @Test
    void executorThatIsKilledLosesNoRowAndNoneIsThereTwice() throws Exception {
        Path model = model();
        Path data = folder.resolve("large");
        for (int i = 0; i < 160; i++) {
            MadeUpFiles.write(data.resolve(i + ".png"), MadeUpFiles.picture(500, 400, i));
        }
        var killer = new Killer(executors());
        spark.sparkContext().addSparkListener(killer);
        Path out = folder.resolve("out");
        try {
            assertEquals(160, embed(model, data, out, "task-samples=8").told("new"));
        } finally {
            spark.sparkContext().removeSparkListener(killer);
        }
        assertEquals(1, killer.removed.get(), "executors that were lost");
        assertTrue(killer.lost.get() > 0, "tasks that were lost");
        Map<String, Row> rows = rows(out);
        check(expected(model, data, names(data)), rows);
        assertEquals(160, rows.size());
    }

    /** The process of each executor. */
    private static Map<String, Long> executors() {
        Map<String, Long> found = new HashMap<>();
        while (found.size() < 2) { // one may take all tasks of a round
            new JavaSparkContext(spark.sparkContext())
                    .parallelize(List.of(1, 2, 3, 4, 5, 6, 7, 8), 8)
                    .map(each -> SparkEnv.get().executorId() + " "
                            + ProcessHandle.current().pid())
                    .collect()
                    .forEach(each -> {
                        String[] words = each.split(" ", 2);
                        found.put(words[0], Long.valueOf(words[1]));
                    });
        }
        return found;
    }

    /** Kills the executor that has first written a file, in its next task. */
    private static final class Killer extends SparkListener {
        private final Map<String, Long> processes;
        private final AtomicInteger kills = new AtomicInteger();
        final AtomicInteger removed = new AtomicInteger();
        final AtomicInteger lost = new AtomicInteger();

        Killer(Map<String, Long> processes) {
            this.processes = processes;
        }

        @Override
        public void onTaskEnd(SparkListenerTaskEnd end) {
            if (end.reason() instanceof ExecutorLostFailure) {
                lost.incrementAndGet();
            } else if (end.taskMetrics() != null // there are none of a task that failed
                    && end.taskMetrics().outputMetrics().recordsWritten() > 0
                    && kills.getAndIncrement() == 0) {
                long process = processes.get(end.taskInfo().executorId());
                assertTrue(ProcessHandle.of(process).orElseThrow().destroyForcibly());
            }
        }

        @Override
        public void onExecutorRemoved(SparkListenerExecutorRemoved event) {
            removed.incrementAndGet();
        }
    }

    @Test
    void sameCommandEmbedsOnlyWhatIsMissing() throws Exception {
        Path model = model();
        Path data = pictures(60);
        Path out = folder.resolve("out");
        assertEquals(60, embed(model, data, out, "task-samples=10").told("new"));
        Map<String, Row> first = rows(out);
        List<Path> files = written(out);
        Path gone = files.get(0); // as of a task that was not done
        Files.delete(gone);
        int lost = 60 - rows(out).size();
        assertTrue(lost > 0 && lost < 60, lost + " rows in one file");
        Map<Path, Long> before = new HashMap<>();
        for (Path file : written(out)) {
            before.put(file, Files.getLastModifiedTime(file).toMillis());
        }
        MadeUpFiles.write(data.resolve("cat/new.png"), picture(2000));
        Ended again = embed(model, data, out, "task-samples=10");
        assertEquals(lost + 1, again.told("new"));
        assertEquals(61, again.told("samples"));
        for (Map.Entry<Path, Long> file : before.entrySet()) {
            assertEquals(
                    file.getValue(), Files.getLastModifiedTime(file.getKey()).toMillis());
        }
        Map<String, Row> rows = rows(out);
        first.forEach((name, row) -> assertEquals(row, rows.get(name)));
        int count = written(out).size();
        assertEquals(0, embed(model, data, out).told("new"));
        assertEquals(count, written(out).size());
    }

    private static List<Path> written(Path out) throws IOException {
        try (Stream<Path> files = Files.list(out)) {
            return files.filter(file -> file.toString().endsWith(".parquet"))
                    .sorted()
                    .toList();
        }
    }

    @Test
    void jobThatEndsEarlyKeepsWhatItHasWritten() throws Exception {
        Path model = model();
        Path data = pictures(50);
        Path damaged = MadeUpFiles.write(data.resolve("ant/bad.png"), "no picture".getBytes(StandardCharsets.UTF_8));
        Path out = folder.resolve("out");
        String line = embed(model, data, out, "task-samples=10").line();
        assertTrue(line.contains("1 of the 51 pictures in " + data + " cannot be decoded, more than 1 %"), line);
        assertTrue(line.contains("ant/bad.png"), line);
        int kept = rows(out).size();
        assertTrue(kept > 0, "rows of the tasks that were done");
        Files.delete(damaged);
        Ended again = embed(model, data, out, "task-samples=10");
        assertEquals(50 - kept, again.told("new"));
        assertEquals(50, rows(out).size());
    }

    @Test
    void fewPicturesThatCannotBeDecodedAreNamed() throws Exception {
        Path model = model();
        Path data = pictures(110);
        MadeUpFiles.write(data.resolve("ant/bad.png"), "no picture".getBytes(StandardCharsets.UTF_8));
        Ended ended = embed(model, data, folder.resolve("out"));
        assertEquals(1, ended.told("skipped"));
        assertEquals(110, ended.told("samples"));
        assertTrue(ended.err().matches("(?s)skipped: .*ant/bad.png.*"), ended.err());
    }

    @Test
    void tablesNamePathsAndLabels() throws Exception {
        Path model = model();
        Path data = pictures(110);
        List<Row> listed = new ArrayList<>();
        IntStream.range(0, 110)
                .forEach(i -> listed.add(RowFactory.create((i % 2 == 0 ? "ant/" : "bee/") + i + ".png", i)));
        listed.add(listed.get(3)); // twice
        listed.add(RowFactory.create("gone.png", 5));
        Path other = MadeUpFiles.write(folder.resolve("elsewhere.png"), picture(7));
        listed.add(RowFactory.create(other.toString(), null));
        Path table = data.resolve("list.parquet");
        spark.createDataFrame(listed, PATHS).write().parquet(table.toString());
        Path out = folder.resolve("out");
        Ended ended = embed(model, table, out);
        assertEquals(111, ended.told("samples"));
        assertTrue(ended.err().contains("gone.png"), ended.err());
        Map<String, Row> rows = rows(out);
        assertEquals("42", rows.get("ant/42.png").getString(1));
        assertArrayEquals(vector(rows.get("bee/7.png")), vector(rows.get(other.toString())));
        check(expected(model, data, rows.keySet()), rows);
    }

    @Test
    void textsAreEmbeddedToo() throws Exception {
        Path model = MadeUpFiles.texts(folder.resolve("texts.onnx"), ByteIds.NAME);
        Path data = folder.resolve("texts");
        for (String text : List.of("two", "three times")) {
            MadeUpFiles.write(data.resolve(text.length() + ".txt"), text.getBytes(StandardCharsets.UTF_8));
        }
        MadeUpFiles.write(data.resolve("4.txt"), "four".getBytes(StandardCharsets.UTF_8));
        Path out = folder.resolve("out");
        assertEquals(3, embed(model, data, out).told("samples"));
        Map<String, Row> rows = rows(out);
        check(expected(model, data, rows.keySet()), rows);
        Path ids = MadeUpFiles.texts(folder.resolve("ids.onnx"), "ids");
        String line = embed(ids, data, folder.resolve("none")).line();
        assertTrue(line.startsWith("vicreg embed: the model takes sequences of ids, which don't stand in files"), line);
    }

    @Test
    void whatIsWrongIsToldInOneLine() throws Exception {
        Path model = model();
        Path data = pictures(4);
        Path out = folder.resolve("out");
        Path missing = folder.resolve("missing");
        assertEquals(
                "vicreg embed: no such model: " + missing,
                embed(missing, data, out).line());
        Path text = Files.writeString(folder.resolve("text.onnx"), "no model");
        assertTrue(embed(text, data, out).line().contains(text.toString()));
        assertEquals(
                "vicreg embed: no such file or folder: " + missing,
                embed(model, missing, out).line());
        Path empty = Files.createDirectories(folder.resolve("empty"));
        assertTrue(
                embed(model, empty, out).line().contains("no pictures in " + empty + ": expected files that end in"));
        byte[] tar = Files.readAllBytes(
                MadeUpFiles.tar(folder.resolve("whole.tar"), Map.of("a.png", picture(1), "b.png", picture(2))));
        Path cut = Files.write(folder.resolve("cut.tar"), Arrays.copyOf(tar, 700));
        assertTrue(embed(model, cut, out).line().contains("cannot read the archive file:" + cut + ": "));
        Path file = Files.writeString(folder.resolve("file"), "");
        assertTrue(embed(model, data, file).line().endsWith(" is a file, expected a folder of Parquet files, or none"));
        assertTrue(embed(model, data, data).line().contains("expected Parquet files of vectors alone"));
        assertFalse(Files.exists(out), "nothing is begun");
    }

    @Test
    void outputOfAnotherModelIsRefused() throws Exception {
        Path model = model();
        Path data = pictures(4);
        Path out = folder.resolve("out");
        assertEquals(4, embed(model, data, out).told("new"));
        Path other = MadeUpFiles.encoder(folder.resolve("other.onnx"), 2);
        String line = embed(other, data, out).line();
        assertTrue(line.contains(out + " holds vectors of another model (SHA-256 "), line);
        line = embed(model, data, out, "normalize=true").line();
        assertTrue(line.contains("vectors that are not of length 1, and `normalize` says otherwise"), line);
        Path foreign = folder.resolve("foreign");
        spark.createDataFrame(List.of(RowFactory.create("a", 1)), PATHS).write().parquet(foreign.toString());
        line = embed(model, data, foreign).line();
        assertTrue(line.contains("holds a table of other origin"), line);
        assertEquals(4, rows(out).size());
    }

    @Test
    void executorOpensAModelOnce() throws Exception {
        ShippedModel model = ShippedModel.read(
                JavaSparkContext.fromSparkContext(spark.sparkContext()), model().toString(), "cpu", 1);
        assertSame(model.open(), model.open());
    }

    @Test
    void wrongWordsAreWrongUsage() {
        for (String words :
                List.of("", "model=a data=b", "model=a data=b out=c --json", "model=a data=b out=c threads=x")) {
            var errors = new ByteArrayOutputStream();
            List<String> given = words.isEmpty() ? Collections.emptyList() : List.of(words.split(" "));
            int status = EmbedJob.run(
                    given,
                    () -> {
                        throw new AssertionError("a session is of no use");
                    },
                    System.out,
                    new PrintStream(errors));
            assertEquals(2, status);
            assertEquals(1, errors.toString(StandardCharsets.UTF_8).lines().count());
        }
    }
}
