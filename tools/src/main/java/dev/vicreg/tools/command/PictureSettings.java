package dev.vicreg.tools.command;

import dev.vicreg.models.setting.Group;
import dev.vicreg.models.setting.SettingException;
import dev.vicreg.tools.cli.Setting;
import dev.vicreg.tools.cli.Settings;
import dev.vicreg.training.config.InputConfig;
import dev.vicreg.training.data.kind.Kind;
import dev.vicreg.training.data.picture.PictureKind;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** The options for pictures. */
final class PictureSettings implements KindSettings {
    static final Setting<Integer> IMAGE_SIZE =
            Setting.integer("image-size", "PIXELS", Group.MODEL, "side of the pictures it sees", 32, 8, 4096);
    static final Setting<Integer> CHANNELS = Setting.integer(
            "channels",
            "N",
            Group.MODEL,
            "channels: 3 for pictures; signals have 1, into which all are mixed, or the files' own number",
            null,
            1,
            1024);
    static final Setting<List<Float>> MEAN =
            channelValues("mean", "taken off each channel, on a scale of 0 to 1", "0.485,0.456,0.406");
    static final Setting<List<Float>> STD =
            channelValues("std", "divides each channel, on a scale of 0 to 1", "0.229,0.224,0.225");

    /** Of pictures. */
    static final int COLOURS = 3;

    private static Setting<List<Float>> channelValues(String name, String help, String fallback) {
        return new Setting<>(name, "R,G,B", Group.MODEL, help, fallback, PictureSettings::parseFloats);
    }

    private static List<Float> parseFloats(String text) {
        List<Float> values = new ArrayList<>();
        for (String part : text.split(",", -1)) {
            try {
                values.add(Float.parseFloat(part));
            } catch (NumberFormatException e) {
                throw new SettingException("must be numbers such as 0.5,0.5,0.5, found \"" + text + "\"", e);
            }
        }
        return values;
    }

    @Override
    public Kind<?> kind() {
        return PictureKind.PICTURES;
    }

    @Override
    public List<Setting<?>> options() {
        return List.of(IMAGE_SIZE, CHANNELS, MEAN, STD);
    }

    @Override
    public InputConfig input(Settings settings, Source source) {
        return pictures(settings);
    }

    /** Pictures, whatever the data. */
    static InputConfig.Pictures pictures(Settings settings) {
        return new InputConfig.Pictures(settings.get(IMAGE_SIZE), COLOURS, settings.get(MEAN), settings.get(STD));
    }

    @Override
    public Map<Setting<?>, Object> values(InputConfig input) {
        InputConfig.Pictures pictures = (InputConfig.Pictures) input;
        return Map.of(IMAGE_SIZE, pictures.imageSize(), MEAN, commas(pictures.mean()), STD, commas(pictures.std()));
    }

    private static String commas(List<Float> values) {
        return values.stream().map(Object::toString).collect(Collectors.joining(","));
    }
}
