package dev.vicreg.tools.inspect;

import com.fasterxml.jackson.databind.JsonNode;
import dev.vicreg.training.run.Artifacts;
import dev.vicreg.training.run.BestCheckpoint;
import dev.vicreg.training.run.RunFolder;
import dev.vicreg.training.run.RunLayout;
import dev.vicreg.training.step.Side;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The folder of a run.
 *
 * @param config config.json
 * @param steps of the checkpoints that are there, oldest first
 * @param best which of them is the best; null where none was chosen
 * @param newest the newest checkpoint, else the one that the run started from; null if there is none
 * @param network {@code eval_model.onnx}; null if it is missing
 * @param encoder the exported encoder; null if there is none yet
 */
record RunInspection(
        Path root,
        JsonNode config,
        List<Long> steps,
        @Nullable BestCheckpoint best,
        @Nullable CheckpointInspection newest,
        @Nullable ModelInspection network,
        @Nullable ModelInspection encoder)
        implements Inspection {

    static RunInspection of(Path root) throws IOException {
        RunLayout run = new RunLayout(root);
        Path file = run.config();
        JsonNode config = Fields.parse(Files.readString(file))
                .orElseThrow(() -> new IOException(file + " is not the configuration of a run"));
        List<RunFolder.Saved> saved = RunFolder.saved(root);
        Artifacts artifacts = Artifacts.in(run.artifacts());
        Path checkpoint = saved.isEmpty()
                ? artifacts.checkpoint()
                : saved.get(saved.size() - 1).file();
        return new RunInspection(
                root,
                config,
                saved.stream().map(RunFolder.Saved::step).toList(),
                BestCheckpoint.of(root).orElse(null),
                Files.exists(checkpoint) ? CheckpointInspection.of(checkpoint) : null,
                model(artifacts.evalModel()),
                model(run.encoder(Side.A)));
    }

    private static @Nullable ModelInspection model(Path file) throws IOException {
        return Files.exists(file) ? ModelInspection.of(file) : null;
    }

    @Override
    public String page(boolean all) {
        Page page = new Page();
        page.line(root + ": run");
        page.row("settings", "");
        page.table(settings(all));
        page.row("checkpoints", steps.isEmpty() ? "none but the start" : "after steps " + steps);
        if (best != null) {
            page.row("best", "step " + best.step() + ", " + best.measure() + " " + best.value());
        }
        if (newest != null) {
            page.line("");
            page.line(newest.file() + ": checkpoint, " + Sizes.bytes(newest.bytes()));
            newest.print(page, all);
        }
        if (network != null) {
            page.line("");
            page.line(network.file() + ": the network, projector included");
            network.print(page, all);
        }
        if (encoder != null) {
            page.line("");
            page.line(encoder.file() + ": the exported encoder, " + Sizes.bytes(encoder.bytes()));
            encoder.printMetadata(page, all);
        }
        return page.toString();
    }

    /** Values, and where those came from that aren't defaults. */
    private List<List<String>> settings(boolean all) {
        JsonNode origins = config.path("origins");
        return Fields.rows(config, all).stream()
                .filter(row -> !row.get(0).startsWith("origins."))
                .map(row -> {
                    String origin = origins.path(option(row.get(0))).asText();
                    boolean told = !origin.isEmpty() && !origin.equals("default");
                    return told ? List.of(row.get(0), row.get(1) + "  (" + origin + ")") : row;
                })
                .toList();
    }

    /** The option that a field of the settings belongs to. */
    private static String option(String field) {
        String name = field.substring(field.lastIndexOf('.') + 1);
        return field.contains("graph.b.") ? name + "-b" : name;
    }

    @Override
    public Map<String, Object> values() {
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("kind", "run");
        values.put("folder", root.toString());
        values.put("config", config);
        values.put("checkpoints", steps);
        if (best != null) {
            values.put("best", best);
        }
        if (newest != null) {
            values.put("newest", newest.values());
        }
        if (network != null) {
            values.put("network", network.values());
        }
        if (encoder != null) {
            values.put("encoder", encoder.values());
        }
        return values;
    }
}
