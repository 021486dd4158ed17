package dev.vicreg.tools.command;

import dev.vicreg.models.setting.Group;
import dev.vicreg.runtime.natives.Device;
import dev.vicreg.tools.cli.Console;
import dev.vicreg.tools.cli.Setting;
import dev.vicreg.tools.cli.Settings;
import dev.vicreg.tools.cli.Usage;
import dev.vicreg.tools.output.Json;
import dev.vicreg.tools.output.Progress;
import dev.vicreg.training.bench.StepTrial;
import dev.vicreg.training.config.GraphConfig;
import dev.vicreg.training.config.MachineConfig;
import dev.vicreg.training.run.Artifacts;
import dev.vicreg.training.session.MachineLowering;
import dev.vicreg.training.step.TrainingGraph;
import dev.vicreg.training.step.lowering.Lowering;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;

/** Writes what ONNX Runtime Training needs to train an encoder, without training. */
final class ArtifactsCommand {
    private static final Setting<Path> OUT =
            Setting.path("out", "DIR", Group.OUTPUT, "folder for the three files; new or empty");

    private static final Setting<Boolean> UNTRIED = Setting.flag(
            "untried", Group.OUTPUT, "leave out the step that shows that the files train, as for a larger machine");

    static final Usage USAGE = new Usage(
            List.of(OUT),
            Stream.of(
                            RunOptions.GRAPH,
                            List.of(
                                    SharedSettings.DATA,
                                    RunOptions.DATA_B,
                                    RunOptions.SEED,
                                    UNTRIED,
                                    SharedSettings.JSON,
                                    SharedSettings.DEVICE,
                                    SharedSettings.THREADS))
                    .<Setting<?>>flatMap(List::stream)
                    .toList(),
            "./vicreg artifacts --encoder resnet18 --width 64 --projector 2048-2048-2048 --out artifacts");

    private ArtifactsCommand() {}

    static void run(Settings given, Console console) throws Exception {
        Settings settings = InputOptions.preprocessed(given);
        EncoderTrial.explaining(settings, () -> write(settings, console));
    }

    private static void write(Settings settings, Console console) throws Exception {
        Path out = settings.get(OUT);
        GraphConfig config = RunOptions.graph(settings, SideInputs.of(settings));
        Notes.warnOfCoefficients(config.objective(), console);
        Notes.tellOfFiles(config, console);
        MachineConfig machine = settings.read(MachineConfig.class).resolved();
        Device device = machine.computeDevice(config.precision());
        Notes.tellOfPrecision(config, device, console);
        Lowering lowering = MachineLowering.of(device, machine.threads()).with(machine.recompute());
        TrainingGraph.Built built = TrainingGraph.build(config.spec());
        Files.createDirectories(out);
        try (Stream<Path> entries = Files.list(out)) {
            if (entries.findAny().isPresent()) {
                throw new IOException(out + " is not empty; name a new folder");
            }
        }
        Artifacts artifacts = Artifacts.write(out, built, built.initialState(settings.get(RunOptions.SEED)), lowering);
        if (!settings.on(UNTRIED)) {
            attempt(artifacts, built, config, device, machine.threads(), console);
        }
        if (settings.on(SharedSettings.JSON)) {
            console.out()
                    .println(Json.line(Map.of(
                            "training_model", artifacts.trainingModel().toString(),
                            "eval_model", artifacts.evalModel().toString(),
                            "checkpoint", artifacts.checkpoint().toString())));
        } else {
            console.out().println(out);
        }
    }

    /** Steps once; files that don't train are not left behind. */
    private static void attempt(
            Artifacts artifacts,
            TrainingGraph.Built built,
            GraphConfig config,
            Device device,
            int threads,
            Console console)
            throws IOException {
        StepTrial.Result result;
        try (Progress progress = new Progress(console, "try", 0, StepTrial.PARTS)) {
            result = StepTrial.run(artifacts, built, config, device, threads, progress::at);
        } catch (IOException | RuntimeException e) {
            for (Path file : List.of(artifacts.trainingModel(), artifacts.evalModel(), artifacts.checkpoint())) {
                Files.deleteIfExists(file);
            }
            throw e;
        }
        console.err()
                .println(String.format(
                        Locale.ROOT,
                        "tried: a step on random views took %.2g s%s",
                        result.seconds(),
                        result.losses().isFinite()
                                ? String.format(
                                        Locale.ROOT,
                                        ", loss %.3f",
                                        result.losses().loss())
                                : "; warning: its loss is not finite, which may be the random views' fault"));
    }
}
