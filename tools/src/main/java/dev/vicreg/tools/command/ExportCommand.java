package dev.vicreg.tools.command;

import dev.vicreg.export.EncoderExport;
import dev.vicreg.export.RunExport;
import dev.vicreg.export.Weights;
import dev.vicreg.models.setting.Group;
import dev.vicreg.models.setting.SettingException;
import dev.vicreg.runtime.Manifest;
import dev.vicreg.runtime.file.AtomicFile;
import dev.vicreg.runtime.file.TemporaryFolder;
import dev.vicreg.tools.cli.Console;
import dev.vicreg.tools.cli.Setting;
import dev.vicreg.tools.cli.Settings;
import dev.vicreg.tools.cli.Usage;
import dev.vicreg.tools.cli.Version;
import dev.vicreg.tools.output.Json;
import dev.vicreg.training.run.RunConfig;
import dev.vicreg.training.run.RunFolder;
import dev.vicreg.training.step.Side;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;

/** Publishes the encoder of one of a run's checkpoints. */
final class ExportCommand {
    private static final String ONNX = ".onnx";
    private static final Setting<Path> RUN =
            Setting.path("run", "RUN", Group.MODEL, "folder of a run, as ./vicreg train --out RUN leaves it");
    private static final Setting<Path> OUT = Setting.path(
            "out",
            "FILE.onnx",
            Group.OUTPUT,
            "the encoder; replaced if it is there. Of a run with --ema also FILE-ema.onnx, with averaged weights");
    private static final Setting<String> BRANCH = Setting.choice(
            "branch", List.of("a", "b"), Group.MODEL, "which encoder of a run whose branches share no weights", "a");

    private static final Setting<String> CHECKPOINT = Setting.text(
            "checkpoint",
            "NAME",
            Group.MODEL,
            "of which state: newest, best (of runs with --keep-best), or step-N",
            "newest");

    private static final Setting<Boolean> FOLD = Setting.flag(
            "fold",
            Group.OUTPUT,
            "write an encoder that came as an ONNX file in this program's own form, batch norms folded, instead of into"
                    + " the original file");
    private static final Setting<Boolean> PICTURE_INPUT = Setting.flag(
            "picture-input",
            Group.OUTPUT,
            "like --fold, but with the picture input of this program's encoders: uint8 [N,H,W,3], normalisation inside");

    private static final Setting<Path> MODEL = Setting.path(
            "model",
            "FILE.onnx",
            Group.MODEL,
            "instead of --run: an encoder as ./vicreg export writes it, to make another of");
    private static final Setting<Boolean> PROJECTION = Setting.flag(
            "projection", Group.OUTPUT, "write what the projector gives instead of what the encoder gives");

    static final Usage USAGE = new Usage(
            List.of(OUT),
            Stream.of(
                            List.of(RUN, MODEL, BRANCH, CHECKPOINT, FOLD, PICTURE_INPUT, PROJECTION),
                            ExportVariant.OPTIONS,
                            List.of(SharedSettings.JSON))
                    .<Setting<?>>flatMap(List::stream)
                    .toList(),
            "./vicreg export --run run --out encoder.onnx");

    /** What is of runs alone. */
    private static final List<Setting<?>> OF_RUNS = List.of(BRANCH, CHECKPOINT, FOLD, PICTURE_INPUT, PROJECTION);

    private ExportCommand() {}

    static void run(Settings settings, Console console) throws Exception {
        Path out = settings.get(OUT);
        AtomicFile.requireWritable(out);
        if (settings.isGiven(RUN) == settings.isGiven(MODEL)) {
            throw new SettingException(
                    "expected either --run RUN or --model FILE.onnx; ./vicreg export --help shows how");
        }
        ExportVariant variant = new ExportVariant(settings, console);
        if (settings.isGiven(MODEL)) {
            for (Setting<?> option : OF_RUNS) {
                if (settings.isGiven(option)) {
                    throw new SettingException("--" + option.name() + " is for --run, not for --model; leave it out");
                }
            }
            variant.export(settings.get(MODEL), out);
            return;
        }
        Path run = settings.get(RUN);
        RunFolder.Saved saved = RunExport.checkpoint(run, settings.get(CHECKPOINT));
        Side side = Side.valueOf(settings.get(BRANCH).toUpperCase(Locale.ROOT));
        RunExport.Form form = form(settings);
        boolean averages = RunConfig.settingsOf(run).graph().update().options().ema() > 0;
        if (variant.isAsked() || settings.on(PROJECTION)) {
            exportVariants(settings, variant, run, side, saved.file(), averages);
            return;
        }
        EncoderExport.Result result =
                RunExport.export(run, side, form, Weights.TRAINED, saved.file(), Version.TEXT, Map.of(), out);
        Path averaged = null;
        if (averages) {
            averaged = beside(out);
            RunExport.export(run, side, form, Weights.AVERAGED, saved.file(), Version.TEXT, Map.of(), averaged);
        }
        Manifest manifest = result.manifest();
        result.note().ifPresent(console.err()::println);
        if (settings.on(SharedSettings.JSON)) {
            Map<String, Object> summary = new LinkedHashMap<>();
            summary.put("encoder", result.file().toString());
            if (averaged != null) {
                summary.put("ema", averaged.toString());
            }
            summary.put("step", saved.step());
            summary.put("dimension", manifest.dimension());
            summary.put("parameters", manifest.parameters());
            summary.put("difference", result.difference());
            console.out().println(Json.line(summary));
            return;
        }
        console.err()
                .println(String.format(
                        Locale.ROOT,
                        "%s of step %d: %d parameters, vectors of %d values; differs from the training graph by %.1e",
                        manifest.encoder(),
                        saved.step(),
                        manifest.parameters(),
                        manifest.dimension(),
                        result.difference()));
        console.out().println(result.file());
        if (averaged != null) {
            console.out().println(averaged);
        }
    }

    /** Makes each variant of a plain file, which is then gone. */
    private static void exportVariants(
            Settings settings, ExportVariant variant, Path run, Side side, Path checkpoint, boolean averages)
            throws IOException {
        Path out = settings.get(OUT);
        boolean projection = settings.on(PROJECTION);
        if (projection && settings.on(PICTURE_INPUT)) {
            throw new SettingException("--projection goes without --picture-input; leave either out");
        }
        RunExport.Form form = settings.on(PICTURE_INPUT) ? RunExport.Form.PICTURES : RunExport.Form.FOLDED;
        try (TemporaryFolder drafts = TemporaryFolder.beside(out)) {
            Path draft = drafts.path().resolve(out.getFileName());
            if (projection) {
                RunExport.exportProjection(run, side, checkpoint, Version.TEXT, draft);
            } else {
                RunExport.export(run, side, form, Weights.TRAINED, checkpoint, Version.TEXT, Map.of(), draft);
            }
            variant.export(draft, out);
            if (averages && !projection) {
                RunExport.export(run, side, form, Weights.AVERAGED, checkpoint, Version.TEXT, Map.of(), draft);
                variant.export(draft, beside(out));
            }
        }
    }

    /** {@code encoder-ema.onnx} beside {@code encoder.onnx}. */
    private static Path beside(Path encoder) {
        String name = encoder.getFileName().toString();
        int end = name.endsWith(ONNX) ? name.length() - ONNX.length() : name.length();
        return encoder.resolveSibling(name.substring(0, end) + "-ema" + name.substring(end));
    }

    private static RunExport.Form form(Settings settings) {
        if (settings.on(PICTURE_INPUT)) {
            return RunExport.Form.PICTURES;
        }
        return settings.on(FOLD) ? RunExport.Form.FOLDED : RunExport.Form.ORIGINAL;
    }
}
