package dev.vicreg.models.onnx;

import ai.onnx.proto.OnnxMl.FunctionProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The values of a file that may represent a sample, by where they stand; nothing is read but the nodes. */
final class InnerValues {
    private static final Set<String> LINEAR = Set.of("MatMul", "Gemm");
    /** What makes one of many places; the flat form of a map is taken for the same. */
    private static final Set<String> POOLING = Set.of(
            "GlobalAveragePool",
            "GlobalMaxPool",
            "AveragePool",
            "ReduceMean",
            "ReduceMax",
            "Flatten",
            "Squeeze",
            "Gather");
    /** What layers end with. */
    private static final Set<String> ENDS = Set.of(
            "Add",
            "Sum",
            "Relu",
            "LeakyRelu",
            "PRelu",
            "Elu",
            "Gelu",
            "Tanh",
            "Sigmoid",
            "Clip",
            "HardSwish",
            "BatchNormalization",
            "LayerNormalization",
            "InstanceNormalization",
            "SkipLayerNormalization",
            "Conv",
            "MaxPool",
            "Concat",
            "Gemm");

    private final Map<String, NodeProto> producers = new HashMap<>();
    /** Values that depend on what is fed, and need known operators alone. */
    private final Set<String> usable = new HashSet<>();
    /** Values that depend on what is fed. */
    private final Set<String> fed = new HashSet<>();

    private InnerValues() {}

    static List<String> likely(ModelProto model, String output) {
        Set<String> initializers = new HashSet<>();
        model.getGraph().getInitializerList().stream().map(TensorProto::getName).forEach(initializers::add);
        Set<String> inputs = new LinkedHashSet<>();
        model.getGraph().getInputList().stream().map(ValueInfoProto::getName).forEach(inputs::add);
        inputs.removeAll(initializers);
        String last = output.isEmpty() && model.getGraph().getOutputCount() > 0
                ? model.getGraph().getOutput(0).getName()
                : output;
        List<NodeProto> nodes;
        try {
            nodes = NodeOrder.of(
                    model.getGraph().getNodeList(),
                    name -> inputs.contains(name) || initializers.contains(name),
                    List.of(last));
        } catch (IllegalArgumentException e) { // the file is told to be damaged where it is read
            return List.of();
        }
        return new InnerValues().sorted(nodes, inputs, functions(model), last);
    }

    private static Set<String> functions(ModelProto model) {
        Set<String> functions = new HashSet<>();
        for (FunctionProto function : model.getFunctionsList()) {
            functions.add(function.getDomain() + "/" + function.getName());
        }
        return functions;
    }

    private List<String> sorted(
            List<NodeProto> nodes, Collection<String> inputs, Set<String> functions, String output) {
        fed.addAll(inputs);
        usable.addAll(inputs);
        for (NodeProto node : nodes) {
            node.getOutputList().forEach(name -> producers.put(name, node));
            if (fedInputs(node).isEmpty()) {
                continue;
            }
            fed.addAll(node.getOutputList());
            String domain = node.getDomain().equals("ai.onnx") ? "" : node.getDomain();
            boolean known = OpsetUpgrade.knows(domain, node.getOpType())
                    || functions.contains(node.getDomain() + "/" + node.getOpType());
            if (known && usable.containsAll(fedInputs(node))) {
                usable.addAll(node.getOutputList());
            }
        }
        Set<String> names = new LinkedHashSet<>();
        List<NodeProto> tail = tail(output);
        tail.stream()
                .filter(node -> LINEAR.contains(node.getOpType()))
                .limit(1)
                .forEach(node -> names.addAll(fedInputs(node)));
        tail.stream().filter(node -> POOLING.contains(node.getOpType())).forEach(node -> names.add(node.getOutput(0)));
        List<NodeProto> backwards = new ArrayList<>(nodes);
        Collections.reverse(backwards);
        backwards.stream()
                .filter(node -> ENDS.contains(node.getOpType()))
                .forEach(node -> names.add(node.getOutput(0)));
        names.retainAll(usable);
        names.removeAll(inputs);
        names.remove(output);
        return List.copyOf(names);
    }

    private List<String> fedInputs(NodeProto node) {
        return node.getInputList().stream().filter(fed::contains).distinct().toList();
    }

    /** What the output comes of by a chain of nodes of one fed input each: classifiers and pooling, from the output backwards. */
    private List<NodeProto> tail(String output) {
        List<NodeProto> tail = new ArrayList<>();
        NodeProto node = producers.get(output);
        while (node != null) {
            List<String> inputs = fedInputs(node);
            if (inputs.size() != 1) {
                break;
            }
            tail.add(node);
            node = producers.get(inputs.get(0));
        }
        return tail;
    }
}
