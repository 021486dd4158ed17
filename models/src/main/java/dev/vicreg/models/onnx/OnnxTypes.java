package dev.vicreg.models.onnx;

import ai.onnx.proto.OnnxMl.TensorShapeProto;
import ai.onnx.proto.OnnxMl.TypeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import dev.vicreg.models.graph.Dim;
import dev.vicreg.models.graph.ElementType;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.TensorType;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Types of inputs and outputs as ONNX files hold them. */
final class OnnxTypes {
    private OnnxTypes() {}

    /** The declared shape; null if there is none. Sizes of which the file says nothing are {@link Dim#unknown()}. */
    static @Nullable Shape shape(ValueInfoProto info) {
        TypeProto.Tensor tensor = info.getType().getTensorType();
        if (!tensor.hasShape()) {
            return null;
        }
        List<Dim> dims = new ArrayList<>();
        for (TensorShapeProto.Dimension dim : tensor.getShape().getDimList()) {
            if (dim.hasDimValue() && dim.getDimValue() >= 0) {
                dims.add(Dim.of(dim.getDimValue()));
            } else {
                String symbol = dim.getDimParam();
                dims.add(symbol.isEmpty() ? Dim.unknown() : Dim.symbol(symbol));
            }
        }
        return new Shape(dims);
    }

    /**
     * The element type in memory.
     *
     * @throws IllegalArgumentException if the value is no tensor, or of a type that is not supported
     */
    static ElementType element(ValueInfoProto info) {
        if (!info.getType().hasTensorType()) {
            throw new IllegalArgumentException("input " + info.getName() + " is no tensor");
        }
        try {
            return OnnxTensors.inMemory(info.getType().getTensorType().getElemType());
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("input " + info.getName() + ": " + e.getMessage(), e);
        }
    }

    static ValueInfoProto write(String name, TensorType type) {
        TensorShapeProto.Builder shape = TensorShapeProto.newBuilder();
        for (Dim dim : type.shape().dims()) {
            TensorShapeProto.Dimension.Builder out = shape.addDimBuilder();
            if (dim.isFixed()) {
                out.setDimValue(dim.size());
            } else if (!dim.isUnknown()) {
                out.setDimParam(dim.toString());
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
}
