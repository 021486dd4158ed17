package dev.vicreg.tools.command;

import dev.vicreg.models.setting.Group;
import dev.vicreg.models.setting.SettingException;
import dev.vicreg.tools.cli.Console;
import dev.vicreg.tools.cli.Setting;
import dev.vicreg.tools.cli.Settings;
import dev.vicreg.tools.cli.Usage;
import dev.vicreg.tools.evaluation.advice.Advice;
import dev.vicreg.tools.evaluation.advice.Candidates;
import dev.vicreg.tools.evaluation.advice.Change;
import dev.vicreg.tools.evaluation.advice.Strangeness;
import dev.vicreg.tools.output.Json;
import dev.vicreg.training.config.DataConfig;
import dev.vicreg.training.config.InputConfig;
import dev.vicreg.training.data.Datasets;
import dev.vicreg.training.data.kind.Kind;
import dev.vicreg.training.data.source.Dataset;
import dev.vicreg.training.data.source.Selection;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;

/** Looks at data without labels, tries a few settings on them in short runs, and prints the command that fits. */
final class AdviseCommand {
    private static final Setting<Path> OUT = Setting.path(
                    "out", "DIR", Group.OUTPUT, "folder for the short runs and the table; called again it goes on")
            .withFallback("advice");
    private static final Setting<Integer> MINUTES = Setting.integer(
            "minutes",
            "N",
            Group.OPTIMIZATION,
            "time for the short runs, after which those left are not begun",
            8,
            1,
            10_000);
    private static final Setting<Integer> STEPS = Setting.integer(
            "steps",
            "N",
            Group.OPTIMIZATION,
            "steps of each short run; without it as many as there is time for",
            null,
            1,
            1_000_000);
    private static final Setting<Integer> PARALLEL = Setting.integer(
            "parallel",
            "N",
            Group.MACHINE,
            "runs at a time, each with one thread; 0 for as many as processors and memory allow",
            0,
            0,
            1024);

    /** What candidates set, what this command sets itself, and what belongs to pairs. */
    private static final Set<String> TAKEN = Set.of(
            "augment",
            "objective",
            "loss",
            "invariance",
            "variance",
            "covariance",
            "predictor",
            "variance-term",
            "epochs",
            "steps",
            "warmup-epochs",
            "threads",
            "workers",
            "data-b",
            "pairs",
            "pair-by",
            "views",
            "local-views",
            "local-size",
            "checkpoint-every",
            "keep-checkpoints",
            "deterministic",
            "device");

    private static final int LEAST_SAMPLES = 32;

    private static final List<Setting<?>> OF_A_RUN = Stream.of(
                    Setting.of(DataConfig.class), RunOptions.GRAPH, RunOptions.RUN)
            .<Setting<?>>flatMap(List::stream)
            .toList();

    static final Usage USAGE = new Usage(
            List.of(SharedSettings.DATA),
            Stream.concat(Stream.of(OUT, MINUTES, STEPS, PARALLEL, SharedSettings.JSON), OF_A_RUN.stream())
                    .filter(setting -> setting.equals(STEPS)
                            || (!TAKEN.contains(setting.name())
                                    && !setting.name().endsWith("-b")
                                    && !setting.name().equals(SharedSettings.DATA.name())))
                    .toList(),
            "./vicreg advise --data shapes/train");

    /** All that a run can be told. */
    private static final Usage ALL = new Usage(List.of(), OF_A_RUN, "");

    private final Settings given;
    private final Datasets datasets;
    private final Console console;
    private final long end;

    private AdviseCommand(Settings given, Datasets datasets, Console console) {
        this.given = given;
        this.datasets = datasets;
        this.console = console;
        this.end = System.nanoTime() + TimeUnit.MINUTES.toNanos(given.get(MINUTES));
    }

    static void run(Settings given, Console console) throws Exception {
        try (Datasets datasets = new Datasets(new Reading(console))) {
            new AdviseCommand(given, datasets, console).run();
        }
    }

    private void run() throws Exception {
        AdviseTrials trials = new AdviseTrials(given.without("steps").as(ALL), given.get(OUT), datasets, console);
        InputConfig input = trials.input();
        DataConfig config = trials.data();
        Dataset<?> data = datasets.open(config.data(), input.reading(), config.selection());
        if (data.size() < LEAST_SAMPLES) {
            throw new SettingException(
                    "--data " + config.data() + " holds " + data.size() + " " + data.noun() + ": expected "
                            + LEAST_SAMPLES + " or more, since fewer tell too little; start with ./vicreg train");
        }
        Dataset<?> test =
                config.evalData() == null ? null : datasets.open(config.evalData(), input.reading(), Selection.ALL);
        Look look = look(input, data);
        int parallel = ParallelRuns.parallel(given.get(PARALLEL));
        List<AdviseTrials.Planned> planned = trials.planned(
                Candidates.of(input.kind(), look.strangeness), data, given.get(MINUTES), given.find(STEPS), parallel);
        List<ParallelRuns.Planned> runs =
                planned.stream().map(AdviseTrials.Planned::run).toList();
        long steps = runs.get(0).config().schedule().length().steps();
        console.err().println(runs.size() + " runs of " + steps + " steps, " + parallel + " at a time");
        BooleanSupplier timeUp = () -> System.nanoTime() >= end;
        List<Advice.Tried> tried = new ParallelRuns("advise", datasets, console)
                .results(
                        runs,
                        data,
                        parallel,
                        timeUp,
                        i -> new Advice.Tried(
                                planned.get(i).candidate(), AdviseTrials.trial(runs.get(i), runs.get(0), data, test)));
        int left = runs.size() - tried.size();
        if (left > 0) {
            console.err()
                    .println("stopped and saved; " + tried.size() + " of " + runs.size()
                            + " runs are done; the same command goes on");
        }
        if (left == 0 || (timeUp.getAsBoolean() && tried.size() > 1)) {
            print(Advice.of(tried), look, input.kind(), data, steps);
        }
    }

    /** What samples are like, untrained: how strange each change makes them, and the share that has a near twin. */
    private record Look(Map<String, Double> strangeness, double nearDuplicates) {}

    private Look look(InputConfig input, Dataset<?> data) throws IOException {
        Kind<?> kind = input.kind();
        console.err().println("looking at " + data.size() + " " + data.noun());
        Strangeness samples = new Strangeness(input.views(data, Change.nothing(kind)));
        Map<String, Double> strangeness = new LinkedHashMap<>();
        for (Change change : Change.of(kind)) {
            strangeness.put(change.name(), samples.of(input.views(data, change.alone(kind))));
        }
        return new Look(strangeness, samples.nearDuplicates());
    }

    private void print(Advice advice, Look look, Kind<?> kind, Dataset<?> data, long steps) {
        Map<String, String> options = options(advice, data.size());
        String command = command(options);
        List<String> reasons = advice.reasons(kind, look.strangeness, data.size());
        if (given.on(SharedSettings.JSON)) {
            Map<String, Object> json = new LinkedHashMap<>();
            json.put("command", command);
            json.put("options", options);
            json.put("reasons", reasons);
            json.put("strangeness", look.strangeness);
            json.put("near_duplicates", look.nearDuplicates);
            json.put("correlations", advice.correlations());
            json.put("tried", advice.ranked().stream().map(AdviseCommand::json).toList());
            console.out().println(Json.line(json));
            return;
        }
        StringBuilder text = new StringBuilder();
        text.append(data.size())
                .append(' ')
                .append(data.noun())
                .append("; how far changed ones are from others, as a multiple of unchanged ones:\n");
        for (Change change : Change.of(kind)) {
            double value = look.strangeness.getOrDefault(change.name(), 1.0);
            String left = change.isStrange(value) ? "  strange" : "";
            text.append(String.format(Locale.ROOT, "  %-36s %5.2f%s%n", change.what(), value, left));
        }
        text.append(String.format(Locale.ROOT, "%.1f %% have a near twin%n", 100 * look.nearDuplicates));
        text.append("\ntried without labels, ")
                .append(steps)
                .append(" steps each, the best first:\n")
                .append(advice.text());
        text.append("\nadvised, since\n");
        reasons.forEach(reason -> text.append("  ").append(reason).append('\n'));
        console.out().print(text);
        console.out().println("\n" + command);
    }

    private static Map<String, Object> json(Advice.Tried tried) {
        return Map.of(
                "name", tried.candidate().name(),
                "options", tried.candidate().options(),
                "figures", tried.trial().figures());
    }

    /** What is advised beside what was given. */
    private Map<String, String> options(Advice advice, int samples) {
        Map<String, String> options = new LinkedHashMap<>(advice.best().options());
        options.putAll(Advice.amount(samples));
        options.keySet().removeIf(given::isGiven);
        return options;
    }

    private String command(Map<String, String> advised) {
        StringBuilder command = new StringBuilder("./vicreg train");
        append(command, "data", given.get(SharedSettings.DATA));
        append(command, "out", "run");
        for (Setting<?> setting : OF_A_RUN) {
            Optional<String> text = USAGE.optional().contains(setting) ? given.text(setting.name()) : Optional.empty();
            if (text.isPresent() && !setting.isFlag()) {
                append(command, setting.name(), text.get());
            } else if (text.isPresent() && text.get().equals("true")) {
                command.append(" --").append(setting.name());
            }
        }
        advised.forEach((name, text) -> append(command, name, text));
        return command.toString();
    }

    private static void append(StringBuilder command, String name, String text) {
        command.append(" --").append(name).append(' ').append(RunCommandLine.quoted(text));
    }
}
