package dev.vicreg.export;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnxruntime.OrtException;
import dev.vicreg.export.VariantExport.Precision;
import dev.vicreg.export.VariantExport.Samples;
import dev.vicreg.export.VariantExport.Settings;
import dev.vicreg.models.graph.Dim;
import dev.vicreg.models.graph.ElementType;
import dev.vicreg.models.graph.Graph;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.TensorType;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.nn.Layers;
import dev.vicreg.models.onnx.OnnxFile;
import dev.vicreg.models.ops.Ops;
import dev.vicreg.models.setting.SettingException;
import dev.vicreg.runtime.EmbeddingModel;
import dev.vicreg.runtime.Embeddings;
import dev.vicreg.runtime.Manifest;
import dev.vicreg.runtime.input.Input;
import dev.vicreg.runtime.natives.Device;
import dev.vicreg.runtime.picture.Picture;
import dev.vicreg.training.config.GraphConfig;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.bytedeco.onnx.global.onnx;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class VariantExportTest {
    private static final Settings PLAIN = new Settings(Precision.FP32, false, false, 0, 0);
    private static final Settings RESIZING = new Settings(Precision.FP32, true, false, 0, 0);

    @TempDir
    Path folder;

    private Path encoder(String name) throws IOException {
        GraphConfig config = TestRun.config(TestRun.branch(name, name.startsWith("vit") ? 12 : 8, "8"), null);
        TestRun run = name.startsWith("resnet")
                ? TestRun.write(folder.resolve("run"), config, 1, VariantExportTest::calm)
                : TestRun.write(folder.resolve("run"), config, 1);
        return run.export(folder.resolve("encoder.onnx")).file();
    }

    /** Blocks that add little: made-up norms don't keep the sums of deep networks small, as trained ones do. */
    private static Tensor calm(String name, Tensor tensor) {
        return name.startsWith("encoder.")
                        && name.endsWith(".weight")
                        && tensor.shape().rank() == 1
                ? Tensor.filled(tensor.shape(), 0.4f)
                : tensor;
    }

    private VariantExport.Result export(Path encoder, Settings settings, Samples samples) throws IOException {
        return VariantExport.export(encoder, settings, samples, "2", folder.resolve("made.onnx"));
    }

    /** Pictures with structure, as the encoders of {@link TestRun} take them. */
    private static Samples pictures(int count) {
        SplittableRandom random = new SplittableRandom(3);
        List<byte[]> rows = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            rows.add(picture(TestRun.IMAGE_SIZE, TestRun.IMAGE_SIZE, random).samples());
        }
        return new Samples(rows, List.of());
    }

    private static Picture picture(int width, int height, SplittableRandom random) {
        byte[] samples = new byte[width * height * 3];
        int[] corner = random.ints(9, 0, 128).toArray();
        for (int i = 0; i < samples.length; i++) {
            int x = i / 3 % width;
            int y = i / 3 / width;
            int c = i % 3;
            samples[i] = (byte) (corner[c] + corner[3 + c] * x / width / 2 + corner[6 + c] * y / height / 2);
        }
        return new Picture(width, height, samples);
    }

    private static ModelProto model(Path file) throws IOException {
        return ModelProto.parseFrom(Files.readAllBytes(file));
    }

    private static Map<String, Long> operators(Path file) throws IOException {
        return model(file).getGraph().getNodeList().stream()
                .collect(Collectors.groupingBy(NodeProto::getOpType, Collectors.counting()));
    }

    /** Initialisers of that type that products read, as they are or in another order. */
    private static Set<String> weightsOf(Path file, ElementType type) throws IOException {
        Set<String> initializers = model(file).getGraph().getInitializerList().stream()
                .filter(tensor -> tensor.getDataType() == type.code() && tensor.getDimsCount() > 1)
                .map(TensorProto::getName)
                .collect(Collectors.toSet());
        Set<String> products = Set.of("Conv", "Gemm", "MatMul", "Transpose");
        return model(file).getGraph().getNodeList().stream()
                .filter(node -> products.contains(node.getOpType()))
                .flatMap(node -> node.getInputList().stream())
                .filter(initializers::contains)
                .collect(Collectors.toSet());
    }

    /** One of each family. */
    @ParameterizedTest
    @ValueSource(
            strings = {"resnet18", "resnet50", "vit-tiny", "convnext-tiny", "mobilenetv3-large", "efficientnet-b0"})
    void everyEncoderHasItsVectorsInFloat16AndInt8(String name) throws IOException {
        Path encoder = encoder(name);
        VariantExport.Result half = export(encoder, new Settings(Precision.FP16, false, false, 0, 0), Samples.NONE);
        onnx.check_model(half.file().toString(), true, false, false);
        assertTrue(half.measured().least() > 0.9999, "cosine " + half.measured().least());
        assertEquals("fp16", Manifest.read(half.file()).made().precision());
        assertEquals(Set.of(), weightsOf(half.file(), ElementType.FLOAT));

        VariantExport.Result bytes = export(encoder, new Settings(Precision.INT8, false, false, 0, 0), pictures(40));
        onnx.check_model(bytes.file().toString(), true, false, false);
        assertEquals(8, bytes.measured().places().size());
        assertTrue(bytes.measured().mean() > 0.98, "cosine " + bytes.measured().mean());
        assertTrue(operators(bytes.file()).get("QuantizeLinear") > 0);
        assertEquals(Set.of(), weightsOf(bytes.file(), ElementType.FLOAT));
        try (EmbeddingModel model = EmbeddingModel.load(bytes.file(), Device.CPU, 1)) {
            assertEquals(bytes.manifest(), model.manifest());
            assertEquals("int8", model.manifest().made().precision());
        }
    }

    @Test
    void float16HalvesAndInt8QuartersWhatTheWeightsTake() throws IOException {
        Path encoder = TestRun.write(folder.resolve("run"), 32, "8", 1)
                .export(folder.resolve("encoder.onnx"))
                .file();
        long plain = Files.size(encoder);
        long half = export(encoder, new Settings(Precision.FP16, false, false, 0, 0), Samples.NONE)
                .bytes();
        long quarter = export(encoder, new Settings(Precision.INT8, false, false, 0, 0), pictures(20))
                .bytes();
        assertTrue(half < 0.52 * plain && quarter < 0.28 * plain, plain + " " + half + " " + quarter);
    }

    @Test
    void picturesOfAnySizeBecomeTheVectorsThatJavaMakesOfThem() throws IOException {
        Path encoder = encoder("resnet18");
        VariantExport.Result result = export(encoder, RESIZING, Samples.NONE);
        onnx.check_model(result.file().toString(), true, false, false);
        assertEquals(18, result.opset());
        assertTrue(result.resizing().largest() <= 1 && result.resizing().differing() < 0.01, "" + result.resizing());
        SplittableRandom random = new SplittableRandom(5);
        List<Picture> pictures = List.of(
                picture(32, 32, random),
                picture(101, 67, random),
                picture(67, 102, random),
                picture(20, 300, random),
                picture(9, 11, random),
                picture(33, 32, random));
        try (EmbeddingModel plain = EmbeddingModel.load(encoder, Device.CPU, 1);
                EmbeddingModel resizing = EmbeddingModel.load(result.file(), Device.CPU, 2)) {
            float[][] expected = plain.embedPictures(pictures);
            float[][] found = resizing.embedPictures(pictures);
            for (int i = 0; i < expected.length; i++) {
                assertTrue(Embeddings.cosine(expected[i], found[i]) > 0.99999, "picture " + i);
            }
            assertArrayEquals(expected[0], found[0], 1e-5f, "a picture of the encoder's own size");
            Picture original = pictures.get(1);
            assertEquals(original, resizing.pictures().prepare(original), "nobody resizes before the model does");
        }
    }

    @Test
    void picturesThatAreNotSquareAndBilinearOnesAreResizedAlike() throws OrtException {
        List<Float> three = List.of(0.5f, 0.5f, 0.5f);
        for (Input.Pictures input : List.of(
                new Input.Pictures("image", "picture", 24, 3, "RGB", 24, "bicubic", three, three, null, 40, true),
                new Input.Pictures("image", "picture", 24, 3, "RGB", 31, "bilinear", three, three, null, null, true))) {
            List<Picture> pictures = new ArrayList<>();
            SplittableRandom random = new SplittableRandom(1);
            for (int side = 20; side < 120; side += 9) {
                pictures.add(picture(side, 140 - side, random));
            }
            Resizing resizing = Resizing.of(input, pictures);
            assertTrue(resizing.largest() <= 1 && resizing.differing() < 0.01, input + " " + resizing);
        }
    }

    @Test
    void aFileThatResizesOtherwiseIsToldFromOneThatResizesAlike() {
        List<Float> three = List.of(0.5f, 0.5f, 0.5f);
        Input.Pictures bicubic =
                new Input.Pictures("image", "picture", 24, 3, "RGB", 24, "bicubic", three, three, null, null, true);
        Picture noise = new Picture(100, 100, new byte[30_000]);
        new SplittableRandom(1).nextBytes(noise.samples());
        Input.Pictures other =
                new Input.Pictures("image", "picture", 24, 3, "RGB", 24, "bilinear", three, three, null, null, true);
        Picture one = bicubic.resizedInside(false).prepare(noise);
        Picture two = other.resizedInside(false).prepare(noise);
        int largest = 0;
        for (int i = 0; i < one.samples().length; i++) {
            largest = Math.max(largest, Math.abs((one.samples()[i] & 255) - (two.samples()[i] & 255)));
        }
        assertTrue(largest > Resizing.MOST, "the tolerance would not tell another kernel: " + largest);
    }

    @Test
    void lengthsBatchesAndOpsetsAreAsAsked() throws IOException {
        Path encoder = encoder("resnet18");
        VariantExport.Result result = export(encoder, new Settings(Precision.FP32, false, true, 20, 3), Samples.NONE);
        onnx.check_model(result.file().toString(), true, false, false);
        assertEquals(20, model(result.file()).getOpsetImport(0).getVersion());
        assertEquals(
                3,
                model(result.file())
                        .getGraph()
                        .getInput(0)
                        .getType()
                        .getTensorType()
                        .getShape()
                        .getDim(0)
                        .getDimValue());
        assertTrue(result.manifest().made().unitLength());
        SplittableRandom random = new SplittableRandom(5);
        List<Picture> four = List.of(
                picture(32, 32, random), picture(40, 32, random), picture(32, 50, random), picture(64, 64, random));
        try (EmbeddingModel plain = EmbeddingModel.load(encoder, Device.CPU, 1);
                EmbeddingModel unit = EmbeddingModel.load(result.file(), Device.CPU, 1)) {
            float[][] expected = plain.embedPictures(four);
            float[][] found = unit.embedPictures(four);
            for (int i = 0; i < 4; i++) {
                assertArrayEquals(Embeddings.normalised(expected[i]), found[i], 1e-5f);
            }
        }
    }

    @Test
    void aPlainFileSaysNothingOfVariants() throws IOException {
        Path encoder = encoder("resnet18");
        VariantExport.Result result = export(encoder, PLAIN, Samples.NONE);
        assertEquals(
                Manifest.read(encoder).toJson().replace("1.2.3", "2"),
                result.manifest().toJson());
        assertFalse(result.manifest().toJson().contains("variant"));
    }

    @Test
    void whatIsMadeOfUnitVectorsSaysSo() throws IOException {
        Path plain = ofVectors(x ->
                new Ops().matMul(x, Value.constant("w", Tensor.of(Shape.of(3, 2), 0.5f, -1, 2, 0.1f, -3, 1))));
        Path made = export(plain, new Settings(Precision.FP32, false, true, 0, 0), Samples.NONE)
                .file();
        Path unit = Files.move(made, folder.resolve("unit.onnx"));
        assertTrue(export(unit, PLAIN, Samples.NONE).manifest().made().unitLength());
        Manifest half = export(unit, new Settings(Precision.FP16, false, false, 0, 0), Samples.NONE)
                .manifest();
        assertEquals(new Manifest.Variant("fp16", true, false), half.made());
    }

    @Test
    void aBatchFitsIntoABuffer() throws IOException {
        Input<?> input = Input.pictures(1000, List.of(0f, 0f, 0f), List.of(1f, 1f, 1f));
        Value image = Value.input("image", EncoderExport.pictures((Input.Pictures) input, Dim.symbol("N")));
        Graph graph = Graph.of("encoder", List.of(image), Map.of("embedding", image));
        Manifest manifest = new Manifest(1, "1", "large", input, 1, 0, "cafe", Map.of());
        Path encoder = Files.write(
                folder.resolve("large.onnx"), OnnxFile.bytes(graph, Map.of(Manifest.METADATA_KEY, manifest.toJson())));
        assertEquals(
                "`batch` 1000: the encoder's samples have 3000000 bytes; expected at most 715 at once",
                refused(encoder, new Settings(Precision.FP32, false, false, 0, 1000), Samples.NONE));
    }

    @Test
    void aFixedBatchIsAnEnd() throws IOException {
        Path plain = ofVectors(x -> new Ops().slice(x, 1, 0, 2, 1));
        Path made = export(plain, new Settings(Precision.FP32, false, false, 0, 4), Samples.NONE)
                .file();
        Path four = Files.move(made, folder.resolve("four.onnx"));
        String message =
                four + " takes batches of 4, expected any number of samples: give the encoder that it was made of";
        assertEquals(
                message,
                assertThrows(IOException.class, () -> export(four, PLAIN, Samples.NONE))
                        .getMessage());
        assertEquals(
                message,
                assertThrows(IOException.class, () -> ClassifierExport.requireEncoder(four))
                        .getMessage());
    }

    @Test
    void whatCannotBeIsRefused() throws IOException {
        Path encoder = encoder("resnet18");
        assertEquals(
                "`calibration`: 19 samples, expected at least 20; a few hundred are usual",
                refused(encoder, new Settings(Precision.INT8, false, false, 0, 0), pictures(19)));
        assertEquals(
                "`opset` 17: Resize at resize is what it is here from opset 18 on; expected 18 or more",
                refused(encoder, new Settings(Precision.FP32, true, false, 17, 0), Samples.NONE));
        assertEquals(
                "`opset`: expected 17 to 21, found 22; leave it out for the oldest that the encoder can have",
                assertThrows(SettingException.class, () -> new Settings(Precision.FP32, false, false, 22, 0))
                        .getMessage());
        assertThrows(SettingException.class, () -> new Settings(Precision.FP32, true, false, 0, 2));
        assertEquals(
                "`batch`: expected 1 to 1024, or 0 for any number, found 20000",
                assertThrows(SettingException.class, () -> new Settings(Precision.FP32, false, false, 0, 20_000))
                        .getMessage());
        Path half = export(encoder, new Settings(Precision.FP16, false, false, 0, 0), Samples.NONE)
                .file();
        Path again = Files.move(half, folder.resolve("half.onnx"));
        assertEquals(
                again + " is a variant of an encoder, in fp16: give the encoder that it was made of",
                assertThrows(IOException.class, () -> export(again, PLAIN, Samples.NONE))
                        .getMessage());
        assertFalse(Files.exists(folder.resolve("made.onnx")));
    }

    private String refused(Path encoder, Settings settings, Samples samples) {
        return assertThrows(SettingException.class, () -> export(encoder, settings, samples))
                .getMessage();
    }

    /** Pooling also gives places, which are integers, and the range of what it pools. */
    @Test
    void whatIsPooledKeepsItsSteps() throws IOException {
        List<Float> half = List.of(0.5f, 0.5f, 0.5f);
        Input.Pictures input = Input.pictures(TestRun.IMAGE_SIZE, half, half);
        Value image = Value.input("image", EncoderExport.pictures(input, Dim.symbol("N")));
        Ops ops = new Ops();
        Value x = Layers.normalisePictures(ops, image, half, half);
        Value first = ops.relu(ops.conv(x, Value.constant("v", noise(4, 3)), null, Ops.window(3, 1, 1)));
        Value pooled = ops.maxPool(first, Ops.window(2, 2, 0)).output(0);
        Value second = ops.conv(pooled, Value.constant("w", noise(6, 4)), null, Ops.window(3, 1, 1));
        Graph graph =
                Graph.of("encoder", List.of(image), Map.of("embedding", ops.flatten(ops.globalAveragePool(second), 1)));
        Manifest manifest = new Manifest(1, "1", "pooled", input, 6, 324, "cafe", Map.of());
        Path encoder = Files.write(
                folder.resolve("pooled.onnx"), OnnxFile.bytes(graph, Map.of(Manifest.METADATA_KEY, manifest.toJson())));
        assertTrue(export(encoder, new Settings(Precision.FP16, false, false, 0, 0), Samples.NONE)
                        .measured()
                        .least()
                > 0.9999);
        Path bytes = export(encoder, new Settings(Precision.INT8, false, false, 0, 0), pictures(20))
                .file();
        Map<String, String> scales = new HashMap<>();
        for (NodeProto node : model(bytes).getGraph().getNodeList()) {
            if (node.getOpType().equals("QuantizeLinear")) {
                scales.put(node.getInput(0).replaceAll(".*/|_.*", ""), node.getInput(1));
            }
        }
        assertEquals(scales.get("Relu"), scales.get("MaxPool"), scales::toString);
        assertEquals(4, scales.size(), scales::toString);
    }

    @Test
    void tablesOfTokensAreHalvedToo() throws IOException {
        Input.Sequences input = new Input.Sequences("ids", "sequence", 5, "ids", 10, 0, 0, List.of(), true);
        Value ids =
                Value.input("ids", new TensorType(ElementType.INT64, new Shape(List.of(Dim.symbol("N"), Dim.of(5)))));
        Tensor table = Tensor.of(Shape.of(10, 9), noise(10, 1).floats());
        Tensor weights = Tensor.of(Shape.of(9, 4), noise(4, 1).floats());
        Ops ops = new Ops();
        Value mean = ops.reduceMean(ops.gather(Value.constant("table", table), ids, 0), false, 1);
        Graph graph =
                Graph.of("encoder", List.of(ids), Map.of("embedding", ops.matMul(mean, Value.constant("w", weights))));
        Manifest manifest = new Manifest(2, "1", "bag", input, 4, 126, "cafe", Map.of());
        Path encoder = Files.write(
                folder.resolve("bag.onnx"), OnnxFile.bytes(graph, Map.of(Manifest.METADATA_KEY, manifest.toJson())));
        Path half = export(encoder, new Settings(Precision.FP16, false, false, 0, 0), Samples.NONE)
                .file();
        assertEquals(
                List.of(ElementType.FLOAT16.code(), ElementType.FLOAT16.code()),
                model(half).getGraph().getInitializerList().stream()
                        .filter(tensor -> tensor.getDimsCount() == 2)
                        .map(TensorProto::getDataType)
                        .toList());
    }

    private static Tensor noise(int to, int from) {
        Random random = new Random(to);
        float[] weights = new float[to * from * 9];
        for (int i = 0; i < weights.length; i++) {
            weights[i] = (float) random.nextGaussian() / 5;
        }
        return Tensor.of(Shape.of(to, from, 3, 3), weights);
    }

    /** An encoder of vectors [N,3] → [N,2]. */
    private Path ofVectors(Function<Value, Value> network) throws IOException {
        Input<?> input = Input.vectors(List.of("a", "b", "c"), List.of(0f, 0f, 0f), List.of(1f, 1f, 1f));
        Value fed = Value.input(
                "vector", new TensorType(ElementType.FLOAT, new Shape(List.of(Dim.symbol("N"), Dim.of(3)))));
        Graph graph = Graph.of("encoder", List.of(fed), Map.of("embedding", network.apply(fed)));
        Manifest manifest = new Manifest(2, "1", "tiny", input, 2, 6, "cafe", Map.of());
        return Files.write(
                folder.resolve("tiny.onnx"), OnnxFile.bytes(graph, Map.of(Manifest.METADATA_KEY, manifest.toJson())));
    }

    private static Samples vectors(int count) {
        Random random = new Random(4);
        List<byte[]> rows = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            ByteBuffer row = ByteBuffer.allocate(12).order(ByteOrder.nativeOrder());
            for (int column = 0; column < 3; column++) {
                row.putFloat((float) random.nextGaussian());
            }
            rows.add(row.array());
        }
        return new Samples(rows, List.of());
    }

    @Test
    void whatDoesNotFitIntoFloat16IsNotPublished() throws IOException {
        Path large = ofVectors(x -> {
            Value first =
                    new Ops().matMul(x, Value.constant("w", Tensor.of(Shape.of(3, 2), 6e4f, 1, -6e4f, 1, 6e4f, 1)));
            return new Ops().matMul(first, Value.constant("v", Tensor.of(Shape.of(2, 2), 1, 0, 0, 1)));
        });
        String message = assertThrows(
                        IllegalStateException.class,
                        () -> export(large, new Settings(Precision.FP16, false, false, 0, 0), Samples.NONE))
                .getMessage();
        assertTrue(message.matches("Encoder not published: MatMul gives .*, more than float16 holds.*"), message);
        assertFalse(Files.exists(folder.resolve("made.onnx")));
    }

    @Test
    void aNetworkWithoutProductsIsRefused() throws IOException {
        Path none = ofVectors(x -> new Ops().slice(x, 1, 0, 2, 1));
        for (Precision precision : List.of(Precision.FP16, Precision.INT8)) {
            Samples samples = precision == Precision.INT8 ? vectors(20) : Samples.NONE;
            String message = refused(none, new Settings(precision, false, false, 0, 0), samples);
            assertTrue(message.startsWith("`precision` " + precision.word() + ": the encoder has neither"), message);
        }
        assertEquals(
                "`with-resize` is for pictures, the encoder takes vectors; leave it out",
                refused(none, RESIZING, Samples.NONE));
    }

    /** Weights on either axis, biases large beside them, and a column of the input that is far from zero. */
    @Test
    void productsOfIntegersAreThoseOfTheirRealNumbers() throws IOException {
        Tensor weights = Tensor.of(Shape.of(2, 3), 0.5f, -0.25f, 1, 1e-9f, 2e-9f, -1e-9f);
        Value bias = Value.constant("b", Tensor.of(Shape.of(2), 3, 40));
        Path rows = ofVectors(x -> new Ops().gemm(x, Value.constant("w", weights), bias, false, true));
        VariantExport.Result result = export(rows, new Settings(Precision.INT8, false, false, 0, 0), vectors(100));
        Comparison measured = result.measured();
        for (int i = 0; i < measured.plain().length; i++) {
            assertArrayEquals(measured.plain()[i], measured.made()[i], 0.05f);
        }
        assertEquals(40, measured.made()[0][1], 1e-3f, "a bias on weights that are next to nothing");
    }

    @Test
    void productsMayShareTheirWeightsAndBiases() throws IOException {
        Value weight = Value.constant("w", Tensor.of(Shape.of(3, 3), 0.5f, -0.25f, 1, 0.2f, 1, -0.5f, 0.1f, 0, 0.7f));
        Value bias = Value.constant("b", Tensor.of(Shape.of(3), 1, -2, 0.5f));
        Path twice = ofVectors(x -> {
            Ops ops = new Ops();
            Value products = ops.matMul(ops.relu(ops.matMul(x, weight)), weight);
            Value first = ops.gemm(ops.relu(products), weight, bias, false, true);
            return ops.slice(ops.gemm(ops.relu(first), weight, bias, false, true), 1, 0, 2, 1);
        });
        VariantExport.Result result = export(twice, new Settings(Precision.INT8, false, false, 0, 0), vectors(100));
        assertTrue(
                result.measured().mean() > 0.99, "cosine " + result.measured().mean());
        // four of what is read; of weights one of both MatMul, and one of each Gemm with its bias
        assertEquals(4 + 1 + 2 + 2, operators(result.file()).get("DequantizeLinear"));
    }

    @Test
    void convolutionsMayShareTheirWeights() throws IOException {
        List<Float> half = List.of(0.5f, 0.5f, 0.5f);
        Input.Pictures input = Input.pictures(TestRun.IMAGE_SIZE, half, half);
        Value image = Value.input("image", EncoderExport.pictures(input, Dim.symbol("N")));
        Value weight = Value.constant("w", noise(3, 3));
        Ops ops = new Ops();
        Value x = Layers.normalisePictures(ops, image, half, half);
        Value first = ops.relu(ops.conv(x, weight, null, Ops.window(3, 1, 1)));
        Value second = ops.conv(first, weight, null, Ops.window(3, 1, 1));
        Graph graph =
                Graph.of("encoder", List.of(image), Map.of("embedding", ops.flatten(ops.globalAveragePool(second), 1)));
        Manifest manifest = new Manifest(1, "1", "shared", input, 3, 81, "cafe", Map.of());
        Path encoder = Files.write(
                folder.resolve("shared.onnx"), OnnxFile.bytes(graph, Map.of(Manifest.METADATA_KEY, manifest.toJson())));
        VariantExport.Result result = export(encoder, new Settings(Precision.INT8, false, false, 0, 0), pictures(20));
        assertTrue(
                result.measured().mean() > 0.99, "cosine " + result.measured().mean());
    }
}
