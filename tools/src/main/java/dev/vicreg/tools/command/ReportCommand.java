package dev.vicreg.tools.command;

import dev.vicreg.models.setting.Group;
import dev.vicreg.models.setting.SettingException;
import dev.vicreg.runtime.file.AtomicFile;
import dev.vicreg.runtime.natives.Device;
import dev.vicreg.tools.cli.Console;
import dev.vicreg.tools.cli.Setting;
import dev.vicreg.tools.cli.Settings;
import dev.vicreg.tools.cli.Usage;
import dev.vicreg.tools.output.Json;
import dev.vicreg.tools.output.Progress;
import dev.vicreg.tools.report.RunReport;
import dev.vicreg.training.config.MachineConfig;
import dev.vicreg.training.config.TrainingConfig;
import dev.vicreg.training.data.Datasets;
import dev.vicreg.training.run.RunConfig;
import dev.vicreg.training.run.RunLayout;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Writes the page about a run, or about several. */
final class ReportCommand {
    private static final int MOST_RUNS = 12; // as many colours as eyes tell apart
    private static final int MOST_SAMPLES = 2000; // of which a page of 3 MB has room

    private static final Setting<List<Path>> RUNS = Setting.paths(
            "run", "RUN", Group.MODEL, "folder of a run; several, without --run, are laid over each other");
    private static final Setting<Path> OUT = Setting.path(
            "out", "FILE.html", Group.OUTPUT, "page to write; without it report.html in the folder of the only run");
    private static final Setting<String> DATA = Setting.text(
            "data", "DIR|ARCHIVE|FILE", Group.DATA, "where the run's samples lie now, if not where they were", null);
    private static final Setting<Integer> SAMPLES = Setting.integer(
            "samples",
            "N",
            Group.EVALUATION,
            "samples in map and spectra; 0 for neither these nor views; without it up to 500, of large networks fewer",
            null,
            0,
            MOST_SAMPLES);

    static final Usage USAGE = new Usage(
            List.of(),
            List.of(RUNS, OUT, DATA, SAMPLES, SharedSettings.DEVICE, SharedSettings.THREADS, SharedSettings.JSON),
            RUNS,
            true,
            "./vicreg report run");

    private ReportCommand() {}

    static void run(Settings settings, Console console) throws Exception {
        List<Path> runs = settings.find(RUNS).orElse(List.of());
        if (runs.isEmpty() || runs.size() > MOST_RUNS) {
            throw new SettingException("name the folder of a run, or of up to " + MOST_RUNS + ", found " + runs.size()
                    + "; ./vicreg report --help shows how");
        }
        Path out = target(settings, runs);
        AtomicFile.requireWritable(out);
        RunReport report = RunReport.of(commands(runs));
        if (runs.size() == 1 && settings.find(SAMPLES).orElse(1) > 0) {
            addSamples(report, runs.get(0), settings, console);
        }
        report.write(out);
        console.out()
                .println(
                        settings.on(SharedSettings.JSON)
                                ? Json.line(Map.of("report", out.toString()))
                                : out.toString());
    }

    private static Path target(Settings settings, List<Path> runs) {
        Optional<Path> named = settings.find(OUT);
        if (named.isPresent() && !named.get().toString().endsWith(".html")) {
            throw new SettingException("--out must end in .html, found " + named.get());
        }
        if (named.isEmpty() && runs.size() > 1) {
            throw new SettingException("a page about " + runs.size() + " runs needs a name: add --out FILE.html");
        }
        return named.orElseGet(() -> new RunLayout(runs.get(0)).report());
    }

    private static Map<Path, String> commands(List<Path> runs) throws IOException {
        Map<Path, String> commands = new LinkedHashMap<>();
        for (Path run : runs) {
            if (commands.put(run, RunCommandLine.of(run, RunConfig.read(new RunLayout(run).config()))) != null) {
                throw new SettingException("run " + run + " is named twice");
            }
        }
        return commands;
    }

    private static void addSamples(RunReport report, Path run, Settings settings, Console console)
            throws IOException, InterruptedException {
        TrainingConfig config = RunConfig.settingsOf(run);
        Optional<String> data = settings.find(DATA);
        Device device = MachineConfig.device(settings.get(SharedSettings.DEVICE));
        int threads = settings.get(SharedSettings.THREADS);
        int count = settings.find(SAMPLES).isPresent() ? settings.get(SAMPLES) : RunReport.usualSamples(run);
        try (Datasets datasets = new Datasets(new Reading(console))) {
            addSamples(
                    report,
                    data.isPresent() ? config.with(config.data().at(data.get())) : config,
                    datasets,
                    count,
                    device,
                    threads,
                    console);
        }
    }

    /** Adds what needs the samples; the page says so if they aren't there. */
    private static void addSamples(
            RunReport report,
            TrainingConfig config,
            Datasets datasets,
            int count,
            Device device,
            int threads,
            Console console)
            throws InterruptedException {
        try {
            report.addViews(config, datasets);
            try (Progress progress = new Progress(console, "report", 0, count)) {
                report.addSamples(config, datasets, count, device, threads, progress::at);
            }
        } catch (IOException | SettingException | IllegalStateException e) {
            report.note("No samples are shown: " + e.getMessage());
        }
    }

    /**
     * Writes the page of a run that has ended.
     *
     * @param datasets that the run had open
     * @return the page; empty if it could not be written, which is told and no more: the run itself is complete
     */
    static Optional<Path> afterTraining(Path run, TrainingConfig config, Datasets datasets, Console console)
            throws InterruptedException {
        return written(run, console, report -> {
            int count = RunReport.usualSamples(run);
            Device device = config.computeDevice();
            addSamples(report, config, datasets, count, device, config.machine().threads(), console);
        });
    }

    /**
     * Writes the page of a run that was stopped or failed, without its samples: nobody wants to wait then.
     *
     * @param why a sentence for the page
     * @return as {@link #afterTraining}
     */
    static Optional<Path> afterBreak(Path run, String why, Console console) throws InterruptedException {
        return written(run, console, report -> report.note(why));
    }

    private interface Addition {
        void to(RunReport report) throws IOException, InterruptedException;
    }

    private static Optional<Path> written(Path run, Console console, Addition addition) throws InterruptedException {
        Path out = new RunLayout(run).report();
        try {
            RunReport report = RunReport.of(commands(List.of(run)));
            addition.to(report);
            report.write(out);
            return Optional.of(out);
        } catch (IOException | UncheckedIOException | SettingException | IllegalStateException e) {
            console.err().println("warning: no " + out + ": " + e.getMessage());
            return Optional.empty();
        }
    }
}
