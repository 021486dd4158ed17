package dev.vicreg.tools.report;

import dev.vicreg.export.RunExport;
import dev.vicreg.models.onnx.OnnxFile;
import dev.vicreg.models.onnx.ReadOptions;
import dev.vicreg.models.ops.MultiplyAdds;
import dev.vicreg.runtime.EmbeddingModel;
import dev.vicreg.runtime.file.AtomicFile;
import dev.vicreg.runtime.file.TemporaryFolder;
import dev.vicreg.runtime.natives.Device;
import dev.vicreg.tools.evaluation.Look;
import dev.vicreg.tools.evaluation.VectorRows;
import dev.vicreg.training.config.GraphConfig;
import dev.vicreg.training.config.TrainingConfig;
import dev.vicreg.training.data.Datasets;
import dev.vicreg.training.data.pair.PairedData;
import dev.vicreg.training.data.source.Dataset;
import dev.vicreg.training.data.source.Selection;
import dev.vicreg.training.loop.TrainingData;
import dev.vicreg.training.run.RunConfig;
import dev.vicreg.training.run.RunFolder;
import dev.vicreg.training.run.RunLayout;
import dev.vicreg.training.step.Side;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.IntConsumer;

/**
 * A page about one run or several: {@code report.html}. What can't be shown, such as samples that are no longer there, the
 * page says. Not thread-safe.
 */
public final class RunReport {
    /** Multiply-adds that a page's samples may cost, by which large networks show fewer. */
    private static final double WORK = 50e9;

    private static final DateTimeFormatter WRITTEN = DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm", Locale.ROOT);
    private static final int MOST_SAMPLES = 500;
    private static final int LEAST_SAMPLES = 64;
    private static final int POINTS = 2000; // of all runs' curves of one name
    private static final int VIEW_ROWS = 6;
    private static final int VIEWS_BYTES = 400_000;
    private static final int SAMPLE_SIDE = 64;
    private static final int SAMPLES_BYTES = 1_200_000;

    private final List<RunFacts> runs;
    private final Map<String, Object> content = new LinkedHashMap<>();
    private final List<String> notes = new ArrayList<>();

    private RunReport(List<RunFacts> runs) {
        this.runs = runs;
    }

    /**
     * A page about these runs: several are laid over each other and compared.
     *
     * @param commands of each run's folder the command that gives the run
     * @throws IOException if a folder holds no run
     */
    public static RunReport of(Map<Path, String> commands) throws IOException {
        List<RunFacts> runs = new ArrayList<>();
        for (Map.Entry<Path, String> run : commands.entrySet()) {
            runs.add(RunFacts.of(run.getKey(), run.getValue(), POINTS / commands.size()));
        }
        return new RunReport(runs);
    }

    /** Says on the page why something isn't there. */
    public void note(String text) {
        notes.add(text);
    }

    /**
     * Adds the first samples and their views, drawn anew.
     *
     * @param settings of the run, with the place where the samples lie now
     * @param datasets opens the samples, or has them open
     */
    public void addViews(TrainingConfig settings, Datasets datasets) throws IOException, InterruptedException {
        GraphConfig graph = settings.graph();
        TrainingConfig last = graph.growth().isEmpty()
                ? settings
                : settings.with(graph.at(graph.growth().get().stages().size() - 1));
        PairedData data = TrainingData.open(last, datasets);
        if (!data.fingerprint().equals(runs.get(0).config().dataFingerprint())) {
            note("The data are not those of the run: some were added, removed or changed since.");
        }
        ViewRows rows = ViewRows.of(last, data, VIEW_ROWS);
        Looks looks = new Looks(Look.SIDE, VIEWS_BYTES);
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("names", rows.names());
        json.put("originals", places(rows.originals(), looks));
        json.put("views", places(rows.views(), looks));
        json.put("unrelated", data.a().unrelatedViews());
        json.put("looks", looks.json());
        content.put("views", json);
    }

    private static List<List<Integer>> places(List<List<Look>> rows, Looks looks) {
        return rows.stream().map(row -> row.stream().map(looks::add).toList()).toList();
    }

    /**
     * How many samples {@link #addSamples} takes for a network of this size: 64 to 500.
     *
     * @param run whose encoder would embed them
     */
    public static int usualSamples(Path run) throws IOException {
        Path encoder = new RunLayout(run).encoder(Side.A);
        long work;
        try {
            work = MultiplyAdds.of(OnnxFile.open(encoder)
                            .read(ReadOptions.DEFAULT.withBatch(1))
                            .graph())
                    .total();
        } catch (IOException | IllegalArgumentException | ArithmeticException e) { // there is none, or it is another's
            return LEAST_SAMPLES;
        }
        return (int) Math.max(LEAST_SAMPLES, Math.min(MOST_SAMPLES, WORK / Math.max(1, work)));
    }

    /**
     * Adds a map, neighbours and spectra of some samples by the first encoder, before and after training, and by its
     * projector.
     *
     * @param count of the samples, drawn evenly and always the same
     * @param progress told how many are done
     */
    public void addSamples(
            TrainingConfig settings, Datasets datasets, int count, Device device, int threads, IntConsumer progress)
            throws IOException {
        Path run = runs.get(0).root();
        Dataset<?> data = datasets.open(
                settings.data().data(),
                settings.graph().a().input().reading(),
                settings.data().pairs() == null ? settings.data().selection() : Selection.ALL);
        Map<String, EmbeddingModel> models = new LinkedHashMap<>();
        try (TemporaryFolder folder = TemporaryFolder.create("vicreg-report")) {
            for (Map.Entry<String, Path> file :
                    models(run, settings, folder.path()).entrySet()) {
                models.put(file.getKey(), EmbeddingModel.load(file.getValue(), device, threads));
            }
            if (models.isEmpty()) {
                note("There is no encoder yet: the map, neighbours and spectra come with the first checkpoint.");
                return;
            }
            put(Gallery.of(data, VectorRows.draw(data.size(), count), models, progress));
        } finally {
            models.values().forEach(EmbeddingModel::close);
        }
    }

    private void put(Gallery gallery) throws IOException {
        Looks looks = new Looks(SAMPLE_SIDE, SAMPLES_BYTES);
        gallery.looks().forEach(looks::add);
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("names", gallery.names());
        json.put("labels", gallery.labels());
        json.put("classes", gallery.classes());
        json.put("looks", looks.json());
        json.put("spaces", Spaces.json(gallery));
        content.put("samples", json);
    }

    /** The files that hold them; those that are not in the run's folder go into another. */
    private static Map<String, Path> models(Path run, TrainingConfig settings, Path temporary) throws IOException {
        RunLayout layout = new RunLayout(run);
        Map<String, Path> files = new LinkedHashMap<>();
        List<RunFolder.Saved> saved = RunFolder.saved(run);
        if (saved.isEmpty()) {
            return files;
        }
        Path newest = RunExport.newest(run).file();
        Path encoder = layout.encoder(Side.A);
        if (!Files.exists(encoder)) { // not complete yet
            encoder = temporary.resolve("encoder.onnx");
            RunExport.export(run, Side.A, newest, runVersion(run), Map.of(), encoder);
        }
        files.put("after training", encoder);
        if (Files.exists(layout.initialEncoder(Side.A))) {
            files.put("before training", layout.initialEncoder(Side.A));
        }
        if (!settings.graph().a().projector().equals("none")) {
            Path projection = temporary.resolve("projection.onnx");
            RunExport.exportProjection(run, Side.A, newest, runVersion(run), projection);
            files.put("projection", projection);
        }
        return files;
    }

    private static String runVersion(Path run) throws IOException {
        return RunConfig.read(new RunLayout(run).config()).version();
    }

    /** What the page shows of a run as far as it is now. */
    Map<String, Object> goingOn() throws IOException {
        for (RunFacts run : runs) {
            run.curves().readOn();
        }
        return content(false);
    }

    private Map<String, Object> content(boolean layers) throws IOException {
        Map<String, Object> all = new LinkedHashMap<>();
        List<Map<String, Object>> shown = new ArrayList<>();
        for (RunFacts run : runs) {
            shown.add(run.json(layers));
        }
        all.put("runs", shown);
        all.put("notes", notes);
        all.put("written", WRITTEN.format(LocalDateTime.now(ZoneId.systemDefault())));
        all.putAll(content);
        return all;
    }

    /** Writes the page, complete or not at all. */
    public void write(Path target) throws IOException {
        AtomicFile.write(
                target, ByteBuffer.wrap(ReportPage.of(content(runs.size() == 1)).getBytes(StandardCharsets.UTF_8)));
    }
}
