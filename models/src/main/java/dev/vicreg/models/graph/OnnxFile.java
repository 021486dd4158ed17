package dev.vicreg.models.graph;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.OperatorSetIdProto;
import ai.onnx.proto.OnnxMl.StringStringEntryProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorShapeProto;
import ai.onnx.proto.OnnxMl.TypeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.UnsafeByteOperations;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Reads and writes ONNX model files: the only class that touches protobuf.
 *
 * <p>Written files declare only the operator sets that they use, and the IR version that came with the standard one. Names of inputs
 * and outputs are kept; computed values are named {@code scope/Operator_number} here, at the last moment.
 */
public final class OnnxFile {
    /** These give a number of outputs that inputs and attributes decide, so that none can be left out. */
    private static final Set<OpType> FIXED_OUTPUTS = EnumSet.of(OpType.BATCH_NORMALIZATION, OpType.SPLIT, OpType.TOP_K);
    /** Constants up to this many bytes are written once even if they occur often. */
    private static final int SHARED_CONSTANT_BYTES = 256;

    /**
     * A model as read from a file.
     *
     * @param graph the computation; initialisers are its constants
     * @param metadata the file's {@code metadata_props}
     */
    public record Model(Graph graph, Map<String, String> metadata) {}

    private OnnxFile() {}

    /**
     * The bytes of an ONNX file that holds {@code graph} and {@code metadata}.
     *
     * @param opset the version of the standard operator set to declare, at most {@link OpType#ONNX_OPSET}; the caller
     *     knows that the graph's operators mean the same there
     */
    public static byte[] bytes(Graph graph, Map<String, String> metadata, int opset) {
        Writer writer = new Writer(graph);
        GraphProto proto = writer.write();
        ModelProto.Builder model =
                ModelProto.newBuilder().setIrVersion(irVersion(opset)).setProducerName("vicreg");
        model.setGraph(proto);
        Set<OpType.Domain> domains = EnumSet.of(OpType.Domain.ONNX);
        graph.nodes().forEach(node -> domains.add(node.op().domain()));
        for (OpType.Domain domain : domains) {
            model.addOpsetImport(OperatorSetIdProto.newBuilder()
                    .setDomain(domain.onnxName())
                    .setVersion(domain == OpType.Domain.ONNX ? opset : domain.version()));
        }
        metadata.forEach((key, value) -> model.addMetadataProps(
                StringStringEntryProto.newBuilder().setKey(key).setValue(value)));
        return model.build().toByteArray();
    }

    /** Runtimes refuse files of a later IR version than they know, so the one of the opset's time; see ONNX's Versioning.md. */
    private static int irVersion(int opset) {
        return opset >= 21 ? 10 : opset >= 19 ? 9 : 8;
    }

    /** {@link #bytes(Graph, Map, int)} with the opset that graphs are built with. */
    public static byte[] bytes(Graph graph, Map<String, String> metadata) {
        return bytes(graph, metadata, OpType.ONNX_OPSET);
    }

    /**
     * Reads a model of operators that this project knows.
     *
     * @throws IOException if the file is missing, is no ONNX model, or holds an operator or type not known here
     */
    public static Model read(Path file) throws IOException {
        byte[] bytes;
        try {
            bytes = Files.readAllBytes(file);
        } catch (NoSuchFileException e) {
            throw new NoSuchFileException("No ONNX file at " + file);
        }
        return parse(bytes, file.toString());
    }

    /** Reads a model from memory; {@code name} is used in messages. */
    public static Model parse(byte[] bytes, String name) throws IOException {
        try {
            ModelProto model = ModelProto.parseFrom(bytes);
            if (!model.hasGraph()) {
                throw new IOException(name + " is not an ONNX model: it holds no graph");
            }
            Map<String, String> metadata = new LinkedHashMap<>();
            model.getMetadataPropsList().forEach(entry -> metadata.put(entry.getKey(), entry.getValue()));
            return new Model(new Reader(model.getGraph()).read(), metadata);
        } catch (InvalidProtocolBufferException e) {
            throw new IOException(name + " is not an ONNX model or is truncated: " + e.getMessage(), e);
        } catch (IllegalArgumentException e) { // may quote names from the file, which may hold anything
            throw new IOException(name + ": " + String.valueOf(e.getMessage()).replaceAll("\\R", " "), e);
        }
    }

    private static final class Writer {
        private final Graph graph;
        private final GraphProto.Builder proto;
        private final Map<Value, String> names = new HashMap<>();
        private final Set<String> taken = new HashSet<>();
        private final Map<Tensor, String> sharedConstants = new HashMap<>();
        private final Set<Value> used = new HashSet<>();

        Writer(Graph graph) {
            this.graph = graph;
            this.proto = GraphProto.newBuilder().setName(graph.name());
        }

        GraphProto write() {
            for (Value input : graph.inputs()) {
                names.put(input, claim(String.valueOf(input.name())));
                proto.addInput(info(String.valueOf(input.name()), input.type()));
            }
            used.addAll(graph.outputs().values());
            graph.nodes().forEach(node -> used.addAll(node.inputs()));
            taken.addAll(graph.outputs().keySet());
            graph.outputs().forEach((name, value) -> {
                if (value.producer() != null) {
                    names.putIfAbsent(value, name);
                }
            });
            graph.nodes().forEach(this::writeNode);
            graph.outputs().forEach(this::writeOutput);
            return proto.build();
        }

        private void writeNode(Node node) {
            NodeProto.Builder out = NodeProto.newBuilder()
                    .setOpType(node.op().onnxName())
                    .setDomain(node.op().domain().onnxName());
            String base = node.scope() + "/" + node.op().onnxName();
            out.setName(unique(base));
            for (@Nullable Value input : node.inputs()) {
                out.addInput(input == null ? "" : nameOf(input));
            }
            int last = node.outputs().size();
            // Outputs at the end that nobody reads are left out, which tells the kernel not to compute them.
            boolean omits = node.op() == OpType.CONV_GRAD
                    || (node.op().domain() == OpType.Domain.ONNX && !FIXED_OUTPUTS.contains(node.op()));
            while (omits && last > 1 && !used.contains(node.output(last - 1))) {
                last--;
            }
            for (Value output : node.outputs().subList(0, last)) {
                boolean left = node.op() == OpType.CONV_GRAD && !used.contains(output);
                out.addOutput(left ? "" : names.computeIfAbsent(output, value -> unique(out.getName() + "_output")));
            }
            for (String name : node.attributes().names()) {
                out.addAttribute(attribute(name, node.attributes().raw(name)));
            }
            proto.addNode(out);
        }

        private void writeOutput(String name, Value value) {
            if (!name.equals(names.get(value))) { // an input, a constant, or a value that is an output twice
                proto.addNode(NodeProto.newBuilder()
                        .setOpType("Identity")
                        .setDomain("")
                        .setName(unique("/Identity"))
                        .addInput(nameOf(value))
                        .addOutput(name));
            }
            proto.addOutput(info(name, value.type()));
        }

        private String nameOf(Value value) {
            String name = names.get(value);
            if (name != null) {
                return name;
            }
            Tensor constant = value.constant();
            if (constant == null) {
                throw new IllegalStateException("Graph " + graph.name() + " uses " + value + " before it is computed");
            }
            boolean shared = value.name() == null && constant.data().length <= SHARED_CONSTANT_BYTES;
            String written = shared ? sharedConstants.get(constant) : null;
            if (written == null) {
                written = value.name() != null ? claim(value.name()) : unique("constant");
                proto.addInitializer(tensor(written, constant));
                if (shared) {
                    sharedConstants.put(constant, written);
                }
            }
            names.put(value, written);
            return written;
        }

        private String claim(String name) {
            if (!taken.add(name)) {
                throw new IllegalArgumentException("Graph " + graph.name() + " has two values named " + name);
            }
            return name;
        }

        private final Map<String, Integer> counters = new HashMap<>();

        private String unique(String base) {
            String start = base.startsWith("/") ? base.substring(1) : base;
            while (true) {
                int number = counters.merge(start, 1, Integer::sum);
                String name = start + "_" + (number - 1);
                if (taken.add(name)) {
                    return name;
                }
            }
        }
    }

    private static ValueInfoProto info(String name, TensorType type) {
        TensorShapeProto.Builder shape = TensorShapeProto.newBuilder();
        for (Dim dim : type.shape().dims()) {
            String symbol = dim.symbol();
            TensorShapeProto.Dimension.Builder out = shape.addDimBuilder();
            if (symbol == null) {
                out.setDimValue(dim.size());
            } else {
                out.setDimParam(symbol);
            }
        }
        return ValueInfoProto.newBuilder()
                .setName(name)
                .setType(TypeProto.newBuilder()
                        .setTensorType(TypeProto.Tensor.newBuilder()
                                .setElemType(type.element().code())
                                .setShape(shape)))
                .build();
    }

    private static TensorProto tensor(String name, Tensor tensor) {
        TensorProto.Builder proto = TensorProto.newBuilder()
                .setName(name)
                .setDataType(tensor.type().element().code())
                .setRawData(UnsafeByteOperations.unsafeWrap(tensor.data()));
        for (long size : tensor.shape().toArray()) {
            proto.addDims(size);
        }
        return proto.build();
    }

    private static AttributeProto attribute(String name, Object value) {
        AttributeProto.Builder proto = AttributeProto.newBuilder().setName(name);
        if (value instanceof Long integer) {
            proto.setType(AttributeProto.AttributeType.INT).setI(integer);
        } else if (value instanceof Float real) {
            proto.setType(AttributeProto.AttributeType.FLOAT).setF(real);
        } else if (value instanceof String string) {
            proto.setType(AttributeProto.AttributeType.STRING).setS(ByteString.copyFromUtf8(string));
        } else if (value instanceof long[] integers) {
            proto.setType(AttributeProto.AttributeType.INTS);
            for (long integer : integers) {
                proto.addInts(integer);
            }
        } else if (value instanceof float[] reals) {
            proto.setType(AttributeProto.AttributeType.FLOATS);
            for (float real : reals) {
                proto.addFloats(real);
            }
        } else if (value instanceof List<?> strings) {
            proto.setType(AttributeProto.AttributeType.STRINGS);
            for (Object string : strings) {
                proto.addStrings(ByteString.copyFromUtf8((String) string));
            }
        } else if (value instanceof Tensor tensor) {
            proto.setType(AttributeProto.AttributeType.TENSOR).setT(tensor("", tensor));
        } else {
            throw new IllegalStateException("Attribute " + name + " of unknown kind " + value);
        }
        return proto.build();
    }

    private static final class Reader {
        private final GraphProto proto;
        private final Map<String, Value> values = new HashMap<>();
        private final Ops ops = new Ops();

        Reader(GraphProto proto) {
            this.proto = proto;
        }

        Graph read() {
            for (TensorProto initializer : proto.getInitializerList()) {
                values.put(initializer.getName(), Value.constant(initializer.getName(), tensor(initializer)));
            }
            List<Value> inputs = new ArrayList<>();
            for (ValueInfoProto input : proto.getInputList()) {
                if (!values.containsKey(input.getName())) {
                    Value value = Value.input(input.getName(), type(input));
                    values.put(input.getName(), value);
                    inputs.add(value);
                }
            }
            proto.getNodeList().forEach(this::readNode);
            Map<String, Value> outputs = new LinkedHashMap<>();
            for (ValueInfoProto output : proto.getOutputList()) {
                outputs.put(output.getName(), value(output.getName(), "the graph's outputs"));
            }
            return Graph.of(proto.getName(), inputs, outputs);
        }

        private void readNode(NodeProto node) {
            OpType op = OpType.of(node.getDomain(), node.getOpType())
                    .orElseThrow(() -> new IllegalArgumentException("operator " + node.getDomain() + " "
                            + node.getOpType() + " (node " + node.getName() + ") is not supported"));
            List<@Nullable Value> inputs = new ArrayList<>();
            for (String input : node.getInputList()) {
                inputs.add(input.isEmpty() ? null : value(input, node.getName()));
            }
            int slash = node.getName().lastIndexOf('/');
            Node created = ops.atScope(slash < 0 ? "" : node.getName().substring(0, slash))
                    .node(op, inputs, attributes(node));
            if (node.getOutputCount() > created.outputs().size()) {
                throw new IllegalArgumentException("node " + node.getName() + " has " + node.getOutputCount()
                        + " outputs: expected at most " + created.outputs().size());
            }
            for (int i = 0; i < node.getOutputCount(); i++) {
                values.put(node.getOutput(i), created.output(i));
            }
        }

        private Value value(String name, String reader) {
            Value value = values.get(name);
            if (value == null) {
                throw new IllegalArgumentException(
                        "value " + name + ", read by " + reader + ", is computed by no earlier node");
            }
            return value;
        }

        private static TensorType type(ValueInfoProto info) {
            TypeProto.Tensor tensor = info.getType().getTensorType();
            List<Dim> dims = new ArrayList<>();
            for (TensorShapeProto.Dimension dim : tensor.getShape().getDimList()) {
                boolean fixed = dim.getDimParam().isEmpty() && dim.getDimValue() >= 0;
                dims.add(fixed ? Dim.of(dim.getDimValue()) : Dim.symbol(dim.getDimParam()));
            }
            return new TensorType(ElementType.ofCode(tensor.getElemType()), new Shape(dims));
        }

        private static Attributes attributes(NodeProto node) {
            Attributes attributes = Attributes.NONE;
            for (AttributeProto attribute : node.getAttributeList()) {
                String name = attribute.getName();
                attributes = switch (attribute.getType()) {
                    case INT -> attributes.with(name, attribute.getI());
                    case FLOAT -> attributes.with(name, attribute.getF());
                    case STRING -> attributes.with(name, attribute.getS().toStringUtf8());
                    case INTS ->
                        attributes.with(
                                name,
                                attribute.getIntsList().stream()
                                        .mapToLong(Long::longValue)
                                        .toArray());
                    case FLOATS -> {
                        float[] reals = new float[attribute.getFloatsCount()];
                        for (int i = 0; i < reals.length; i++) {
                            reals[i] = attribute.getFloats(i);
                        }
                        yield attributes.with(name, reals);
                    }
                    case STRINGS ->
                        attributes.with(
                                name,
                                attribute.getStringsList().stream()
                                        .map(ByteString::toStringUtf8)
                                        .toList());
                    case TENSOR -> attributes.with(name, tensor(attribute.getT()));
                    default ->
                        throw new IllegalArgumentException("attribute " + name + " of node " + node.getName()
                                + " is of a kind not supported: " + attribute.getType());
                };
            }
            return attributes;
        }

        private static Tensor tensor(TensorProto proto) {
            try {
                Shape shape = Shape.of(
                        proto.getDimsList().stream().mapToLong(Long::longValue).toArray());
                ElementType element = ElementType.ofCode(proto.getDataType());
                byte[] data = proto.hasRawData() ? proto.getRawData().toByteArray() : typedData(proto, element);
                return new Tensor(new TensorType(element, shape), data);
            } catch (IllegalArgumentException | ArithmeticException e) {
                throw new IllegalArgumentException("tensor " + proto.getName() + ": " + e.getMessage(), e);
            }
        }

        private static byte[] typedData(TensorProto proto, ElementType element) {
            int count = switch (element) {
                case FLOAT -> proto.getFloatDataCount();
                case INT64 -> proto.getInt64DataCount();
                case DOUBLE -> proto.getDoubleDataCount();
                case INT32, UINT8, INT8, BOOL, FLOAT16 -> proto.getInt32DataCount();
            };
            ByteBuffer data = ByteBuffer.allocate(Math.multiplyExact(count, element.bytes()))
                    .order(ByteOrder.LITTLE_ENDIAN);
            switch (element) {
                case FLOAT -> proto.getFloatDataList().forEach(data::putFloat);
                case INT64 -> proto.getInt64DataList().forEach(data::putLong);
                case DOUBLE -> proto.getDoubleDataList().forEach(data::putDouble);
                case INT32 -> proto.getInt32DataList().forEach(data::putInt);
                case UINT8, INT8, BOOL -> proto.getInt32DataList().forEach(value -> data.put(value.byteValue()));
                case FLOAT16 -> proto.getInt32DataList().forEach(value -> data.putShort(value.shortValue()));
            }
            return data.array();
        }
    }
}
