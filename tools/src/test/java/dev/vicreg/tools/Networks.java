package dev.vicreg.tools;

import dev.vicreg.models.encoder.Encoder;
import dev.vicreg.models.graph.Dim;
import dev.vicreg.models.graph.ElementType;
import dev.vicreg.models.graph.Graph;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.TensorType;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.nn.Layers;
import dev.vicreg.models.nn.Parameters;
import dev.vicreg.models.onnx.OnnxFile;
import dev.vicreg.models.ops.Rewriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Networks in ONNX files as other programs write them: weights as initialisers, no manifest. */
final class Networks {
    private Networks() {}

    /**
     * Writes a network with its first weights.
     *
     * @param sizes of a sample, without the batch; 0 for one that the file leaves open
     */
    static Path write(Path file, Encoder encoder, String input, ElementType element, long... sizes) throws IOException {
        List<Dim> dims = new ArrayList<>(List.of(Dim.symbol("batch")));
        for (long size : sizes) {
            dims.add(size == 0 ? Dim.symbol("length") : Dim.of(size));
        }
        Value x = Value.input(input, new TensorType(element, new Shape(dims)));
        Parameters parameters = new Parameters();
        Value y = encoder.build(Layers.forInference(parameters), x);
        List<Value> inputs = new ArrayList<>(List.of(x));
        Map<Value, Value> weights = new HashMap<>();
        Map<String, Tensor> start = parameters.draw(0);
        parameters.all().forEach(parameter -> {
            inputs.add(parameter.value());
            weights.put(parameter.value(), Value.constant(parameter.name(), start.get(parameter.name())));
        });
        Graph graph = Rewriter.rewrite(Graph.of("network", inputs, Map.of("features", y)), weights, Rewriter.Rule.COPY);
        return Files.write(file, OnnxFile.bytes(graph, Map.of()));
    }
}
