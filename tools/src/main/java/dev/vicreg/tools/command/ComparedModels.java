package dev.vicreg.tools.command;

import dev.vicreg.export.RunExport;
import dev.vicreg.models.setting.SettingException;
import dev.vicreg.runtime.EmbeddingModel;
import dev.vicreg.runtime.file.TemporaryFolder;
import dev.vicreg.tools.cli.Version;
import dev.vicreg.tools.evaluation.LabelledVectors;
import dev.vicreg.tools.evaluation.measure.Space;
import dev.vicreg.training.run.RunLayout;
import dev.vicreg.training.step.Side;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The models that are measured side by side, the encoder first. Owns them. */
final class ComparedModels implements AutoCloseable {
    private record Named(String key, String name, EmbeddingModel model) {}

    private final List<Named> models = new ArrayList<>();

    /** Takes over a model. */
    void add(String key, String name, EmbeddingModel model) {
        models.add(new Named(key, name, model));
    }

    /**
     * Adds what a run's projector makes of its encoder's vectors, of the newest checkpoint.
     *
     * @param model the encoder in a run's folder
     * @throws SettingException if it is in none
     */
    void addProjection(Path model, ModelFile files) throws IOException {
        Path run = model.toAbsolutePath().resolveSibling("");
        RunLayout layout = new RunLayout(run);
        if (!Files.exists(layout.config())) {
            throw new SettingException("`projection` is of a run: expected " + model
                    + " in the folder that ./vicreg train wrote, found no config.json beside it; leave it out");
        }
        Side side = model.getFileName().equals(layout.encoder(Side.B).getFileName()) ? Side.B : Side.A;
        try (TemporaryFolder folder = TemporaryFolder.create("vicreg-eval")) {
            Path file = folder.path().resolve("projection.onnx");
            RunExport.exportProjection(run, side, RunExport.newest(run).file(), Version.TEXT, file);
            add("projection", "projection", files.open(file));
        }
    }

    /** The encoder's. */
    EmbeddingModel encoder() {
        return models.get(0).model;
    }

    List<EmbeddingModel> models() {
        return models.stream().map(Named::model).toList();
    }

    /**
     * What the samples are compared in: by each of the models, and as they are.
     *
     * @param views of some test samples by each of the models; empty where none were drawn
     */
    <R> List<Space> spaces(LabelledVectors<R> train, LabelledVectors<R> test, List<float[][][]> views) {
        List<Space> spaces = new ArrayList<>();
        for (int i = 0; i < models.size(); i++) {
            Named named = models.get(i);
            spaces.add(new Space(
                    named.key,
                    named.name,
                    train.models().get(i),
                    test.models().get(i),
                    views.isEmpty() ? new float[0][][] : views.get(i)));
        }
        spaces.add(new Space(
                "raw",
                "raw " + train.form().rawNoun(),
                train.form().vectors(train.raw(), train.raw()),
                train.form().vectors(test.raw(), train.raw())));
        return spaces;
    }

    @Override
    public void close() {
        models.forEach(named -> named.model.close());
    }
}
