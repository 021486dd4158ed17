package dev.vicreg.models.onnx;

import dev.vicreg.models.graph.Dim;
import dev.vicreg.models.graph.ElementType;
import dev.vicreg.models.graph.Graph;
import dev.vicreg.models.graph.OpType;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.TensorType;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.ops.Ops;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * Times reading and writing of a file with as many parameters as ViT-B (86 million, 344 MB). Give the JVM little memory to
 * see how much is needed:
 *
 * <pre>mvn -q -Dquick test-compile -pl models
 * java -Xmx750m -cp models/target/classes:models/target/test-classes:... dev.vicreg.models.onnx.OnnxFileBenchmark DIR
 * </pre>
 */
final class OnnxFileBenchmark {
    private static final int WIDTH = 768;

    private OnnxFileBenchmark() {}

    public static void main(String[] args) throws IOException {
        Path file = Path.of(args[0], "vit-b.onnx");
        if (!Files.exists(file)) {
            write(graph(), file);
        }
        System.out.printf(
                "%d MB, heap at most %d MB%n",
                Files.size(file) >> 20, Runtime.getRuntime().maxMemory() >> 20);
        for (int round = 0; round < 5; round++) {
            long start = System.nanoTime();
            OnnxFile.Model model = OnnxFile.read(file);
            long read = System.nanoTime();
            write(model.graph(), file.resolveSibling("copy.onnx"));
            long written = System.nanoTime();
            Map<String, Tensor> values = new LinkedHashMap<>();
            model.initializers().forEach((name, value) -> values.put(name, value.constant()));
            model = null;
            EditedModel edited = OnnxFile.withInitializers(file, values, true, Map.of("key", "value"));
            Files.deleteIfExists(file.resolveSibling("edited.onnx"));
            edited.save(file.resolveSibling("edited.onnx"));
            long replaced = System.nanoTime();
            System.out.printf(
                    "read %.2f s, write %.2f s, write %d values back into the original %.2f s%n",
                    (read - start) / 1e9, (written - read) / 1e9, values.size(), (replaced - written) / 1e9);
        }
    }

    private static void write(Graph graph, Path file) throws IOException {
        try (OutputStream out = Files.newOutputStream(file)) {
            OnnxFile.write(graph, Map.of(), OpType.ONNX_OPSET, out);
        }
    }

    /** Twelve blocks with the matrices of a transformer, one after the other. */
    private static Graph graph() {
        SplittableRandom random = new SplittableRandom(1);
        Ops ops = new Ops();
        Value x =
                Value.input("x", new TensorType(ElementType.FLOAT, new Shape(List.of(Dim.symbol("N"), Dim.of(WIDTH)))));
        Value y = x;
        for (int block = 0; block < 12; block++) {
            String name = "blocks." + block;
            y = ops.slice(layer(ops, name + ".qkv", y, random, WIDTH, 3 * WIDTH), 1, 0, WIDTH, 1);
            y = layer(ops, name + ".proj", y, random, WIDTH, WIDTH);
            y = layer(ops, name + ".fc1", y, random, WIDTH, 4 * WIDTH);
            y = layer(ops, name + ".fc2", y, random, 4 * WIDTH, WIDTH);
        }
        y = ops.matMul(y, weights("head.weight", random, WIDTH, 1000));
        return Graph.of("vit", List.of(x), Map.of("y", y));
    }

    private static Value layer(Ops ops, String name, Value x, SplittableRandom random, long inputs, long outputs) {
        Value product = ops.scope(name).matMul(x, weights(name + ".weight", random, inputs, outputs));
        return ops.scope(name).add(product, weights(name + ".bias", random, outputs));
    }

    private static Value weights(String name, SplittableRandom random, long... shape) {
        Tensor zeros = Tensor.filled(Shape.of(shape), 0);
        random.nextBytes(zeros.data());
        return Value.constant(name, zeros);
    }
}
