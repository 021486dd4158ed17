package dev.vicreg.export;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.vicreg.models.graph.Dim;
import dev.vicreg.models.graph.ElementType;
import dev.vicreg.models.graph.Graph;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.TensorType;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.onnx.OnnxFile;
import dev.vicreg.runtime.input.Input;
import dev.vicreg.runtime.natives.Device;
import dev.vicreg.runtime.natives.OrtSessions;
import dev.vicreg.runtime.picture.Picture;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * How pictures that a file resizes compare with those that Java resizes.
 *
 * @param pictures how many were compared
 * @param largest difference of a value, in grey levels
 * @param differing share of the values that differ, 0 to 1
 */
public record Resizing(int pictures, int largest, double differing) {
    /** Largest difference that is published, in grey levels. */
    static final int MOST = 2;

    /** The sizes of made-up pictures, as shares of what the encoder takes: larger, smaller, lying and standing. */
    private static final double[][] SIZES = {{1, 1}, {2.5, 2.5}, {1.31, 2.77}, {3.4, 1.2}, {0.6, 0.83}};

    /**
     * Compares.
     *
     * @param input of the file
     * @param given pictures of any size; none for made-up ones
     * @throws IllegalStateException if they differ by more than rounding
     */
    static Resizing of(Input.Pictures input, List<Picture> given) throws OrtException {
        List<Picture> pictures = given.isEmpty() ? madeUp(input) : given;
        Input.Pictures outside = input.resizedInside(false);
        Value originals = ResizeFront.input(input, Dim.of(1));
        Graph front = Graph.of("front", List.of(originals), Map.of("out", ResizeFront.prepared(originals, input)));
        byte[] file = OnnxFile.bytes(front, Map.of(), EncoderExport.opset(front));
        int largest = 0;
        long differing = 0;
        long all = 0;
        try (OrtSession.SessionOptions options = OrtSessions.options(Device.CPU, 0);
                OrtSession session = OrtEnvironment.getEnvironment().createSession(file, options)) {
            for (Picture picture : pictures) {
                byte[] expected = outside.prepare(picture).samples();
                byte[] found = run(session, input.name(), input.prepare(picture));
                for (int i = 0; i < expected.length; i++) {
                    int difference = Math.abs((expected[i] & 0xFF) - (found[i] & 0xFF));
                    largest = Math.max(largest, difference);
                    differing += difference > 0 ? 1 : 0;
                }
                all += expected.length;
            }
        }
        if (largest > MOST) {
            throw new IllegalStateException("Encoder not published: pictures that it resizes differ by " + largest
                    + " grey levels from those that Java resizes, expected at most " + MOST + "; please report this");
        }
        return new Resizing(pictures.size(), largest, (double) differing / all);
    }

    private static byte[] run(OrtSession session, String name, Picture picture) throws OrtException {
        Shape shape = Shape.of(1, picture.height(), picture.width(), picture.channels());
        Tensor pixels = new Tensor(new TensorType(ElementType.UINT8, shape), picture.samples());
        try (OnnxTensor fed = Verification.tensor(pixels);
                OrtSession.Result outputs = session.run(Map.of(name, fed))) {
            ByteBuffer values = ((OnnxTensor) outputs.get(0)).getByteBuffer();
            byte[] resized = new byte[values.remaining()];
            values.get(resized);
            return resized;
        }
    }

    /** Slopes of colour with noise on them. */
    private static List<Picture> madeUp(Input.Pictures input) {
        SplittableRandom random = new SplittableRandom(0);
        List<Picture> pictures = new ArrayList<>();
        for (double[] size : SIZES) {
            int height = Math.max(1, (int) (size[0] * input.size().height()));
            int width = Math.max(1, (int) (size[1] * input.size().width()));
            byte[] samples = new byte[height * width * input.channels()];
            for (int i = 0; i < samples.length; i++) {
                int slope = i / input.channels() % width * 200 / width;
                samples[i] = (byte) Math.max(0, Math.min(255, slope + random.nextInt(-60, 120)));
            }
            pictures.add(new Picture(width, height, input.channels(), samples));
        }
        return pictures;
    }
}
