package dev.vicreg.models.onnx;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.OperatorSetIdProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import dev.vicreg.models.graph.Shape;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * What any ONNX file says about itself, whether its operators are supported or not. Nothing is inferred.
 *
 * @param irVersion version of the file format
 * @param producer name and version of what wrote it; may be empty
 * @param opsets versions of operator sets by domain; the standard one is {@code ai.onnx}
 * @param metadata the file's {@code metadata_props}
 * @param inputs what must be fed: inputs without an initialiser
 * @param outputs as declared
 * @param initializers in the file's order
 * @param operators how often each occurs, branches and functions included; sorted by domain and name
 */
public record OnnxSummary(
        long irVersion,
        String producer,
        Map<String, Long> opsets,
        Map<String, String> metadata,
        List<Entry> inputs,
        List<Entry> outputs,
        List<Entry> initializers,
        Map<Operator, Integer> operators) {

    /**
     * A named tensor.
     *
     * @param element ONNX's name of its element type, such as {@code float16}
     * @param dims sizes, symbols, or {@code ?}; in brackets
     * @param elements how many it has; 0 if that is not fixed
     * @param bytes of its data; 0 for inputs and outputs
     * @param external whether the data lie in another file
     */
    public record Entry(String name, String element, String dims, long elements, long bytes, boolean external) {}

    /**
     * An operator as the file names it.
     *
     * @param domain empty for the standard one
     */
    public record Operator(String domain, String name) implements Comparable<Operator> {
        /** Whether {@link OnnxFile#read(java.nio.file.Path)} knows it, be it under another name or by inlining. */
        public boolean isRead() {
            return OnnxReader.knows(domain, name);
        }

        @Override
        public int compareTo(Operator other) {
            int byDomain = domain.compareTo(other.domain);
            return byDomain != 0 ? byDomain : name.compareTo(other.name);
        }

        @Override
        public String toString() {
            return domain.isEmpty() ? name : domain + "." + name;
        }
    }

    static OnnxSummary of(ModelProto model) {
        GraphProto graph = model.getGraph();
        Map<String, Long> opsets = new TreeMap<>();
        for (OperatorSetIdProto opset : model.getOpsetImportList()) {
            opsets.put(opset.getDomain().isEmpty() ? "ai.onnx" : opset.getDomain(), opset.getVersion());
        }
        Map<String, String> metadata = new LinkedHashMap<>();
        model.getMetadataPropsList().forEach(entry -> metadata.put(entry.getKey(), entry.getValue()));
        Set<String> initialized = new HashSet<>();
        graph.getInitializerList().forEach(tensor -> initialized.add(tensor.getName()));
        Map<Operator, Integer> operators = new TreeMap<>();
        count(graph.getNodeList(), operators);
        model.getFunctionsList().forEach(function -> count(function.getNodeList(), operators));
        model.getFunctionsList()
                .forEach(function -> operators.remove(new Operator(function.getDomain(), function.getName())));
        return new OnnxSummary(
                model.getIrVersion(),
                (model.getProducerName() + " " + model.getProducerVersion()).strip(),
                opsets,
                metadata,
                graph.getInputList().stream()
                        .filter(input -> !initialized.contains(input.getName()))
                        .map(OnnxSummary::entry)
                        .toList(),
                graph.getOutputList().stream().map(OnnxSummary::entry).toList(),
                graph.getInitializerList().stream().map(OnnxSummary::entry).toList(),
                operators);
    }

    private static void count(List<NodeProto> nodes, Map<Operator, Integer> operators) {
        for (NodeProto node : nodes) {
            String domain = node.getDomain().equals("ai.onnx") ? "" : node.getDomain();
            operators.merge(new Operator(domain, node.getOpType()), 1, Integer::sum);
            for (AttributeProto attribute : node.getAttributeList()) {
                if (attribute.hasG()) {
                    count(attribute.getG().getNodeList(), operators);
                }
            }
        }
    }

    private static Entry entry(ValueInfoProto info) {
        if (!info.getType().hasTensorType()) {
            return new Entry(info.getName(), "no tensor", "", 0, 0, false);
        }
        Shape shape = OnnxTypes.shape(info);
        List<String> dims = new ArrayList<>();
        if (shape != null) {
            shape.dims().forEach(dim -> dims.add(dim.isUnknown() ? "?" : dim.toString()));
        }
        String element = OnnxTensors.typeName(info.getType().getTensorType().getElemType());
        return new Entry(
                info.getName(),
                element,
                shape == null ? "of any shape" : "[" + String.join(",", dims) + "]",
                0,
                0,
                false);
    }

    private static Entry entry(TensorProto tensor) {
        long elements = 1;
        for (long size : tensor.getDimsList()) {
            elements *= size;
        }
        String dims = tensor.getDimsList().toString().replace(" ", "");
        int bits = OnnxTensors.bits(tensor.getDataType());
        return new Entry(
                tensor.getName(),
                OnnxTensors.typeName(tensor.getDataType()),
                dims,
                elements,
                (elements * bits + 7) / 8,
                OnnxTensors.isExternal(tensor));
    }
}
