package dev.vicreg.export;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import dev.vicreg.models.encoder.EncoderOptions;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.runtime.Device;
import dev.vicreg.runtime.EmbeddingModel;
import dev.vicreg.runtime.picture.Picture;
import dev.vicreg.training.data.Augmentation;
import dev.vicreg.training.loop.BranchConfig;
import dev.vicreg.training.loop.CheckpointFile;
import dev.vicreg.training.loop.GraphConfig;
import dev.vicreg.training.loop.InputConfig;
import dev.vicreg.training.loop.OnnxConfig;
import dev.vicreg.training.loop.RunFolder;
import dev.vicreg.training.loop.Trainer;
import dev.vicreg.training.loop.TrainingConfig;
import dev.vicreg.training.step.Side;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Encoders that PyTorch exported, trained for two steps and published again. */
class ImportedExportTest {
    private static final Path FILES = Path.of("../training/src/test/resources/golden/imported");

    @TempDir
    Path temporary;

    private Path train(String file, int imageSize, String pool) throws Exception {
        Path data = Files.createDirectories(temporary.resolve("data"));
        SplittableRandom random = new SplittableRandom(1);
        for (int i = 0; i < 4; i++) {
            BufferedImage picture = new BufferedImage(18, 18, BufferedImage.TYPE_INT_RGB);
            for (int pixel = 0; pixel < 324; pixel++) {
                picture.setRGB(pixel % 18, pixel / 18, random.nextInt(1 << 24));
            }
            ImageIO.write(picture, "png", data.resolve(i + ".png").toFile());
        }
        BranchConfig branch = new BranchConfig(
                file,
                0,
                new InputConfig.Pictures(imageSize, 3, List.of(0.4f, 0.5f, 0.6f), List.of(0.2f, 0.25f, 0.3f)),
                "8",
                EncoderOptions.NONE,
                OnnxConfig.of(FILES.resolve(file), "", pool, "train", "off", null, List.of()));
        GraphConfig graph = new GraphConfig(branch, null, 4, "official", 25, 25, 1, "sgd", 0.9f, 0, "none");
        Map<String, Object> views = Augmentation.cifar().settings();
        TrainingConfig config = new TrainingConfig(
                graph,
                data.toString(),
                null,
                0,
                0,
                views,
                null,
                0,
                2,
                0.01,
                0.64,
                0,
                0,
                "constant",
                0,
                3,
                1,
                1,
                "cpu",
                2,
                2);
        Path run = temporary.resolve("run");
        try (Trainer trainer = Trainer.start(config, run, "test")) {
            trainer.train(
                    new Trainer.Listener() {
                        @Override
                        public void step(dev.vicreg.training.loop.Metrics.Line line, long totalSteps) {}

                        @Override
                        public void saved(RunFolder.Saved saved) {}
                    },
                    () -> false);
        }
        return run;
    }

    private static EncoderExport.Result export(Path run, RunExport.Form form, Path target) throws IOException {
        return RunExport.export(run, Side.A, form, RunExport.newest(run).file(), "1.2.3", Map.of(), target);
    }

    private static float[][] embed(Path encoder) throws IOException {
        try (EmbeddingModel model = EmbeddingModel.load(encoder, Device.CPU, 1)) {
            byte[] rgb = new byte[30 * 24 * 3];
            new SplittableRandom(9).nextBytes(rgb);
            return model.embedPictures(List.of(new Picture(30, 24, rgb), new Picture(24, 30, rgb)));
        }
    }

    private static void assertSame(float[][] expected, float[][] found) {
        for (int i = 0; i < expected.length; i++) {
            assertArrayEquals(expected[i], found[i], 1e-5f); // measured: 2e-7
        }
    }

    @Test
    void originalFileHoldsTrainedValuesAndIsOtherwiseTheSame() throws Exception {
        Path run = train("residual-training.onnx", 16, "none");
        Path target = temporary.resolve("encoder.onnx");
        EncoderExport.Result result = export(run, RunExport.Form.ORIGINAL, target);
        assertTrue(result.difference() < 1e-5, "" + result.difference());
        assertEquals(10, result.manifest().dimension());
        ModelProto before = ModelProto.parseFrom(Files.readAllBytes(FILES.resolve("residual-training.onnx")));
        ModelProto after = ModelProto.parseFrom(Files.readAllBytes(target));
        assertEquals(before.getOpsetImportList(), after.getOpsetImportList());
        assertEquals(
                before.getGraph().getNodeList().stream().map(NodeProto::getName).toList(),
                after.getGraph().getNodeList().stream().map(NodeProto::getName).toList());
        assertEquals(before.getGraph().getInputList(), after.getGraph().getInputList());
        assertEquals(before.getGraph().getOutputList(), after.getGraph().getOutputList());
        for (int i = 0; i < before.getGraph().getInitializerCount(); i++) {
            TensorProto old = before.getGraph().getInitializer(i);
            TensorProto changed = after.getGraph().getInitializer(i);
            assertEquals(old.getName(), changed.getName());
            assertEquals(old.getDimsList(), changed.getDimsList());
            if (!old.getName().equals("fc.bias")) { // its gradient is truly zero: the loss does not see shifts
                assertNotEquals(old.getRawData(), changed.getRawData(), old.getName());
            }
        }
        for (NodeProto node : after.getGraph().getNodeList()) {
            assertFalse(node.getOpType().equals("BatchNormalization") && node.getOutputCount() > 1, node.getName());
        }
    }

    @Test
    void bothFormsServeTheSameEmbeddings() throws Exception {
        Path run = train("residual-training.onnx", 16, "none");
        Path original = temporary.resolve("original.onnx");
        Path folded = temporary.resolve("folded.onnx");
        export(run, RunExport.Form.ORIGINAL, original);
        export(run, RunExport.Form.FOLDED, folded);
        assertSame(embed(original), embed(folded));
    }

    @Test
    void statisticsThatTheFileSharesNeedTheOtherForm() throws Exception {
        Path run = train("residual-fresh.onnx", 16, "none");
        String message = assertThrows(
                        IllegalArgumentException.class,
                        () -> export(run, RunExport.Form.ORIGINAL, temporary.resolve("original.onnx")))
                .getMessage();
        assertTrue(message.contains("stands for statistics of several batch norms"), message);
        assertTrue(message.endsWith("export with --fold, which writes a file of its own form"), message);
        Path target = temporary.resolve("encoder.onnx");
        Path checkpoint = RunExport.newest(run).file();
        RunExport.export(run, Side.A, checkpoint, "1.2.3", Map.of(), target);
        assertEquals(10, embed(target)[0].length);
        Map<String, Tensor> state = CheckpointFile.read(checkpoint);
        List<Tensor> means = state.entrySet().stream()
                .filter(entry -> entry.getValue().shape().equals(Shape.of(12))
                        && entry.getKey().matches("layer1.*\\.bias(\\.[0-9]+)?"))
                .map(Map.Entry::getValue)
                .toList();
        assertTrue(means.size() > 1, state.keySet().toString());
        assertEquals(means.size(), means.stream().distinct().count(), "norms move statistics of their own");
    }

    @Test
    void poolingIsDoneByTheReaderOfTheOriginalFile() throws Exception {
        for (String pool : List.of("mean", "cls")) {
            Path run = train("tokens.onnx", 12, pool);
            Path original = temporary.resolve("original.onnx");
            Path folded = temporary.resolve("folded.onnx");
            EncoderExport.Result result = export(run, RunExport.Form.ORIGINAL, original);
            assertEquals(pool, result.manifest().pooling());
            export(run, RunExport.Form.FOLDED, folded);
            assertSame(embed(original), embed(folded));
            try (var files = Files.walk(run)) {
                files.sorted(java.util.Comparator.reverseOrder())
                        .forEach(path -> path.toFile().delete());
            }
        }
    }
}
