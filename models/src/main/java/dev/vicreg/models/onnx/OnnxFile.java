package dev.vicreg.models.onnx;

import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.OperatorSetIdProto;
import ai.onnx.proto.OnnxMl.StringStringEntryProto;
import com.google.protobuf.InvalidProtocolBufferException;
import dev.vicreg.models.graph.Graph;
import dev.vicreg.models.graph.OpType;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.TensorType;
import dev.vicreg.models.graph.Value;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Collection;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Reads and writes ONNX model files. This class is the entry; only it and the package-private classes that it calls
 * ({@code Onnx…}, {@code NodeOrder}) touch protobuf.
 *
 * <p>Files of opsets 9 to 24 are read, and become graphs of opset {@value OpType#ONNX_OPSET} in memory; nodes may be
 * in any order. Functions, and branches whose condition is constant, are inlined. Float16, bfloat16 and float64 become
 * float32 throughout: tensors, inputs, constants and the targets of casts.
 *
 * <p>Written files declare only the operator sets that they use, and the IR version that came with the standard one.
 */
public final class OnnxFile {
    /**
     * A model as read from a file.
     *
     * @param graph the computation, of opset {@value OpType#ONNX_OPSET}; initialisers and Constant nodes are its constants
     * @param metadata the file's {@code metadata_props}
     * @param initializers the file's initialisers that the graph uses, under their names and in the file's order; inputs
     *     that have an initialiser are among them, Constant nodes are not
     * @param types of the values that the graph uses or computes, by their names in the file
     * @param opset version of the standard operator set in the file; 0 if it declares none
     * @param producer name and version of what wrote the file; may be empty
     */
    public record Model(
            Graph graph,
            Map<String, String> metadata,
            Map<String, Value> initializers,
            Map<String, TensorType> types,
            int opset,
            String producer) {}

    private OnnxFile() {}

    /**
     * The bytes of an ONNX file that holds {@code graph} and {@code metadata}.
     *
     * @param opset the version of the standard operator set to declare, at most {@link OpType#ONNX_OPSET}; the caller
     *     knows that the graph's operators mean the same there
     */
    public static byte[] bytes(Graph graph, Map<String, String> metadata, int opset) {
        return proto(graph, metadata, opset).toByteArray();
    }

    /** {@link #bytes(Graph, Map, int)} with the opset that graphs are built with. */
    public static byte[] bytes(Graph graph, Map<String, String> metadata) {
        return bytes(graph, metadata, OpType.ONNX_OPSET);
    }

    /** Writes what {@link #bytes(Graph, Map, int)} gives, without holding all of it in memory; leaves {@code out} open. */
    public static void write(Graph graph, Map<String, String> metadata, int opset, OutputStream out)
            throws IOException {
        proto(graph, metadata, opset).writeTo(new ChunkedStreams.Output(out));
    }

    private static ModelProto proto(Graph graph, Map<String, String> metadata, int opset) {
        ModelProto.Builder model =
                ModelProto.newBuilder().setIrVersion(irVersion(opset)).setProducerName("vicreg");
        model.setGraph(new OnnxWriter(graph).write());
        Set<OpType.Domain> domains = EnumSet.of(OpType.Domain.ONNX);
        graph.nodes().forEach(node -> domains.add(node.op().domain()));
        for (OpType.Domain domain : domains) {
            model.addOpsetImport(OperatorSetIdProto.newBuilder()
                    .setDomain(domain.onnxName())
                    .setVersion(domain == OpType.Domain.ONNX ? opset : domain.version()));
        }
        metadata.forEach((key, value) -> model.addMetadataProps(
                StringStringEntryProto.newBuilder().setKey(key).setValue(value)));
        return model.build();
    }

    /** Runtimes refuse files of a later IR version than they know, so the one of the opset's time; see ONNX's Versioning.md. */
    private static int irVersion(int opset) {
        return opset >= 21 ? 10 : opset >= 19 ? 9 : 8;
    }

    /** {@link #read(Path, ReadOptions)} of the file as it is. */
    public static Model read(Path file) throws IOException {
        return read(file, ReadOptions.DEFAULT);
    }

    /**
     * Reads a model.
     *
     * @throws IOException if the file or its external data are missing, it is no ONNX model, or it holds what is not
     *     supported; in one line that names the place
     * @throws IllegalArgumentException if the options don't fit the file's inputs
     */
    public static Model read(Path file, ReadOptions options) throws IOException {
        return open(file).read(options);
    }

    /** A file that has been loaded, without its external data: it is loaded once for all that is asked of it. */
    public static final class Opened {
        private final Path file;
        private final ModelProto proto;

        private Opened(Path file, ModelProto proto) {
            this.file = file;
            this.proto = proto;
        }

        /** As {@link OnnxFile#summary}. */
        public OnnxSummary summary() {
            return OnnxSummary.of(proto);
        }

        /**
         * Names of values inside of it that an output is computed from and that may represent a sample, the likely ones first:
         * what goes into the last linear layer, what comes of pooling, then what blocks end with, from the output backwards.
         * None needs an operator that is not known, and where the file can be read, no two are of one type; whether they can be
         * trained is not told.
         *
         * @param output one of the file's values; empty for its first output
         */
        public List<String> innerValues(String output) {
            List<String> likely = InnerValues.likely(proto, output);
            Map<String, TensorType> types;
            try {
                types = read(ReadOptions.DEFAULT.withOutputs(output.isEmpty() ? List.of() : List.of(output)))
                        .types();
            } catch (IOException | IllegalArgumentException e) { // some of them may be read all the same
                return likely;
            }
            Set<TensorType> seen = new HashSet<>();
            return likely.stream()
                    .filter(name -> {
                        TensorType type = types.get(name);
                        return type != null
                                && type.element().isFloatingPoint()
                                && type.shape().rank() > 1
                                && seen.add(type);
                    })
                    .toList();
        }

        /** As {@link OnnxFile#read(Path, ReadOptions)}. */
        public Model read(ReadOptions options) throws IOException {
            try (ExternalData external = new ExternalData(file.toAbsolutePath().getParent())) {
                return model(proto, file.toString(), options, external);
            }
        }
    }

    /**
     * Loads a file.
     *
     * @throws IOException if the file is missing or is no ONNX model
     */
    public static Opened open(Path file) throws IOException {
        return new Opened(file, load(file));
    }

    /**
     * What a file says about itself, also one that {@link #read(Path)} refuses.
     *
     * @throws IOException if the file is missing or is no ONNX model
     */
    public static OnnxSummary summary(Path file) throws IOException {
        return open(file).summary();
    }

    /** Reads a model from memory; {@code name} is used in messages. */
    public static Model parse(byte[] bytes, String name) throws IOException {
        try (ExternalData none = new ExternalData(null)) {
            return model(load(new ByteArrayInputStream(bytes), name), name, ReadOptions.DEFAULT, none);
        }
    }

    /**
     * The file {@code original} with the data of some initialisers replaced, and all else, known to this project or not,
     * as it was: names, types, opset, nodes, metadata. Data go into the types in which the file stores them; a float16
     * initialiser stays float16.
     *
     * @param values by names of initialisers, of their shapes and of the type that they have in memory
     * @param forInference whether batch norms and Dropout nodes that were exported in training form are to be set to
     *     inference
     * @param metadata entries to add to the file's {@code metadata_props}, or to replace there
     * @throws IOException if the file or its external data cannot be read, or it is no ONNX model
     * @throws IllegalArgumentException if there is no such initialiser, or it has another shape or type, or a number is
     *     too large for it; or if something reads what only training computes
     */
    public static EditedModel withInitializers(
            Path original, Map<String, Tensor> values, boolean forInference, Map<String, String> metadata)
            throws IOException {
        return withInitializers(original, values, forInference, metadata, Statistics.AS_THEY_ARE);
    }

    /**
     * Initialisers that batch norms are to read as their running statistics, so that norms that shared some can have
     * statistics of their own.
     *
     * @param output whose computation the norms are part of
     * @param names of mean and variance, for each norm in the order of {@link Graph#nodes}; empty for a norm that stays as
     *     it is. One that the file lacks is added, and the norm's input changed; nothing else of the nodes is
     */
    public record Statistics(String output, List<List<String>> names) {
        static final Statistics AS_THEY_ARE = new Statistics("", List.of());
    }

    /**
     * The same with other initialisers as the statistics of batch norms.
     *
     * @throws IllegalArgumentException also if the norms are not those of {@link #norms}, or a new name is taken
     */
    public static EditedModel withInitializers(
            Path original,
            Map<String, Tensor> values,
            boolean forInference,
            Map<String, String> metadata,
            Statistics statistics)
            throws IOException {
        return new EditedModel(original, values, forInference, metadata, statistics, EditedModel.MOST);
    }

    /** How many batch norms of the graph itself, not counting those in functions and branches, {@code output} needs. */
    public static int norms(Path file, String output) throws IOException {
        return OnnxEdit.norms(load(file).getGraph(), output).size();
    }

    /**
     * Those of {@code names} that {@link #withInitializers} cannot replace, for there is no initialiser or Constant node of
     * the graph itself of that name.
     */
    public static List<String> missing(Path file, Collection<String> names) throws IOException {
        return OnnxEdit.missing(load(file).getGraph(), names);
    }

    static ModelProto load(Path file) throws IOException {
        try {
            if (Files.size(file) > Integer.MAX_VALUE) {
                throw new IOException(file + " is larger than 2 GB, the most that an ONNX file can be");
            }
        } catch (NoSuchFileException e) {
            throw new NoSuchFileException("No ONNX file at " + file);
        }
        try (InputStream in = new ChunkedStreams.Input(Files.newInputStream(file))) {
            return load(in, file.toString());
        }
    }

    private static ModelProto load(InputStream in, String name) throws IOException {
        ModelProto model;
        try {
            model = ModelProto.parseFrom(in);
        } catch (InvalidProtocolBufferException e) {
            throw new IOException(name + " is not an ONNX model, or a truncated one; export or copy it again", e);
        }
        if (!model.hasGraph()) {
            throw new IOException(name + " is not an ONNX model: it holds no graph");
        }
        return model;
    }

    private static Model model(ModelProto proto, String name, ReadOptions options, ExternalData external)
            throws IOException {
        Map<String, @Nullable Shape> declared;
        try {
            declared = OnnxReader.declaredShapes(proto.getGraph());
        } catch (RuntimeException e) { // as below
            throw new IOException(name + ": " + oneLine(e), e);
        }
        Map<String, @Nullable Shape> shapes = options.shapes(declared);
        try {
            return new OnnxReader(proto, options, external).read(shapes);
        } catch (IOException e) {
            throw new IOException(name + ": " + oneLine(e), e);
        } catch (RuntimeException e) { // a damaged file may break any rule
            throw new IOException(name + ": " + oneLine(e), e);
        }
    }

    /** Messages may quote names from a file, which may hold anything. */
    private static String oneLine(Exception e) {
        return String.valueOf(e.getMessage()).replaceAll("\\R|\\p{Cntrl}", " ");
    }
}
