package dev.vicreg.models.onnx;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.AttributeProto.AttributeType;
import ai.onnx.proto.OnnxMl.FunctionProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.NodeProtoOrBuilder;
import ai.onnx.proto.OnnxMl.StringStringEntryProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import com.google.protobuf.UnsafeByteOperations;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Tensor;
import java.io.IOException;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;

/**
 * Changes in a model's protobuf that leave everything else as it is, be it known to this project or not. Unlike reading
 * a graph and writing it, which gives one of today's operators.
 */
final class OnnxEdit {
    private OnnxEdit() {}

    /** What to do with one tensor. */
    interface Action {
        void accept(TensorProto.Builder tensor) throws IOException;
    }

    /**
     * Puts {@code values} in place of the data of initialisers, or of Constant nodes that give the values of these names, in
     * the types in which the file stores them. One whose data were external is still marked so, though it has its data now.
     *
     * @throws IllegalArgumentException if there is no such initialiser or node, or it has another shape or type
     */
    static void replace(GraphProto.Builder graph, Map<String, Tensor> values) {
        Map<String, Integer> places = new HashMap<>();
        for (int i = 0; i < graph.getInitializerCount(); i++) {
            places.put(graph.getInitializer(i).getName(), i);
        }
        values.forEach((name, tensor) -> {
            Integer place = places.get(name);
            if (place == null) {
                replaceConstant(graph, name, tensor);
            } else {
                graph.setInitializer(place, replaced(graph.getInitializer(place), tensor));
            }
        });
    }

    private static void replaceConstant(GraphProto.Builder graph, String name, Tensor tensor) {
        for (NodeProto.Builder node : graph.getNodeBuilderList()) {
            if (isConstant(node, name)) {
                AttributeProto.Builder value = node.getAttributeBuilder(0);
                TensorProto changed = value.hasT()
                        ? replaced(value.getT(), tensor)
                        : OnnxTensors.write("", tensor); // a list of numbers
                value.clear().setName("value").setType(AttributeType.TENSOR).setT(changed);
                return;
            }
        }
        throw new IllegalArgumentException("the model has no initialiser " + name);
    }

    /** Those of {@code names} that {@link #replace} does not find. */
    static List<String> missing(GraphProto graph, Collection<String> names) {
        Set<String> found = new HashSet<>();
        graph.getInitializerList().forEach(initializer -> found.add(initializer.getName()));
        for (NodeProto node : graph.getNodeList()) {
            if (node.getOutputCount() == 1 && isConstant(node, node.getOutput(0))) {
                found.add(node.getOutput(0));
            }
        }
        return names.stream().filter(name -> !found.contains(name)).sorted().toList();
    }

    private static boolean isConstant(NodeProtoOrBuilder node, String output) {
        return isStandard(node)
                && node.getOpType().equals("Constant")
                && node.getAttributeCount() == 1
                && node.getOutputCount() == 1
                && node.getOutput(0).equals(output);
    }

    private static TensorProto replaced(TensorProto old, Tensor tensor) {
        try {
            Shape shape = OnnxTensors.type(old).shape();
            if (!shape.equals(tensor.shape())) {
                throw new IllegalArgumentException("expected shape " + shape + ", found " + tensor.shape());
            }
            return old.toBuilder()
                    .clearFloatData()
                    .clearInt32Data()
                    .clearInt64Data()
                    .clearDoubleData()
                    .clearExternalData()
                    .setRawData(UnsafeByteOperations.unsafeWrap(OnnxTensors.toStored(tensor, old.getDataType())))
                    .build();
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("initialiser " + old.getName() + ": " + e.getMessage(), e);
        }
    }

    /** The batch norms of the graph itself that {@code output} needs, in the order in which they are read. */
    static List<NodeProto> norms(GraphProto graph, String output) {
        Set<String> given = new HashSet<>();
        graph.getInputList().forEach(input -> given.add(input.getName()));
        graph.getInitializerList().forEach(initializer -> given.add(initializer.getName()));
        return NodeOrder.of(graph.getNodeList(), given::contains, List.of(output)).stream()
                .filter(OnnxEdit::isNorm)
                .toList();
    }

    private static boolean isNorm(NodeProto node) {
        return isStandard(node) && node.getOpType().equals("BatchNormalization");
    }

    private static boolean isStandard(NodeProtoOrBuilder node) {
        return node.getDomain().isEmpty() || node.getDomain().equals("ai.onnx");
    }

    /**
     * Lets batch norms read other initialisers as their running statistics. One that the graph lacks begins as a copy of
     * what the norm has read so far, or as what {@code values} has of that name where the graph computes it.
     *
     * @throws IllegalArgumentException if the graph has another number of norms, or a new name is taken
     */
    static void giveStatistics(GraphProto.Builder graph, OnnxFile.Statistics statistics, Map<String, Tensor> values) {
        if (statistics.names().isEmpty()) {
            return;
        }
        List<NodeProto> norms = norms(graph.build(), statistics.output());
        if (norms.size() != statistics.names().size()) {
            throw new IllegalArgumentException("the graph itself has " + norms.size() + " batch norms, expected "
                    + statistics.names().size());
        }
        Map<String, List<String>> byOutput = new HashMap<>();
        for (int i = 0; i < norms.size(); i++) {
            byOutput.put(norms.get(i).getOutput(0), statistics.names().get(i));
        }
        for (NodeProto.Builder node : graph.getNodeBuilderList()) {
            List<String> names = node.getOutputCount() == 0 ? null : byOutput.get(node.getOutput(0));
            for (int i = 0; names != null && i < names.size(); i++) {
                giveStatistic(graph, node, 3 + i, names.get(i), values);
            }
        }
    }

    private static void giveStatistic(
            GraphProto.Builder graph, NodeProto.Builder norm, int input, String name, Map<String, Tensor> values) {
        String source = throughIdentities(graph, norm.getInput(input));
        if (source.equals(name)) {
            return;
        }
        boolean taken = graph.getInitializerList().stream()
                        .anyMatch(each -> each.getName().equals(name))
                || graph.getInputList().stream().anyMatch(each -> each.getName().equals(name))
                || graph.getNodeList().stream()
                        .anyMatch(node -> node.getOutputList().contains(name));
        if (taken) {
            throw new IllegalArgumentException("a value of the model is named " + name + " already");
        }
        Tensor value = values.get(name);
        boolean copied = false;
        for (TensorProto initializer : List.copyOf(graph.getInitializerList())) {
            if (initializer.getName().equals(source)) {
                graph.addInitializer(initializer.toBuilder().setName(name));
                copied = true;
            }
        }
        if (!copied && value != null) {
            graph.addInitializer(OnnxTensors.write(name, value));
        }
        for (ValueInfoProto declared : List.copyOf(graph.getInputList())) {
            if (declared.getName().equals(source)) { // with IR 3, initialisers are inputs too
                graph.addInput(declared.toBuilder().setName(name));
            }
        }
        norm.setInput(input, name);
    }

    private static String throughIdentities(GraphProto.Builder graph, String name) {
        String source = name;
        for (int i = 0; i < graph.getNodeCount(); i++) {
            NodeProto node = graph.getNode(i);
            if (isStandard(node)
                    && node.getOpType().equals("Identity")
                    && node.getOutput(0).equals(source)) {
                source = node.getInput(0);
                i = -1;
            }
        }
        return source;
    }

    /** Adds entries to the model's metadata; one of the same key is replaced. */
    static void addMetadata(ModelProto.Builder model, Map<String, String> metadata) {
        List<StringStringEntryProto> kept = model.getMetadataPropsList().stream()
                .filter(entry -> !metadata.containsKey(entry.getKey()))
                .toList();
        model.clearMetadataProps().addAllMetadataProps(kept);
        metadata.forEach((key, value) -> model.addMetadataProps(
                StringStringEntryProto.newBuilder().setKey(key).setValue(value)));
    }

    /**
     * Sets batch norms to their running statistics and lets Dropout pass everything, wherever the model was exported in
     * training form: in the graph, its branches and its functions. A batch norm of the graph itself that keeps no
     * statistics, since it computes those that it reads, stays: so are instance norms written.
     *
     * @throws IllegalArgumentException if something reads the statistics of a batch, which inference does not have
     */
    static void setToInference(ModelProto.Builder model) {
        setToInference(model.getGraphBuilder());
        for (FunctionProto.Builder function : model.getFunctionsBuilderList()) {
            Set<String> read = new HashSet<>(function.getOutputList());
            function.getNodeList().forEach(node -> read.addAll(NodeOrder.read(node)));
            function.getNodeBuilderList().forEach(node -> setToInference(node, read, name -> true));
        }
    }

    private static void setToInference(GraphProto.Builder graph) {
        Set<String> read = new HashSet<>();
        graph.getOutputList().forEach(output -> read.add(output.getName()));
        graph.getNodeList().forEach(node -> read.addAll(NodeOrder.read(node)));
        Set<String> computed = computed(graph);
        for (NodeProto.Builder node : graph.getNodeBuilderList()) {
            setToInference(node, read, name -> !computed.contains(name));
        }
    }

    /** What nodes give, but for Constant ones and what only passes those and initialisers on. */
    private static Set<String> computed(GraphProto.Builder graph) {
        Set<String> computed = new HashSet<>();
        for (NodeProto node : graph.getNodeList()) {
            boolean passes = isStandard(node)
                    && (node.getOpType().equals("Constant")
                            || ((node.getOpType().equals("Identity")
                                            || node.getOpType().equals("Cast"))
                                    && !computed.contains(node.getInput(0))));
            if (!passes) {
                computed.addAll(node.getOutputList());
            }
        }
        return computed;
    }

    private static void setToInference(NodeProto.Builder node, Set<String> read, Predicate<String> isStored) {
        for (AttributeProto.Builder attribute : node.getAttributeBuilderList()) {
            if (attribute.hasG()) {
                setToInference(attribute.getGBuilder());
            }
        }
        if (!isStandard(node)) {
            return;
        }
        if (node.getOpType().equals("Dropout") && node.getInputCount() > 2) {
            List<String> kept = List.copyOf(node.getInputList().subList(0, 2)); // without a flag it does not drop
            node.clearInput().addAllInput(kept);
        }
        if (node.getOpType().equals("BatchNormalization") && isStored.test(node.getInput(3))) {
            for (int i = 1; i < node.getOutputCount(); i++) {
                if (read.contains(node.getOutput(i))) {
                    throw new IllegalArgumentException("node " + NodeOrder.label(node.build()) + ": its output "
                            + node.getOutput(i) + " is read, but only training computes it");
                }
            }
            String output = node.getOutput(0);
            node.clearOutput().addOutput(output);
            for (AttributeProto.Builder attribute : node.getAttributeBuilderList()) {
                if (attribute.getName().equals("training_mode")) {
                    attribute.setI(0);
                }
            }
        }
    }

    /** Shows every tensor that is marked as having external data, attributes and branches included. */
    static void forEachExternal(ModelProto.Builder model, Action action) throws IOException {
        forEachExternal(model.getGraphBuilder(), action);
        for (FunctionProto.Builder function : model.getFunctionsBuilderList()) {
            forEachExternal(function.getNodeBuilderList(), action);
        }
    }

    private static void forEachExternal(GraphProto.Builder graph, Action action) throws IOException {
        for (int i = 0; i < graph.getInitializerCount(); i++) {
            if (OnnxTensors.isExternal(graph.getInitializer(i))) {
                action.accept(graph.getInitializerBuilder(i));
            }
        }
        forEachExternal(graph.getNodeBuilderList(), action);
    }

    private static void forEachExternal(List<NodeProto.Builder> nodes, Action action) throws IOException {
        for (NodeProto.Builder node : nodes) {
            for (AttributeProto.Builder attribute : node.getAttributeBuilderList()) {
                if (attribute.hasT() && OnnxTensors.isExternal(attribute.getT())) {
                    action.accept(attribute.getTBuilder());
                }
                if (attribute.hasG()) {
                    forEachExternal(attribute.getGBuilder(), action);
                }
            }
        }
    }
}
