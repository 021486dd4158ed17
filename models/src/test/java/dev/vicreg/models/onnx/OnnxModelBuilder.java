package dev.vicreg.models.onnx;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TypeProto;
import java.util.function.Consumer;

/** Builds small ONNX models of any opset, sound or not, by names. Nodes are named {@code Operator_place}. */
final class OnnxModelBuilder {
    final ModelProto.Builder model = ModelProto.newBuilder().setIrVersion(8);
    final GraphProto.Builder graph = model.getGraphBuilder().setName("test");

    OnnxModelBuilder(int opset) {
        model.addOpsetImportBuilder().setVersion(opset);
    }

    /** @param dims numbers are sizes, strings are symbols, an empty string is a size of which nothing is said */
    OnnxModelBuilder input(String name, int type, Object... dims) {
        graph.addInputBuilder().setName(name).setType(type(type, dims));
        return this;
    }

    private static TypeProto type(int type, Object... dims) {
        TypeProto.Builder proto = TypeProto.newBuilder();
        proto.getTensorTypeBuilder().setElemType(type).getShapeBuilder();
        for (Object dim : dims) {
            var out = proto.getTensorTypeBuilder().getShapeBuilder().addDimBuilder();
            if (dim instanceof Integer size) {
                out.setDimValue(size);
            } else if (!dim.equals("")) {
                out.setDimParam((String) dim);
            }
        }
        return proto.build();
    }

    /** A float row with these elements; without any, nothing but a scalar's shape is wrong about it. */
    OnnxModelBuilder initializer(String name, float... values) {
        TensorProto.Builder tensor =
                graph.addInitializerBuilder().setName(name).setDataType(1).addDims(values.length);
        for (float value : values) {
            tensor.addFloatData(value);
        }
        return this;
    }

    OnnxModelBuilder initializer(TensorProto tensor) {
        graph.addInitializer(tensor);
        return this;
    }

    OnnxModelBuilder output(String name, Object... dims) {
        graph.addOutputBuilder().setName(name).setType(type(1, dims));
        return this;
    }

    OnnxModelBuilder node(String op, String inputs, String outputs) {
        return node(op, inputs, outputs, node -> {});
    }

    /** @param inputs names, with commas between them; an empty one is left out */
    OnnxModelBuilder node(String op, String inputs, String outputs, Consumer<NodeProto.Builder> more) {
        NodeProto.Builder node = graph.addNodeBuilder().setOpType(op);
        node.setName(op + "_" + (graph.getNodeCount() - 1));
        add(node, inputs, outputs);
        more.accept(node);
        return this;
    }

    static void add(NodeProto.Builder node, String inputs, String outputs) {
        if (!inputs.isEmpty()) {
            for (String input : inputs.split(",", -1)) {
                node.addInput(input);
            }
        }
        for (String output : outputs.split(",", -1)) {
            node.addOutput(output);
        }
    }

    static void attribute(NodeProto.Builder node, String name, long value) {
        node.addAttributeBuilder()
                .setName(name)
                .setType(AttributeProto.AttributeType.forNumber(2))
                .setI(value);
    }

    static void attribute(NodeProto.Builder node, String name, float value) {
        node.addAttributeBuilder()
                .setName(name)
                .setType(AttributeProto.AttributeType.forNumber(1))
                .setF(value);
    }

    static void attribute(NodeProto.Builder node, String name, String value) {
        node.addAttributeBuilder()
                .setName(name)
                .setType(AttributeProto.AttributeType.forNumber(3))
                .setS(com.google.protobuf.ByteString.copyFromUtf8(value));
    }

    static void attribute(NodeProto.Builder node, String name, long[] values) {
        var attribute = node.addAttributeBuilder().setName(name).setType(AttributeProto.AttributeType.forNumber(7));
        for (long value : values) {
            attribute.addInts(value);
        }
    }

    byte[] bytes() {
        return model.build().toByteArray();
    }
}
