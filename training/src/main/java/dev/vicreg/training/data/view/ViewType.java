package dev.vicreg.training.data.view;

import dev.vicreg.models.setting.SettingException;
import java.util.List;

/**
 * What one view is made of.
 *
 * @param element of the values
 * @param shape of one view, without the batch's axis; row-major
 */
public record ViewType(Element element, List<Integer> shape) {
    /** Type of a value, in native byte order. */
    public enum Element {
        /** 0–255 unsigned. */
        UINT8(1),
        /** IEEE single precision. */
        FLOAT32(Float.BYTES),
        /** Ids. */
        INT64(Long.BYTES);

        private final int bytes;

        Element(int bytes) {
            this.bytes = bytes;
        }
    }

    /** @throws IllegalArgumentException if an axis is empty */
    public ViewType {
        shape = List.copyOf(shape);
        if (shape.stream().anyMatch(size -> size < 1)) {
            throw new SettingException("a view needs at least one value along every axis, found " + shape);
        }
    }

    /** Bytes of one view. */
    public int bytes() {
        return shape.stream().reduce(element.bytes, Math::multiplyExact);
    }
}
