package dev.vicreg.tools;

import dev.vicreg.tools.cli.Command;
import java.util.List;
import java.util.Optional;

/** The table of commands. */
final class Commands {
    static final List<Command> ALL = List.of(
            QuickstartCommand.COMMAND,
            SampleCommand.COMMAND,
            TrainCommand.COMMAND,
            ArtifactsCommand.COMMAND,
            ExportCommand.COMMAND,
            EmbedCommand.COMMAND,
            EvalCommand.COMMAND,
            InspectCommand.COMMAND,
            DoctorCommand.COMMAND,
            BenchCommand.COMMAND);

    private Commands() {}

    static Optional<Command> named(String name) {
        return ALL.stream().filter(command -> command.name().equals(name)).findFirst();
    }

    static List<String> names() {
        return ALL.stream().map(Command::name).toList();
    }
}
