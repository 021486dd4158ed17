package dev.vicreg.training.config;

import dev.vicreg.models.setting.Codec;
import dev.vicreg.models.setting.Group;
import dev.vicreg.models.setting.Option;
import dev.vicreg.models.setting.SettingException;
import dev.vicreg.training.data.Augmentations;
import dev.vicreg.training.data.view.Augmentation;
import dev.vicreg.training.step.Side;
import java.util.List;
import java.util.Map;
import java.util.StringJoiner;

/**
 * How views are made, each as {@link Augmentation#settings()} gives it.
 *
 * @param augment both views' augmentation; empty where it follows from the kind of data
 * @param augmentB the second view's augmentation where it has one of its own; empty else
 */
public record ViewsConfig(
        @Option(
                help =
                        "how views are made: {words}, then settings such as hue=0.2, mask=0.4 or view-a.blur=1; without it"
                                + " cifar for pictures, else the one called as the data are; ./vicreg help augmentations lists"
                                + " all settings",
                argument = "PRESET[,NAME=X...]",
                group = Group.AUGMENTATION,
                codec = Text.class)
        Map<String, Object> augment,

        @Option(
                help =
                        "how view b is made where it has an augmentation of its own; without it as `augment` says, and where"
                                + " the second side's data are of another kind, as is usual for those",
                argument = "PRESET[,NAME=X...]",
                group = Group.AUGMENTATION,
                codec = Text.class)
        Map<String, Object> augmentB) {

    /** Both views alike. */
    public ViewsConfig(Augmentation augmentation) {
        this(augmentation.settings(), Map.of());
    }

    /** How the views of a side are made. */
    public Augmentation of(Side side) {
        return Augmentations.fromSettings(side == Side.A || augmentB.isEmpty() ? augment : augmentB);
    }

    /** A preset, then settings. */
    static final class Text implements Codec<Map<String, Object>> {
        @Override
        public Map<String, Object> parse(String text) {
            try {
                return Augmentations.parse(text).settings();
            } catch (SettingException e) {
                throw new SettingException("cannot be used: " + e.getMessage(), e);
            }
        }

        /** Every setting of both views, after a preset's name only because the first place is a preset's. */
        @Override
        public String text(Map<String, Object> settings) {
            StringJoiner text = new StringJoiner(",");
            text.add(String.valueOf(settings.getOrDefault("preset", "official")));
            settings.forEach((name, value) -> {
                if (value instanceof Map<?, ?> view) {
                    view.forEach((setting, number) -> text.add(name + "." + setting + "=" + number));
                } else if (!name.equals("preset")) {
                    text.add(name + "=" + value);
                }
            });
            return text.toString();
        }

        @Override
        public List<String> words() {
            return List.copyOf(Augmentations.presets());
        }
    }
}
