package dev.vicreg.tools.command;

import com.fasterxml.jackson.databind.JsonNode;
import dev.vicreg.models.setting.Group;
import dev.vicreg.models.setting.SettingException;
import dev.vicreg.tools.cli.Console;
import dev.vicreg.tools.cli.Setting;
import dev.vicreg.tools.cli.Settings;
import dev.vicreg.tools.cli.Usage;
import dev.vicreg.tools.output.EventFile;
import dev.vicreg.tools.output.MetricLines;
import dev.vicreg.tools.output.MetricsTable;
import dev.vicreg.training.run.RunConfig;
import dev.vicreg.training.run.RunLayout;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A run's metrics for other programs. */
final class MetricsCommand {
    private static final String EVAL = "eval."; // before the names of what was measured
    private static final String PROBE = "probe."; // likewise, by looking into the network
    private static final double MILLIS = 1e-3;

    private static final Setting<Path> RUN = Setting.path("run", "RUN", Group.MODEL, "folder of the run");
    private static final Setting<Boolean> CSV = Setting.flag("csv", Group.OUTPUT, "print a table with commas");
    private static final Setting<Path> TENSORBOARD =
            Setting.path("tensorboard", "DIR", Group.OUTPUT, "write a file of events for TensorBoard into this folder");

    static final Usage USAGE = new Usage(List.of(), List.of(RUN, CSV, TENSORBOARD), RUN, "./vicreg metrics run --csv");

    private MetricsCommand() {}

    static void run(Settings settings, Console console) throws IOException {
        Path run = settings.get(RUN);
        Optional<Path> tensorboard = settings.find(TENSORBOARD);
        if (settings.on(CSV) == tensorboard.isPresent()) {
            throw new SettingException("name one of --csv and --tensorboard DIR");
        }
        RunConfig config = RunConfig.read(new RunLayout(run).config());
        Path metrics = new RunLayout(run).metrics();
        if (!Files.exists(metrics)) {
            throw new NoSuchFileException("run " + run + " has no metrics yet: it lacks " + metrics.getFileName()
                    + ", which its first step writes");
        }
        if (tensorboard.isPresent()) {
            writeEvents(metrics, config.settings().graph().update().batchSize(), tensorboard.get());
            console.out().println(tensorboard.get());
        } else {
            MetricsTable.write(metrics, console.out());
        }
    }

    /**
     * Steps have no time of their own in the file: it follows from their pairs per second, the last one being when the file
     * was last written.
     */
    private static void writeEvents(Path metrics, int batch, Path folder) throws IOException {
        double[] seconds = {Files.getLastModifiedTime(metrics).toMillis() * MILLIS};
        new MetricLines(metrics).forEach(line -> seconds[0] -= seconds(line, batch));
        try (EventFile events = EventFile.create(folder, 1, seconds[0])) {
            new MetricLines(metrics).forEach(line -> {
                seconds[0] += seconds(line, batch);
                Map<String, Float> values = new LinkedHashMap<>();
                MetricLines.values(line).forEach((name, value) -> {
                    if (value.isNumber() && name.startsWith(EVAL)) {
                        values.put(EventCurves.MEASURED + name.substring(EVAL.length()), value.floatValue());
                    } else if (value.isNumber() && name.startsWith(PROBE)) {
                        values.put(EventCurves.PROBED + name.substring(PROBE.length()), value.floatValue());
                    } else if (value.isNumber() && !name.equals("step") && line.has("loss")) {
                        values.put(EventCurves.GROUP + name, value.floatValue());
                    }
                });
                if (line.path("step").isIntegralNumber() && !values.isEmpty()) {
                    events.add(line.path("step").asLong(), seconds[0], values);
                }
            });
        }
    }

    private static double seconds(JsonNode line, int batch) {
        double rate = line.path("pairs_per_second").asDouble();
        return rate > 0 ? batch / rate : 0;
    }
}
