package dev.vicreg.tools.command;

import dev.vicreg.models.setting.Schema;
import dev.vicreg.tools.cli.Setting;
import dev.vicreg.training.config.ViewsConfig;
import dev.vicreg.training.data.Augmentations;
import dev.vicreg.training.run.RunConfig;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.StringJoiner;
import java.util.TreeMap;

/** The command that gives a run, from what its config.json says of each option. */
final class RunCommandLine {
    private static final String AUGMENT = "augment"; // and of side b: augment-b
    private static final String FIRST = "view-a.";
    private static final String SECOND = "view-b.";

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
        texts.replaceAll((name, text) -> name.startsWith(AUGMENT) ? shortened(text) : text);
        for (Setting<?> setting : TrainCommand.USAGE.settings()) {
            String text = texts.get(setting.name());
            String origin = origins.getOrDefault(setting.name(), "");
            if (text != null && isGiven(setting, text, origin)) {
                command.add("--" + setting.name() + (setting.isFlag() ? "" : " " + quoted(text)));
            }
        }
        return command.toString();
    }

    /** An augmentation as the preset that it differs least from, and the differences. */
    private static String shortened(String augmentation) {
        Map<String, String> all = items(augmentation);
        String shortest = augmentation;
        for (String preset : Augmentations.presets()) {
            Map<String, String> usual = items(text(preset));
            if (usual.keySet().equals(all.keySet())) { // of the same kind of data
                Set<String> parts = new LinkedHashSet<>(List.of(preset));
                all.forEach((item, value) -> {
                    if (!value.equals(usual.get(item))) {
                        parts.add((isOfBoth(item, all) ? item.substring(FIRST.length()) : item) + "=" + value);
                    }
                });
                String candidate = String.join(",", parts);
                shortest = candidate.length() < shortest.length() ? candidate : shortest;
            }
        }
        return shortest;
    }

    private static boolean isOfBoth(String item, Map<String, String> all) {
        if (!item.startsWith(FIRST) && !item.startsWith(SECOND)) {
            return false;
        }
        String name = item.substring(FIRST.length());
        return Objects.equals(all.get(FIRST + name), all.get(SECOND + name));
    }

    private static String text(String preset) {
        return Schema.texts(new ViewsConfig(Augmentations.parse(preset))).getOrDefault(AUGMENT, preset);
    }

    /** The settings behind a preset, in their order. */
    private static Map<String, String> items(String augmentation) {
        Map<String, String> items = new LinkedHashMap<>();
        for (String item : augmentation.split(",", -1)) {
            int sign = item.indexOf('=');
            if (sign > 0) {
                items.put(item.substring(0, sign), item.substring(sign + 1));
            }
        }
        return items;
    }

    private static boolean isGiven(Setting<?> setting, String text, String origin) {
        boolean elsewhere = origin.startsWith("recipe ") || origin.startsWith("file ") || origin.equals("derived");
        boolean usual = setting.isFlag()
                ? text.equals("false")
                : setting.fallback() == null
                        ? origin.isEmpty()
                        : Objects.equals(
                                setting.parser().apply(setting.fallback()),
                                setting.parser().apply(text));
        return origin.startsWith("option") || (!elsewhere && !usual);
    }

    /** As a shell of Unix takes it. */
    static String quoted(String text) {
        return text.matches("[A-Za-z0-9_./:,=@%+-]+") ? text : "'" + text.replace("'", "'\\''") + "'";
    }
}
