package dev.vicreg.export;

import dev.vicreg.models.graph.Attributes;
import dev.vicreg.models.graph.Dim;
import dev.vicreg.models.graph.ElementType;
import dev.vicreg.models.graph.OpType;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.TensorType;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.ops.Ops;
import dev.vicreg.runtime.input.Input;
import java.util.Arrays;
import java.util.List;
import java.util.stream.LongStream;

/**
 * {@link Input.Pictures#prepare} as a graph: pictures of any size, uint8 [N,H,W,C], are resized with antialiasing until they
 * cover what the encoder takes, and the middle is cut out, with the sizes and offsets of {@code Picture.middle} and {@code
 * Picture.cover}. Resize computes as Pillow does on uint8, so that grey levels are off by rounding alone; see docs/export.md.
 */
final class ResizeFront {
    private static final float PILLOW_CUBIC = -0.5f;

    private ResizeFront() {}

    /** An input of pictures of any size. */
    static Value input(Input.Pictures pictures, Dim batch) {
        Dim channels = Dim.of(pictures.channels());
        Shape shape = new Shape(List.of(batch, Dim.symbol("H"), Dim.symbol("W"), channels));
        return Value.input(pictures.name(), new TensorType(ElementType.UINT8, shape));
    }

    /** uint8 [N,H,W,C] of any size → uint8 [N,height,width,C] as the encoder takes them. */
    static Value prepared(Value originals, Input.Pictures pictures) {
        Ops ops = new Ops().scope("resize");
        long height = pictures.size().height();
        long width = pictures.size().width();
        boolean square = pictures.imageWidth() == null;
        Value planes = ops.transpose(originals, 0, 3, 1, 2); // Resize takes cubic kernels of the last two axes alone
        Value shape = ops.node(OpType.SHAPE, List.of(planes), Attributes.NONE).output(0);
        Value h = ops.gather(shape, ops.longs(2), 0); // [1]
        Value w = ops.gather(shape, ops.longs(3), 0);
        Value coveredHeight = ops.longs(square ? pictures.shortestSide() : height);
        Value coveredWidth = ops.longs(square ? pictures.shortestSide() : width);
        Value tall = ops.node(
                        OpType.LESS_OR_EQUAL,
                        List.of(ops.mul(w, coveredHeight), ops.mul(h, coveredWidth)),
                        Attributes.NONE)
                .output(0);
        Value newHeight = ops.where(tall, ops.div(ops.mul(coveredWidth, h), w), coveredHeight);
        Value newWidth = ops.where(tall, coveredWidth, ops.div(ops.mul(coveredHeight, w), h));
        Value resized = resize(
                ops,
                planes,
                ops.concat(0, ops.gather(shape, ops.longs(0, 1), 0), newHeight, newWidth),
                pictures.interpolation());
        Value rows = ops.gather(resized, middle(ops, newHeight, height), 2);
        Value middle = ops.gather(rows, middle(ops, newWidth, width), 3);
        return ops.transpose(middle, 0, 2, 3, 1);
    }

    private static Value resize(Ops ops, Value planes, Value sizes, String interpolation) {
        Attributes attributes = Attributes.NONE
                .with("mode", interpolation.equals("bicubic") ? "cubic" : "linear")
                .with("antialias", 1)
                .with("coordinate_transformation_mode", "half_pixel")
                .with("exclude_outside", 1);
        if (interpolation.equals("bicubic")) {
            attributes = attributes.with("cubic_coeff_a", PILLOW_CUBIC);
        }
        return ops.node(OpType.RESIZE, Arrays.asList(planes, null, null, sizes), attributes)
                .output(0);
    }

    /** The places [count] in the middle of {@code size} [1]; half a place goes to the even one, as Math.rint has it. */
    private static Value middle(Ops ops, Value size, long count) {
        Value rest = ops.sub(size, ops.longs(count));
        Value half = ops.div(rest, ops.longs(2));
        Value odd = ops.sub(rest, ops.mul(half, ops.longs(2)));
        Value halfIsOdd = ops.sub(half, ops.mul(ops.div(half, ops.longs(2)), ops.longs(2)));
        Value start = ops.add(half, ops.mul(odd, halfIsOdd));
        Value places = ops.constant(Tensor.ofLongs(LongStream.range(0, count).toArray()));
        return ops.add(places, start);
    }
}
