package dev.vicreg.tools.command;

import dev.vicreg.training.data.Kinds;
import dev.vicreg.training.data.kind.Kind;
import dev.vicreg.training.data.view.Augmentation;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;

/** The page of {@code ./vicreg help augmentations}: all that {@code --augment} takes, with what each preset has. */
public final class AugmentationHelp {
    /** What the page is asked for by. */
    public static final String TOPIC = "augmentations";

    private AugmentationHelp() {}

    /** The page. */
    public static String page() {
        StringBuilder page = new StringBuilder("""
                --augment PRESET[,NAME=X...] says how the two views of a sample are made: a preset, then settings of both
                views, or of one with view-a. or view-b. before their names. views=different shows two samples, a control.

                """);
        for (Kind<?> kind : Kinds.ALL) {
            new TreeMap<>(kind.presets()).forEach((name, preset) -> page.append(row(kind, name, preset)));
        }
        return page.append("""

                Pictures of other channels than 1 and 3: saturation, hue and grey change the colours where there are three
                beside alpha, and nothing else; alpha, the last of 2 and of 4 channels, keeps its values.

                What a setting does, and its range: docs/data/ has a page for each kind of data.

                Example
                  ./vicreg train --data shapes/train --out run --augment official,hue=0.2,view-a.blur=0.5
                """).toString();
    }

    private static String row(Kind<?> kind, String name, Augmentation preset) {
        Map<String, Object> settings = preset.settings();
        Map<?, ?> first = Objects.requireNonNull((Map<?, ?>) settings.get("view-a"));
        Map<?, ?> second = Objects.requireNonNull((Map<?, ?>) settings.get("view-b"));
        StringBuilder row = new StringBuilder("  " + name + (name.equals(kind.noun()) ? "" : ", for " + kind.noun()));
        StringBuilder line = new StringBuilder();
        for (Map.Entry<?, ?> setting : first.entrySet()) {
            Object other = second.get(setting.getKey());
            add(row, line, setting.getKey() + "=" + setting.getValue());
            if (!Objects.equals(setting.getValue(), other)) {
                add(row, line, "view-b." + setting.getKey() + "=" + other);
            }
        }
        return row.append("\n    ").append(line).append('\n').toString();
    }

    private static void add(StringBuilder row, StringBuilder line, String word) {
        if (line.length() + word.length() > 90) {
            row.append("\n    ").append(line);
            line.setLength(0);
        }
        line.append(line.isEmpty() ? "" : " ").append(word);
    }
}
