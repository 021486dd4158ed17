package dev.vicreg.models.graph;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.AttributeProto.AttributeType;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.NodeProto;

/**
 * Nodes that write in place and must not run unless a condition holds: in a file they stand in the branch of an If, which
 * reads and writes the tensors around it. Such a file isn't read back, since its condition is not constant.
 */
public final class OnlyIf {
    /** Names the input that is the condition. Not an attribute of any operator: it doesn't reach the file. */
    static final String ATTRIBUTE = "vicreg.only_if";

    private OnlyIf() {}

    /**
     * The attributes of a node that runs only where one of its inputs is true. Of its outputs none but the first may be
     * read, and that says only that the node was reached: it is negated, or zero where it didn't run.
     *
     * @param condition index of the input, a boolean of one element
     */
    public static Attributes on(Attributes attributes, int condition) {
        return attributes.with(ATTRIBUTE, (long) condition);
    }

    static boolean isOn(Node node) {
        return node.attributes().has(ATTRIBUTE);
    }

    /** @param written the node as it would stand there without a condition */
    static NodeProto write(Node node, NodeProto.Builder written) {
        String result = written.getOutput(0);
        TensorType type = node.output(0).type();
        NodeProto.Builder inner = written.clone().clearOutput();
        written.getOutputList().forEach(output -> inner.addOutput(inside(output)));
        int bytes = Math.toIntExact(type.shape().elements() * type.element().bytes());
        GraphProto.Builder then = GraphProto.newBuilder().addNode(inner);
        GraphProto.Builder otherwise = GraphProto.newBuilder()
                .addInitializer(OnnxTensors.write(inside(result), new Tensor(type, new byte[bytes])));
        return NodeProto.newBuilder()
                .setOpType("If")
                .setDomain("")
                .setName(written.getName() + "_if")
                .addInput(written.getInput((int) node.attributes().integer(ATTRIBUTE, 0)))
                .addOutput(result)
                .addAttribute(branch("then_branch", then, result, type))
                .addAttribute(branch("else_branch", otherwise, result, type))
                .build();
    }

    private static String inside(String name) {
        return name + "_inside";
    }

    /** Adds the branch's result, computed anew: a branch must not give a tensor that isn't its own. */
    private static AttributeProto branch(String name, GraphProto.Builder graph, String result, TensorType type) {
        String own = result + "_" + name;
        graph.setName(own)
                .addNode(NodeProto.newBuilder()
                        .setOpType("Neg")
                        .setDomain("")
                        .setName(own + "_copy")
                        .addInput(inside(result))
                        .addOutput(own))
                .addOutput(OnnxTypes.write(own, type));
        return AttributeProto.newBuilder()
                .setName(name)
                .setType(AttributeType.GRAPH)
                .setG(graph)
                .build();
    }
}
