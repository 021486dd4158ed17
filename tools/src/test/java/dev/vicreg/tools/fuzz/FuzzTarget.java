package dev.vicreg.tools.fuzz;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.vicreg.models.encoder.OnnxEncoder;
import dev.vicreg.models.onnx.OnnxFile;
import dev.vicreg.models.setting.SettingException;
import dev.vicreg.runtime.Manifest;
import dev.vicreg.runtime.file.FileDigest;
import dev.vicreg.runtime.picture.Interpolation;
import dev.vicreg.runtime.picture.Picture;
import dev.vicreg.runtime.search.SearchIndex;
import dev.vicreg.runtime.signal.Signal;
import dev.vicreg.serve.RequestReaders;
import dev.vicreg.tools.Main;
import dev.vicreg.tools.cli.ConfigFile;
import dev.vicreg.tools.inspect.Inspection;
import dev.vicreg.training.data.Kinds;
import dev.vicreg.training.data.pair.PairedData;
import dev.vicreg.training.data.source.DataOptions;
import dev.vicreg.training.data.source.Dataset;
import dev.vicreg.training.data.source.Selection;
import dev.vicreg.training.data.vector.VectorKind;
import dev.vicreg.training.data.vector.VectorViews;
import dev.vicreg.training.data.view.Augmentation;
import dev.vicreg.training.data.view.ViewSource;
import dev.vicreg.training.loop.Incident;
import dev.vicreg.training.run.CheckpointFile;
import dev.vicreg.training.run.RunConfig;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.CRC32C;

/**
 * The readers of bytes that come from elsewhere, each given any bytes. A reader may refuse them with an exception whose
 * message is one line, and with nothing else, within bounds of time and memory.
 */
enum FuzzTarget {
    JPEG("jpg", FuzzTarget::picture),
    PNG("png", FuzzTarget::picture),
    WEBP("webp", FuzzTarget::picture),
    BMP("bmp", FuzzTarget::picture),
    GIF("gif", FuzzTarget::picture),
    TIFF("tif", FuzzTarget::picture),
    WAV("wav", FuzzTarget::recording),
    NPY("npy", FuzzTarget::data),
    CSV("csv", FuzzTarget::data),
    IDS("ids", FuzzTarget::data),
    ZIP("zip", FuzzTarget::data),
    TAR("tar", FuzzTarget::data),
    TAR_GZ("tar.gz", FuzzTarget::data),
    PAIRS("csv", FuzzTarget::pairs),
    YAML("yaml", FuzzTarget::yaml),
    CONFIG("json", file -> RunConfig.read(file)),
    MANIFEST("json", file -> Manifest.parse(text(file), "model.onnx")),
    CHECKPOINT("", FuzzTarget::checkpoint),
    INCIDENT("json", FuzzTarget::incident),
    ONNX("onnx", FuzzTarget::onnx),
    INDEX("index", FuzzTarget::index),
    INFER("", file -> RequestReaders.infer(Files.readAllBytes(file))),
    SAMPLES("", file -> RequestReaders.samples(Files.readAllBytes(file))),
    FORM("", file -> RequestReaders.form(Files.readAllBytes(file))),
    TYPED_FORM("", file -> RequestReaders.typedForm(Files.readAllBytes(file)));

    /** Processor time for one input: the largest picture that is read takes a second. */
    private static final long SECONDS = 10;
    /** Allocated for one input: the largest picture that is read is made of 0.2 GB, by way of twice as much. */
    private static final long BYTES = 2L << 30;

    /** What is done with a file. */
    private interface Reading {
        void read(Path file) throws IOException;
    }

    private final String ending;

    @SuppressWarnings("ImmutableEnumChecker") // all of them are methods of this class
    private final Reading reading;

    FuzzTarget(String ending, Reading reading) {
        this.ending = ending;
        this.reading = reading;
    }

    /**
     * Reads an input.
     *
     * @param folder of this target alone; the input lies in it meanwhile
     * @throws AssertionError if it fails otherwise than it may, or takes more than it may
     */
    void run(Path folder, byte[] input) throws IOException {
        Path file = folder.resolve(ending.isEmpty() ? "input" : "input." + ending);
        Files.write(file, input);
        String excess = excess(file);
        if (!excess.isEmpty()) { // whoever comes first also pays for what is loaded, under Jazzer rewritten too
            excess = excess(file);
        }
        if (!excess.isEmpty()) {
            throw new AssertionError(excess);
        }
    }

    /** What reading took too much of; empty if nothing. */
    private String excess(Path file) throws IOException {
        com.sun.management.ThreadMXBean thread = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
        long time = thread.getCurrentThreadCpuTime();
        long bytes = thread.getCurrentThreadAllocatedBytes();
        try {
            reading.read(file);
        } catch (IOException | SettingException e) {
            requireOneLine(e, file);
        }
        long seconds = (thread.getCurrentThreadCpuTime() - time) / 1_000_000_000;
        long allocated = thread.getCurrentThreadAllocatedBytes() - bytes;
        if (seconds > SECONDS) {
            return seconds + " s of processor time, expected at most " + SECONDS;
        }
        return allocated > BYTES ? (allocated >> 20) + " MiB allocated, expected at most " + (BYTES >> 20) : "";
    }

    /** As the command line says it: names of files may hold line ends. */
    private static void requireOneLine(Exception e, Path file) throws IOException {
        String line = e.getMessage() == null ? "" : Main.line(e);
        if (line.isBlank() || line.lines().count() > 1) {
            throw new AssertionError("expected one line, found: " + line, e);
        }
        boolean quoted = new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1).contains("Exception");
        if (line.contains("Exception") && !quoted) {
            throw new AssertionError("a class's name says nothing to a user: " + line, e);
        }
    }

    private static String text(Path file) throws IOException {
        return new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
    }

    private static void picture(Path file) throws IOException {
        Picture.decode(Files.readAllBytes(file), "input").middle(32, 32, Interpolation.BICUBIC);
    }

    /** As whoever means harm would write it: with a size and sums that fit. */
    private static void index(Path file) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        if (bytes.limit() >= 128) {
            bytes.putLong(56, bytes.limit());
            bytes.putInt(20, sum(bytes.slice(128, bytes.limit() - 128)));
            bytes.putInt(124, sum(bytes.slice(0, 124)));
            Files.write(file, bytes.array());
        }
        try (SearchIndex index = SearchIndex.open(file)) {
            float[] query = new float[index.dimension()];
            query[0] = 1;
            for (SearchIndex.Match match : index.search(query, Math.min(5, index.size()))) {
                index.entry(match.index());
                index.picture(match.index());
            }
        }
    }

    private static int sum(ByteBuffer bytes) {
        CRC32C sum = new CRC32C();
        sum.update(bytes);
        return (int) sum.getValue();
    }

    private static void recording(Path file) throws IOException {
        Signal.decode(Files.readAllBytes(file), "input");
        read(file, new DataOptions(List.of(), null, 16_000, 1));
    }

    private static void data(Path file) throws IOException {
        read(file, DataOptions.DEFAULT);
    }

    private static void read(Path file, DataOptions options) throws IOException {
        try (Dataset<?> data = Kinds.open(file.toString(), options, Selection.ALL)) {
            for (int i = 0; i < Math.min(data.size(), 3); i++) {
                data.sample(i);
            }
        }
    }

    private static void pairs(Path file) throws IOException {
        Path samples = Files.writeString(file.resolveSibling("samples.csv"), "a,b\n1,2\n3,4\n5,6\n");
        try (Dataset<?> data = Kinds.open(samples.toString(), DataOptions.DEFAULT, Selection.ALL)) {
            Augmentation any = VectorKind.VECTORS.presets().values().iterator().next();
            ViewSource views = new VectorViews(VectorKind.VECTORS.require(data), any, List.of(1f, 1f));
            PairedData.of(file, views, "samples.csv", views, "samples.csv", Selection.ALL);
        }
    }

    private static void yaml(Path file) throws IOException {
        ConfigFile.parse("input.yaml", text(file));
    }

    private static void checkpoint(Path file) throws IOException {
        CheckpointFile.types(file);
        CheckpointFile.notFinite(file);
        CheckpointFile.read(file);
    }

    /** As whoever means harm would write it: with sums that fit the files beside it. */
    private static void incident(Path file) throws IOException {
        Path folder = Files.createDirectories(file.resolveSibling("incident"));
        if (!Files.exists(folder.resolve("view_b"))) {
            Files.write(folder.resolve("checkpoint"), FuzzSeeds.checkpoint());
            Files.write(folder.resolve("view_a"), new byte[24]);
            Files.write(folder.resolve("view_b"), new byte[24]);
        }
        byte[] description = Files.readAllBytes(file);
        if (parsed(description) instanceof ObjectNode json) {
            ObjectNode sums = json.putObject("sha256");
            for (String beside : List.of("checkpoint", "view_a", "view_b")) {
                sums.put(beside, FileDigest.sha256(folder.resolve(beside)));
            }
            description = RunConfig.JSON.writeValueAsBytes(json);
        }
        Files.write(folder.resolve("incident.json"), description);
        Incident.read(file.getParent());
    }

    /** Nothing where it is no JSON, as the reader is to say. */
    private static JsonNode parsed(byte[] text) throws IOException {
        try {
            return RunConfig.JSON.readTree(text);
        } catch (JsonProcessingException e) {
            return MissingNode.getInstance();
        }
    }

    private static void onnx(Path file) throws IOException {
        Inspection.of(file, List.of(), null).page(true);
        OnnxFile.read(file);
        OnnxEncoder.read(file, List.of(3L, 8L, 8L), OnnxEncoder.Settings.DEFAULT);
    }
}
