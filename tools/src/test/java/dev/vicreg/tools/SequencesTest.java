package dev.vicreg.tools;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.vicreg.models.encoder.Encoder;
import dev.vicreg.models.encoder.TextCnn;
import dev.vicreg.models.graph.ElementType;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.nn.Initializer;
import dev.vicreg.models.nn.Layers;
import dev.vicreg.models.nn.Parameter.Role;
import dev.vicreg.models.onnx.OnnxFile;
import dev.vicreg.models.onnx.OnnxSummary;
import dev.vicreg.runtime.EmbeddingModel;
import dev.vicreg.runtime.OutputPooling;
import dev.vicreg.runtime.input.Input;
import dev.vicreg.runtime.natives.Device;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Sequences of ids through the whole path, with networks in ONNX files and with our own: train, resume, export, embed, measure. */
class SequencesTest {
    private static final int IDS = 41; // of the sample set, the padding among them
    private static final int LENGTH = 48; // of its longest sequences

    @TempDir
    static Path shared;

    @TempDir
    Path folder;

    private static Path train;
    private static Path test;
    private static Path network;

    @BeforeAll
    static void make() throws IOException {
        Path samples = shared.resolve("samples");
        train = samples.resolve("train.ids");
        test = samples.resolve("test.ids");
        String[] sizes = {"--per-class", "60", "--test-per-class", "20"};
        run("sample", "--kind", "sequences", "--out", samples.toString(), sizes[0], sizes[1], sizes[2], sizes[3]);
        Path file = shared.resolve("network.onnx");
        network = Networks.write(file, new TextCnn(IDS, 32), "input_ids", ElementType.INT64, LENGTH);
    }

    private static Cli run(String... words) {
        Cli done = Cli.run(words);
        assertEquals(0, done.status(), done.err());
        return done;
    }

    private static String[] words(Path data, Path out, String... more) {
        List<String> words = new ArrayList<>(List.of("train", "--data", data.toString(), "--out", out.toString()));
        words.addAll(List.of("--threads", "1", "--workers", "1"));
        List<String> given = List.of(more);
        if (!given.contains("--batch-size")) {
            words.addAll(List.of("--batch-size", "16"));
        }
        if (!given.contains("--projector")) {
            words.addAll(List.of("--projector", "16-16"));
        }
        if (!given.contains("--steps")) {
            words.addAll(List.of("--steps", "2"));
        }
        words.addAll(given);
        return words.toArray(String[]::new);
    }

    private static Cli train(Path data, Path out, String... more) {
        return run(words(data, out, more));
    }

    private static JsonNode json(Cli done) throws IOException {
        return new ObjectMapper().readTree(done.out());
    }

    private static float[] row(Path vectors, int row) throws IOException {
        return CsvVector.values(Files.readAllLines(vectors).get(row + 1));
    }

    @Test
    void aNetworkInAFileLearnsWhatFollowsWhat() throws IOException {
        Path run = folder.resolve("run");
        Path file = Files.copy(network, folder.resolve("net.onnx"));
        JsonNode summary = json(train(
                train,
                run,
                "--encoder",
                file.toString(),
                "--batch-size",
                "64",
                "--projector",
                "64-64",
                "--steps",
                "150",
                "--checkpoint-every",
                "75",
                "--eval-data",
                test.toString(),
                "--json"));
        Files.delete(file); // the run has all it needs
        JsonNode figures = summary.path("evaluation");
        assertEquals(200, figures.path("test_samples").asInt());
        double before = figures.path("baseline").asDouble();
        double after = figures.path("encoder").asDouble();
        assertTrue(after > before + 0.1, figures.toString()); // measured: 66.0 % and 39.5 %

        OnnxFile.Model trained = OnnxFile.read(run.resolve("encoder.onnx"));
        assertEquals(
                OnnxFile.read(network).initializers().keySet(),
                trained.initializers().keySet());
        assertEquals("[input_ids int64[batch,48]]", trained.graph().inputs().toString());
        resumeMatches(run);
    }

    /** A run that is resumed at step 75 ends as the one that wasn't. */
    private void resumeMatches(Path whole) throws IOException {
        Path parts = folder.resolve("parts");
        try (Stream<Path> files = Files.walk(whole)) {
            for (Path file : (Iterable<Path>) files::iterator) {
                if (!file.toString().contains("step-00000150")) {
                    Files.copy(file, parts.resolve(whole.relativize(file).toString()));
                }
            }
        }
        run("train", "--out", parts.toString(), "--resume", "--workers", "3");
        String checkpoint = "checkpoints/step-00000150/checkpoint";
        assertArrayEquals(Files.readAllBytes(whole.resolve(checkpoint)), Files.readAllBytes(parts.resolve(checkpoint)));
        Cli refused = Cli.run("train", "--out", parts.toString(), "--resume", "--mask-id", "3");
        assertEquals(2, refused.status(), refused.err());
        assertTrue(refused.errorLine().contains("mask"), refused.err());
    }

    @Test
    void exportEmbedEvalAndInspectTakeIds() throws IOException {
        Path run = folder.resolve("run");
        train(train, run, "--encoder", network.toString());
        Path encoder = folder.resolve("encoder.onnx");
        Path folded = folder.resolve("folded.onnx");
        run("export", "--run", run.toString(), "--out", encoder.toString());
        run("export", "--run", run.toString(), "--out", folded.toString(), "--fold");
        Path vectors = folder.resolve("vectors.csv");
        run("embed", "--model", encoder.toString(), "--data", test.toString(), "--out", vectors.toString());
        assertEquals(201, Files.readAllLines(vectors).size());
        assertTrue(Files.readAllLines(vectors).get(1).startsWith("row 1,"));

        Path plot = folder.resolve("neighbours.png");
        Cli table = run(
                "eval",
                "--model",
                run.resolve("encoder.onnx").toString(),
                "--train",
                train.toString(),
                "--test",
                test.toString(),
                "--plot",
                plot.toString());
        assertTrue(table.out().contains("200 test sequences by 600 training sequences"), table.out());
        assertTrue(table.out().contains("raw counts") && table.out().contains("before training"), table.out());
        assertTrue(ImageIO.read(plot.toFile()).getWidth() > 9 * 240);
        Cli inspected = run("inspect", encoder.toString());
        assertTrue(inspected.out().lines().anyMatch(line -> line.matches(" +input.kind +sequence")), inspected.out());

        long[] ids = Arrays.stream(Files.readAllLines(test).get(0).split(" "))
                .mapToLong(Long::parseLong)
                .toArray();
        for (Path model : List.of(encoder, folded)) {
            try (EmbeddingModel served = EmbeddingModel.load(model, Device.CPU, 1)) {
                Input.Sequences input = (Input.Sequences) served.manifest().input();
                assertEquals(IDS, input.vocabulary());
                assertEquals(LENGTH, input.length());
                assertEquals("ids", input.coding());
                float[] found = served.embedSequences(new long[][] {ids})[0];
                assertArrayEquals(row(vectors, 0), found, 1e-5f); // measured: below 1e-6
                long[] padded = Arrays.copyOf(ids, 60);
                assertArrayEquals(found, served.embedSequences(new long[][] {{3, 4}, padded})[1], 1e-6f);
                refusals(served);
            }
        }
    }

    private static void refusals(EmbeddingModel model) {
        assertThrows(IllegalStateException.class, () -> model.embedVectors(new float[1][3]));
        String kind = assertThrows(IllegalStateException.class, () -> model.embedTexts(List.of("a")))
                .getMessage();
        assertTrue(kind.endsWith("takes sequences of ids, not texts"), kind);
        String id = assertThrows(
                        IllegalArgumentException.class, () -> model.embedSequences(new long[][] {{1}, {2, 3, IDS}}))
                .getMessage();
        assertTrue(id.endsWith("sequence 1: id 41 at place 2 is not one of 0 to 40"), id);
        String length = assertThrows(
                        IllegalArgumentException.class,
                        () -> model.embedSequences(new long[][] {
                            IntStream.range(1, 50).mapToLong(i -> i % 40 + 1).toArray()
                        }))
                .getMessage();
        assertTrue(length.endsWith("a sequence of 49 ids, expected 1 to 48"), length);
    }

    @Test
    void textsNeedNoOtherTool() throws IOException {
        Path texts = folder.resolve("texts");
        for (int i = 0; i < 24; i++) {
            String text = (i % 2 == 0 ? "der Mond und die Sterne " : "the moon and the stars ") + i;
            Path file = texts.resolve(i % 2 == 0 ? "de" : "en").resolve(i + ".txt");
            Files.createDirectories(file.getParent());
            Files.writeString(file, text + "\n");
        }
        Path run = folder.resolve("run");
        train(texts, run, "--width", "4", "--length", "20", "--eval-data", texts.toString());
        Path encoder = run.resolve("encoder.onnx");
        Path vectors = folder.resolve("vectors.csv");
        run("embed", "--model", encoder.toString(), "--data", texts.toString(), "--out", vectors.toString());
        assertTrue(Files.readAllLines(vectors).get(1).startsWith("de/0.txt,"));
        Path lines = Files.writeString(folder.resolve("lines.txt"), "der Mond und die Sterne 0\nthe moon\n");
        Path more = folder.resolve("more.csv");
        run("embed", "--model", encoder.toString(), "--data", lines.toString(), "--out", more.toString());
        assertArrayEquals(row(vectors, 0), row(more, 0), 1e-6f);
        try (EmbeddingModel model = EmbeddingModel.load(encoder, Device.CPU, 1)) {
            Input.Sequences input = (Input.Sequences) model.manifest().input();
            assertEquals("utf-8", input.coding());
            assertEquals(List.of(1), input.special());
            assertEquals(259, input.vocabulary());
            assertArrayEquals(row(vectors, 0), model.embedTexts(List.of("der Mond und die Sterne 0"))[0], 1e-6f);
        }
        refused(2, "the encoder takes texts, the data are ids", "embed", encoder, test);
        refused(2, "holds vectors", "embed", encoder, Files.writeString(folder.resolve("t.csv"), "a\n1\n"));
    }

    /** A mean of vectors and a linear layer, whatever the length. */
    private record Bag(int vocabulary) implements Encoder {
        @Override
        public Value build(Layers layers, Value ids) {
            Value table = layers.parameter("words", Shape.of(vocabulary, 6), Role.EMBEDDING, Initializer.normal(1));
            Value mean = layers.ops().reduceMean(layers.ops().gather(table, ids, 0), false, 1);
            return layers.linear("out", mean, 5, true);
        }

        @Override
        public int dimension() {
            return 5;
        }
    }

    @Test
    void lengthsThatTheFileLeavesOpenComeFromOptionsOrData() throws IOException {
        Path open = Networks.write(folder.resolve("open.onnx"), new Bag(IDS), "ids", ElementType.INT64, 0);
        Path run = folder.resolve("longest");
        train(train, run, "--encoder", open.toString());
        assertEquals(LENGTH, length(run));
        run = folder.resolve("asked");
        train(train, run, "--encoder", open.toString(), "--length", "30", "--special-ids", "1,2");
        assertEquals(30, length(run));
        run("train", "--out", run.toString(), "--resume");
        Path array = npy("array.npy", "<i8", 40, 12);
        run = folder.resolve("array");
        train(array, run, "--encoder", open.toString());
        assertEquals(12, length(run));
        run("train", "--out", run.toString(), "--resume");
    }

    @Test
    void attentionMasksAreMadeFromThePadding() throws IOException {
        Path masked = Path.of("../training/src/test/resources/golden/imported/masked.onnx");
        Path data = Files.writeString(folder.resolve("data.ids"), "1 2 3\n4 6 7 8 9 10 11\n12 13\n".repeat(20));
        Path run = folder.resolve("run");
        train(data, run, "--encoder", masked.toString(), "--pad-id", "5", "--mask-id", "0");
        run("train", "--out", run.toString(), "--resume");
        Path original = run.resolve("encoder.onnx");
        Path folded = folder.resolve("folded.onnx");
        run("export", "--run", run.toString(), "--out", folded.toString(), "--fold");
        assertEquals(
                List.of("input_ids", "attention_mask"),
                OnnxFile.summary(original).inputs().stream()
                        .map(OnnxSummary.Entry::name)
                        .toList());
        assertEquals(
                "[input_ids int64[N,7]]", OnnxFile.read(folded).graph().inputs().toString());
        long[][] ids = {{1, 2, 3}, {1, 2, 3, 5, 5, 5}, {1, 2, 3, 0, 0, 0}};
        try (EmbeddingModel served = EmbeddingModel.load(original, Device.CPU, 1);
                EmbeddingModel ours = EmbeddingModel.load(folded, Device.CPU, 1)) {
            float[][] found = served.embedSequences(ids);
            assertArrayEquals(found[0], found[1]);
            assertNotEquals(Arrays.toString(found[0]), Arrays.toString(found[2]));
            for (int i = 0; i < ids.length; i++) {
                assertArrayEquals(ours.embedSequences(ids)[i], found[i], 1e-5f);
            }
        }
        Path artifacts = folder.resolve("artifacts");
        List<String> words = new ArrayList<>(List.of("artifacts", "--encoder", masked.toString(), "--pad-id", "5"));
        words.addAll(List.of("--projector", "16-16", "--batch-size", "16", "--out", artifacts.toString()));
        run(words.toArray(String[]::new));
        assertEquals(-1, mismatch(run, artifacts, "eval_model.onnx"), "with data and without");
        refused(
                2,
                "--vocabulary is 41",
                "artifacts",
                "--encoder",
                masked.toString(),
                "--vocabulary",
                "41",
                "--out",
                "o");
        refused(
                2,
                "--mean is for pictures",
                "artifacts",
                "--encoder",
                masked.toString(),
                "--mean",
                "0,0,0",
                "--out",
                "o");
    }

    private static long mismatch(Path run, Path artifacts, String file) throws IOException {
        return Files.mismatch(run.resolve("artifacts").resolve(file), artifacts.resolve(file));
    }

    /** A vector for each id, changed alike: [N,T,6]. */
    private record Tokens(int vocabulary) implements Encoder {
        @Override
        public Value build(Layers layers, Value ids) {
            Value table = layers.parameter("words", Shape.of(vocabulary, 6), Role.EMBEDDING, Initializer.normal(1));
            return layers.linear("out", layers.ops().gather(table, ids, 0), 6, true);
        }

        @Override
        public int dimension() {
            return 6;
        }
    }

    /** Rates are far below what rounding leaves. */
    private float[] pooled(Path file, String pool, int length) throws IOException {
        Path run = folder.resolve(pool + length);
        String[] options = {"--encoder", file.toString(), "--length", "" + length, "--pool", pool, "--lr", "1e-12"};
        train(train, run, options);
        try (EmbeddingModel model = EmbeddingModel.load(run.resolve("encoder.onnx"), Device.CPU, 1)) {
            assertEquals(length, ((Input.Sequences) model.manifest().input()).length());
            return model.embedSequences(new long[][] {{5, 6, 7}})[0];
        }
    }

    @Test
    void theMeanOfTokensIsTheSameWhateverTheLength() throws IOException {
        Path file = Networks.write(folder.resolve("tokens.onnx"), new Tokens(IDS), "ids", ElementType.INT64, 0);
        float[] one = pooled(file, "mean", 20);
        assertArrayEquals(one, pooled(file, "mean", 60), 1e-6f);
        float[] padded = pooled(file, "padded-mean", 20);
        assertNotEquals(one[0], padded[0], 1e-3f);
        assertNotEquals(padded[0], pooled(file, "padded-mean", 60)[0], 1e-3f);
    }

    /** As config.json had it while {@code mean} was over padding too. */
    @Test
    void aRunWhoseMeanWasOverPaddingGoesOnSo() throws IOException {
        Path file = Networks.write(folder.resolve("tokens.onnx"), new Tokens(IDS), "ids", ElementType.INT64, 0);
        Path run = folder.resolve("run");
        String[] begun = {
            "--encoder", file.toString(), "--steps", "4", "--checkpoint-every", "2", "--pool", "padded-mean"
        };
        train(train, run, begun);
        Path config = run.resolve("config.json");
        byte[] trained = Files.readAllBytes(run.resolve("checkpoints/step-00000004/checkpoint"));
        String today = Files.readString(config);
        String before = today.replace("\"format\" : 3", "\"format\" : 2").replace("\"padded-mean\"", "\"mean\"");
        assertNotEquals(today, before);
        Files.writeString(config, before);
        run("train", "--out", run.toString(), "--resume", "--from", "step-2", "--pool", "mean");
        assertArrayEquals(trained, Files.readAllBytes(run.resolve("checkpoints/step-00000004/checkpoint")));
        try (EmbeddingModel model = EmbeddingModel.load(run.resolve("encoder.onnx"), Device.CPU, 1)) {
            assertEquals(OutputPooling.MEAN, model.manifest().pooling());
        }
    }

    private void refused(int status, String expected, String... words) {
        Cli done = Cli.run(words);
        assertEquals(status, done.status(), done.err());
        assertTrue(done.errorLine().contains(expected), done.err());
    }

    private static int length(Path run) throws IOException {
        try (EmbeddingModel model = EmbeddingModel.load(run.resolve("encoder.onnx"), Device.CPU, 1)) {
            return ((Input.Sequences) model.manifest().input()).length();
        }
    }

    /** An array of ids 1 to 40. */
    private Path npy(String name, String type, int rows, int columns) throws IOException {
        String shape = "(" + rows + ", " + columns + ")";
        String header =
                String.format("%-117s", "{'descr': '" + type + "', 'fortran_order': False, 'shape': " + shape + ", }")
                        + '\n';
        int bytes = type.charAt(2) - '0';
        ByteBuffer file = ByteBuffer.allocate(128 + rows * columns * bytes).order(ByteOrder.LITTLE_ENDIAN);
        file.put(new byte[] {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0}).putShort((short) 118);
        file.put(header.getBytes(StandardCharsets.US_ASCII));
        for (int i = 0; i < rows * columns; i++) {
            long id = i * 7L % 40 + 1;
            if (bytes == Long.BYTES) {
                file.putLong(id);
            } else if (bytes == Integer.BYTES) {
                file.putInt((int) id); // or the bits of a float, which are as good
            } else {
                file.putShort((short) id);
            }
        }
        return Files.write(folder.resolve(name), file.array());
    }

    @Test
    void artifactsAndBenchTakeIds() throws IOException {
        String net = network.toString();
        Path out = folder.resolve("artifacts");
        run("artifacts", "--data", train.toString(), "--encoder", net, "--projector", "8", "--out", out.toString());
        assertEquals(
                "int64[128,48]",
                OnnxFile.read(out.resolve("training_model.onnx"))
                        .graph()
                        .inputs()
                        .get(0)
                        .type()
                        .toString());
        run("bench", "train", "--data", train.toString(), "--encoder", net, "--batch-size", "8", "--steps", "3");
    }

    @Test
    void samplesAreTheSameForTheSameSeed() throws IOException {
        List<String> first = Files.readAllLines(test);
        for (String seed : List.of("0", "1")) {
            Path out = folder.resolve(seed);
            String[] sizes = {"--per-class", "60", "--test-per-class", "20", "--seed", seed};
            List<String> words = new ArrayList<>(List.of("sample", "--kind", "sequences", "--out", out.toString()));
            words.addAll(List.of(sizes));
            run(words.toArray(String[]::new));
            assertEquals(seed.equals("0"), first.equals(Files.readAllLines(out.resolve("test.ids"))));
        }
        assertNotEquals(first, Files.readAllLines(train).subList(0, first.size()));
    }

    private void refused(int status, String expected, String command, Path model, Path data) {
        String out = folder.resolve("refused.npy").toString();
        Cli done = Cli.run(command, "--model", model.toString(), "--data", data.toString(), "--out", out);
        assertEquals(status, done.status(), done.err());
        assertTrue(done.errorLine().contains(expected), done.err());
    }

    private void refused(int status, String expected, Path data, String... more) {
        Path out = folder.resolve("refused");
        Cli done = Cli.run(words(data, out, more));
        assertEquals(status, done.status(), done.err());
        assertTrue(done.errorLine().contains(expected), done.err());
        assertTrue(Files.notExists(out), "a run that cannot start leaves no folder");
    }

    @Test
    void whatDoesNotFitIsRefusedInOneLine() throws IOException {
        String net = network.toString();
        Path large = Files.writeString(folder.resolve("large.ids"), "1 2\n3 41 5 6 7\n".repeat(20));
        refused(2, "row 2, place 2: found id 41, the encoder knows ids 0 to 40", large, "--encoder", net);
        Path lengthy = Files.writeString(folder.resolve("long.ids"), "1 ".repeat(49) + "\n");
        refused(2, "row 1 has 49 ids, the encoder takes at most 48", lengthy, "--encoder", net);
        refused(2, "axis 1 is 48, asked for 20", train, "--encoder", net, "--length", "20");
        refused(
                2,
                "Mask: expected an id of 0 to 40, which the encoder knows",
                train,
                "--encoder",
                net,
                "--mask-id",
                "41");
        refused(
                2,
                "row 2, place 2: found id 41, the encoder knows ids 0 to 40",
                large,
                "--vocabulary",
                "41",
                "--pad-id",
                "1");
        refused(1, "line 1 has 'one'", Files.writeString(folder.resolve("words.ids"), "one two\n"));
        refused(1, "holds no sequences", Files.writeString(folder.resolve("empty.txt"), ""));
        refused(1, "type '<i2'", npy("short.npy", "<i2", 4, 4));
        refused(2, "the data are sequences", train, "--encoder", "mlp");
        refused(2, "--pad-id is for sequences of ids, the data are texts", text(), "--pad-id", "3");
        refused(2, "--length of sequences must be a number of ids", text(), "--length", "1s");
        refused(2, "--rate is for signals, the data are sequences", train, "--rate", "8000");
        refused(2, "--special-ids must be ids such as 101,102", train, "--special-ids", "a");
        refused(2, "Encoder textcnn takes 5 ids or more", text(), "--length", "4");
        refused(2, "its settings are those of pictures, expected those of sequences", train, "--augment", "cifar");
        refused(1, "stand in NAME.labels.txt beside it", text(), "--eval-data", text().toString());
        refused(2, "--vocabulary is 500, the table of", train, "--encoder", net, "--vocabulary", "500");
        refused(2, "--special-ids must be ids", train, "--special-ids", "4294967295");
        refused(2, "Mask: expected an id of 0 to 2147483646", train, "--mask-id", "2147483647");
        refused(2, "--channels is for pictures and signals, the data are sequences", train, "--channels", "3");
        refused(
                2,
                "takes samples of int64[48], views of the vectors are",
                npy("f.npy", "<f4", 40, 48),
                "--encoder",
                net);
    }

    @Test
    void dataToMeasureOnAreLookedAtBeforeTheTraining() throws IOException {
        Path others = Files.writeString(folder.resolve("others.ids"), "1 2 3\n4 5 41\n");
        Files.writeString(folder.resolve("others.labels.txt"), "a\nb\n");
        refused(2, "others.ids: row 2, place 3: found id 41", train, "--eval-data", others.toString());
        Path text = text();
        Files.writeString(folder.resolve("text.labels.txt"), "a\nb\n".repeat(10));
        refused(2, "the encoder takes sequences of ids, the data are texts", train, "--eval-data", text.toString());
    }

    @Test
    void textsAndIdsGoThroughNetworksOfTheirOwn() throws IOException {
        Path ids = Files.writeString(folder.resolve("pairs.ids"), "1 2 3 4 5\n6 7 8 9 10\n".repeat(10));
        Path out = folder.resolve("pairs");
        String[] more = {"--data-b", ids.toString(), "--steps", "2", "--batch-size", "4"};
        run(words(text(), out, more));
        assertEquals("utf-8", coding(out.resolve("encoder.onnx")));
        assertEquals("ids", coding(out.resolve("encoder-b.onnx")));
        refused(2, "found texts and ids", text(), "--data-b", ids.toString(), "--share-weights", "true");
    }

    private static String coding(Path encoder) throws IOException {
        try (EmbeddingModel model = EmbeddingModel.load(encoder)) {
            return ((Input.Sequences) model.manifest().input()).coding();
        }
    }

    private Path text() throws IOException {
        return Files.writeString(folder.resolve("text.txt"), "a line of text\nand another\n".repeat(10));
    }
}
