package dev.vicreg.training.data.view;

import java.nio.ByteBuffer;

/**
 * One view of each of B samples.
 *
 * @param type of each view
 * @param values direct, native byte order, [B, type.shape…], position 0, limit at the end
 */
public record ViewBatch(ViewType type, ByteBuffer values) {
    /** The batch's size and then the view's own axes. */
    public long[] shape() {
        long[] shape = new long[type.shape().size() + 1];
        shape[0] = values.limit() / type.bytes();
        for (int i = 1; i < shape.length; i++) {
            shape[i] = type.shape().get(i - 1);
        }
        return shape;
    }
}
