package dev.vicreg.export;

import dev.vicreg.models.encoder.Pooling;
import dev.vicreg.models.graph.Dim;
import dev.vicreg.models.graph.ElementType;
import dev.vicreg.models.graph.Graph;
import dev.vicreg.models.graph.Node;
import dev.vicreg.models.graph.OpType;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.TensorType;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.nn.Layers;
import dev.vicreg.models.onnx.OnnxFile;
import dev.vicreg.models.ops.Ops;
import dev.vicreg.models.ops.Rewriter;
import dev.vicreg.runtime.Manifest;
import dev.vicreg.runtime.OutputPooling;
import dev.vicreg.runtime.file.AtomicFile;
import dev.vicreg.runtime.input.Input;
import dev.vicreg.training.step.Branch;
import dev.vicreg.training.step.Side;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Publishes a trained encoder as an ONNX file that needs nothing of this project: input {@code image} uint8 [N,H,W,3],
 * {@code vector} float32 [N,D], {@code signal} float32 [N,C,T] or {@code ids} int64 [N,T], normalisation inside, output
 * {@code embedding} float32 [N,D], a {@link Manifest} in its metadata.
 *
 * <p>Batch norms are folded away. The normalisation of the pictures is not folded into the first convolution: that pads
 * with zeros, which are the mean colour after normalisation and would be black before it.
 */
public final class EncoderExport {
    static final String EMBEDDING = "embedding";
    /** Scopes of the branches' projectors. */
    private static final List<String> PROJECTORS = List.of("projector", Branch.SECOND + ".projector");

    /** Declared where possible, so that runtimes from 2022 on (ONNX Runtime 1.12) serve the file. */
    static final int OLD_OPSET = 17;

    /** The first that has antialiased Resize, Pad of some axes, and Split into equal parts. */
    private static final int EIGHTEEN = 18;
    /** Operators whose definition for the types used here is the same from {@link #OLD_OPSET} on. */
    private static final Set<OpType> SAME_IN_OLD_OPSET = EnumSet.of(
            OpType.ADD,
            OpType.SUB,
            OpType.MUL,
            OpType.DIV,
            OpType.SQRT,
            OpType.MAX,
            OpType.EQUAL,
            OpType.NOT,
            OpType.WHERE,
            OpType.REDUCE_SUM,
            OpType.LOG,
            OpType.RELU,
            OpType.NEG,
            OpType.CAST,
            OpType.IDENTITY,
            OpType.RESHAPE,
            OpType.FLATTEN,
            OpType.TRANSPOSE,
            OpType.CONCAT,
            OpType.CONSTANT,
            OpType.CONSTANT_OF_SHAPE,
            OpType.DEPTH_TO_SPACE,
            OpType.EXPAND,
            OpType.GATHER,
            OpType.GATHER_ELEMENTS,
            OpType.GATHER_ND,
            OpType.RANGE,
            OpType.SHAPE,
            OpType.SIZE,
            OpType.SLICE,
            OpType.SPACE_TO_DEPTH,
            OpType.SQUEEZE,
            OpType.TILE,
            OpType.TRILU,
            OpType.UNSQUEEZE,
            OpType.MAT_MUL,
            OpType.GEMM,
            OpType.CONV,
            OpType.MAX_POOL,
            OpType.GLOBAL_AVERAGE_POOL,
            OpType.GLOBAL_MAX_POOL,
            OpType.BATCH_NORMALIZATION,
            OpType.LAYER_NORMALIZATION,
            OpType.SOFTMAX,
            OpType.ERF,
            OpType.SIGMOID,
            OpType.HARD_SIGMOID,
            OpType.HARD_SWISH,
            OpType.SLICE,
            OpType.MIN,
            OpType.LESS_OR_EQUAL,
            OpType.QUANTIZE_LINEAR,
            OpType.DEQUANTIZE_LINEAR);

    /**
     * What the manifest says beyond what the graph shows.
     *
     * @param version this project's version
     * @param encoder the encoder's name
     * @param input what the encoder takes
     * @param configHash identifies the training configuration
     * @param evaluation figures measured on this encoder, by name; may be empty
     */
    public record Description(
            String version, String encoder, Input<?> input, String configHash, Map<String, Double> evaluation) {
        /** Copies the figures. */
        public Description {
            evaluation = Map.copyOf(evaluation);
        }
    }

    /**
     * A published encoder.
     *
     * @param file where it is
     * @param manifest what its metadata say
     * @param difference measured against the evaluation graph, as a share of the largest value
     * @param added initialisers that were added to a file of other origin, as its norms shared running statistics
     * @param obstacle why a file of other origin could not hold what was trained, so that this has our own form; null if it
     *     could, or was not meant to
     */
    public record Result(
            Path file,
            Manifest manifest,
            double difference,
            List<String> added,
            @Nullable String obstacle) {
        /** The same where that was not to be. */
        Result insteadOfOriginal(String why) {
            return new Result(file, manifest, difference, added, why);
        }

        /** A line for the user about what is not as it was in a file of other origin, besides values. */
        public Optional<String> note() {
            if (obstacle != null) {
                return Optional.of("note: " + manifest.encoder() + " cannot hold the trained encoder: " + obstacle
                        + "; it is published in this program's own form");
            }
            return added.isEmpty()
                    ? Optional.empty()
                    : Optional.of("added to the original file, whose batch norms shared running statistics: "
                            + String.join(", ", added));
        }
    }

    private EncoderExport() {}

    /**
     * Exports the encoder of a checkpoint. {@code target} appears, or is replaced, only once the file has been verified
     * on the CPU: its embeddings differ from the evaluation graph's representations by at most 1e-4 of their largest
     * value.
     *
     * @param evalModel views and every parameter as inputs, representations among the outputs
     * @param side whose encoder; {@link Side#A} where both views share one
     * @throws IOException if a file is missing, damaged or doesn't fit the others, or the target can't be written
     * @throws IllegalStateException if the exported encoder is not the same function, with the difference measured
     */
    public static Result export(Path evalModel, Side side, Path checkpoint, Description description, Path target)
            throws IOException {
        return export(evalModel, side.representation(), Weights.TRAINED, checkpoint, description, null, target);
    }

    /**
     * The same for any output of the evaluation graph, and for pictures of which the exported encoder is to make what the
     * evaluation graph takes.
     *
     * @param output its name: a side's representation, or a projection, which then has the projector in front of it
     * @param front scale and layout of the evaluation graph's pictures; null where it takes what the encoder takes
     */
    static Result export(
            Path evalModel,
            String output,
            Weights weights,
            Path checkpoint,
            Description description,
            Input.@Nullable Pictures front,
            Path target)
            throws IOException {
        Map<String, Tensor> state = weights.of(checkpoint);
        Graph eval = OnnxFile.read(evalModel).graph();
        Graph encoder = encoderOf(eval, output, evalModel, state, checkpoint);
        Graph bound = bind(encoder, state, description.input.name(), front);
        requireStandalone(bound);
        if (Side.A.representation().equals(output) || Side.B.representation().equals(output)) {
            requireNoProjector(bound);
        }
        boolean projection =
                Side.A.projection().equals(output) || Side.B.projection().equals(output);
        Manifest manifest = manifest(encoder, bound, description, projection);
        byte[] file = OnnxFile.bytes(bound, Map.of(Manifest.METADATA_KEY, manifest.toJson()), opset(bound));
        String view = String.valueOf(encoder.inputs().get(0).name());
        Verification verification =
                new Verification(evalModel, output, views(eval, state), state, description.input, view, front);
        return new Result(target, manifest, publish(file, verification, target), List.of(), null);
    }

    /**
     * The part of the evaluation graph that computes one of its outputs; of its inputs, the pictures come first, then
     * the parameters that it reads.
     */
    private static Graph encoderOf(
            Graph eval, String output, Path evalModel, Map<String, Tensor> state, Path checkpoint) throws IOException {
        Value computed = eval.outputs().get(output);
        if (computed == null) {
            throw new IOException(evalModel + " has no output " + output + ", only "
                    + eval.outputs().keySet() + ": give the eval_model.onnx of a run");
        }
        Graph all = Graph.of("vicreg_encoder", eval.inputs(), Map.of(EMBEDDING, computed));
        Set<Value> read = new HashSet<>();
        all.nodes().forEach(node -> read.addAll(node.inputs()));
        List<Value> views = views(eval, state).stream().filter(read::contains).toList();
        if (views.size() != 1) {
            throw new IOException("Checkpoint " + checkpoint + " does not fit " + evalModel
                    + ": expected all inputs but the view in it, missing " + views + "; give files of the same run");
        }
        List<Value> inputs = new ArrayList<>(views);
        for (Value input : eval.inputs()) {
            Tensor tensor = state.get(input.name());
            if (tensor != null && !tensor.type().equals(input.type())) {
                throw new IOException("Checkpoint " + checkpoint + " does not fit " + evalModel + ": " + input.name()
                        + " is " + tensor.type() + ", expected " + input.type() + "; give files of the same run");
            }
            if (tensor != null && read.contains(input)) {
                inputs.add(input);
            }
        }
        return Graph.of(all.name(), inputs, all.outputs());
    }

    /** The inputs that no checkpoint holds. */
    static List<Value> views(Graph eval, Map<String, Tensor> state) {
        return eval.inputs().stream()
                .filter(input -> !state.containsKey(input.name()))
                .toList();
    }

    /** Parameters become constants, and the view gets the name that users know it by. */
    private static Graph bind(
            Graph encoder, Map<String, Tensor> state, String inputName, Input.@Nullable Pictures front) {
        Map<Value, Value> bound = new HashMap<>();
        Value view = encoder.inputs().get(0);
        TensorType type =
                front == null ? view.type() : pictures(front, view.shape().at(0));
        Value input = Value.input(inputName, type);
        bound.put(view, front == null ? input : normalised(input, front));
        for (Value each : encoder.inputs()) {
            Tensor tensor = state.get(each.name());
            if (tensor != null) {
                bound.put(each, Value.constant(each.name(), tensor));
            }
        }
        List<Value> inputs = new ArrayList<>(encoder.inputs());
        if (front != null) {
            inputs.add(input); // where it replaces the view itself it is declared in its place
        }
        Graph declared = Graph.of(encoder.name(), inputs, encoder.outputs());
        return Rewriter.rewrite(declared, bound, new BatchNormFolding(encoder));
    }

    /**
     * What a manifest calls a pooling.
     *
     * @param ofIds whether the output has a token for each id that goes in, so that padding is known
     */
    public static OutputPooling pooling(Pooling pooling, boolean ofIds) {
        return switch (pooling) {
            case NONE -> OutputPooling.NONE;
            case CLS -> OutputPooling.CLS;
            case MEAN -> ofIds ? OutputPooling.MASKED_MEAN : OutputPooling.MEAN;
            case PADDED_MEAN -> OutputPooling.MEAN;
        };
    }

    /** Pictures as own encoders take them. */
    static TensorType pictures(Input.Pictures input, Dim batch) {
        Dim height = Dim.of(input.size().height());
        Dim width = Dim.of(input.size().width());
        return new TensorType(ElementType.UINT8, new Shape(List.of(batch, height, width, Dim.of(input.channels()))));
    }

    /** {@link #pictures} → float32 in the layout of {@code front}. */
    private static Value normalised(Value pictures, Input.Pictures front) {
        Ops ops = new Ops().scope("input");
        Value channelsFirst = Layers.normalisePictures(ops, pictures, front.mean(), front.deviation());
        return Input.Pictures.CHANNELS_FIRST.equals(front.layout())
                ? channelsFirst
                : ops.transpose(channelsFirst, 0, 2, 3, 1);
    }

    /** Nothing of training may be left: what follows from how the graph was made is checked all the same. */
    private static void requireStandalone(Graph graph) {
        if (graph.inputs().size() != 1 || graph.outputs().size() != 1) {
            throw new IllegalStateException("An encoder has one input and one output, found " + graph.inputs() + " and "
                    + graph.outputs().keySet());
        }
        for (Node node : graph.nodes()) {
            if (node.op().domain() != OpType.Domain.ONNX) {
                throw new IllegalStateException("An encoder has standard operators only, found "
                        + node.op().domain().onnxName() + " " + node);
            }
        }
    }

    private static void requireNoProjector(Graph graph) {
        for (Node node : graph.nodes()) {
            boolean projects = node.inputs().stream().anyMatch(EncoderExport::isProjectors);
            if (projects || PROJECTORS.stream().anyMatch(scope -> isIn(node.scope(), scope))) {
                throw new IllegalStateException("An encoder has no projector, found " + node + " of " + node.inputs());
            }
        }
    }

    private static boolean isProjectors(@Nullable Value value) {
        return value != null
                && value.name() != null
                && PROJECTORS.stream().anyMatch(scope -> isIn(value.name(), scope));
    }

    private static boolean isIn(String name, String scope) {
        return name.equals(scope) || name.startsWith(scope + ".");
    }

    private static Manifest manifest(Graph encoder, Graph bound, Description description, boolean projection) {
        Manifest manifest = new Manifest(
                Manifest.formatVersion(description.input),
                description.version,
                description.encoder,
                description.input,
                Math.toIntExact(bound.output(EMBEDDING).shape().size(1)),
                trainedElements(encoder),
                description.configHash,
                description.evaluation);
        Manifest.Variant made = new Manifest.Variant(Manifest.Variant.PLAIN.precision(), false, projection);
        return manifest.with(description.version, description.input, made);
    }

    /** Elements of all parameters but running statistics. */
    private static long trainedElements(Graph encoder) {
        Set<Value> parameters =
                new HashSet<>(encoder.inputs().subList(1, encoder.inputs().size()));
        for (Node node : encoder.nodes()) {
            if (node.op() == OpType.BATCH_NORMALIZATION) {
                parameters.remove(node.input(3));
                parameters.remove(node.input(4));
            }
        }
        return parameters.stream()
                .mapToLong(parameter -> parameter.shape().elements())
                .sum();
    }

    /** The oldest opset from {@link #OLD_OPSET} on in which every operator means what it means here. */
    static int opset(Graph graph) {
        return graph.nodes().stream().mapToInt(EncoderExport::opset).max().orElse(OLD_OPSET);
    }

    /** The same of one node. */
    static int opset(Node node) {
        return switch (node.op()) {
            case SPLIT -> node.attributes().has("num_outputs") ? EIGHTEEN : OLD_OPSET;
            case PAD -> node.hasInput(3) ? EIGHTEEN : OLD_OPSET; // axes
            case RESIZE -> node.attributes().has("antialias") ? EIGHTEEN : OpType.ONNX_OPSET;
            default -> SAME_IN_OLD_OPSET.contains(node.op()) ? OLD_OPSET : OpType.ONNX_OPSET;
        };
    }

    /** Writes the file if it is the same function as the evaluation graph; returns the difference measured. */
    static double publish(byte[] file, Verification verification, Path target) throws IOException {
        double difference = verify(verification.difference(file), verification, target);
        AtomicFile.write(target, ByteBuffer.wrap(file));
        return difference;
    }

    private static double verify(double difference, Verification verification, Path target) {
        if (difference > Verification.TOLERANCE) {
            throw new IllegalStateException(
                    "Encoder not published to %s: it differs from %s by %.1e of the largest value,"
                                    .formatted(target, verification.evalModel(), difference)
                            + " expected at most %.0e; please report this with the run's checkpoint"
                                    .formatted(Verification.TOLERANCE));
        }
        return difference;
    }
}
