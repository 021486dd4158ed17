package dev.vicreg.tools.command;

import dev.vicreg.tools.cli.Command;
import java.util.List;
import java.util.Optional;

/** The table of commands. */
public final class Commands {
    public static final List<Command> ALL = List.of(
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

    public static Optional<Command> named(String name) {
        return ALL.stream().filter(command -> command.name().equals(name)).findFirst();
    }

    public static List<String> names() {
        return ALL.stream().map(Command::name).toList();
    }
}
