package dev.vicreg.export;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.vicreg.models.graph.Graph;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.onnx.OnnxFile;
import dev.vicreg.runtime.Embeddings;
import dev.vicreg.runtime.Manifest;
import dev.vicreg.runtime.OutputPooling;
import dev.vicreg.runtime.input.Input;
import dev.vicreg.runtime.natives.Device;
import dev.vicreg.runtime.natives.OrtSessions;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/** Runs graphs of one encoder on the same samples, given or made up, on the CPU. */
final class Trials {
    private static final int BATCH = 4;

    private final Input<?> input;
    private final List<byte[]> rows;
    private final boolean madeUp;
    private final float[][] plain;

    /** Embeds the samples with the encoder as it is. */
    Trials(Graph encoder, Manifest manifest, VariantExport.Samples samples) throws OrtException {
        input = manifest.input();
        madeUp = samples.rows().isEmpty();
        rows = madeUp ? madeUp(encoder, input) : samples.rows();
        plain = embedded(
                encoded(encoder), IntStream.range(0, rows.size()).boxed().toList(), 0);
    }

    private static List<byte[]> madeUp(Graph encoder, Input<?> input) {
        int count = MadeUpSamples.COUNTS[1];
        Tensor samples = MadeUpSamples.of(encoder.inputs().get(0).type(), count, input, true);
        int size = samples.data().length / count;
        return IntStream.range(0, count)
                .mapToObj(i -> Arrays.copyOfRange(samples.data(), i * size, (i + 1) * size))
                .toList();
    }

    private List<Integer> places(IntPredicate which) {
        return IntStream.range(0, rows.size()).filter(which).boxed().toList();
    }

    /** Runs those samples that calibrate. */
    void calibrate(Graph watching, ActivationRanges.Sink sink) throws OrtException {
        List<Integer> places =
                places(i -> !VariantExport.Samples.isMeasured(i) && !VariantExport.Samples.isChosenBy(i));
        try (OrtSession.SessionOptions options = OrtSessions.options(Device.CPU, 0);
                OrtSession session = open(watching, options)) {
            run(session, places, 0, sink);
        }
    }

    /**
     * Checks how large an encoder's inner values get. The CPU computes much of float16 in float32, so that its vectors
     * alone would not tell what a GPU makes infinite.
     *
     * @throws IllegalStateException if one is beyond {@code largest}
     */
    void requireWithin(Graph encoder, List<Value> values, float largest) throws OrtException {
        Map<String, Value> watched = new LinkedHashMap<>();
        values.forEach(value -> watched.put("value_" + watched.size(), value));
        Graph watching = Graph.of(encoder.name(), encoder.inputs(), watched);
        try (OrtSession.SessionOptions options = OrtSessions.options(Device.CPU, 0);
                OrtSession session = open(watching, options)) {
            run(session, places(i -> true), 0, outputs -> {
                for (Map.Entry<String, Value> each : watched.entrySet()) {
                    FloatBuffer found = ((OnnxTensor) outputs.get(each.getKey()).orElseThrow()).getFloatBuffer();
                    while (found.hasRemaining()) {
                        float value = found.get();
                        if (!(Math.abs(value) <= largest)) {
                            throw new IllegalStateException(
                                    "Encoder not published: " + each.getValue().producer()
                                            + " gives " + value + ", more than float16 holds, which is " + largest
                                            + "; export it in fp32");
                        }
                    }
                }
            });
        }
    }

    /** On the samples by which a calibration is chosen. */
    Comparison choiceOf(Graph graph) throws OrtException {
        return compared(encoded(graph), places(VariantExport.Samples::isChosenBy), 0, false);
    }

    /**
     * On all samples.
     *
     * @param file that is to be published, to the byte
     */
    Comparison compared(byte[] file, VariantExport.Settings settings) throws OrtException {
        return compared(file, places(i -> true), settings.batch(), settings.unitLength());
    }

    private Comparison compared(byte[] file, List<Integer> places, int batch, boolean unitLength) throws OrtException {
        float[][] expected = places.stream()
                .map(i -> unitLength ? Embeddings.normalised(plain[i]) : plain[i])
                .toArray(float[][]::new);
        return new Comparison(expected, embedded(file, places, batch), places, madeUp);
    }

    private float[][] embedded(byte[] file, List<Integer> places, int batch) throws OrtException {
        List<float[]> vectors = new ArrayList<>();
        try (OrtSession.SessionOptions options = OrtSessions.options(Device.CPU, 0);
                OrtSession session = OrtEnvironment.getEnvironment().createSession(file, options)) {
            run(session, places, batch, outputs -> {
                OnnxTensor output =
                        (OnnxTensor) outputs.get(EncoderExport.EMBEDDING).orElseThrow();
                vectors.addAll(Arrays.asList(OutputPooling.NONE.rows(output, new boolean[0][])));
            });
        }
        return vectors.subList(0, places.size()).toArray(float[][]::new);
    }

    private static OrtSession open(Graph graph, OrtSession.SessionOptions options) throws OrtException {
        return OrtEnvironment.getEnvironment().createSession(encoded(graph), options);
    }

    private static byte[] encoded(Graph graph) {
        return OnnxFile.bytes(graph, Map.of(), EncoderExport.opset(graph));
    }

    /** @param batch samples that the graph takes at once; 0 for any number */
    private void run(OrtSession session, List<Integer> places, int batch, ActivationRanges.Sink sink)
            throws OrtException {
        int most = batch > 0 ? batch : BATCH;
        for (int start = 0; start < places.size(); start += most) {
            int count = Math.min(most, places.size() - start);
            int fed = batch > 0 ? batch : count;
            ByteBuffer values = ByteBuffer.allocateDirect(Math.multiplyExact(fed, input.bytes()))
                    .order(ByteOrder.nativeOrder());
            for (int i = 0; i < count; i++) {
                values.put(rows.get(places.get(start + i)));
            }
            values.clear();
            long[] shape = LongStream.concat(LongStream.of(fed), Arrays.stream(input.shape()))
                    .toArray();
            try (OnnxTensor samples =
                            OnnxTensor.createTensor(OrtEnvironment.getEnvironment(), values, shape, input.type());
                    OrtSession.Result outputs = session.run(Map.of(input.name(), samples))) {
                sink.accept(outputs);
            }
        }
    }
}
