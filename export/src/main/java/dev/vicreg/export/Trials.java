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
import dev.vicreg.runtime.OutputPooling;
import dev.vicreg.runtime.input.Input;
import dev.vicreg.runtime.natives.Device;
import dev.vicreg.runtime.natives.OrtSessions;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/** Runs graphs of one encoder on the same samples, given or made up, on the CPU. */
final class Trials {
    private static final int BATCH = 4;

    private final Graph encoder;
    private final Input<?> input;
    private final List<byte[]> rows;
    private final boolean madeUp;
    private final float[][] plain;

    /**
     * Embeds the samples with the encoder as it is.
     *
     * @param encoderOnnx its file
     * @param encoder the same function, whose inner values can be watched
     */
    Trials(Path encoderOnnx, Graph encoder, Input<?> input, VariantExport.Samples samples)
            throws IOException, OrtException {
        this.encoder = encoder;
        this.input = input;
        madeUp = samples.rows().isEmpty();
        rows = madeUp ? madeUp(encoder, input) : samples.rows();
        try (OrtSession session = OrtSessions.open(encoderOnnx, Device.CPU, 0)) {
            plain = embedded(session, places(i -> true), 0);
        }
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

    /** Is told of an inner value's numbers on a batch. */
    @FunctionalInterface
    interface Watcher {
        void accept(Value value, FloatBuffer numbers);
    }

    /**
     * Runs the encoder with inner values as outputs.
     *
     * @param which samples, by their places
     * @param watchers each of which sees all of them, one after the other
     */
    void watch(Collection<Value> values, IntPredicate which, Watcher... watchers) throws OrtException {
        Map<String, Value> watched = new LinkedHashMap<>();
        values.forEach(value -> watched.put("value_" + watched.size(), value));
        byte[] watching = encoded(Graph.of(encoder.name(), encoder.inputs(), watched));
        try (OrtSession.SessionOptions options = OrtSessions.options(Device.CPU, 0);
                OrtSession session = OrtEnvironment.getEnvironment().createSession(watching, options)) {
            for (Watcher watcher : watchers) {
                run(session, places(which), 0, outputs -> {
                    for (Map.Entry<String, Value> each : watched.entrySet()) {
                        OnnxTensor found =
                                (OnnxTensor) outputs.get(each.getKey()).orElseThrow();
                        watcher.accept(each.getValue(), found.getFloatBuffer());
                    }
                });
            }
        }
    }

    /**
     * Checks how large inner values get. The CPU computes much of float16 in float32, so that its vectors alone would not
     * tell what a GPU makes infinite.
     *
     * @throws IllegalStateException if one is beyond {@code largest}
     */
    void requireWithin(List<Value> values, float largest) throws OrtException {
        watch(values, i -> true, (value, numbers) -> {
            while (numbers.hasRemaining()) {
                float number = numbers.get();
                if (!(Math.abs(number) <= largest)) {
                    throw new IllegalStateException("Encoder not published: " + value.producer() + " gives " + number
                            + ", more than float16 holds, which is " + largest + "; export it in fp32");
                }
            }
        });
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
        try (OrtSession.SessionOptions options = OrtSessions.options(Device.CPU, 0);
                OrtSession session = OrtEnvironment.getEnvironment().createSession(file, options)) {
            return new Comparison(expected, embedded(session, places, batch), places, madeUp);
        }
    }

    private float[][] embedded(OrtSession session, List<Integer> places, int batch) throws OrtException {
        List<float[]> vectors = new ArrayList<>();
        run(session, places, batch, outputs -> {
            OnnxTensor output =
                    (OnnxTensor) outputs.get(EncoderExport.EMBEDDING).orElseThrow();
            vectors.addAll(Arrays.asList(OutputPooling.NONE.rows(output, new boolean[0][])));
        });
        return vectors.subList(0, places.size()).toArray(float[][]::new);
    }

    private static byte[] encoded(Graph graph) {
        return OnnxFile.bytes(graph, Map.of(), EncoderExport.opset(graph));
    }

    private interface Sink {
        void accept(OrtSession.Result outputs) throws OrtException;
    }

    /** @param batch samples that the graph takes at once; 0 for any number */
    private void run(OrtSession session, List<Integer> places, int batch, Sink sink) throws OrtException {
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
