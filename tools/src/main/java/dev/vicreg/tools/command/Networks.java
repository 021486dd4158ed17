package dev.vicreg.tools.command;

import dev.vicreg.models.encoder.EncoderOptions;
import dev.vicreg.models.encoder.Encoders;
import dev.vicreg.models.setting.Group;
import dev.vicreg.models.setting.Schema.Declared;
import dev.vicreg.models.setting.SettingException;
import dev.vicreg.tools.cli.Setting;
import dev.vicreg.tools.cli.Settings;
import dev.vicreg.training.config.BranchConfig;
import dev.vicreg.training.config.InputConfig;
import dev.vicreg.training.config.OnnxConfig;
import dev.vicreg.training.step.Side;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** What options and data say of the networks of both branches. */
public final class Networks {
    private static final Setting<Boolean> SHARE_WEIGHTS = new Setting<>(
            "share-weights",
            "true|false",
            Group.MODEL,
            "whether both views go through the same weights; without it true, and false where an option of the second"
                    + " branch is given",
            null,
            Networks::parseBoolean);

    private static final Set<String> OF_ENCODERS =
            Encoders.options().stream().map(Declared::name).collect(Collectors.toSet());
    private static final String POOL = "pool";

    private static final List<Setting<?>> FILES = Setting.of(OnnxConfig.class);
    private static final List<Setting<?>> FILES_B = Setting.ofSecond(OnnxConfig.class);

    /** Without those of files. */
    private static final List<Setting<?>> SECOND = without(Setting.ofSecond(BranchConfig.class), FILES_B);

    static final List<Setting<?>> ALL = all();

    private Networks() {}

    private static List<Setting<?>> all() {
        List<Setting<?>> all = new ArrayList<>(without(Setting.of(BranchConfig.class), FILES));
        int afterWidth = all.size() - 1; // encoder, width, what only some encoders have, projector
        all.addAll(afterWidth, Encoders.options().stream().map(Setting::of).toList());
        all.add(SHARE_WEIGHTS);
        all.addAll(SECOND);
        all.addAll(InputOptions.SECOND);
        all.addAll(FILES);
        all.addAll(FILES_B);
        return Setting.joined(all);
    }

    private static List<Setting<?>> without(List<Setting<?>> settings, List<Setting<?>> others) {
        Set<String> names = names(others);
        return settings.stream()
                .filter(setting -> !names.contains(setting.name()))
                .toList();
    }

    private static Set<String> names(List<Setting<?>> settings) {
        return settings.stream().map(Setting::name).collect(Collectors.toSet());
    }

    private static boolean parseBoolean(String text) {
        return switch (text) {
            case "true" -> true;
            case "false" -> false;
            default -> throw new SettingException("must be true or false, found \"" + text + "\"");
        };
    }

    /** The first branch, or both where they share weights. */
    public static BranchConfig first(Settings settings, InputConfig input) throws IOException {
        BranchConfig asked = settings.read(BranchConfig.class);
        String encoder = asked.encoder().isEmpty() ? input.encoder() : asked.encoder();
        if (OnnxConfig.isFile(encoder)) {
            return ImportedNetwork.branch(settings, Side.A, input, Path.of(encoder), asked.projector());
        }
        String second = settings.readSecond(BranchConfig.class).encoder();
        int width = asked.width() == 0 ? Encoders.width(encoder) : asked.width();
        EncoderOptions options = options(settings, encoder, second.isEmpty() ? encoder : second);
        return new BranchConfig(encoder, width, input, asked.projector(), asked.headNorm(), options, null);
    }

    /**
     * The second branch, which is as the first where neither options nor its input say otherwise; null where the two share
     * weights.
     *
     * @throws IllegalArgumentException if an option of the second branch is given beside {@code --share-weights true}, or
     *     two sides of different kinds are to share weights
     */
    public static @Nullable BranchConfig second(Settings settings, SideInputs inputs) throws IOException {
        Optional<Setting<?>> own = Stream.of(SECOND, InputOptions.SECOND, FILES_B)
                .<Setting<?>>flatMap(List::stream)
                .filter(settings::isGiven)
                .findFirst();
        boolean alike = inputs.alike();
        if (!settings.find(SHARE_WEIGHTS).orElse(own.isEmpty() && alike)) {
            return ofItsOwn(settings, inputs);
        }
        if (own.isPresent()) {
            throw new SettingException("--" + own.get().name()
                    + " is for a second branch with weights of its own; add --share-weights false or leave it out");
        }
        if (!alike) {
            throw new SettingException("--share-weights true needs two sides of one kind, found "
                    + inputs.a().noun() + " and " + inputs.b().noun() + "; leave it out");
        }
        return null;
    }

    private static BranchConfig ofItsOwn(Settings settings, SideInputs inputs) throws IOException {
        BranchConfig first = first(settings, inputs.a());
        BranchConfig asked = settings.readSecond(BranchConfig.class);
        String likeFirst = first.onnx() == null ? first.encoder() : first.onnx().path();
        String usual = inputs.alike() ? likeFirst : inputs.b().encoder();
        String encoder = asked.encoder().isEmpty() ? usual : asked.encoder();
        String projector = asked.projector().isEmpty() ? first.projector() : asked.projector();
        InputConfig input = InputOptions.ofSecondBranch(settings, inputs.b());
        if (OnnxConfig.isFile(encoder)) {
            return ImportedNetwork.branch(settings, Side.B, input, Path.of(encoder), projector);
        }
        int width = encoder.equals(first.encoder()) ? first.width() : Encoders.width(encoder);
        return new BranchConfig(
                encoder,
                asked.width() == 0 ? width : asked.width(),
                input,
                projector,
                first.headNorm(),
                options(settings, encoder, first.encoder()),
                null);
    }

    /** What only some encoders take, as it was given, without what is for the other branch's encoder alone. */
    private static EncoderOptions options(Settings settings, String encoder, String other) {
        TreeMap<String, Object> given = new TreeMap<>();
        for (String name : OF_ENCODERS) {
            Object value = settings.value(name);
            boolean others = OnnxConfig.isFile(other) || Encoders.takes(other, name);
            if (value != null && !value.equals(false) && (Encoders.takes(encoder, name) || !others)) {
                given.put(name, value);
            }
        }
        return new EncoderOptions(given);
    }

    /**
     * Refuses options of encoder files where there is none, and of networks of this program where there is none.
     *
     * @throws IllegalArgumentException naming the first one
     */
    static void requireUses(Settings settings, BranchConfig first, @Nullable BranchConfig second) throws IOException {
        boolean fileA = first.onnx() != null;
        boolean fileB = second == null ? fileA : second.onnx() != null;
        String forFiles = "is for encoders that come as ONNX files, found none";
        String forOwn = "is for networks that are named, found an ONNX file";
        List<String> files = FILES.stream()
                .map(Setting::name)
                .filter(name -> !name.equals(POOL))
                .toList();
        Recipes.refuse(settings, !fileA && !fileB, forFiles, files);
        Recipes.refuse(
                settings, !fileB, forFiles, FILES_B.stream().map(Setting::name).toList());
        Recipes.refuse(settings, fileA, forOwn, List.of("width"));
        Recipes.refuse(settings, fileB, forOwn, List.of("width-b"));
        List<String> encoders = Encoders.options().stream()
                .map(Declared::name)
                .filter(name -> !name.equals(POOL))
                .toList();
        Recipes.refuse(settings, fileA && fileB, forOwn, encoders);
    }
}
