package dev.vicreg.tools.command;

import dev.vicreg.tools.output.EventFile;
import dev.vicreg.training.run.Metrics;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** A run's curves for TensorBoard, as they come. */
final class EventCurves implements Follower {
    /** What all of a step's curves are named after. */
    static final String GROUP = "train/";

    /** What all curves of measurements are named after. */
    static final String MEASURED = "eval/";

    /** What all curves of probes are named after. */
    static final String PROBED = "probe/";

    private static final double MILLIS = 1e-3;

    private final EventFile file;

    /**
     * Begins a file.
     *
     * @param stepsDone steps of the run that are not done again
     */
    EventCurves(Path folder, long stepsDone) throws IOException {
        file = EventFile.create(folder, stepsDone + 1, now());
    }

    private static double now() {
        return System.currentTimeMillis() * MILLIS;
    }

    @Override
    public void step(Metrics.Line line) throws IOException {
        Map<String, Float> values = new LinkedHashMap<>();
        values.put(GROUP + "epoch", (float) line.epoch());
        line.values().forEach((name, value) -> values.put(GROUP + name, value));
        values.put(GROUP + "pairs_per_second", (float) line.pairsPerSecond());
        file.add(line.step(), now(), values);
    }

    @Override
    public void measured(long step, Map<String, Double> figures) throws IOException {
        Map<String, Float> values = new LinkedHashMap<>();
        figures.forEach((name, value) -> values.put(MEASURED + name, value.floatValue()));
        file.add(step, now(), values);
    }

    @Override
    public void probed(long step, Map<String, Float> figures) throws IOException {
        Map<String, Float> values = new LinkedHashMap<>();
        figures.forEach((name, value) -> values.put(PROBED + name, value));
        file.add(step, now(), values);
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
