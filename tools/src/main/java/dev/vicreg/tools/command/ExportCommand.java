package dev.vicreg.tools.command;

import dev.vicreg.export.EncoderExport;
import dev.vicreg.export.RunExport;
import dev.vicreg.export.Weights;
import dev.vicreg.models.setting.Group;
import dev.vicreg.runtime.Manifest;
import dev.vicreg.runtime.file.AtomicFile;
import dev.vicreg.tools.cli.Console;
import dev.vicreg.tools.cli.Setting;
import dev.vicreg.tools.cli.Settings;
import dev.vicreg.tools.cli.Usage;
import dev.vicreg.tools.cli.Version;
import dev.vicreg.tools.output.Json;
import dev.vicreg.training.run.RunConfig;
import dev.vicreg.training.run.RunFolder;
import dev.vicreg.training.step.Side;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

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

    static final Usage USAGE = new Usage(
            List.of(RUN, OUT),
            List.of(BRANCH, CHECKPOINT, FOLD, PICTURE_INPUT, SharedSettings.JSON),
            "./vicreg export --run run --out encoder.onnx");

    private ExportCommand() {}

    static void run(Settings settings, Console console) throws Exception {
        Path out = settings.get(OUT);
        AtomicFile.requireWritable(out);
        Path run = settings.get(RUN);
        RunFolder.Saved saved = RunExport.checkpoint(run, settings.get(CHECKPOINT));
        Side side = Side.valueOf(settings.get(BRANCH).toUpperCase(Locale.ROOT));
        RunExport.Form form = form(settings);
        EncoderExport.Result result =
                RunExport.export(run, side, form, Weights.TRAINED, saved.file(), Version.TEXT, Map.of(), out);
        Path averaged = null;
        if (RunConfig.settingsOf(run).graph().update().options().ema() > 0) {
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
