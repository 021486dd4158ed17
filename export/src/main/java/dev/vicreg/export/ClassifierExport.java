package dev.vicreg.export;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.vicreg.models.graph.Dim;
import dev.vicreg.models.graph.Graph;
import dev.vicreg.models.graph.Node;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.onnx.OnnxFile;
import dev.vicreg.models.ops.Ops;
import dev.vicreg.runtime.Manifest;
import dev.vicreg.runtime.OutputPooling;
import dev.vicreg.runtime.file.AtomicFile;
import dev.vicreg.runtime.input.Input;
import dev.vicreg.runtime.natives.Device;
import dev.vicreg.runtime.natives.OrtSessions;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Publishes an encoder and a linear head as one ONNX file: the encoder's input as it was, outputs {@code probabilities}
 * float32 [N,classes], the softmax of the head's logits over a temperature, and {@code embedding} float32 [N,D], what the
 * encoder gave. Its {@link Manifest} is the encoder's with a {@link Manifest.Head}. Of a regressor the first output is
 * {@code prediction} float32 [N,1], and the manifest has a {@link Manifest.Regressor}.
 */
public final class ClassifierExport {
    /** Largest difference of a probability that is published, for each 1 that a logit's terms add up to. */
    static final double TOLERANCE = 1e-5;

    /**
     * A published classifier.
     *
     * @param file where it is
     * @param manifest what its metadata say
     * @param difference the largest of a probability from that which Java makes of the encoder's own output
     */
    public record Result(Path file, Manifest manifest, double difference) {}

    private ClassifierExport() {}

    /**
     * Exports a classifier. {@code target} appears, or is replaced, only once the file has been verified on the CPU: its
     * embeddings are the encoder's and its probabilities those of the head on them.
     *
     * @param encoderOnnx an encoder of this project's own form; see {@link #requireEncoder}
     * @param linear fitted on its embeddings
     * @param head names of the classes, temperature and figures
     * @param version this project's version
     * @throws IOException if the encoder cannot be read or is none, or the target can't be written
     * @throws IllegalArgumentException if the head does not fit the encoder
     * @throws IllegalStateException if the file is not the same function, with the difference measured
     */
    public static Result export(Path encoderOnnx, LinearHead linear, Manifest.Head head, String version, Path target)
            throws IOException {
        Encoder encoder = encoder(encoderOnnx);
        Manifest manifest = encoder.manifest;
        requireFit(linear, head.labels().size(), manifest);
        return export(
                encoderOnnx, encoder.graph, linear, manifest.withHead(version, linear.parameters(), head), target);
    }

    /** The same of a regressor, whose head has one output. */
    public static Result export(
            Path encoderOnnx, LinearHead linear, Manifest.Regressor head, String version, Path target)
            throws IOException {
        Encoder encoder = encoder(encoderOnnx);
        Manifest manifest = encoder.manifest;
        requireFit(linear, 1, manifest);
        return export(
                encoderOnnx, encoder.graph, linear, manifest.withRegressor(version, linear.parameters(), head), target);
    }

    private static void requireFit(LinearHead linear, int outputs, Manifest encoder) {
        if (linear.dimension() != encoder.dimension() || linear.classes() != outputs) {
            throw new IllegalArgumentException("A head of " + linear.classes() + " classes on " + linear.dimension()
                    + " values, expected " + outputs + " on " + encoder.dimension());
        }
    }

    private static Result export(Path encoderOnnx, Graph encoder, LinearHead linear, Manifest manifest, Path target)
            throws IOException {
        Graph graph = headed(encoder, linear, manifest);
        byte[] file =
                OnnxFile.bytes(graph, Map.of(Manifest.METADATA_KEY, manifest.toJson()), EncoderExport.opset(graph));
        double difference = verify(encoderOnnx, file, graph, linear, manifest);
        AtomicFile.write(target, ByteBuffer.wrap(file));
        return new Result(target, manifest, difference);
    }

    /**
     * The manifest of an encoder that a head can be put behind: one of this project's own form.
     *
     * @throws IOException if there is no such file, it has no manifest, is a classifier already, has the form of the
     *     file that it came in, or is a variant other than one of unit length
     */
    public static Manifest requireEncoder(Path encoderOnnx) throws IOException {
        return encoder(encoderOnnx).manifest;
    }

    /** What such an encoder's file says and computes. */
    record Encoder(Manifest manifest, Graph graph) {}

    /** The same with its graph. */
    static Encoder encoder(Path encoderOnnx) throws IOException {
        Manifest manifest = Manifest.read(encoderOnnx);
        if (manifest.headed() != null) {
            throw new IOException(encoderOnnx + " is " + manifest.headed()
                    + ", expected an encoder: give the encoder that it was made of");
        }
        if (manifest.output() != null) {
            throw new IOException(encoderOnnx + " has the form of the file that its network came in, with the output "
                    + manifest.output()
                    + ", expected this program's own form; ./vicreg export `run` RUN `fold` writes it");
        }
        boolean resizes = manifest.input() instanceof Input.Pictures pictures && pictures.sizesDiffer();
        if (resizes || !manifest.made().precision().equals(Manifest.Variant.PLAIN.precision())) {
            throw new IOException(encoderOnnx + " is a variant of an encoder, "
                    + (resizes
                            ? "with the resizing inside"
                            : "in " + manifest.made().precision())
                    + ": give the encoder that it was made of");
        }
        Graph graph = OnnxFile.read(encoderOnnx).graph();
        Dim batch = graph.inputs().get(0).shape().at(0);
        if (batch.isFixed()) {
            throw new IOException(encoderOnnx + " takes batches of " + batch
                    + ", expected any number of samples: give the encoder that it was made of");
        }
        return new Encoder(manifest, graph);
    }

    /** [N,D] → [N,classes] beside it. */
    private static Graph headed(Graph encoder, LinearHead linear, Manifest manifest) {
        Value embedding = encoder.output(Manifest.EMBEDDING);
        String scope = free("head", names(encoder));
        FloatBuffer rows = FloatBuffer.allocate(Math.multiplyExact(linear.classes(), linear.dimension()));
        for (float[] row : linear.weights()) {
            rows.put(row);
        }
        Value weight = Value.constant(
                scope + ".weight", Tensor.of(Shape.of(linear.classes(), linear.dimension()), rows.array()));
        Value bias = Value.constant(scope + ".bias", Tensor.of(Shape.of(linear.classes()), linear.bias()));
        Ops ops = new Ops().scope(scope);
        Value logits = ops.gemm(embedding, weight, bias, false, true);
        Manifest.Head head = manifest.classifier();
        Map<String, Value> outputs = new LinkedHashMap<>();
        outputs.put(
                output(manifest),
                head == null ? logits : ops.softmax(ops.div(logits, ops.constant((float) head.temperature())), 1));
        outputs.put(Manifest.EMBEDDING, embedding);
        return Graph.of(head == null ? "vicreg_regressor" : "vicreg_classifier", encoder.inputs(), outputs);
    }

    /** What the head's output is called. */
    private static String output(Manifest manifest) {
        return manifest.classifier() == null ? Manifest.PREDICTION : Manifest.PROBABILITIES;
    }

    private static Set<String> names(Graph graph) {
        return graph.nodes().stream()
                .map(Node::inputs)
                .flatMap(List::stream)
                .filter(Objects::nonNull)
                .map(Value::name)
                .filter(Objects::nonNull)
                .collect(Collectors.toSet());
    }

    /** A scope in which no value has a name yet: networks of other origin may have a head of their own. */
    private static String free(String wanted, Set<String> names) {
        String scope = wanted;
        for (int number = 1; isTaken(scope + ".", names); number++) {
            scope = wanted + number;
        }
        return scope;
    }

    private static boolean isTaken(String start, Set<String> names) {
        return names.stream().anyMatch(name -> name.startsWith(start));
    }

    private static double verify(Path encoderOnnx, byte[] file, Graph graph, LinearHead linear, Manifest manifest)
            throws IOException {
        double largest = 0;
        try (OrtSession.SessionOptions options = OrtSessions.options(Device.CPU, 0);
                OrtSession classifier = OrtEnvironment.getEnvironment().createSession(file, options);
                OrtSession encoder = OrtSessions.open(encoderOnnx, Device.CPU, 0)) {
            for (int count : MadeUpSamples.COUNTS) {
                Tensor samples = MadeUpSamples.of(graph.inputs().get(0).type(), count, manifest.input(), true);
                float[][] embeddings = run(encoder, samples, manifest, Manifest.EMBEDDING);
                requireSame(embeddings, run(classifier, samples, manifest, Manifest.EMBEDDING), encoderOnnx);
                float[][] found = run(classifier, samples, manifest, output(manifest));
                largest = Math.max(largest, difference(embeddings, found, linear, manifest));
            }
        } catch (OrtException e) {
            throw new IOException("Cannot compare the classifier with " + encoderOnnx + ": " + e.getMessage(), e);
        }
        return largest;
    }

    private static float[][] run(OrtSession session, Tensor samples, Manifest manifest, String output)
            throws OrtException {
        try (OnnxTensor fed = Verification.tensor(samples);
                OrtSession.Result result = session.run(Map.of(manifest.input().name(), fed), Set.of(output))) {
            return OutputPooling.NONE.rows((OnnxTensor) result.get(0), new boolean[0][]);
        }
    }

    private static void requireSame(float[][] expected, float[][] found, Path encoderOnnx) {
        for (int i = 0; i < expected.length; i++) {
            double difference = Verification.difference(expected[i], found[i]);
            if (difference > Verification.TOLERANCE) {
                throw new IllegalStateException("Classifier not published: its embeddings differ from those of "
                        + "%s by %.1e of the largest value, expected at most %.0e; please report this with the encoder"
                                .formatted(encoderOnnx, difference, Verification.TOLERANCE));
            }
        }
    }

    /**
     * The largest difference of an output from Java's own.
     *
     * @param embeddings of the encoder
     * @param found probabilities of the classifier, or numbers of the regressor
     * @throws IllegalStateException if it is more than rounding
     */
    static double difference(float[][] embeddings, float[][] found, LinearHead linear, Manifest manifest) {
        Manifest.Head head = manifest.classifier();
        double largest = 0;
        for (int i = 0; i < embeddings.length; i++) {
            double[] logits = linear.logits(embeddings[i]);
            double[] expected = head == null ? logits : LinearHead.probabilities(logits, head.temperature());
            double scale = linear.magnitude(embeddings[i]) / (head == null ? 1 : head.temperature());
            double allowed = TOLERANCE * Math.max(1, scale);
            for (int c = 0; c < expected.length; c++) {
                double difference = Math.abs(expected[c] - found[i][c]);
                if (!(difference <= allowed)) { // no number neither
                    throw new IllegalStateException((head == null
                                    ? "Regressor not published: a number"
                                    : "Classifier not published: a probability")
                            + " differs from the encoder's and the head's by %.1e, expected at most %.1e; please report this with the encoder"
                                    .formatted(difference, allowed));
                }
                largest = Math.max(largest, difference);
            }
        }
        return largest;
    }
}
