package dev.vicreg.export;

import ai.onnxruntime.OrtException;
import dev.vicreg.models.graph.Graph;
import dev.vicreg.models.graph.Node;
import dev.vicreg.models.graph.OpType;
import dev.vicreg.models.graph.Value;
import java.nio.FloatBuffer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What an encoder's inner values lie between on samples: calibration. The samples are run twice, first for the extremes,
 * then for histograms between those.
 */
final class ActivationRanges {
    private static final int BINS = 4096;

    /** Which shares are tried, for the one that leaves the vectors nearest to the float32 encoder's. */
    static final List<Double> SHARES = List.of(0.0, 1e-5, 1e-4, 1e-3);

    private final Map<Value, float[]> extremes = new HashMap<>();
    private final Map<Value, long[]> counts = new HashMap<>();
    private final Graph encoder;

    /** Measures {@link Int8#quantised}. */
    ActivationRanges(Graph encoder, Trials trials) throws OrtException {
        this.encoder = encoder;
        trials.watch(Int8.quantised(encoder), VariantExport.Samples::calibrates, this::extend, this::count);
    }

    private void extend(Value watched, FloatBuffer values) {
        float[] known = extremes.computeIfAbsent(watched, any -> new float[2]);
        while (values.hasRemaining()) {
            float value = values.get();
            known[0] = Math.min(known[0], value);
            known[1] = Math.max(known[1], value);
        }
    }

    private void count(Value watched, FloatBuffer values) {
        long[] bins = counts.computeIfAbsent(watched, any -> new long[BINS]);
        float[] ends = extremes.getOrDefault(watched, new float[2]);
        float perBin = (ends[1] - ends[0]) / BINS;
        while (values.hasRemaining() && perBin > 0) {
            bins[Math.max(0, Math.min(BINS - 1, (int) ((values.get() - ends[0]) / perBin)))]++;
        }
    }

    /**
     * The ranges of all values.
     *
     * @param beyond share of the elements that may lie beyond either end, which are cut off; 0 for none
     */
    Map<Value, Int8.Range> ranges(double beyond) {
        Map<Value, Int8.Range> ranges = new HashMap<>();
        extremes.forEach((watched, ends) ->
                ranges.put(watched, range(ends, counts.getOrDefault(watched, new long[BINS]), beyond)));
        for (Node node : encoder.nodes()) { // the same steps on both sides, so that nothing is rounded again
            Int8.Range before = node.op() == OpType.MAX_POOL ? ranges.get(node.input(0)) : null;
            if (before != null && ranges.containsKey(node.output(0))) {
                ranges.put(node.output(0), before);
            }
        }
        return ranges;
    }

    private static Int8.Range range(float[] ends, long[] bins, double beyond) {
        long all = 0;
        for (long bin : bins) {
            all += bin;
        }
        long most = (long) (beyond * all);
        int low = 0;
        for (long cut = 0; low < BINS && cut + bins[low] <= most; low++) {
            cut += bins[low];
        }
        int high = BINS;
        for (long cut = 0; high > low && cut + bins[high - 1] <= most; high--) {
            cut += bins[high - 1];
        }
        double perBin = ((double) ends[1] - ends[0]) / BINS;
        return beyond == 0
                ? new Int8.Range(ends[0], ends[1])
                : new Int8.Range((float) (ends[0] + low * perBin), (float) (ends[0] + high * perBin));
    }
}
