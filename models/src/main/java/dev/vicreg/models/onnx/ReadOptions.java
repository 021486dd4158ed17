package dev.vicreg.models.onnx;

import dev.vicreg.models.graph.Dim;
import dev.vicreg.models.graph.Shape;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * How an ONNX file is read. Immutable.
 *
 * @param inputShapes shapes of some inputs by name, in place of the declared ones. A symbol of the file that becomes a size
 *     here becomes the same size in all other inputs, so that shape computations can be followed
 * @param batch the first size of every input for which the file leaves it open and {@code inputShapes} says nothing; 0 to
 *     leave it open
 * @param outputs names of the values that the graph is to compute, outputs of the file or any others in it; empty for the
 *     file's outputs
 */
public record ReadOptions(Map<String, Shape> inputShapes, long batch, List<String> outputs) {
    /** As the file has it. */
    public static final ReadOptions DEFAULT = new ReadOptions(Map.of(), 0, List.of());

    /** Copies maps and lists. */
    public ReadOptions {
        inputShapes = Map.copyOf(inputShapes);
        outputs = List.copyOf(outputs);
        if (batch < 0) {
            throw new IllegalArgumentException("batch must be at least 1, or 0 to leave it open; found " + batch);
        }
    }

    /** These options with shapes of inputs by name. */
    public ReadOptions withInputShapes(Map<String, Shape> shapes) {
        return new ReadOptions(shapes, batch, outputs);
    }

    /** These options with a size for the open first dimension of every input. */
    public ReadOptions withBatch(long size) {
        return new ReadOptions(inputShapes, size, outputs);
    }

    /** These options with the values that the graph is to compute. */
    public ReadOptions withOutputs(List<String> names) {
        return new ReadOptions(inputShapes, batch, names);
    }

    /**
     * The shape of every input.
     *
     * @param declared shapes as the file has them, in its order; null where it has none
     * @throws IllegalArgumentException if there is no such input, or its declared shape is another
     */
    Map<String, @Nullable Shape> shapes(Map<String, @Nullable Shape> declared) {
        Map<String, Dim> bound = new HashMap<>();
        declared.forEach((name, shape) -> bind(name, shape, bound));
        Set<String> unknown = new TreeSet<>(inputShapes.keySet());
        unknown.removeAll(declared.keySet());
        if (!unknown.isEmpty()) {
            throw new IllegalArgumentException(
                    "the file has no input " + String.join(", ", unknown) + ", only " + declared.keySet());
        }
        Map<String, @Nullable Shape> shapes = new LinkedHashMap<>();
        declared.forEach((name, shape) ->
                shapes.put(name, inputShapes.containsKey(name) ? inputShapes.get(name) : substituted(shape, bound)));
        return shapes;
    }

    private void bind(String name, @Nullable Shape declared, Map<String, Dim> bound) {
        Shape given = inputShapes.get(name);
        if (declared == null || (given == null && (batch == 0 || declared.rank() == 0))) {
            return;
        }
        Shape wanted =
                given != null ? given : declared.with(0, declared.at(0).isFixed() ? declared.at(0) : Dim.of(batch));
        boolean fits = wanted.rank() == declared.rank();
        for (int axis = 0; fits && axis < declared.rank(); axis++) {
            String symbol = declared.at(axis).symbol();
            Dim other = symbol == null ? declared.at(axis) : bound.getOrDefault(symbol, wanted.at(axis));
            boolean leftOpen = symbol != null && symbol.equals(wanted.at(axis).symbol());
            fits = leftOpen || other.equals(wanted.at(axis));
            if (symbol != null && wanted.at(axis).isFixed()) {
                bound.put(symbol, wanted.at(axis));
            }
        }
        if (!fits) {
            throw new IllegalArgumentException("input " + name + " has shape " + declared + " in the file, which "
                    + wanted + " does not fit; a fixed size can only be changed by exporting the file anew");
        }
    }

    private static @Nullable Shape substituted(@Nullable Shape declared, Map<String, Dim> bound) {
        if (declared == null) {
            return null;
        }
        List<Dim> dims = new ArrayList<>();
        for (Dim dim : declared.dims()) {
            dims.add(dim.symbol() == null ? dim : bound.getOrDefault(dim.symbol(), dim));
        }
        return new Shape(dims);
    }
}
