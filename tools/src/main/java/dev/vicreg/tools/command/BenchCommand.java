package dev.vicreg.tools.command;

import dev.vicreg.models.setting.Group;
import dev.vicreg.runtime.file.TemporaryFolder;
import dev.vicreg.runtime.natives.Device;
import dev.vicreg.tools.cli.Console;
import dev.vicreg.tools.cli.Setting;
import dev.vicreg.tools.cli.Settings;
import dev.vicreg.tools.cli.Usage;
import dev.vicreg.tools.output.Json;
import dev.vicreg.training.bench.StepBenchmark;
import dev.vicreg.training.bench.StepProfile;
import dev.vicreg.training.config.GraphConfig;
import dev.vicreg.training.config.MachineConfig;
import dev.vicreg.training.session.Execution;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Times training steps on random views. */
final class BenchCommand {
    private static final Setting<Integer> STEPS = Setting.integer(
            "steps", "N", Group.OPTIMIZATION, "steps, of which the first two are dropped", 7, 3, 1_000_000);

    private static final Setting<Boolean> OPERATORS = Setting.flag(
            "operators",
            Group.OUTPUT,
            "also tell how the time of a step divides by operator; on a GPU, that of starting them");

    static final Usage USAGE = new Usage(
            List.of(),
            Stream.of(
                            RunOptions.GRAPH,
                            List.of(STEPS, OPERATORS, SharedSettings.DATA, RunOptions.DATA_B, SharedSettings.JSON),
                            Setting.of(MachineConfig.class))
                    .<Setting<?>>flatMap(List::stream)
                    .filter(setting -> !setting.name().equals("workers"))
                    .toList(),
            "./vicreg bench train --width 64 --batch-size 64 --projector 512-512-512 --steps 7 --json");

    private BenchCommand() {}

    static void run(Settings given, Console console) throws Exception {
        Settings settings = InputOptions.preprocessed(given);
        EncoderTrial.explaining(settings, () -> measure(settings, console));
    }

    private static void measure(Settings settings, Console console) throws Exception {
        MachineConfig machine = settings.read(MachineConfig.class).resolved();
        int threads = machine.threads();
        GraphConfig config = RunOptions.graph(settings, SideInputs.of(settings));
        Device device = machine.computeDevice(config.precision());
        Notes.tellOfPrecision(config, device, console);
        StepBenchmark.Result result;
        try (TemporaryFolder folder = TemporaryFolder.create("vicreg-bench")) {
            Execution execution = new Execution(device, threads, machine.recompute(), machine.branches());
            result = StepBenchmark.run(config, execution, settings.get(STEPS), folder.path());
        }
        Long peak = result.peakResidentBytes();
        result.profile().requireOn(device);
        if (settings.on(SharedSettings.JSON)) {
            Map<String, @Nullable Object> figures = new LinkedHashMap<>();
            figures.put("seconds_per_step", result.secondsPerStep());
            figures.put("pairs_per_second", result.pairsPerSecond());
            figures.put("peak_rss_bytes", peak);
            figures.put("threads", threads);
            figures.put("precision", config.precision().precision());
            if (result.scaling() != null) {
                figures.put("loss_scale", result.scaling().scale());
                figures.put("skipped_steps", result.scaling().skipped());
            }
            figures.putAll(placement(result));
            console.out().println(Json.line(figures));
        } else {
            console.out()
                    .println(String.format(
                            Locale.ROOT,
                            "%.3f s a step, %.1f pairs/s, %s MB resident at most, %d threads",
                            result.secondsPerStep(),
                            result.pairsPerSecond(),
                            peak == null ? "?" : String.valueOf(peak >> 20),
                            threads));
            if (result.secondsToCopy() > 0) {
                console.out()
                        .println(String.format(
                                Locale.ROOT,
                                "%s; copy of the views at most %.2f %% of a step",
                                result.profile().summary(),
                                100 * result.secondsToCopy() / result.secondsPerStep()));
            }
            if (settings.on(OPERATORS)) {
                printOperators(result.profile(), console);
            }
        }
    }

    /** Where the step's operators ran. */
    private static Map<String, Object> placement(StepBenchmark.Result result) {
        Map<String, Object> figures = new LinkedHashMap<>();
        figures.put("operators", result.profile().operators().size());
        figures.put("host_operators", result.profile().onHost());
        figures.put("copies", result.profile().copies().size());
        figures.put("seconds_to_copy_views", result.secondsToCopy());
        figures.put("microseconds_by_operator", result.profile().microsecondsByType());
        return figures;
    }

    private static void printOperators(StepProfile profile, Console console) {
        Map<String, Long> sums = profile.microsecondsByType();
        double total = sums.values().stream().mapToLong(Long::longValue).sum();
        sums.forEach((type, sum) -> console.out()
                .println(String.format(Locale.ROOT, "%-26s %9.2f ms %5.1f %%", type, sum / 1e3, 100 * sum / total)));
    }
}
