package dev.vicreg.training.encoder;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.vicreg.models.encoder.ConvNeXt;
import dev.vicreg.models.encoder.EfficientNet;
import dev.vicreg.models.encoder.Encoder;
import dev.vicreg.models.encoder.Mlp;
import dev.vicreg.models.encoder.MobileNetV3;
import dev.vicreg.models.encoder.Pooling;
import dev.vicreg.models.encoder.ResNet;
import dev.vicreg.models.encoder.TextCnn;
import dev.vicreg.models.encoder.VisionTransformer;
import dev.vicreg.models.graph.ElementType;
import dev.vicreg.models.graph.Graph;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.TensorType;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.nn.Layers;
import dev.vicreg.models.nn.Parameter;
import dev.vicreg.models.nn.Parameters;
import dev.vicreg.models.ops.Ops;
import dev.vicreg.training.GraphRunner;
import dev.vicreg.training.Lcg;
import dev.vicreg.training.autodiff.Backward;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Small encoders against the same networks in PyTorch: {@code golden/encoders.py}. */
class EncoderReferenceTest {
    private static JsonNode golden;

    @BeforeAll
    static void read() throws IOException {
        try (InputStream in = EncoderReferenceTest.class.getResourceAsStream("/golden/encoders.json")) {
            golden = new ObjectMapper().readTree(in);
        }
    }

    private static Encoder encoder(String name) {
        return switch (name) {
            case "resnet-bottleneck" -> new ResNet(new ResNet.Layout(true, List.of(1, 2, 1)), 8, ResNet.Stem.STRIDED);
            case "resnet-signal" -> new ResNet(ResNet.Layout.RESNET18, 8, ResNet.Stem.IMAGENET);
            case "vit-cls" -> new VisionTransformer(4, 24, 2, 3, Pooling.CLS);
            case "vit-mean" -> new VisionTransformer(8, 24, 1, 3, Pooling.MEAN);
            case "convnext" -> new ConvNeXt(List.of(1, 2, 1, 1), 8, 2);
            case "mobilenetv3" -> new MobileNetV3(MobileNetV3.large(16).blocks().subList(2, 8), 16);
            case "efficientnet" -> new EfficientNet(EfficientNet.b0(16).stages().subList(0, 3), 16);
            case "mlp" -> new Mlp(12, 2);
            case "textcnn" -> new TextCnn(11, 4);
            default -> throw new AssertionError(name);
        };
    }

    /** Batch norms use running statistics, gelu is composed: what is exported. Measured: at most 4.0e-7 of the largest. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "resnet-bottleneck",
                "resnet-signal",
                "vit-cls",
                "vit-mean",
                "convnext",
                "mobilenetv3",
                "efficientnet",
                "mlp",
                "textcnn"
            })
    void evaluationIsPyTorchs(String name) {
        Case example = new Case(name, false);
        Map<String, Tensor> outputs = example.run(Map.of("y", example.representation));
        assertClose(golden.get(name).get("evaluated"), outputs.get("y").floats(), 1e-5);
    }

    /**
     * Outputs and gradients with batch statistics. Measured: outputs at most 1.5e-6 of the largest, gradients at most
     * 2.9e-6 of their norm.
     */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "resnet-bottleneck",
                "resnet-signal",
                "vit-cls",
                "vit-mean",
                "convnext",
                "mobilenetv3",
                "efficientnet",
                "mlp",
                "textcnn"
            })
    void trainingIsPyTorchs(String name) {
        Case example = new Case(name, true);
        Map<String, Value> wanted = new LinkedHashMap<>();
        wanted.put("y", example.representation);
        wanted.putAll(example.gradients());
        Map<String, Tensor> outputs = example.run(wanted);
        assertClose(golden.get(name).get("trained"), outputs.get("y").floats(), 1e-5);

        JsonNode gradients = golden.get(name).get("gradients");
        Set<String> theirs = new TreeSet<>();
        gradients.fieldNames().forEachRemaining(theirs::add);
        Set<String> ours = new TreeSet<>(outputs.keySet());
        ours.remove("y");
        assertEquals(theirs, ours, "trained parameters have PyTorch's names");
        for (String parameter : ours) {
            float[] gradient = outputs.get(parameter).floats();
            double[] direction = new Lcg(DrawnParameters.checksum(parameter) ^ 1).doubles(gradient.length);
            double along = 0;
            double square = 0;
            for (int i = 0; i < gradient.length; i++) {
                along += gradient[i] * direction[i];
                square += (double) gradient[i] * gradient[i];
            }
            double norm = gradients.get(parameter).get(0).asDouble();
            // A bias before a batch norm moves nothing: its gradient is zero but for rounding, measured at most 2.6e-6.
            double tolerance = norm < 1e-9 ? 1e-5 : 1e-5 * norm;
            assertEquals(norm, Math.sqrt(square), tolerance, parameter);
            assertEquals(gradients.get(parameter).get(1).asDouble(), along, tolerance, parameter);
        }
    }

    private static void assertClose(JsonNode expected, float[] found, double tolerance) {
        List<Double> values = new ArrayList<>();
        expected.forEach(row -> row.forEach(value -> values.add(value.asDouble())));
        assertEquals(values.size(), found.length);
        double scale = values.stream().mapToDouble(Math::abs).max().orElseThrow();
        double largest = 0;
        for (int i = 0; i < found.length; i++) {
            largest = Math.max(largest, Math.abs(values.get(i) - found[i]) / scale);
        }
        assertTrue(largest <= tolerance, "differs by " + largest + " of the largest value");
    }

    /** One network on the generator's data. */
    private static final class Case {
        final Parameters parameters = new Parameters();
        final int ids; // 0 for numbers
        final Value input;
        final Value representation;

        Case(String name, boolean training) {
            List<Long> shape = new ArrayList<>();
            golden.get(name).get("input").forEach(size -> shape.add(size.asLong()));
            long[] sizes = shape.stream().mapToLong(Long::longValue).toArray();
            ids = golden.get(name).path("ids").asInt();
            ElementType element = ids > 0 ? ElementType.INT64 : ElementType.FLOAT;
            input = Value.input("x", new TensorType(element, Shape.of(sizes)));
            Layers layers = training ? Layers.forTraining(parameters) : Layers.forInference(parameters);
            representation = encoder(name).build(layers, input);
        }

        /** Of the representation along a direction of seed 13. */
        Map<String, Value> gradients() {
            Ops ops = new Ops();
            Shape shape = representation.shape();
            Value direction = ops.constant(new Lcg(13).tensor(1, shape.toArray()));
            Value loss = ops.reduceSum(ops.mul(representation, direction), false);
            List<Value> trained = parameters.all().stream()
                    .filter(Parameter::isTrained)
                    .map(Parameter::value)
                    .toList();
            Map<String, Value> byName = new LinkedHashMap<>();
            Backward.gradients(loss, trained).forEach((value, gradient) -> byName.put(value.name(), gradient));
            byName.replaceAll((name, gradient) -> ops.identity(gradient));
            return byName;
        }

        Graph graph(Map<String, Value> outputs) {
            List<Value> inputs = new ArrayList<>(List.of(input));
            parameters.all().forEach(parameter -> inputs.add(parameter.value()));
            Map<String, Value> renamed = new LinkedHashMap<>();
            outputs.forEach((name, value) -> renamed.put("out." + name, value));
            return Graph.of("case", inputs, renamed);
        }

        Map<String, Tensor> run(Map<String, Value> outputs) {
            Map<String, Tensor> found = new LinkedHashMap<>();
            GraphRunner.run(graph(outputs), feeds())
                    .forEach((name, tensor) -> found.put(name.substring("out.".length()), tensor));
            return found;
        }

        Map<String, Tensor> feeds() {
            Map<String, Tensor> feeds = new LinkedHashMap<>();
            Tensor x = new Lcg(11).tensor(1, input.shape().toArray());
            feeds.put("x", ids > 0 ? ids(x) : x);
            parameters.all().forEach(parameter -> feeds.put(parameter.name(), DrawnParameters.draw(parameter)));
            return feeds;
        }

        private Tensor ids(Tensor x) {
            float[] values = x.floats();
            long[] chosen = new long[values.length];
            for (int i = 0; i < chosen.length; i++) {
                chosen[i] = (long) Math.floor((values[i] + 1.0) / 2 * ids);
            }
            return new Tensor(input.type(), Tensor.ofLongs(chosen).data());
        }
    }
}
