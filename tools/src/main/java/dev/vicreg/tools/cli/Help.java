package dev.vicreg.tools.cli;

import dev.vicreg.models.setting.Group;
import java.util.ArrayList;
import java.util.List;

/** Renders the help pages from the table of commands. */
public final class Help {
    private static final int WIDTH = 100;
    private static final int HELP_COLUMN = 30;

    private Help() {}

    /** The page of {@code ./vicreg --help}. */
    public static String of(List<Command> commands) {
        StringBuilder page = new StringBuilder("""
                VICReg for the JVM: encoders trained from unlabelled pictures, vectors, signals and sequences

                usage: ./vicreg COMMAND [options]

                """);
        for (Command command : commands) {
            row(page, command.name(), command.summary(), 17);
        }
        return page.append("\n./vicreg COMMAND --help lists a command's options, defaults and an example.\n")
                .toString();
    }

    /** The page of {@code ./vicreg COMMAND --help}. */
    public static String of(Command command) {
        Usage usage = command.usage();
        StringBuilder page = new StringBuilder("usage: ./vicreg " + command.name());
        for (Setting<?> setting : usage.required()) {
            page.append(" --").append(setting.name()).append(' ').append(setting.argument());
        }
        Setting<?> operand = usage.operand();
        String more = usage.several() ? " ..." : "";
        page.append(operand == null ? "" : " [" + operand.argument() + more + "]");
        page.append(" [options]\n\n")
                .append(Character.toUpperCase(command.summary().charAt(0)))
                .append(command.summary().substring(1))
                .append(".\n");
        List<Setting<?>> settings = usage.settings();
        for (Group group : Group.values()) {
            List<Setting<?>> members = settings.stream()
                    .filter(setting -> setting.group() == group)
                    .toList();
            if (!members.isEmpty()) {
                page.append('\n').append(group.title()).append('\n');
                members.forEach(setting -> row(page, label(setting), text(usage, setting), HELP_COLUMN));
            }
        }
        return page.append("\nExample\n  ").append(usage.example()).append('\n').toString();
    }

    private static String label(Setting<?> setting) {
        return "--" + setting.name() + (setting.isFlag() ? "" : " " + setting.argument());
    }

    private static String text(Usage usage, Setting<?> setting) {
        if (usage.required().contains(setting)) {
            return setting.help() + " (required)";
        }
        return setting.help() + (setting.fallback() == null ? "" : " [" + setting.fallback() + "]");
    }

    private static void row(StringBuilder page, String label, String text, int column) {
        page.append("  ").append(label);
        int at = 2 + label.length();
        if (at >= column) {
            page.append('\n');
            at = 0;
        }
        for (String line : wrap(text, WIDTH - column)) {
            page.append(" ".repeat(column - at)).append(line).append('\n');
            at = 0;
        }
    }

    private static List<String> wrap(String text, int width) {
        List<String> lines = new ArrayList<>();
        StringBuilder line = new StringBuilder();
        for (String word : text.split(" ", -1)) {
            if (!line.isEmpty() && line.length() + 1 + word.length() > width) {
                lines.add(line.toString());
                line.setLength(0);
            }
            line.append(line.isEmpty() ? "" : " ").append(word);
        }
        lines.add(line.toString());
        return lines;
    }
}
