package dev.vicreg.training.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vicreg.models.encoder.EncoderOptions;
import dev.vicreg.training.objective.Heads;
import dev.vicreg.training.objective.Projector;
import dev.vicreg.training.run.RunConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BranchConfigTest {
    @TempDir
    Path folder;

    /** What config.json says of these. */
    private String thereAndBack(GraphConfig graph) throws IOException {
        TrainingConfig settings = new TrainingConfig(
                graph,
                new DataConfig("pictures", null),
                new ViewsConfig(Map.of(), Map.of()),
                new ScheduleConfig(0.1, 0.1, new LengthConfig(1, 0), 0, 0, "cosine", 0),
                1,
                new MachineConfig("cpu", 1, 1),
                new OutputConfig(0, 2));
        RunConfig run = new RunConfig("1.2.3", "1.24.1", "fingerprint", 100, settings, Map.of(), Map.of());
        Path file = folder.resolve("config.json");
        run.write(file);
        assertEquals(run, RunConfig.read(file));
        return Files.readString(file);
    }

    private static BranchConfig config(String encoder, int width, EncoderOptions options) {
        List<Float> half = List.of(0.5f, 0.5f, 0.5f);
        return new BranchConfig(encoder, width, new PictureInput(32, 3, half, half), "8-8", options);
    }

    private static GraphConfig graph(BranchConfig a, BranchConfig b) {
        return new GraphConfig(
                a,
                b,
                new ObjectiveConfig("official", 25, 25, 1),
                new UpdateConfig(4, "sgd", 0.9f, 0, "none"),
                PrecisionConfig.FLOAT32);
    }

    @Test
    void optionsOfTheEncoderComeBackFromJson() throws IOException {
        GraphConfig graph = graph(
                config(
                        "resnet18",
                        16,
                        EncoderOptions.NONE.with("stem", "strided").with("zero-init-residual", true)),
                config("vit-tiny", 12, EncoderOptions.NONE.with("patch-size", 8).with("pool", "mean")));
        String json = thereAndBack(graph);
        assertTrue(json.contains("\"stem\" : \"strided\""), json);
    }

    @Test
    void optionsThatWereNotAskedForAreNotInJson() throws IOException {
        GraphConfig graph = graph(config("resnet18", 16, EncoderOptions.NONE), null);
        String json = thereAndBack(graph);
        assertFalse(json.contains("stem") || json.contains("patch-size"), json);
    }

    @Test
    void optionsReachTheEncoder() {
        BranchConfig wrong = config("resnet18", 16, EncoderOptions.NONE.with("patch-size", 8));
        IllegalArgumentException e = assertThrows(
                IllegalArgumentException.class,
                () -> wrong.branch("", 1, new Heads(Projector.Ending.LINEAR), List.of()));
        assertEquals(
                "Encoder resnet18 takes no `patch-size`: it is for convnext-tiny, vit-base, vit-small, vit-tiny; leave"
                        + " it out",
                e.getMessage());
    }
}
