package dev.vicreg.tools.command;

import dev.vicreg.tools.cli.Command;
import java.util.List;
import java.util.Optional;

/** The table of commands. */
public final class Commands {
    public static final List<Command> ALL = List.of(
            new Command(
                    "quickstart",
                    "draws pictures, trains on them without labels, exports, embeds and evaluates",
                    () -> QuickstartCommand.USAGE,
                    QuickstartCommand::run),
            new Command(
                    "sample",
                    "makes a labelled set of samples of any kind to try everything with",
                    () -> SampleCommand.USAGE,
                    SampleCommand::run),
            new Command(
                    "train",
                    "trains an encoder on samples of any kind without labels, and exports it",
                    () -> TrainCommand.USAGE,
                    TrainCommand::run),
            new Command(
                    "artifacts",
                    "writes training_model.onnx, eval_model.onnx and checkpoint for an encoder, without training",
                    () -> ArtifactsCommand.USAGE,
                    ArtifactsCommand::run),
            new Command(
                    "export",
                    "writes the encoder of a run's newest checkpoint as plain ONNX, and verifies it",
                    () -> ExportCommand.USAGE,
                    ExportCommand::run),
            new Command(
                    "embed",
                    "turns pictures, rows of a table, signals or sequences into vectors with a trained encoder",
                    () -> EmbedCommand.USAGE,
                    EmbedCommand::run),
            new Command(
                    "index",
                    "makes an index of the vectors of samples, or brings it up to date",
                    () -> IndexCommand.USAGE,
                    IndexCommand::run),
            new Command(
                    "search",
                    "finds what in an index is nearest to pictures or other samples",
                    () -> SearchCommand.USAGE,
                    SearchCommand::run),
            new Command(
                    "dedup", "groups samples that are nearly the same", () -> DedupCommand.USAGE, DedupCommand::run),
            new Command(
                    "eval",
                    "measures an encoder on labelled samples, beside the raw samples and the encoder before training",
                    () -> EvalCommand.USAGE,
                    EvalCommand::run),
            new Command(
                    "classify",
                    "makes a classifier of an encoder and labelled samples, and measures it",
                    () -> ClassifyCommand.USAGE,
                    ClassifyCommand::run),
            new Command(
                    "predict",
                    "tells what pictures, rows of a table, signals or sequences are with a classifier",
                    () -> PredictCommand.USAGE,
                    PredictCommand::run),
            new Command(
                    "advise",
                    "tries settings on data in short runs, without labels, and prints the command that fits them",
                    () -> AdviseCommand.USAGE,
                    AdviseCommand::run),
            new Command(
                    "serve",
                    "answers over HTTP with encoders and classifiers, until it is told to end",
                    () -> ServeCommand.USAGE,
                    ServeCommand::run),
            new Command(
                    "ablate",
                    "trains with parts of the method taken away or added, as the paper's ablations do, and compares",
                    () -> AblateCommand.USAGE,
                    AblateCommand::run),
            new Command(
                    "report",
                    "writes a page about a run, or one that compares several: curves, views, neighbours, map, settings",
                    () -> ReportCommand.USAGE,
                    ReportCommand::run),
            new Command(
                    "metrics",
                    "writes a run's metrics as a table for spreadsheets, or as curves for TensorBoard",
                    () -> MetricsCommand.USAGE,
                    MetricsCommand::run),
            new Command(
                    "replay",
                    "does the step again whose loss was not finite, and names the operator",
                    () -> ReplayCommand.USAGE,
                    ReplayCommand::run),
            new Command(
                    "inspect",
                    "prints what an ONNX file, a checkpoint or a run holds, and whether it can be trained",
                    () -> InspectCommand.USAGE,
                    InspectCommand::run),
            new Command(
                    "doctor",
                    "prints Java, native libraries, training support and GPU as found on this machine",
                    () -> DoctorCommand.USAGE,
                    DoctorCommand::run),
            new Command(
                    "bench train",
                    "times training steps on random views; medians",
                    () -> BenchCommand.USAGE,
                    BenchCommand::run),
            new Command(
                    "bench augment",
                    "times how views are made, and pairs of them by the workers of a run",
                    () -> BenchAugmentCommand.USAGE,
                    BenchAugmentCommand::run),
            new Command(
                    "bench embed",
                    "times an encoder on samples, one at a time and in batches",
                    () -> BenchEmbedCommand.USAGE,
                    BenchEmbedCommand::run),
            new Command(
                    "bench graph",
                    "times how a training graph is made, written and opened",
                    () -> BenchGraphCommand.USAGE,
                    BenchGraphCommand::run),
            new Command(
                    "bench search",
                    "times searches among random vectors, exact and approximate",
                    () -> BenchSearchCommand.USAGE,
                    BenchSearchCommand::run));

    private Commands() {}

    public static Optional<Command> named(String name) {
        return ALL.stream().filter(command -> command.name().equals(name)).findFirst();
    }

    public static List<String> names() {
        return ALL.stream().map(Command::name).toList();
    }
}
