package dev.vicreg.training.session;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.vicreg.models.graph.Attributes;
import dev.vicreg.models.graph.ElementType;
import dev.vicreg.models.graph.Graph;
import dev.vicreg.models.graph.OpType;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.TensorType;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.onnx.OnnxFile;
import dev.vicreg.models.ops.Ops;
import dev.vicreg.runtime.natives.Device;
import dev.vicreg.runtime.natives.NativeLibraries;
import dev.vicreg.runtime.natives.OrtSessions;
import dev.vicreg.training.step.lowering.Lowering;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Finds the lowering that suits this machine, by asking ONNX Runtime. */
public final class MachineLowering {
    private static final Logger log = LoggerFactory.getLogger(MachineLowering.class);
    private static final int CHANNELS = 32;

    private MachineLowering() {}

    /**
     * The lowering for a device and a number of threads.
     *
     * @throws IllegalStateException if CUDA is asked for and can't be used: says what is missing
     */
    public static Lowering of(Device device, int threads) {
        return OrtSessions.resolve(device).kind() == Device.Kind.CUDA ? Lowering.CUDA : Lowering.cpu(threads, block());
    }

    /**
     * Channels in a block of the blocked layout: 16 with AVX-512, 8 with AVX, 0 where the operators are missing. Read off
     * where ReorderInput puts the second pixel of the first channel, so that it can't disagree with the kernels.
     */
    private static int block() {
        NativeLibraries.load();
        Value x = Value.input("x", new TensorType(ElementType.FLOAT, Shape.of(1, CHANNELS, 1, 2)));
        Value reordered = new Ops()
                .node(OpType.REORDER_INPUT, List.of(x), Attributes.NONE)
                .output(0);
        Value y = new Ops().mul(reordered, 1);
        byte[] model = OnnxFile.bytes(Graph.of("block", List.of(x), Map.of("y", y)), Map.of());
        float[] pixels = new float[2 * CHANNELS];
        for (int channel = 0; channel < CHANNELS; channel++) {
            pixels[2 * channel + 1] = channel + 1; // first pixels 0, second ones numbered
        }
        OrtEnvironment environment = OrtEnvironment.getEnvironment();
        try (OrtSession session = environment.createSession(model);
                OnnxTensor input =
                        OnnxTensor.createTensor(environment, FloatBuffer.wrap(pixels), new long[] {1, CHANNELS, 1, 2});
                OrtSession.Result result = session.run(Map.of("x", input))) {
            FloatBuffer out = ((OnnxTensor) result.get(0)).getFloatBuffer();
            for (int block : new int[] {8, 16}) {
                if (out.get(block) == 1) {
                    return block;
                }
            }
            log.debug("The blocked layout of this machine is neither 8 nor 16 channels: not used");
            return 0;
        } catch (OrtException e) {
            log.debug("No blocked convolutions on this machine: {}", e.getMessage());
            return 0;
        }
    }
}
