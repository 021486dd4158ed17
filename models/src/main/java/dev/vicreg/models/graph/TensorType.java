package dev.vicreg.models.graph;

/** Element type and shape of a tensor. */
public record TensorType(ElementType element, Shape shape) {
    @Override
    public String toString() {
        return element.name().toLowerCase(java.util.Locale.ROOT) + shape;
    }
}
