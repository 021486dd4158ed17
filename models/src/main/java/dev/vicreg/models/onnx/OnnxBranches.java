package dev.vicreg.models.onnx;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.AttributeProto.AttributeType;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import dev.vicreg.models.graph.Node;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.TensorType;
import dev.vicreg.models.ops.ConditionalWrite;

/** Writes the nodes of {@link ConditionalWrite}. */
final class OnnxBranches {
    private OnnxBranches() {}

    /**
     * The node, in an If where it is to run only under a condition.
     *
     * @param written the node as it would stand there without one
     */
    static NodeProto write(Node node, NodeProto.Builder written) {
        if (!node.attributes().has(ConditionalWrite.ATTRIBUTE)) {
            return written.build();
        }
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
                .addInput(written.getInput((int) node.attributes().integer(ConditionalWrite.ATTRIBUTE, 0)))
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
