package dev.vicreg.models.onnx;

import dev.vicreg.models.graph.Value;
import java.util.List;

/**
 * What a name in a file stands for: a tensor, or a list of tensors, which ONNX calls a sequence.
 *
 * @param tensors the list's; one where it is no list
 */
record Item(List<Value> tensors, boolean isList) {
    Item {
        tensors = List.copyOf(tensors);
    }

    static Item of(Value tensor) {
        return new Item(List.of(tensor), false);
    }

    static Item list(List<Value> tensors) {
        return new Item(tensors, true);
    }

    /** @param what it is, for the message */
    Value tensor(String what) {
        if (isList) {
            throw new IllegalArgumentException(
                    what + " is a list of tensors: expected a tensor; export the network with"
                            + " Split, Concat and Slice in place of lists");
        }
        return tensors.get(0);
    }
}
