package dev.vicreg.models.onnx;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.FunctionProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import com.google.protobuf.ByteString;
import dev.vicreg.models.graph.Attributes;
import dev.vicreg.models.graph.ElementType;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.TensorType;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Attributes of nodes as ONNX files hold them. */
final class OnnxAttributes {
    /** Attributes whose number is an element type. */
    private static final Set<String> TYPES = Set.of("to", "dtype", "stash_type");

    private OnnxAttributes() {}

    /**
     * The attributes, with element types as they are in memory.
     *
     * @throws IllegalArgumentException for one of a kind or type that is not supported
     */
    static Attributes read(NodeProto node, ExternalData external) throws IOException {
        Attributes attributes = Attributes.NONE;
        for (AttributeProto attribute : node.getAttributeList()) {
            String name = attribute.getName();
            if (attributes.has(name)) {
                throw new IllegalArgumentException("attribute " + name + " is given twice");
            }
            attributes = switch (attribute.getType()) {
                case INT -> attributes.with(name, TYPES.contains(name) ? type(attribute) : attribute.getI());
                case FLOAT -> attributes.with(name, attribute.getF());
                case STRING -> attributes.with(name, attribute.getS().toStringUtf8());
                case INTS -> attributes.with(name, integers(attribute));
                case FLOATS -> attributes.with(name, reals(attribute));
                case STRINGS ->
                    attributes.with(
                            name,
                            attribute.getStringsList().stream()
                                    .map(ByteString::toStringUtf8)
                                    .toList());
                case TENSOR -> attributes.with(name, OnnxTensors.read(attribute.getT(), external));
                default ->
                    throw new IllegalArgumentException(
                            "attribute " + name + " is of a kind not supported: " + attribute.getType());
            };
        }
        return attributes;
    }

    private static long type(AttributeProto attribute) {
        return OnnxTensors.inMemory(Math.toIntExact(attribute.getI())).code();
    }

    private static long[] integers(AttributeProto attribute) {
        long[] integers = new long[attribute.getIntsCount()];
        for (int i = 0; i < integers.length; i++) {
            integers[i] = attribute.getInts(i);
        }
        return integers;
    }

    private static float[] reals(AttributeProto attribute) {
        float[] reals = new float[attribute.getFloatsCount()];
        for (int i = 0; i < reals.length; i++) {
            reals[i] = attribute.getFloats(i);
        }
        return reals;
    }

    /** What a Constant node gives. */
    static Tensor constant(Attributes attributes) {
        if (attributes.has("value_float")) {
            return Tensor.scalar(attributes.real("value_float", 0));
        }
        if (attributes.has("value_floats")) {
            float[] reals = attributes.reals("value_floats");
            return Tensor.of(Shape.of(reals.length), reals);
        }
        if (attributes.has("value_int")) {
            Tensor row = Tensor.ofLongs(attributes.integer("value_int", 0));
            return new Tensor(new TensorType(ElementType.INT64, Shape.SCALAR), row.data());
        }
        if (attributes.has("value_ints")) {
            return Tensor.ofLongs(attributes.integers("value_ints"));
        }
        return attributes
                .tensor("value")
                .orElseThrow(() -> new IllegalArgumentException(
                        "a Constant of " + attributes.names() + " is not supported: expected a tensor or numbers"));
    }

    /**
     * The nodes of a function with the attributes of one call put in, and inputs that the call leaves out left out.
     *
     * @param given the function's inputs that the call has
     */
    static List<NodeProto> bound(FunctionProto function, NodeProto call, Set<String> given) {
        Map<String, AttributeProto> arguments = new HashMap<>();
        function.getAttributeProtoList().forEach(attribute -> arguments.put(attribute.getName(), attribute));
        call.getAttributeList().forEach(attribute -> arguments.put(attribute.getName(), attribute));
        Set<String> absent = new HashSet<>(function.getInputList());
        absent.removeAll(given);
        List<NodeProto> nodes = new ArrayList<>();
        for (NodeProto node : function.getNodeList()) {
            NodeProto.Builder bound = node.toBuilder().clearAttribute();
            for (AttributeProto attribute : node.getAttributeList()) {
                AttributeProto argument = arguments.get(attribute.getRefAttrName());
                if (attribute.getRefAttrName().isEmpty()) {
                    bound.addAttribute(attribute);
                } else if (argument != null) {
                    bound.addAttribute(argument.toBuilder().setName(attribute.getName()));
                }
            }
            for (int i = 0; i < node.getInputCount(); i++) {
                if (absent.contains(node.getInput(i))) {
                    bound.setInput(i, "");
                }
            }
            nodes.add(bound.build());
        }
        return nodes;
    }

    static AttributeProto write(String name, Object value) {
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
            proto.setType(AttributeProto.AttributeType.TENSOR).setT(OnnxTensors.write("", tensor));
        } else {
            throw new IllegalStateException("Attribute " + name + " of unknown kind " + value);
        }
        return proto.build();
    }
}
