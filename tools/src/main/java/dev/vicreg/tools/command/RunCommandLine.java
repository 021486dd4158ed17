package dev.vicreg.tools.command;

import dev.vicreg.models.setting.Schema;
import dev.vicreg.tools.cli.Setting;
import dev.vicreg.training.run.RunConfig;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.StringJoiner;
import java.util.TreeMap;

/** The command that gives a run, from what its config.json says of each option. */
final class RunCommandLine {
    private RunCommandLine() {}

    /**
     * {@code ./vicreg train} with the options that were given, in a file or a recipe where they stood there, and those whose
     * value is another than train's default. Of runs of earlier versions, which don't tell, with every option that differs
     * from its default.
     */
    static String of(Path run, RunConfig config) {
        Map<String, String> texts = new TreeMap<>(Schema.texts(config.settings()));
        Map<String, String> origins = config.origins();
        StringJoiner command = new StringJoiner(" ");
        command.add("./vicreg train");
        command.add("--data " + quoted(config.settings().data().data()));
        command.add("--out " + quoted(run.toString()));
        Set<String> sources = new LinkedHashSet<>(origins.values());
        for (String source : sources) {
            if (source.startsWith("recipe ")) {
                command.add("--recipe " + quoted(source.substring("recipe ".length())));
            } else if (source.startsWith("file ")) {
                command.add("--config " + quoted(source.substring("file ".length())));
            }
        }
        texts.remove("data");
        for (Setting<?> setting : TrainCommand.USAGE.settings()) {
            String text = texts.get(setting.name());
            String origin = origins.getOrDefault(setting.name(), "");
            if (text != null && isGiven(setting, text, origin)) {
                command.add("--" + setting.name() + (setting.isFlag() ? "" : " " + quoted(text)));
            }
        }
        return command.toString();
    }

    private static boolean isGiven(Setting<?> setting, String text, String origin) {
        boolean elsewhere = origin.startsWith("recipe ") || origin.startsWith("file ") || origin.equals("derived");
        boolean usual = setting.isFlag()
                ? text.equals("false")
                : setting.fallback() == null
                        ? origin.isEmpty()
                        : Objects.equals(setting.parser().apply(setting.fallback()), setting.parser().apply(text));
        return origin.startsWith("option") || (!elsewhere && !usual);
    }

    /** As a shell of Unix takes it. */
    private static String quoted(String text) {
        return text.matches("[A-Za-z0-9_./:,=@%+-]+") ? text : "'" + text.replace("'", "'\\''") + "'";
    }
}
