package dev.vicreg.models.encoder;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vicreg.models.graph.Dim;
import dev.vicreg.models.graph.ElementType;
import dev.vicreg.models.graph.Graph;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.TensorType;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.nn.Layers;
import dev.vicreg.models.nn.Parameter;
import dev.vicreg.models.nn.Parameters;
import dev.vicreg.models.onnx.OnnxFile;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class EncodersTest {
    private static Value pictures(int size) {
        return input(3, size, size);
    }

    private static Value input(long... sizes) {
        return input(ElementType.FLOAT, sizes);
    }

    private static Value input(ElementType element, long... sizes) {
        List<Dim> dims = new ArrayList<>(List.of(Dim.symbol("N")));
        Arrays.stream(sizes).forEach(size -> dims.add(Dim.of(size)));
        return Value.input("input", new TensorType(element, new Shape(dims)));
    }

    /** Of pictures of that size, or of sequences of bytes. */
    private static Encoders.Spec spec(int width, int size) {
        return new Encoders.Spec(width, size, 259, EncoderOptions.NONE);
    }

    /** An input that the encoder of that name takes, for pictures of that size. */
    private static Value inputOf(String name, int size) {
        return switch (Encoders.input(name)) {
            case PICTURES -> pictures(size);
            case SIGNALS -> input(1, 16_000);
            case VECTORS -> input(10);
            case SEQUENCES -> input(ElementType.INT64, 40);
        };
    }

    private static Value build(Parameters parameters, String name, int width, int size) {
        return build(parameters, name, new Encoders.Spec(width, size));
    }

    private static Value build(Parameters parameters, String name, Encoders.Spec spec) {
        Layers layers = Layers.forInference(parameters).scope("encoder");
        return Encoders.of(name, spec).build(layers, inputOf(name, spec.imageSize()));
    }

    private static long count(String name, Encoders.Spec spec) {
        Parameters parameters = new Parameters();
        build(parameters, name, spec);
        return parameters.trainedElements();
    }

    /**
     * Trained parameters of the published networks without classifier. The figures come from the networks as torchvision
     * and timm publish them, rebuilt in PyTorch: {@code encoders.py --count} beside the golden figures of module
     * training. Known totals agree: torchvision's resnet18, 50 and 101 with their fc have 11,689,512, 25,557,032 and
     * 44,549,160, its mobilenet_v3_large 5,483,032 with a classifier of 2,511,080, its efficientnet_b0 5,288,548 with
     * one of 1,281,000, its convnext_tiny 28,589,128 with a linear layer of 769,000; timm's vit_small_patch16_224
     * 22,050,664 with a head of 385,000.
     */
    @ParameterizedTest
    @CsvSource({
        "resnet10, 64, 4905792",
        "resnet18, 64, 11176512",
        "resnet34, 64, 21284672",
        "resnet50, 64, 23508032",
        "resnet50x2, 128, 93907072",
        "resnet101, 64, 42500160",
        "resnet1d, 64, 3843904",
        "vit-tiny, 192, 5524416",
        "vit-small, 384, 21665664",
        "vit-base, 768, 85798656",
        "convnext-tiny, 96, 27820128",
        "mobilenetv3-large, 16, 2971952",
        "efficientnet-b0, 32, 4007548",
        "mlp, 256, 69120",
        "textcnn, 100, 438000"
    })
    void parameterCountIsTheReferences(String name, int width, long expected) {
        assertEquals(expected, count(name, spec(width, 224)));
    }

    @ParameterizedTest
    @CsvSource({
        // a 3×3 stem has 64·3·(49 - 9) weights less
        "resnet18, small, 11168832",
        "resnet18, strided, 11168832",
        "resnet34, small, 21276992"
    })
    void smallStemsHaveSmallerWindows(String name, String stem, long expected) {
        assertEquals(expected, count(name, new Encoders.Spec(64, 224, EncoderOptions.NONE.with("stem", stem))));
    }

    /** A bias takes the place of a norm's scale and shift, and nothing else changes. */
    @ParameterizedTest
    @CsvSource({"resnet10, 16", "resnet50, 8", "resnet1d, 8", "mlp, 32"})
    void withoutNormsLayersHaveABias(String name, int width) {
        Parameters with = new Parameters();
        Value before = build(with, name, spec(width, 32));
        EncoderOptions none = EncoderOptions.NONE.with("encoder-norm", "none");
        Parameters without = new Parameters();
        Value after = build(without, name, new Encoders.Spec(width, 32, 259, none));
        assertEquals(before.shape(), after.shape());
        long scales = with.all().stream()
                .filter(parameter -> parameter.role() == Parameter.Role.NORM_SCALE)
                .mapToLong(parameter -> parameter.value().shape().elements())
                .sum();
        assertTrue(scales > 0);
        assertEquals(with.trainedElements() - scales, without.trainedElements());
        assertTrue(without.all().stream()
                .allMatch(parameter ->
                        Set.of(Parameter.Role.WEIGHT, Parameter.Role.BIAS).contains(parameter.role())));
    }

    @Test
    void withoutNormsBlocksCanStillStartAsTheirShortcut() {
        Encoder encoder = Encoders.of(
                "resnet10",
                new Encoders.Spec(
                        4, 32, EncoderOptions.NONE.with("encoder-norm", "none").with("zero-init-residual", true)));
        Parameters parameters = new Parameters();
        encoder.build(Layers.forInference(parameters).scope("encoder"), pictures(32));
        Map<String, Tensor> drawn = parameters.draw(1);
        Tensor last = drawn.get("encoder.layer1.0.conv2.weight");
        assertEquals(Tensor.filled(last.shape(), 0), last);
    }

    /** With all options named, what follows from the size of pictures no longer does. */
    @Test
    void resolvedOptionsMakeTheSameEncoderForAnotherSize() {
        for (String name : Encoders.names()) {
            int width = Encoders.width(name);
            Encoders.Spec spec = new Encoders.Spec(width, 224, 10, EncoderOptions.NONE);
            Encoders.Spec small = new Encoders.Spec(width, 32, 10, Encoders.resolved(name, spec));
            assertEquals(Encoders.of(name, spec), Encoders.of(name, small), name);
        }
    }

    @Test
    void everyEncoderHasAReferenceCount() throws NoSuchMethodException {
        String[] rows = EncodersTest.class
                .getDeclaredMethod("parameterCountIsTheReferences", String.class, int.class, long.class)
                .getAnnotation(CsvSource.class)
                .value();
        assertEquals(
                Encoders.names(),
                Arrays.stream(rows)
                        .map(row -> row.substring(0, row.indexOf(',')))
                        .collect(Collectors.toSet()));
    }

    @Test
    void smallPicturesGetStemsAndPatchesThatKeepMoreOfThem() {
        assertEquals(count("resnet10", new Encoders.Spec(12, 64)), count("resnet10", stem(64, "small")));
        assertEquals(count("resnet10", new Encoders.Spec(12, 65)), count("resnet10", stem(65, "imagenet")));
        assertEquals(count("vit-tiny", new Encoders.Spec(12, 32)), count("vit-tiny", patches(32, 4)));
        assertEquals(count("vit-tiny", new Encoders.Spec(12, 96)), count("vit-tiny", patches(96, 16)));
        assertEquals(count("convnext-tiny", new Encoders.Spec(12, 32)), count("convnext-tiny", patches(32, 2)));
        assertEquals(count("convnext-tiny", new Encoders.Spec(12, 96)), count("convnext-tiny", patches(96, 4)));
    }

    private static Encoders.Spec stem(int imageSize, String stem) {
        return new Encoders.Spec(12, imageSize, EncoderOptions.NONE.with("stem", stem));
    }

    private static Encoders.Spec patches(int imageSize, int patchSize) {
        return new Encoders.Spec(12, imageSize, EncoderOptions.NONE.with("patch-size", patchSize));
    }

    static Set<String> names() {
        return Encoders.names();
    }

    /** A width that the encoder takes and that keeps tests fast. */
    private static int smallWidth(String name) {
        return name.startsWith("vit") ? 12 : 8;
    }

    @ParameterizedTest
    @MethodSource("names")
    void everyEncoderKeepsTheContract(String name) {
        for (int size : new int[] {32, 96}) {
            Parameters parameters = new Parameters();
            Value input = inputOf(name, size);
            Encoder encoder = Encoders.of(name, spec(smallWidth(name), size));
            Value representation = encoder.build(Layers.forInference(parameters).scope("encoder"), input);
            assertEquals(
                    "float[N," + encoder.dimension() + "]",
                    representation.type().toString());

            List<Value> inputs = new ArrayList<>(List.of(input));
            parameters.all().forEach(parameter -> inputs.add(parameter.value()));
            Graph graph = Graph.of("encoder", inputs, Map.of("representation", representation));
            Set<Value> read = new HashSet<>();
            graph.nodes().forEach(node -> read.addAll(node.inputs()));
            assertTrue(read.containsAll(inputs), "every parameter is used");
            assertTrue(OnnxFile.bytes(graph, Map.of()).length > 0, "names are unique");
        }
    }

    @Test
    void namesAndOrderAreTorchvisions() {
        Parameters parameters = new Parameters();
        build(parameters, "resnet18", 64, 224);
        List<String> names = parameters.all().stream().map(Parameter::name).toList();
        assertEquals(100, names.size(), "20 convolutions and 20 norms of 4");
        assertEquals(
                List.of(
                        "encoder.conv1.weight",
                        "encoder.bn1.weight",
                        "encoder.bn1.bias",
                        "encoder.bn1.running_mean",
                        "encoder.bn1.running_var",
                        "encoder.layer1.0.conv1.weight"),
                names.subList(0, 6));
        assertTrue(names.containsAll(List.of(
                "encoder.layer2.0.downsample.0.weight",
                "encoder.layer2.0.downsample.1.running_var",
                "encoder.layer4.1.conv2.weight",
                "encoder.layer4.1.bn2.bias")));
        assertFalse(names.contains("encoder.layer1.0.downsample.0.weight"), "the first stage keeps its width");
    }

    @Test
    void shapesOfWeightsAreTorchvisions() {
        Parameters parameters = new Parameters();
        build(parameters, "resnet18", 64, 224);
        Map<String, String> shapes = new HashMap<>();
        parameters
                .all()
                .forEach(parameter ->
                        shapes.put(parameter.name(), parameter.shape().toString()));
        assertEquals("[64,3,7,7]", shapes.get("encoder.conv1.weight"));
        assertEquals("[128,64,1,1]", shapes.get("encoder.layer2.0.downsample.0.weight"));
        assertEquals("[512,256,3,3]", shapes.get("encoder.layer4.0.conv1.weight"));
        assertEquals("[512]", shapes.get("encoder.layer4.1.bn2.running_var"));
    }

    @Test
    void namesAndShapesAreTimmsAndTorchvisions() {
        Map<String, String> shapes = new HashMap<>();
        for (String name : List.of("vit-tiny", "convnext-tiny", "mobilenetv3-large", "efficientnet-b0")) {
            Parameters parameters = new Parameters();
            build(parameters, name, new Encoders.Spec(Encoders.width(name), 224));
            parameters
                    .all()
                    .forEach(parameter -> shapes.put(
                            parameter.name().replace("encoder", name),
                            parameter.shape().toString()));
        }
        assertEquals("[1,1,192]", shapes.get("vit-tiny.cls_token"));
        assertEquals("[1,197,192]", shapes.get("vit-tiny.pos_embed"));
        assertEquals("[192,3,16,16]", shapes.get("vit-tiny.patch_embed.proj.weight"));
        assertEquals("[576,192]", shapes.get("vit-tiny.blocks.11.attn.qkv.weight"));
        assertEquals("[192,768]", shapes.get("vit-tiny.blocks.0.mlp.fc2.weight"));
        assertEquals("[192]", shapes.get("vit-tiny.norm.bias"));
        assertEquals("[96,1,7,7]", shapes.get("convnext-tiny.stages.0.blocks.2.conv_dw.weight"));
        assertEquals("[768]", shapes.get("convnext-tiny.stages.3.blocks.0.gamma"));
        assertEquals("[384,192,2,2]", shapes.get("convnext-tiny.stages.2.downsample.1.weight"));
        assertEquals("[768]", shapes.get("convnext-tiny.head.norm.weight"));
        assertEquals("[16,16,1,1]", shapes.get("mobilenetv3-large.features.1.block.1.0.weight"));
        assertEquals("[24,72,1,1]", shapes.get("mobilenetv3-large.features.4.block.2.fc1.weight"));
        assertEquals("[960]", shapes.get("mobilenetv3-large.features.16.1.running_var"));
        assertEquals("[8,32,1,1]", shapes.get("efficientnet-b0.features.1.0.block.1.fc1.weight"));
        assertEquals("[144,1,5,5]", shapes.get("efficientnet-b0.features.3.0.block.1.0.weight"));
        assertEquals("[1280,320,1,1]", shapes.get("efficientnet-b0.features.8.0.weight"));
    }

    @Test
    void zeroInitialisedBlocksStartAsTheirShortcut() {
        Parameters parameters = new Parameters();
        build(parameters, "resnet50", new Encoders.Spec(4, 32, EncoderOptions.NONE.with("zero-init-residual", true)));
        Map<String, Tensor> start = parameters.draw(0);
        assertEquals(Tensor.filled(Shape.of(16), 0), start.get("encoder.layer1.0.bn3.weight"));
        assertEquals(Tensor.filled(Shape.of(4), 1), start.get("encoder.layer1.0.bn2.weight"));
        assertEquals(Tensor.filled(Shape.of(16), 1), start.get("encoder.layer1.0.downsample.1.weight"));
    }

    @Test
    void transformersStartAsTimms() {
        Parameters parameters = new Parameters();
        build(parameters, "vit-tiny", new Encoders.Spec(192, 32));
        Map<String, Tensor> start = parameters.draw(0);
        assertEquals(0.02, deviation(start.get("encoder.blocks.3.mlp.fc1.weight")), 1e-4);
        assertEquals(0.02, deviation(start.get("encoder.pos_embed")), 1e-3);
        assertEquals(1e-6, deviation(start.get("encoder.cls_token")), 2e-7);
        // uniform within 1/√(3·4·4)
        assertEquals(1 / Math.sqrt(3 * 48), deviation(start.get("encoder.patch_embed.proj.weight")), 1e-3);
        assertEquals(Tensor.filled(Shape.of(576), 0), start.get("encoder.blocks.0.attn.qkv.bias"));
    }

    private static double deviation(Tensor tensor) {
        double sum = 0;
        for (float value : tensor.floats()) {
            sum += (double) value * value;
        }
        return Math.sqrt(sum / tensor.shape().elements());
    }

    @Test
    void picturesTooSmallAreRefused() {
        Parameters parameters = new Parameters();
        assertEquals("[N,32]", build(parameters, "resnet18", 4, 8).shape().toString());
        assertEquals(
                "Image size 7×7 is too small for a ResNet with the small stem: expected at least 8",
                refusal("resnet18", new Encoders.Spec(4, 7)));
        assertEquals(
                "Image size 31×31 is too small for a ResNet with the imagenet stem: expected at least 32",
                refusal("resnet18", stem(31, "imagenet")));
        assertEquals(
                "Image size 15×15 is too small for a ResNet with the strided stem: expected at least 16",
                refusal("resnet18", stem(15, "strided")));
        assertEquals(
                "Image size 31×31 is too small for a ConvNeXt with patches of 4: expected at least 32",
                refusal("convnext-tiny", patches(31, 4)));
        assertEquals(
                "Image size 30×30 does not fit patches of 4 pixels: expected a multiple; choose another `image-size`"
                        + " or `patch-size`",
                refusal("vit-tiny", patches(30, 4)));
    }

    private static String refusal(String name, Encoders.Spec spec) {
        return assertThrows(IllegalArgumentException.class, () -> build(new Parameters(), name, spec))
                .getMessage();
    }

    @Test
    void optionsThatDoNotFitAreRefused() {
        assertEquals(
                "Encoder vit-tiny takes no `stem`: it is for resnet10, resnet101, resnet18, resnet1d, resnet34,"
                        + " resnet50, resnet50x2; leave it out",
                refusal("vit-tiny", stem(32, "small")));
        assertEquals(
                "Encoder resnet18 takes no `pool`: it is for vit-base, vit-small, vit-tiny; leave it out",
                refusal("resnet18", new Encoders.Spec(16, 32, EncoderOptions.NONE.with("pool", "cls"))));
        assertEquals(
                "Encoder mlp takes no `zero-init-residual`: it is for resnet10, resnet101, resnet18, resnet1d,"
                        + " resnet34, resnet50, resnet50x2; leave it out",
                refusal("mlp", new Encoders.Spec(16, 0, EncoderOptions.NONE.with("zero-init-residual", true))));
        assertEquals(
                "Unknown `stem` large: expected one of small, strided, imagenet",
                refusal("resnet18", stem(32, "large")));
        assertEquals(
                "Encoder width: expected a multiple of the transformer's 3 heads up to 4096, found 64",
                refusal("vit-tiny", new Encoders.Spec(64, 32)));
        assertEquals(
                "Encoder width: expected a multiple of 8 from 8 to 1024 channels, found 12",
                refusal("efficientnet-b0", new Encoders.Spec(12, 32)));
    }

    @Test
    void sequencesNeedIdsAndRoomForTheLongestWindow() {
        assertEquals("Encoder textcnn: expected 1 or more ids, found 0", refusal("textcnn", new Encoders.Spec(8, 0)));
        String large = refusal("textcnn", new Encoders.Spec(8, 0, 900_000_000, EncoderOptions.NONE));
        assertTrue(large.contains("expected a table of at most 536870912 values, found 900000000 ids"), large);
        Encoder encoder = Encoders.of("textcnn", spec(8, 0));
        Layers layers = Layers.forInference(new Parameters());
        Value four = input(ElementType.INT64, 4);
        assertEquals(
                "Encoder textcnn takes 5 ids or more, found sequences of 4; choose a longer `length`",
                assertThrows(IllegalArgumentException.class, () -> encoder.build(layers, four))
                        .getMessage());
    }

    @Test
    void unknownEncoderNamesTheKnownOnes() {
        IllegalArgumentException e =
                assertThrows(IllegalArgumentException.class, () -> Encoders.of("resnet19", new Encoders.Spec(64, 32)));
        assertEquals("Unknown encoder resnet19: expected one of " + Encoders.names(), e.getMessage());
    }

    @Test
    void absurdWidthIsRefused() {
        for (int width : new int[] {0, -1, 1 << 20}) {
            IllegalArgumentException e = assertThrows(
                    IllegalArgumentException.class, () -> Encoders.of("resnet18", new Encoders.Spec(width, 32)));
            assertEquals("Encoder width: expected 1 to 4096 channels, found " + width, e.getMessage());
        }
    }
}
