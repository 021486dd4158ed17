package dev.vicreg.tools.command;

import dev.vicreg.export.EncoderExport;
import dev.vicreg.export.RunExport;
import dev.vicreg.models.setting.Group;
import dev.vicreg.runtime.Manifest;
import dev.vicreg.runtime.file.AtomicFile;
import dev.vicreg.tools.cli.Console;
import dev.vicreg.tools.cli.Setting;
import dev.vicreg.tools.cli.Settings;
import dev.vicreg.tools.cli.Usage;
import dev.vicreg.tools.cli.Version;
import dev.vicreg.tools.output.Json;
import dev.vicreg.training.run.RunFolder;
import dev.vicreg.training.step.Side;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Publishes the encoder of a run's newest checkpoint. */
final class ExportCommand {
    private static final Setting<Path> RUN =
            Setting.path("run", "RUN", Group.MODEL, "folder of a run, as ./vicreg train --out RUN leaves it");
    private static final Setting<Path> OUT =
            Setting.path("out", "FILE.onnx", Group.OUTPUT, "the encoder; replaced if it is there");
    private static final Setting<String> BRANCH = Setting.choice(
            "branch", List.of("a", "b"), Group.MODEL, "which encoder of a run whose branches share no weights", "a");

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
            List.of(BRANCH, FOLD, PICTURE_INPUT, SharedSettings.JSON),
            "./vicreg export --run run --out encoder.onnx");

    private ExportCommand() {}

    static void run(Settings settings, Console console) throws Exception {
        Path out = settings.get(OUT);
        AtomicFile.requireWritable(out);
        Path run = settings.get(RUN);
        RunFolder.Saved saved = RunExport.newest(run);
        Side side = Side.valueOf(settings.get(BRANCH).toUpperCase(Locale.ROOT));
        EncoderExport.Result result =
                RunExport.export(run, side, form(settings), saved.file(), Version.TEXT, Map.of(), out);
        Manifest manifest = result.manifest();
        result.note().ifPresent(console.err()::println);
        if (settings.on(SharedSettings.JSON)) {
            console.out()
                    .println(Json.line(Map.of(
                            "encoder", result.file().toString(),
                            "step", saved.step(),
                            "dimension", manifest.dimension(),
                            "parameters", manifest.parameters(),
                            "difference", result.difference())));
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
    }

    private static RunExport.Form form(Settings settings) {
        if (settings.on(PICTURE_INPUT)) {
            return RunExport.Form.PICTURES;
        }
        return settings.on(FOLD) ? RunExport.Form.FOLDED : RunExport.Form.ORIGINAL;
    }
}
