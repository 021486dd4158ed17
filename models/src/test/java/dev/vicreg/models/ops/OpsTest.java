package dev.vicreg.models.ops;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vicreg.models.graph.Attributes;
import dev.vicreg.models.graph.Dim;
import dev.vicreg.models.graph.ElementType;
import dev.vicreg.models.graph.OpType;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.TensorType;
import dev.vicreg.models.graph.Value;
import java.util.List;
import org.junit.jupiter.api.Test;

class OpsTest {
    private final Ops ops = new Ops().scope("layer");

    private static Value input(Dim... dims) {
        return Value.input("x", new TensorType(ElementType.FLOAT, new Shape(List.of(dims))));
    }

    private void assertLocated(Class<? extends RuntimeException> kind, OpType op, Value... inputs) {
        RuntimeException e = assertThrows(kind, () -> ops.node(op, List.of(inputs), Attributes.NONE));
        String message = String.valueOf(e.getMessage());
        assertEquals(kind == IllegalArgumentException.class, e instanceof IllegalArgumentException, e.toString());
        assertTrue(message.startsWith(op.onnxName() + " at layer with inputs "), message);
    }

    @Test
    void inputsThatDoNotFitAreIllegalArguments() {
        assertLocated(IllegalArgumentException.class, OpType.ADD, input(Dim.of(2)), input(Dim.of(3)));
    }

    /** They are no wrong arguments, so the command line must not call them wrong usage. */
    @Test
    void otherFailuresKeepTheirKind() {
        Dim huge = Dim.of(Long.MAX_VALUE / 2);
        assertLocated(RuntimeException.class, OpType.FLATTEN, input(huge, huge, huge));
    }
}
