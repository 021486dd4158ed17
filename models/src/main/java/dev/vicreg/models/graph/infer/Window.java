package dev.vicreg.models.graph.infer;

import dev.vicreg.models.graph.Attributes;
import dev.vicreg.models.graph.Dim;
import dev.vicreg.models.graph.Node;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Value;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How a convolution or a pooling moves over the spatial axes of its input [N,C,…]: ONNX's attributes {@code strides},
 * {@code dilations}, {@code pads}, {@code auto_pad} and {@code ceil_mode}, with their defaults filled in.
 */
public final class Window {
    private final Attributes attributes;
    private final long[] kernel;
    private final long[] strides;
    private final long[] dilations;
    private final long[] pads;

    private Window(Attributes attributes, long... kernel) {
        this.attributes = attributes;
        this.kernel = kernel;
        this.strides = sizes("strides", 1, kernel.length);
        this.dilations = sizes("dilations", 1, kernel.length);
        this.pads = sizes("pads", 0, 2 * kernel.length);
    }

    private long[] sizes(String name, long otherwise, int count) {
        long[] ordinary = new long[count];
        Arrays.fill(ordinary, otherwise);
        long[] found = attributes.integers(name, ordinary);
        if (found.length != count) {
            throw new IllegalArgumentException(
                    name + " must have " + count + " elements, found " + Arrays.toString(found));
        }
        return found;
    }

    /**
     * The window of a Conv, ConvTranspose or pooling node.
     *
     * @throws IllegalArgumentException if the attributes do not fit the rank or the weights
     */
    public static Window of(Node node) {
        return of(node.attributes(), node.inputs().size() > 1 ? List.of(node.input(0), node.input(1)) : node.inputs());
    }

    /** The window over {@code inputs}: x, and the weights of a convolution, whose kernel is their last axes. */
    static Window of(Attributes attributes, List<? extends @Nullable Value> inputs) {
        Value x = inputs.get(0);
        Value weights = inputs.size() > 1 ? inputs.get(1) : null;
        if (x == null || x.shape().rank() < 3) {
            throw new IllegalArgumentException("the input must be [N,C,…] with one spatial axis or more");
        }
        long[] written = attributes.integers("kernel_shape");
        long[] kernel = weights == null ? written : kernel(weights.shape());
        boolean contradicts = written.length > 0 && !Arrays.equals(written, kernel);
        if (kernel.length != x.shape().rank() - 2 || contradicts) {
            throw new IllegalArgumentException("a kernel of " + Arrays.toString(written.length > 0 ? written : kernel)
                    + " does not fit " + x.shape() + (weights == null ? "" : " and weights " + weights.shape()));
        }
        return new Window(attributes, kernel);
    }

    private static long[] kernel(Shape weights) {
        return new Shape(weights.dims().subList(2, weights.rank())).toArray();
    }

    /** Number of spatial axes. */
    public int axes() {
        return kernel.length;
    }

    /** Elements of the kernel along a spatial axis. */
    public long kernel(int axis) {
        return kernel[axis];
    }

    /** Steps from one position to the next along a spatial axis. */
    public long stride(int axis) {
        return strides[axis];
    }

    /** Steps from one element of the kernel to the next along a spatial axis. */
    public long dilation(int axis) {
        return dilations[axis];
    }

    /** Elements from the first to the last that the kernel covers along a spatial axis. */
    public long extent(int axis) {
        return dilations[axis] * (kernel[axis] - 1) + 1;
    }

    private String autoPad() {
        return attributes.string("auto_pad", "NOTSET");
    }

    private boolean isSame() {
        return autoPad().startsWith("SAME");
    }

    private long padding(int axis) {
        return autoPad().equals("VALID") ? 0 : pads[axis] + pads[axis + axes()];
    }

    /**
     * The output's dimensions [N,channels,…] for an input [N,C,…]. A size that a symbol leaves open is unknown.
     *
     * @throws IllegalArgumentException if the window does not fit into the input
     */
    Shape outputs(Shape input, Dim channels) {
        List<Dim> dims = new ArrayList<>(List.of(input.at(0), channels));
        for (int axis = 0; axis < axes(); axis++) {
            dims.add(output(axis, input.at(2 + axis)));
        }
        return new Shape(dims);
    }

    private Dim output(int axis, Dim in) {
        boolean keeps = strides[axis] == 1 && (isSame() || padding(axis) == extent(axis) - 1);
        if (keeps || !in.isFixed()) {
            return keeps ? in : Dim.unknown();
        }
        if (isSame()) {
            return Dim.of(ceilDiv(in.size(), strides[axis]));
        }
        long room = in.size() + padding(axis) - extent(axis);
        if (room < 0) {
            throw new IllegalArgumentException(
                    "a window of " + extent(axis) + " does not fit into " + (in.size() + padding(axis)));
        }
        if (attributes.integer("ceil_mode", 0) == 0) {
            return Dim.of(room / strides[axis] + 1);
        }
        long count = ceilDiv(room, strides[axis]) + 1;
        // A last window that would begin beyond the input and its padding at the front is left out.
        long begin = autoPad().equals("VALID") ? 0 : pads[axis];
        return Dim.of((count - 1) * strides[axis] >= in.size() + begin ? count - 1 : count);
    }

    private static long ceilDiv(long a, long b) {
        return -Math.floorDiv(-a, b);
    }

    /**
     * The padding as numbers, all beginnings, then all ends, whether the node gives {@code pads} or {@code auto_pad}.
     *
     * @throws IllegalStateException if it depends on a size that is symbolic
     */
    public long[] pads(Shape input) {
        if (!isSame()) {
            return autoPad().equals("VALID") ? new long[2 * axes()] : pads.clone();
        }
        long[] result = new long[2 * axes()];
        for (int axis = 0; axis < axes(); axis++) {
            long size = input.size(2 + axis);
            long total = Math.max(0, (ceilDiv(size, strides[axis]) - 1) * strides[axis] + extent(axis) - size);
            split(result, axis, total, autoPad().equals("SAME_UPPER"));
        }
        return result;
    }

    /** The padding of a whole tensor [N,C,…], as Pad takes it, for that of its spatial axes: beginnings, then ends. */
    public static long[] around(long... spatialPads) {
        int axes = spatialPads.length / 2;
        long[] all = new long[2 * (axes + 2)];
        System.arraycopy(spatialPads, 0, all, 2, axes);
        System.arraycopy(spatialPads, axes, all, axes + 4, axes);
        return all;
    }

    private void split(long[] result, int axis, long total, boolean moreAtEnd) {
        result[axis] = moreAtEnd ? total / 2 : total - total / 2;
        result[axis + axes()] = total - result[axis];
    }

    /** The same window for a convolution, with the given padding written out. */
    public Attributes attributes(long... explicitPads) {
        return Attributes.NONE
                .with("kernel_shape", kernel)
                .with("strides", strides)
                .with("dilations", dilations)
                .with("pads", explicitPads)
                .with("group", attributes.integer("group", 1));
    }

    /** The dimensions [N,channels,…] that a transposed convolution makes of an input [N,C,…]. */
    Shape transposedOutputs(Shape input, Dim channels) {
        List<Dim> dims = new ArrayList<>(List.of(input.at(0), channels));
        long[] written = outputShape();
        for (int axis = 0; axis < axes(); axis++) {
            Dim in = input.at(2 + axis);
            long more = extent(axis) - 1 + outputPadding(axis) - padding(axis);
            if (written.length > 0) {
                dims.add(Dim.of(written[axis]));
            } else if (strides[axis] == 1 && (isSame() || more == 0)) {
                dims.add(in);
            } else if (!in.isFixed()) {
                dims.add(Dim.unknown());
            } else {
                dims.add(Dim.of(isSame() ? in.size() * strides[axis] : (in.size() - 1) * strides[axis] + 1 + more));
            }
        }
        return new Shape(dims);
    }

    /** The sizes along the spatial axes that {@code output_shape} asks for; empty if it is not given. */
    private long[] outputShape() {
        long[] written = attributes.integers("output_shape");
        return written.length == axes() + 2 ? Arrays.copyOfRange(written, 2, written.length) : written;
    }

    private long outputPadding(int axis) {
        return sizes("output_padding", 0, axes())[axis];
    }

    /**
     * What a transposed convolution cuts off its full result (in which every element of the input meets the whole
     * kernel), all beginnings, then all ends. A negative end is a stretch of zeros (and bias) beyond the full result.
     *
     * @throws IllegalStateException if it depends on a size that is symbolic
     */
    public long[] transposedPads(Shape input, Shape output) {
        long[] result = pads.clone();
        boolean chosen = isSame() || outputShape().length > 0;
        for (int axis = 0; axis < axes(); axis++) {
            long full = (input.size(2 + axis) - 1) * strides[axis] + extent(axis);
            if (chosen) {
                long total = Math.max(0, full + outputPadding(axis) - output.size(2 + axis));
                split(result, axis, total, autoPad().equals("SAME_UPPER"));
            } else if (autoPad().equals("VALID")) {
                result[axis] = 0;
            }
            result[axis + axes()] = full - result[axis] - output.size(2 + axis);
        }
        return result;
    }
}
