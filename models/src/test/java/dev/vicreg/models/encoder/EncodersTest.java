package dev.vicreg.models.encoder;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vicreg.models.graph.Dim;
import dev.vicreg.models.graph.ElementType;
import dev.vicreg.models.graph.Graph;
import dev.vicreg.models.graph.OnnxFile;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.TensorType;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.nn.Layers;
import dev.vicreg.models.nn.Parameter;
import dev.vicreg.models.nn.Parameters;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class EncodersTest {
    private static Value pictures(int size) {
        Shape shape = new Shape(List.of(Dim.symbol("N"), Dim.of(3), Dim.of(size), Dim.of(size)));
        return Value.input("pictures", new TensorType(ElementType.FLOAT, shape));
    }

    private static Value build(Parameters parameters, String name, int width, int size) {
        Encoder encoder = Encoders.of(name, new Encoders.Spec(width, size));
        return encoder.build(Layers.forInference(parameters).scope("encoder"), pictures(size));
    }

    @ParameterizedTest
    @CsvSource({
        // torchvision's models without fc: 11,689,512 - 513,000 and 21,797,672 - 513,000
        "resnet18, 224, 11176512",
        "resnet34, 224, 21284672",
        // a 3×3 stem has 64·3·(49 - 9) weights less
        "resnet18, 32, 11168832",
        "resnet34, 64, 21276992"
    })
    void parameterCountIsTorchvisions(String name, int size, long expected) {
        Parameters parameters = new Parameters();
        build(parameters, name, 64, size);
        assertEquals(expected, parameters.trainedElements());
    }

    static Set<String> names() {
        return Encoders.names();
    }

    @ParameterizedTest
    @MethodSource("names")
    void everyEncoderKeepsTheContract(String name) {
        for (int size : new int[] {32, 96}) {
            Parameters parameters = new Parameters();
            Value pictures = pictures(size);
            Encoder encoder = Encoders.of(name, new Encoders.Spec(8, size));
            Value representation = encoder.build(Layers.forInference(parameters).scope("encoder"), pictures);
            assertEquals(
                    "float[N," + encoder.dimension() + "]",
                    representation.type().toString());

            List<Value> inputs = new ArrayList<>(List.of(pictures));
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
    void picturesTooSmallAreRefused() {
        Parameters parameters = new Parameters();
        assertEquals("[N,32]", build(parameters, "resnet18", 4, 8).shape().toString());
        IllegalArgumentException e =
                assertThrows(IllegalArgumentException.class, () -> build(parameters, "resnet18", 4, 7));
        assertEquals(
                "Image size 7×7 is too small for a ResNet with the small stem: expected at least 8", e.getMessage());
        ResNet large = new ResNet(List.of(2, 2, 2, 2), 4, ResNet.Stem.IMAGENET);
        e = assertThrows(
                IllegalArgumentException.class, () -> large.build(Layers.forInference(parameters), pictures(31)));
        assertEquals(
                "Image size 31×31 is too small for a ResNet with the imagenet stem: expected at least 32",
                e.getMessage());
    }

    @Test
    void unknownEncoderNamesTheKnownOnes() {
        IllegalArgumentException e =
                assertThrows(IllegalArgumentException.class, () -> Encoders.of("resnet19", new Encoders.Spec(64, 32)));
        assertEquals("Unknown encoder resnet19: expected one of [resnet18, resnet34]", e.getMessage());
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
