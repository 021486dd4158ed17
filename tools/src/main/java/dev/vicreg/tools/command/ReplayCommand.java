package dev.vicreg.tools.command;

import dev.vicreg.models.setting.Group;
import dev.vicreg.tools.cli.Console;
import dev.vicreg.tools.cli.OptionNames;
import dev.vicreg.tools.cli.Setting;
import dev.vicreg.tools.cli.Settings;
import dev.vicreg.tools.cli.Usage;
import dev.vicreg.tools.output.Json;
import dev.vicreg.training.config.TrainingConfig;
import dev.vicreg.training.loop.Incident;
import dev.vicreg.training.run.RunConfig;
import dev.vicreg.training.run.RunLayout;
import dev.vicreg.training.session.Origin;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Does the step again whose numbers went wrong, and says in which operator. */
final class ReplayCommand {
    private static final int MOST_NAMES = 8;

    private static final Setting<Path> RUN = Setting.path("run", "RUN", Group.MODEL, "folder of the run");

    static final Usage USAGE = new Usage(List.of(), List.of(RUN, SharedSettings.JSON), RUN, "./vicreg replay run");

    private ReplayCommand() {}

    static void run(Settings settings, Console console) throws IOException {
        Path run = settings.get(RUN);
        TrainingConfig config = RunConfig.settingsOf(run);
        TrainingConfig itsFiles = config.with(config.graph().from(new RunLayout(run)::original));
        Incident incident = Incident.read(run);
        Optional<Origin> origin = incident.replay(itsFiles);
        String message = OptionNames.in(incident.message(), name -> true);
        if (settings.on(SharedSettings.JSON)) {
            Map<String, Object> json = new LinkedHashMap<>();
            json.put("step", incident.step());
            json.put("message", message);
            json.put("samples", incident.samples());
            origin.ifPresent(found -> json.put("origin", found));
            console.out().println(Json.line(json));
            return;
        }
        console.out().println(message);
        List<String> names = incident.samples();
        console.out()
                .println("step " + incident.step() + " of "
                        + incident.given().numbers().totalSteps() + ", learning rate "
                        + incident.given().numbers().learningRate() + ", samples "
                        + String.join(", ", names.subList(0, Math.min(MOST_NAMES, names.size())))
                        + (names.size() > MOST_NAMES ? ", … " + names.size() + " in all" : ""));
        if (origin.isEmpty()) {
            console.out().println("done again, it gives finite numbers: on another device, or by other kernels?");
            return;
        }
        console.out().println("first not finite: " + origin.get().text());
        origin.get().inputs().forEach(range -> console.out().println("  from " + range.text()));
        origin.get().outputs().forEach(range -> console.out().println("  made " + range.text()));
    }
}
