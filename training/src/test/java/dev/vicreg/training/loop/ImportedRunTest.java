package dev.vicreg.training.loop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vicreg.models.encoder.EncoderOptions;
import dev.vicreg.models.encoder.Pooling;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.training.config.BranchConfig;
import dev.vicreg.training.config.DataConfig;
import dev.vicreg.training.config.GraphConfig;
import dev.vicreg.training.config.LengthConfig;
import dev.vicreg.training.config.MachineConfig;
import dev.vicreg.training.config.ObjectiveConfig;
import dev.vicreg.training.config.OnnxConfig;
import dev.vicreg.training.config.OutputConfig;
import dev.vicreg.training.config.PictureInput;
import dev.vicreg.training.config.PrecisionConfig;
import dev.vicreg.training.config.ScheduleConfig;
import dev.vicreg.training.config.TrainingConfig;
import dev.vicreg.training.config.UpdateConfig;
import dev.vicreg.training.config.ViewsConfig;
import dev.vicreg.training.data.picture.PictureKind;
import dev.vicreg.training.run.CheckpointFile;
import dev.vicreg.training.run.Metrics;
import dev.vicreg.training.run.RunFolder;
import dev.vicreg.training.step.UpdateOptions;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs of an encoder that came as a file. */
final class ImportedRunTest {
    private static final Path FILES = Path.of("src/test/resources/golden/imported");

    @TempDir
    static Path data;

    @TempDir
    Path temporary;

    private Path file;

    @BeforeAll
    static void drawPictures() throws IOException {
        SplittableRandom random = new SplittableRandom(5);
        for (int i = 0; i < 9; i++) {
            BufferedImage picture = new BufferedImage(20, 20, BufferedImage.TYPE_INT_RGB);
            for (int pixel = 0; pixel < 400; pixel++) {
                picture.setRGB(pixel % 20, pixel / 20, random.nextInt(1 << 24));
            }
            ImageIO.write(picture, "png", data.resolve("p%02d.png".formatted(i)).toFile());
        }
    }

    @BeforeEach
    void copyFile() throws IOException {
        file = Files.copy(FILES.resolve("residual-training.onnx"), temporary.resolve("net.onnx"));
    }

    private TrainingConfig config(String dropout, int imageSize, List<String> freeze, List<String> scale)
            throws IOException {
        List<Float> half = List.of(0.5f, 0.5f, 0.5f);
        BranchConfig branch = new BranchConfig(
                "net.onnx",
                0,
                new PictureInput(imageSize, 3, half, half),
                "8-8",
                "batch",
                EncoderOptions.NONE,
                OnnxConfig.of(file, "", Pooling.NONE, "train", dropout, null, List.of()));
        GraphConfig graph = new GraphConfig(
                branch,
                null,
                new ObjectiveConfig("official", 25, 25, 1),
                new UpdateConfig(4, "sgd", 0.9f, 0, "none", freeze, scale, UpdateOptions.NONE),
                PrecisionConfig.FLOAT32);
        Map<String, Object> views = PictureKind.cifar().settings();
        return new TrainingConfig(
                graph,
                new DataConfig(data.toString(), null),
                new ViewsConfig(views, Map.of()),
                new ScheduleConfig(0.01, 0.64, new LengthConfig(0, 6), 0, 0, "constant", 0),
                3,
                new MachineConfig("cpu", 2, 1),
                new OutputConfig(3, 2));
    }

    private static List<Metrics.Line> train(Trainer trainer, int stopAfter) throws Exception {
        List<Metrics.Line> lines = new ArrayList<>();
        try (trainer) {
            trainer.train(
                    new Trainer.Listener() {
                        @Override
                        public void step(Metrics.Line line, long totalSteps) {
                            lines.add(line);
                        }

                        @Override
                        public void saved(RunFolder.Saved saved) {}
                    },
                    () -> lines.size() == stopAfter);
        }
        return lines;
    }

    private static Map<String, Tensor> newest(Path run) throws IOException {
        List<RunFolder.Saved> saved = RunFolder.saved(run);
        return CheckpointFile.read(saved.get(saved.size() - 1).file());
    }

    @Test
    void resumeNeedsTheRunAloneAndMatchesUninterruptedRunWithDropout() throws Exception {
        TrainingConfig config = config("on", 16, List.of(), List.of());
        Path whole = temporary.resolve("whole");
        Path parts = temporary.resolve("parts");
        train(Trainer.start(config, whole, "test"), 100);
        train(Trainer.start(config, parts, "test"), 2);
        Files.delete(file);
        train(Trainer.resume(config, parts), 100);
        Map<String, Tensor> expected = newest(whole);
        assertEquals(expected, newest(parts));
        assertEquals(6, expected.get("dropout.state").floats()[0]);
        assertTrue(
                expected.containsKey("layer1.0.conv1.weight"), expected.keySet().toString());
    }

    @Test
    void dropoutAsExportedIsOnHereAndChangesTheLoss() throws Exception {
        List<Metrics.Line> on = train(
                Trainer.start(config("as-exported", 16, List.of(), List.of()), temporary.resolve("a"), "test"), 1);
        List<Metrics.Line> off =
                train(Trainer.start(config("off", 16, List.of(), List.of()), temporary.resolve("b"), "test"), 1);
        assertNotEquals(on.get(0).loss(), off.get(0).loss());
        assertFalse(newest(temporary.resolve("b")).containsKey("dropout.state"));
    }

    @Test
    void frozenParametersStayAndStatisticsMove() throws Exception {
        Path run = temporary.resolve("run");
        train(Trainer.start(config("off", 16, List.of("layer1.*", "conv1.weight"), List.of("fc.*=0.5")), run, "t"), 3);
        Map<String, Tensor> start = CheckpointFile.read(run.resolve("artifacts/checkpoint"));
        Map<String, Tensor> end = newest(run);
        assertEquals(start.get("layer1.0.conv1.weight"), end.get("layer1.0.conv1.weight"));
        assertEquals(start.get("conv1.weight"), end.get("conv1.weight"));
        assertFalse(end.containsKey("optimizer.momentum.conv1.weight"));
        assertNotEquals(start.get("fc.weight"), end.get("fc.weight"));
        assertNotEquals(start.get("layer1.0.bn1.running_mean"), end.get("layer1.0.bn1.running_mean"));
    }

    @Test
    void configRecordsTheFileAndAnotherFileIsRefused() throws Exception {
        Path run = temporary.resolve("run");
        train(Trainer.start(config("off", 16, List.of(), List.of()), run, "test"), 1);
        String json = Files.readString(run.resolve("config.json"));
        assertTrue(json.contains("\"sha256\" : \""
                + config("off", 16, List.of(), List.of()).graph().a().onnx().sha256()));
        Files.copy(FILES.resolve("residual.onnx"), file, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        String message = assertThrows(
                        IllegalArgumentException.class,
                        () -> Trainer.resume(config("off", 16, List.of(), List.of()), run))
                .getMessage();
        assertTrue(message.contains("sha256"), message);
    }

    @Test
    void mistakesAreOneLine() throws IOException {
        assertEquals(
                "Encoder net.onnx takes samples of float[3, 16, 16], views of the pictures are float[3, 32, 32]",
                message(config("off", 32, List.of(), List.of())));
        String unknown = message(config("off", 16, List.of("no.such.*"), List.of()));
        assertTrue(
                unknown.startsWith("No parameter fits the pattern no.such.*: names are such as [conv1.weight,"),
                unknown);
        assertEquals(
                "Nothing to train: all 19 parameters are frozen", message(config("off", 16, List.of("*"), List.of())));
    }

    private String message(TrainingConfig config) {
        return assertThrows(
                        IllegalArgumentException.class,
                        () -> Trainer.start(config, temporary.resolve("refused"), "test"))
                .getMessage();
    }
}
