package dev.vicreg.export;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import dev.vicreg.models.encoder.EncoderOptions;
import dev.vicreg.models.encoder.OnnxEncoder;
import dev.vicreg.models.encoder.Pooling;
import dev.vicreg.models.graph.Graph;
import dev.vicreg.models.graph.OpType;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.onnx.EditedModel;
import dev.vicreg.models.onnx.OnnxFile;
import dev.vicreg.models.onnx.SmallFiles;
import dev.vicreg.models.setting.Schema;
import dev.vicreg.runtime.EmbeddingModel;
import dev.vicreg.runtime.Manifest;
import dev.vicreg.runtime.OutputPooling;
import dev.vicreg.runtime.input.Input;
import dev.vicreg.runtime.natives.Device;
import dev.vicreg.runtime.picture.Picture;
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
import dev.vicreg.training.loop.Trainer;
import dev.vicreg.training.run.CheckpointFile;
import dev.vicreg.training.run.RunFolder;
import dev.vicreg.training.step.Side;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Encoders that PyTorch exported, trained for two steps and published again. */
class ImportedExportTest {
    private static final Path FILES = Path.of("../training/src/test/resources/golden/imported");

    @TempDir
    Path temporary;

    private Path train(String file, int imageSize, Pooling pool) throws Exception {
        return train(file, imageSize, pool, 0);
    }

    private Path train(String file, int imageSize, Pooling pool, double ema) throws Exception {
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
                new PictureInput(imageSize, 3, List.of(0.4f, 0.5f, 0.6f), List.of(0.2f, 0.25f, 0.3f)),
                "8",
                "batch",
                EncoderOptions.NONE,
                OnnxConfig.of(FILES.resolve(file), "", pool, "train", "off", null, List.of()));
        GraphConfig graph = new GraphConfig(
                branch,
                null,
                new ObjectiveConfig("official", 25, 25, 1),
                new UpdateConfig(4, "sgd", 0.9f, 0, "none"),
                PrecisionConfig.FLOAT32);
        Map<String, Object> views = PictureKind.cifar().settings();
        TrainingConfig config = new TrainingConfig(
                Schema.with(graph, "ema", ema),
                new DataConfig(data.toString(), null),
                new ViewsConfig(views, Map.of()),
                new ScheduleConfig(0.01, 0.64, new LengthConfig(0, 2), 0, 0, "constant", 0),
                3,
                new MachineConfig("cpu", 1, 1),
                new OutputConfig(2, 2));
        Path run = temporary.resolve("run");
        try (Trainer trainer = Trainer.start(config, run, "test")) {
            trainer.train(
                    new Trainer.Listener() {
                        @Override
                        public void step(dev.vicreg.training.run.Metrics.Line line, long totalSteps) {}

                        @Override
                        public void saved(RunFolder.Saved saved) {}
                    },
                    () -> false);
        }
        return run;
    }

    private static EncoderExport.Result export(Path run, RunExport.Form form, Path target) throws IOException {
        return RunExport.export(
                run, Side.A, form, Weights.TRAINED, RunExport.newest(run).file(), "1.2.3", Map.of(), target);
    }

    @Test
    void averagesAreExportedIntoTheOriginalFile() throws Exception {
        Path run = train("residual-training.onnx", 16, Pooling.NONE, 0.5);
        RunExportTest.assertAveragesExported(run, Side.A, RunExport.newest(run).file());
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
            assertArrayEquals(expected[i], found[i], 1e-5f); // measured: 2.4e-7
        }
    }

    @Test
    void originalFileHoldsTrainedValuesAndIsOtherwiseTheSame() throws Exception {
        Path run = train("residual-training.onnx", 16, Pooling.NONE);
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
        Path run = train("residual-training.onnx", 16, Pooling.NONE);
        Path original = temporary.resolve("original.onnx");
        Path folded = temporary.resolve("folded.onnx");
        export(run, RunExport.Form.ORIGINAL, original);
        export(run, RunExport.Form.FOLDED, folded);
        assertSame(embed(original), embed(folded));
    }

    /** The residual network behind a Transpose, and a Cast for bytes: input [N,16,16,3]. */
    private Path channelsLast(TensorProto.DataType element) throws IOException {
        ModelProto.Builder model =
                ModelProto.parseFrom(Files.readAllBytes(FILES.resolve("residual-training.onnx"))).toBuilder();
        ValueInfoProto.Builder input = model.getGraphBuilder().getInputBuilder(0);
        String first = input.getName();
        var type = input.setName("pixels").getTypeBuilder().getTensorTypeBuilder();
        var shape = type.setElemType(element.getNumber()).getShapeBuilder();
        shape.addDim(shape.getDim(1)).removeDim(1);
        NodeProto cast = NodeProto.newBuilder()
                .setOpType("Cast")
                .addInput("pixels")
                .addOutput("reals")
                .addAttribute(AttributeProto.newBuilder()
                        .setName("to")
                        .setType(AttributeProto.AttributeType.INT)
                        .setI(TensorProto.DataType.FLOAT_VALUE))
                .build();
        NodeProto transpose = NodeProto.newBuilder()
                .setOpType("Transpose")
                .addInput("reals")
                .addOutput(first)
                .addAttribute(AttributeProto.newBuilder()
                        .setName("perm")
                        .setType(AttributeProto.AttributeType.INTS)
                        .addAllInts(List.of(0L, 3L, 1L, 2L)))
                .build();
        model.getGraphBuilder().addNode(0, transpose).addNode(0, cast);
        return Files.write(temporary.resolve("last.onnx"), model.build().toByteArray());
    }

    private void assertTakesPicturesAsOwnEncoders(Path run) throws IOException {
        Path original = temporary.resolve("original.onnx");
        Path pictures = temporary.resolve("pictures.onnx");
        export(run, RunExport.Form.ORIGINAL, original);
        EncoderExport.Result result = export(run, RunExport.Form.PICTURES, pictures);
        assertTrue(result.difference() < 1e-5, "" + result.difference()); // measured: 1.9e-7
        assertSame(embed(original), embed(pictures));
        Input<?> input = Input.pictures(16, List.of(0.4f, 0.5f, 0.6f), List.of(0.2f, 0.25f, 0.3f));
        assertEquals(input, result.manifest().input());
        assertEquals(Manifest.formatVersion(input), result.manifest().formatVersion());
        Graph graph = OnnxFile.read(pictures).graph();
        assertEquals("image", graph.inputs().get(0).name());
        assertEquals("uint8[N,16,16,3]", graph.inputs().get(0).type().toString());
        assertEquals(Set.of("embedding"), graph.outputs().keySet());
        assertTrue(graph.nodes().stream().noneMatch(node -> node.op() == OpType.BATCH_NORMALIZATION));
    }

    @Test
    void pictureInputHasTheNormalisationInside() throws Exception {
        assertTakesPicturesAsOwnEncoders(train("residual-training.onnx", 16, Pooling.NONE));
    }

    @Test
    void pictureInputIsBroughtToTheLayoutOfTheFile() throws Exception {
        Path file = channelsLast(TensorProto.DataType.FLOAT);
        assertTakesPicturesAsOwnEncoders(train(file.toAbsolutePath().toString(), 16, Pooling.NONE));
    }

    @Test
    void pictureInputOfFilesThatTakeBytesIsTheirOwn() throws Exception {
        Path file = channelsLast(TensorProto.DataType.UINT8);
        assertTakesPicturesAsOwnEncoders(train(file.toAbsolutePath().toString(), 16, Pooling.NONE));
    }

    @Test
    void aWrongScaleIsNotPublished() throws Exception {
        Path run = train("residual-training.onnx", 16, Pooling.NONE);
        Path evalModel = run.resolve("artifacts/eval_model.onnx");
        Map<String, Tensor> state = CheckpointFile.read(RunExport.newest(run).file());
        Path pictures = temporary.resolve("pictures.onnx");
        Input<?> input =
                export(run, RunExport.Form.PICTURES, pictures).manifest().input();
        List<Value> views = EncoderExport.views(OnnxFile.read(evalModel).graph(), state);
        Input.Pictures front = Input.pictures(
                "x", 16, List.of(0.4f, 0.5f, 0.6f), List.of(0.2f, 0.25f, 0.31f), Input.Pictures.CHANNELS_FIRST);
        String view = String.valueOf(views.get(0).name());
        Verification wrong = new Verification(evalModel, Side.A.representation(), views, state, input, view, front);
        assertTrue(wrong.difference(Files.readAllBytes(pictures)) > Verification.TOLERANCE);
    }

    @Test
    void namesOfAnExportedEncoderAreFreeForInitializers() throws Exception {
        ModelProto.Builder model =
                ModelProto.parseFrom(Files.readAllBytes(FILES.resolve("residual-training.onnx"))).toBuilder();
        rename(model, "conv1.weight", "image");
        rename(model, "fc.weight", "embedding");
        Path file = Files.write(temporary.resolve("names.onnx"), model.build().toByteArray());
        Path run = train(file.toAbsolutePath().toString(), 16, Pooling.NONE);
        assertTrue(CheckpointFile.read(RunExport.newest(run).file()).containsKey("imported.image"));
        assertTakesPicturesAsOwnEncoders(run);
    }

    private static void rename(ModelProto.Builder model, String from, String to) {
        boolean found = false;
        for (TensorProto.Builder each : model.getGraphBuilder().getInitializerBuilderList()) {
            if (each.getName().equals(from)) {
                each.setName(to);
                found = true;
            }
        }
        assertTrue(found, from);
        for (NodeProto.Builder node : model.getGraphBuilder().getNodeBuilderList()) {
            for (int i = 0; i < node.getInputCount(); i++) {
                if (node.getInput(i).equals(from)) {
                    node.setInput(i, to);
                }
            }
        }
    }

    @Test
    void statisticsThatTheFileSharesGetInitializersOfTheirOwn() throws Exception {
        Path run = train("residual-fresh.onnx", 16, Pooling.NONE);
        Path target = temporary.resolve("encoder.onnx");
        Path folded = temporary.resolve("folded.onnx");
        Path checkpoint = RunExport.newest(run).file();
        EncoderExport.Result result = RunExport.export(run, Side.A, checkpoint, "1.2.3", Map.of(), target);
        assertTrue(result.difference() < 1e-5, "" + result.difference()); // measured: 8.9e-8
        export(run, RunExport.Form.FOLDED, folded);
        assertSame(embed(folded), embed(target));
        ModelProto before = ModelProto.parseFrom(Files.readAllBytes(FILES.resolve("residual-fresh.onnx")));
        ModelProto after = ModelProto.parseFrom(Files.readAllBytes(target));
        int old = before.getGraph().getInitializerCount();
        assertEquals(
                result.added(),
                after
                        .getGraph()
                        .getInitializerList()
                        .subList(old, after.getGraph().getInitializerCount())
                        .stream()
                        .map(TensorProto::getName)
                        .toList());
        for (int i = 0; i < before.getGraph().getNodeCount(); i++) {
            NodeProto then = before.getGraph().getNode(i);
            NodeProto now = after.getGraph().getNode(i);
            boolean norm = then.getOpType().equals("BatchNormalization");
            assertEquals(then.getName(), now.getName());
            assertEquals(
                    norm ? then.getInputList().subList(0, 3) : then.getInputList(),
                    norm ? now.getInputList().subList(0, 3) : now.getInputList());
        }
        Map<String, Tensor> state = CheckpointFile.read(checkpoint);
        List<Tensor> means = state.entrySet().stream()
                .filter(entry -> entry.getValue().shape().equals(Shape.of(12))
                        && entry.getKey().matches("layer1.*\\.bias(\\.[0-9]+)?"))
                .map(Map.Entry::getValue)
                .toList();
        assertTrue(means.size() > 1, state.keySet().toString());
        assertEquals(means.size(), means.stream().distinct().count(), "norms move statistics of their own");
    }

    /** The residual network with the data of its initialisers in another file. */
    private Path withExternalData() throws IOException {
        ModelProto.Builder model =
                ModelProto.parseFrom(Files.readAllBytes(FILES.resolve("residual-training.onnx"))).toBuilder();
        ByteArrayOutputStream data = new ByteArrayOutputStream();
        for (TensorProto.Builder each : model.getGraphBuilder().getInitializerBuilderList()) {
            if (each.getDataType() == TensorProto.DataType.FLOAT_VALUE) {
                byte[] raw = each.getRawData().toByteArray();
                each.clearRawData().setDataLocation(TensorProto.DataLocation.EXTERNAL);
                each.addExternalDataBuilder().setKey("location").setValue("weights.bin");
                each.addExternalDataBuilder().setKey("offset").setValue(Integer.toString(data.size()));
                each.addExternalDataBuilder().setKey("length").setValue(Integer.toString(raw.length));
                data.writeBytes(raw);
            }
        }
        Files.write(temporary.resolve("weights.bin"), data.toByteArray());
        return Files.write(temporary.resolve("external.onnx"), model.build().toByteArray());
    }

    @Test
    void aModelTooLargeForOneFileIsVerifiedWithItsData() throws Exception {
        Path file = withExternalData().toAbsolutePath();
        Path run = train(file.toString(), 16, Pooling.NONE);
        Path whole = temporary.resolve("whole.onnx");
        Manifest manifest = export(run, RunExport.Form.ORIGINAL, whole).manifest();
        Map<String, String> metadata = Map.of(Manifest.METADATA_KEY, manifest.toJson());
        Path evalModel = run.resolve("artifacts/eval_model.onnx");
        Map<String, Tensor> state = CheckpointFile.read(RunExport.newest(run).file());
        OnnxEncoder encoder = OnnxEncoder.read(file, List.of(3L, 16L, 16L), OnnxEncoder.Settings.DEFAULT);
        Map<String, Tensor> values = new HashMap<>();
        encoder.initializers().forEach((parameter, name) -> values.put(name, state.get(parameter)));
        List<Value> views = EncoderExport.views(OnnxFile.read(evalModel).graph(), state);
        Verification verification = new Verification(
                evalModel,
                Side.A.representation(),
                views,
                state,
                manifest.input(),
                String.valueOf(views.get(0).name()),
                null,
                encoder.outputName(),
                OutputPooling.NONE);

        Path target = Files.createDirectory(temporary.resolve("out")).resolve("encoder.onnx");
        EditedModel edited = SmallFiles.edit(file, values, metadata, 5000);
        assertFalse(edited.isWhole());
        double difference = ImportedExport.publish(edited, verification, Verification.TOLERANCE, target);
        assertTrue(difference < 1e-5, "" + difference);
        assertEquals(List.of("encoder.onnx", "encoder.onnx.data"), names(target.getParent()));
        assertSame(embed(whole), embed(target));

        byte[] published = Files.readAllBytes(EditedModel.data(target));
        values.computeIfPresent("fc.weight", (name, weight) -> Tensor.filled(weight.shape(), 1));
        EditedModel wrong = SmallFiles.edit(file, values, metadata, 5000);
        assertThrows(
                ImportedExport.NotHeldException.class,
                () -> ImportedExport.publish(wrong, verification, Verification.TOLERANCE, target));
        assertEquals(List.of("encoder.onnx", "encoder.onnx.data"), names(target.getParent()));
        assertArrayEquals(published, Files.readAllBytes(EditedModel.data(target)), "what was there stays");

        Path folder = Files.createDirectories(temporary.resolve("other/folder"));
        assertThrows(
                IOException.class, () -> ImportedExport.publish(edited, verification, Verification.TOLERANCE, folder));
        assertEquals(List.of("folder"), names(folder.getParent()), "no data beside a file that can't be");
    }

    private static List<String> names(Path folder) throws IOException {
        try (var files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    @Test
    void poolingIsDoneByTheReaderOfTheOriginalFile() throws Exception {
        for (Pooling pooling : List.of(Pooling.MEAN, Pooling.CLS)) {
            Path run = train("tokens.onnx", 12, pooling);
            Path original = temporary.resolve("original.onnx");
            Path folded = temporary.resolve("folded.onnx");
            EncoderExport.Result result = export(run, RunExport.Form.ORIGINAL, original);
            assertEquals(pooling.name(), result.manifest().pooling().name());
            String word = pooling.name().toLowerCase(Locale.ROOT);
            assertTrue(result.manifest().toJson().contains("\"pool\": \"" + word + "\""), "one word for both");
            export(run, RunExport.Form.FOLDED, folded);
            assertSame(embed(original), embed(folded));
            try (var files = Files.walk(run)) {
                files.sorted(java.util.Comparator.reverseOrder())
                        .forEach(path -> path.toFile().delete());
            }
        }
    }
}
