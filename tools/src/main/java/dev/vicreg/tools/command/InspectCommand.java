package dev.vicreg.tools.command;

import dev.vicreg.models.setting.Group;
import dev.vicreg.models.setting.SettingException;
import dev.vicreg.tools.cli.Console;
import dev.vicreg.tools.cli.Setting;
import dev.vicreg.tools.cli.Settings;
import dev.vicreg.tools.cli.Usage;
import dev.vicreg.tools.inspect.Inspection;
import dev.vicreg.tools.output.Json;
import dev.vicreg.training.config.OnnxConfig;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** Prints what an ONNX file, a checkpoint or a run holds. */
final class InspectCommand {
    private static final Setting<Path> FILE = Setting.path(
            "file",
            "FILE|RUN|CHECKPOINT",
            Group.MODEL,
            "any ONNX file, a checkpoint or its folder, or the folder of a run");
    private static final Setting<Boolean> OPERATORS = Setting.flag(
            "operators",
            Group.MODEL,
            "print the table of operators instead: which have a gradient, and why the others have none");
    private static final Setting<Boolean> ALL =
            Setting.flag("all", Group.OUTPUT, "list every parameter and the optimizer's state, however many there are");

    static final Usage USAGE = new Usage(
            List.of(),
            Stream.of(List.of(FILE, OPERATORS, ALL, SharedSettings.JSON), EncoderTrial.OPTIONS)
                    .<Setting<?>>flatMap(List::stream)
                    .toList(),
            FILE,
            "./vicreg inspect run/encoder.onnx");

    private InspectCommand() {}

    static void run(Settings settings, Console console) throws Exception {
        if (settings.on(OPERATORS) == settings.isGiven(FILE)) {
            throw new SettingException("name either a file or --operators; ./vicreg inspect --help shows how");
        }
        Inspection inspection = settings.on(OPERATORS)
                ? Inspection.operators()
                : Inspection.of(
                        settings.get(FILE),
                        settings.read(OnnxConfig.class).sample(),
                        file -> EncoderTrial.verdict(file, settings));
        if (settings.on(SharedSettings.JSON)) {
            console.out().println(Json.line(inspection.values()));
        } else {
            console.out().print(inspection.page(settings.on(ALL)));
        }
    }
}
