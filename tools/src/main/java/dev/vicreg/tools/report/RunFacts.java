package dev.vicreg.tools.report;

import dev.vicreg.models.graph.ElementType;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.setting.Schema;
import dev.vicreg.runtime.Manifest;
import dev.vicreg.training.config.BranchConfig;
import dev.vicreg.training.config.TrainingConfig;
import dev.vicreg.training.run.Artifacts;
import dev.vicreg.training.run.CheckpointFile;
import dev.vicreg.training.run.RunConfig;
import dev.vicreg.training.run.RunFolder;
import dev.vicreg.training.run.RunLayout;
import dev.vicreg.training.step.Side;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What a run's folder tells, without its data and without running a model.
 *
 * @param command that gives this run
 * @param curves of metrics.jsonl
 * @param encoder the published encoder's manifest; null where there is none yet
 */
record RunFacts(
        Path root,
        String command,
        RunConfig config,
        Curves curves,
        @Nullable Manifest encoder) {
    private static final int MOST_LAYERS = 600;
    private static final List<String> NO_LAYERS = List.of("optimizer.", "ema.", "target.");

    /**
     * Reads them.
     *
     * @param points of a curve at most
     * @throws IOException if the folder holds no run
     */
    static RunFacts of(Path root, String command, int points) throws IOException {
        RunLayout layout = new RunLayout(root);
        RunConfig config = RunConfig.read(layout.config());
        Path encoder = layout.encoder(Side.A);
        return new RunFacts(
                root,
                command,
                config,
                Curves.of(layout.metrics(), points),
                Files.exists(encoder) ? Manifest.read(encoder) : null);
    }

    /** Steps of the whole run. */
    long totalSteps() {
        TrainingConfig settings = config.settings();
        long perEpoch =
                Math.max(1, config.dataSize() / settings.graph().update().batchSize());
        return settings.schedule().totalSteps(perEpoch);
    }

    /** For the page. */
    Map<String, Object> json(boolean layers) throws IOException {
        Path folder = root.toAbsolutePath().normalize();
        Map<String, Object> json = new LinkedHashMap<>();
        json.put(
                "name", Optional.ofNullable(folder.getFileName()).orElse(folder).toString());
        json.put("folder", folder.toString());
        json.put("command", command);
        json.put("step", curves.lastStep());
        json.put("steps", totalSteps());
        json.put("epoch", curves.lastEpoch());
        json.put(
                "seconds",
                Figures.rounded(
                        curves.seconds(config.settings().graph().update().batchSize())));
        json.put("facts", facts());
        json.put("evaluation", encoder == null ? Map.of() : encoder.evaluation());
        json.put("settings", settings());
        json.put("machine", machine());
        json.put("curves", curves.json());
        if (layers) {
            json.put("layers", layers());
        }
        return json;
    }

    /** What was trained and on what, as pairs of a name and a text. */
    private List<List<String>> facts() {
        TrainingConfig settings = config.settings();
        List<List<String>> facts = new ArrayList<>();
        for (Side side : settings.graph().sides()) {
            BranchConfig branch = settings.graph().branch(side);
            facts.add(List.of(
                    side == Side.A ? "encoder" : "second encoder",
                    branch.encoder() + (branch.onnx() == null ? " of width " + branch.width() : "") + " for "
                            + branch.input().noun()
                            + (branch.projector().equals("none") ? "" : ", projector " + branch.projector())));
        }
        if (encoder != null) {
            facts.add(List.of(
                    "exported",
                    "vectors of " + encoder.dimension() + " values, " + Figures.counted(encoder.parameters())
                            + " parameters"));
        }
        facts.add(List.of("objective", settings.graph().objective().objective()));
        facts.add(List.of(
                "data",
                settings.data().data() + ": " + Figures.counted(config.dataSize()) + " "
                        + (settings.data().pairs() == null
                                ? settings.graph().a().input().kind().noun()
                                : "pairs")));
        facts.add(List.of("data's fingerprint", config.dataFingerprint()));
        facts.add(List.of("version", config.version() + ", ONNX Runtime " + config.onnxRuntime()));
        return facts;
    }

    /** Each option with its value, and where that came from; of earlier versions' runs that isn't known. */
    private List<List<String>> settings() {
        List<List<String>> rows = new ArrayList<>();
        Schema.texts(config.settings())
                .forEach((option, text) ->
                        rows.add(List.of(option, text, config.origins().getOrDefault(option, ""))));
        return rows;
    }

    private List<List<String>> machine() {
        List<List<String>> rows = new ArrayList<>();
        config.host().forEach((name, text) -> rows.add(List.of(name, text)));
        rows.add(List.of("threads", Integer.toString(config.settings().machine().threads())));
        rows.add(List.of("workers", Integer.toString(config.settings().machine().workers())));
        return rows;
    }

    /**
     * Parameters and statistics: name, shape, number of values, root mean square before training and now, and how far they
     * moved, by the norm before.
     */
    private List<List<Object>> layers() throws IOException {
        Path start = Artifacts.in(new RunLayout(root).artifacts()).checkpoint();
        List<RunFolder.Saved> saved = RunFolder.saved(root);
        if (saved.isEmpty() || !Files.exists(start)) {
            return List.of();
        }
        Map<String, Tensor> before = CheckpointFile.read(start);
        Map<String, Tensor> now =
                CheckpointFile.read(saved.get(saved.size() - 1).file());
        List<List<Object>> rows = new ArrayList<>();
        for (Map.Entry<String, Tensor> entry : now.entrySet()) {
            Tensor first = before.get(entry.getKey());
            boolean layer = NO_LAYERS.stream().noneMatch(entry.getKey()::startsWith)
                    && entry.getValue().type().element() == ElementType.FLOAT;
            if (layer && first != null && rows.size() < MOST_LAYERS) {
                rows.add(row(entry.getKey(), first, entry.getValue()));
            }
        }
        return rows;
    }

    private static List<Object> row(String name, Tensor first, Tensor now) {
        float[] a = first.floats();
        float[] b = now.floats();
        double before = 0;
        double after = 0;
        double moved = 0;
        for (int i = 0; i < a.length; i++) {
            before += (double) a[i] * a[i];
            after += (double) b[i] * b[i];
            moved += ((double) b[i] - a[i]) * ((double) b[i] - a[i]);
        }
        List<Object> row = new ArrayList<>(List.of(name, now.shape().toString(), a.length));
        row.add(orDash(Math.sqrt(before / a.length)));
        row.add(orDash(Math.sqrt(after / a.length)));
        row.add(orDash(Math.sqrt(moved / before)));
        return row;
    }

    private static Object orDash(double value) {
        Double rounded = Figures.rounded(value);
        return rounded == null ? "–" : rounded;
    }
}
