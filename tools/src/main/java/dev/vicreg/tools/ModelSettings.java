package dev.vicreg.tools;

import dev.vicreg.models.encoder.Encoders;
import dev.vicreg.tools.cli.Setting;
import dev.vicreg.tools.cli.Setting.Group;
import dev.vicreg.tools.cli.Settings;
import dev.vicreg.training.loop.BranchConfig;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The options that describe the networks of both branches. */
final class ModelSettings {
    static final Setting<String> ENCODER = Setting.choice(
            "encoder", List.copyOf(Encoders.names()), Group.MODEL, "network that is trained", "resnet18");
    static final Setting<Integer> WIDTH = Setting.integer(
            "width", "N", Group.MODEL, "channels of its first stage; 64 is the published network", 16, 1, 4096);
    static final Setting<Integer> IMAGE_SIZE =
            Setting.integer("image-size", "PIXELS", Group.MODEL, "side of the pictures it sees", 32, 8, 4096);
    static final Setting<Integer> CHANNELS =
            Setting.integer("channels", "N", Group.MODEL, "colour channels of the pictures", 3, 3, 3);
    static final Setting<List<Float>> MEAN =
            channelValues("mean", "taken off each channel, on a scale of 0 to 1", "0.485,0.456,0.406");
    static final Setting<List<Float>> STD =
            channelValues("std", "divides each channel, on a scale of 0 to 1", "0.229,0.224,0.225");
    static final Setting<String> PROJECTOR = Setting.text(
            "projector", "N-N-N|none", Group.MODEL, "widths of the layers between encoder and loss", "512-512-512");

    static final Setting<Boolean> SHARE_WEIGHTS = new Setting<>(
            "share-weights",
            "true|false",
            Group.MODEL,
            "whether both views go through the same weights; without it true, and false where an option of the second"
                    + " branch is given",
            null,
            ModelSettings::parseBoolean);
    static final Setting<String> ENCODER_B = Setting.choice(
            "encoder-b",
            List.copyOf(Encoders.names()),
            Group.MODEL,
            "network of the second branch; without it another of --encoder",
            null);
    static final Setting<Integer> WIDTH_B = Setting.integer(
            "width-b", "N", Group.MODEL, "channels of its first stage; without it those of --width", null, 1, 4096);
    static final Setting<String> PROJECTOR_B = Setting.text(
            "projector-b",
            "N-N-N|none",
            Group.MODEL,
            "widths between it and the loss; without it those of --projector, and with the same last width",
            null);

    /** Options of a second branch with weights of its own. */
    private static final List<Setting<?>> SECOND = List.of(ENCODER_B, WIDTH_B, PROJECTOR_B);

    static final List<Setting<?>> ALL = List.of(
            ENCODER, WIDTH, IMAGE_SIZE, CHANNELS, MEAN, STD, PROJECTOR, SHARE_WEIGHTS, ENCODER_B, WIDTH_B, PROJECTOR_B);

    private ModelSettings() {}

    private static Setting<List<Float>> channelValues(String name, String help, String fallback) {
        return new Setting<>(name, "R,G,B", Group.MODEL, help, fallback, ModelSettings::parseFloats);
    }

    private static List<Float> parseFloats(String text) {
        List<Float> values = new ArrayList<>();
        for (String part : text.split(",", -1)) {
            try {
                values.add(Float.parseFloat(part));
            } catch (NumberFormatException e) {
                throw new IllegalArgumentException("must be numbers such as 0.5,0.5,0.5, found \"" + text + "\"", e);
            }
        }
        return values;
    }

    private static boolean parseBoolean(String text) {
        return switch (text) {
            case "true" -> true;
            case "false" -> false;
            default -> throw new IllegalArgumentException("must be true or false, found \"" + text + "\"");
        };
    }

    /** The first branch, or both where they share weights. */
    static BranchConfig first(Settings settings) {
        return new BranchConfig(
                settings.get(ENCODER),
                settings.get(WIDTH),
                settings.get(IMAGE_SIZE),
                settings.get(CHANNELS),
                settings.get(MEAN),
                settings.get(STD),
                settings.get(PROJECTOR));
    }

    /**
     * The second branch, which is as the first where no option says otherwise; null where the two share weights.
     *
     * @throws IllegalArgumentException if an option of the second branch is given beside {@code --share-weights true}
     */
    static @Nullable BranchConfig second(Settings settings) {
        Optional<Setting<?>> own = SECOND.stream().filter(settings::isGiven).findFirst();
        boolean shared = settings.find(SHARE_WEIGHTS).orElse(own.isEmpty());
        if (!shared) {
            BranchConfig first = first(settings);
            return new BranchConfig(
                    settings.find(ENCODER_B).orElse(first.encoder()),
                    settings.find(WIDTH_B).orElse(first.width()),
                    first.imageSize(),
                    first.channels(),
                    first.mean(),
                    first.std(),
                    settings.find(PROJECTOR_B).orElse(first.projector()));
        }
        if (own.isPresent()) {
            throw new IllegalArgumentException("--" + own.get().name()
                    + " is for a second branch with weights of its own; add --share-weights false or leave it out");
        }
        return null;
    }

    /** The options that give these branches, with their values. */
    static Map<Setting<?>, Object> values(BranchConfig first, @Nullable BranchConfig second) {
        Map<Setting<?>, Object> values = new HashMap<>();
        values.put(ENCODER, first.encoder());
        values.put(WIDTH, first.width());
        values.put(IMAGE_SIZE, first.imageSize());
        values.put(CHANNELS, first.channels());
        values.put(MEAN, commas(first.mean()));
        values.put(STD, commas(first.std()));
        values.put(PROJECTOR, first.projector());
        values.put(SHARE_WEIGHTS, second == null);
        if (second != null) {
            values.put(ENCODER_B, second.encoder());
            values.put(WIDTH_B, second.width());
            values.put(PROJECTOR_B, second.projector());
        }
        return values;
    }

    private static String commas(List<Float> values) {
        return String.join(",", values.stream().map(Object::toString).toList());
    }
}
