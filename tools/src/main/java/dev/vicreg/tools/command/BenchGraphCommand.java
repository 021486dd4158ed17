package dev.vicreg.tools.command;

import dev.vicreg.models.graph.Graph;
import dev.vicreg.models.onnx.OnnxFile;
import dev.vicreg.models.setting.Group;
import dev.vicreg.runtime.file.TemporaryFolder;
import dev.vicreg.runtime.natives.Device;
import dev.vicreg.tools.cli.Console;
import dev.vicreg.tools.cli.Setting;
import dev.vicreg.tools.cli.Settings;
import dev.vicreg.tools.cli.Usage;
import dev.vicreg.training.config.GraphConfig;
import dev.vicreg.training.config.MachineConfig;
import dev.vicreg.training.run.Artifacts;
import dev.vicreg.training.session.Execution;
import dev.vicreg.training.session.TrainingSession;
import dev.vicreg.training.step.TrainingGraph;
import dev.vicreg.training.step.lowering.Lowering;
import java.io.IOException;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** Times what comes before the first step: the graph is made, given its kernels, written and opened. */
final class BenchGraphCommand {
    private static final List<String> PARTS = List.of("build", "lower", "write", "open");

    private static final Setting<Integer> TIMES = Setting.integer(
            "times", "N", Group.OPTIMIZATION, "how often all is done, of which the first isn't counted", 6, 2, 1000);

    static final Usage USAGE = new Usage(
            List.of(),
            Stream.of(
                            RunOptions.GRAPH,
                            List.of(TIMES, SharedSettings.DATA, RunOptions.DATA_B, SharedSettings.JSON),
                            Setting.of(MachineConfig.class))
                    .<Setting<?>>flatMap(List::stream)
                    .filter(setting -> !setting.name().equals("workers"))
                    .toList(),
            "./vicreg bench graph --encoder resnet50 --image-size 224 --batch-size 16");

    private BenchGraphCommand() {}

    static void run(Settings given, Console console) throws Exception {
        Settings settings = InputOptions.preprocessed(given);
        EncoderTrial.explaining(settings, () -> measure(settings, console));
    }

    private static void measure(Settings settings, Console console) throws IOException {
        MachineConfig machine = settings.read(MachineConfig.class).resolved();
        GraphConfig config = RunOptions.graph(settings, SideInputs.of(settings));
        Device device = machine.computeDevice(config.precision());
        Execution execution = new Execution(device, machine.threads(), machine.recompute(), machine.branches());
        Lowering kernels = execution.lowering();
        int times = settings.get(TIMES);
        double[][] parts = new double[PARTS.size()][times];
        Map<String, Object> figures = new LinkedHashMap<>();
        try (TemporaryFolder folder = TemporaryFolder.create("vicreg-bench")) {
            for (int i = 0; i < times; i++) {
                long start = System.nanoTime();
                TrainingGraph.Built built = TrainingGraph.build(config.spec());
                long lowering = System.nanoTime();
                Graph step = kernels.write(built.step());
                long writing = System.nanoTime();
                int bytes = OnnxFile.bytes(step, Map.of(), kernels.opset(step)).length;
                parts[0][i] = (lowering - start) / 1e6;
                parts[1][i] = (writing - lowering) / 1e6;
                parts[2][i] = (System.nanoTime() - writing) / 1e6;
                parts[3][i] = opening(
                        built, Artifacts.write(folder.path(), built, built.initialState(0), kernels), execution);
                figures.put("operators", step.nodes().size());
                figures.put("bytes", bytes);
            }
        }
        for (int i = 0; i < parts.length; i++) {
            BenchFigures.put(figures, "milliseconds_to_" + PARTS.get(i), Arrays.copyOfRange(parts[i], 1, times));
        }
        BenchFigures.tell(figures, settings, console);
    }

    private static double opening(TrainingGraph.Built built, Artifacts artifacts, Execution execution)
            throws IOException {
        long start = System.nanoTime();
        TrainingSession.open(
                        built.step(), built.signature(), artifacts.checkpoint(), artifacts.trainingModel(), execution)
                .close();
        return (System.nanoTime() - start) / 1e6;
    }
}
