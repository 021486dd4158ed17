package dev.vicreg.tools.command;

import dev.vicreg.tools.cli.Console;
import dev.vicreg.tools.cli.Settings;
import dev.vicreg.tools.output.Json;
import dev.vicreg.training.bench.StepBenchmark;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** What the benchmarks of {@code ./vicreg bench} measure and print alike. */
final class BenchFigures {
    private BenchFigures() {}

    /** Work on one thing, that is timed. */
    interface Work<T> {
        void on(T thing) throws IOException;
    }

    /** How long each took, one after the other. */
    static <T> double[] milliseconds(List<T> things, Work<T> work) throws IOException {
        double[] times = new double[things.size()];
        for (int i = 0; i < times.length; i++) {
            long start = System.nanoTime();
            work.on(things.get(i));
            times[i] = (System.nanoTime() - start) / 1e6;
        }
        return times;
    }

    static double median(double[] times) {
        return StepBenchmark.median(times);
    }

    /** The median, and between which times the middle 80 % lie: {@code NAME}, {@code NAME_p10}, {@code NAME_p90}. */
    static void put(Map<String, Object> figures, String name, double[] times) {
        double[] sorted = times.clone();
        Arrays.sort(sorted);
        figures.put(name, median(times));
        figures.put(name + "_p10", sorted[(int) (0.1 * (sorted.length - 1))]);
        figures.put(name + "_p90", sorted[(int) Math.ceil(0.9 * (sorted.length - 1))]);
    }

    /** One JSON object where that is asked for, else a line each. */
    static void tell(Map<String, Object> figures, Settings settings, Console console) {
        if (settings.on(SharedSettings.JSON)) {
            console.out().println(Json.line(figures));
            return;
        }
        figures.forEach((name, value) -> {
            String text =
                    value instanceof Double number ? String.format(Locale.ROOT, "%.3f", number) : value.toString();
            console.out().println(String.format(Locale.ROOT, "%-32s %s", name.replace('_', ' '), text));
        });
    }
}
