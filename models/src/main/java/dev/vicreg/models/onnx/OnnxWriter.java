package dev.vicreg.models.onnx;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import dev.vicreg.models.graph.Graph;
import dev.vicreg.models.graph.Node;
import dev.vicreg.models.graph.OpType;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.ops.ConditionalWrite;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Turns a {@link Graph} into protobuf. Names of inputs, named constants and outputs are kept; computed values are named
 * {@code scope/Operator_number} here, at the last moment.
 */
final class OnnxWriter {
    /** These give a number of outputs that inputs and attributes decide, so that none can be left out. */
    private static final Set<OpType> FIXED_OUTPUTS = EnumSet.of(OpType.BATCH_NORMALIZATION, OpType.SPLIT, OpType.TOP_K);
    /** ONNX Runtime can't tell what type these give, so the file does. */
    private static final Set<OpType> TYPES_NOT_INFERRED = EnumSet.of(OpType.REDUCE_ALL_L2);
    /** Constants up to this many bytes are written once even if they occur often. */
    private static final int SHARED_CONSTANT_BYTES = 256;

    private final Graph graph;
    private final GraphProto.Builder proto;
    private final Map<Value, String> names = new HashMap<>();
    private final Set<String> taken = new HashSet<>();
    /** Names of constants, which no other value is given on the way to them. */
    private final Set<String> kept = new HashSet<>();

    private final Map<Tensor, String> sharedConstants = new HashMap<>();
    private final Set<Value> used = new HashSet<>();

    OnnxWriter(Graph graph) {
        this.graph = graph;
        this.proto = GraphProto.newBuilder().setName(graph.name());
    }

    GraphProto write() {
        for (Value input : graph.inputs()) {
            names.put(input, claim(String.valueOf(input.name())));
            proto.addInput(OnnxTypes.write(String.valueOf(input.name()), input.type()));
        }
        used.addAll(graph.outputs().values());
        graph.nodes().forEach(node -> used.addAll(node.inputs()));
        for (Value value : used) {
            if (value != null && value.constant() != null && value.name() != null) {
                kept.add(value.name());
            }
        }
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
        if (!node.op().isInFiles()) {
            throw new IllegalStateException("Graph " + graph.name() + ": " + node
                    + " is no operator of ONNX Runtime: lower the graph before it is written");
        }
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
        for (String name : node.attributes().without(ConditionalWrite.ATTRIBUTE).names()) {
            out.addAttribute(OnnxAttributes.write(name, node.attributes().raw(name)));
        }
        proto.addNode(OnnxBranches.write(node, out));
        if (TYPES_NOT_INFERRED.contains(node.op())) {
            for (Value output : node.outputs()) {
                proto.addValueInfo(OnnxTypes.write(nameOf(output), output.type()));
            }
        }
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
        proto.addOutput(OnnxTypes.write(name, value.type()));
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
            proto.addInitializer(OnnxTensors.write(written, constant));
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
            if (!kept.contains(name) && taken.add(name)) {
                return name;
            }
        }
    }
}
