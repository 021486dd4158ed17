package dev.vicreg.tools.command;

import dev.vicreg.models.encoder.Encoders;
import dev.vicreg.models.setting.SettingException;
import dev.vicreg.runtime.EmbeddingModel;
import dev.vicreg.runtime.input.Input;
import dev.vicreg.tools.cli.Setting;
import dev.vicreg.tools.cli.Settings;
import dev.vicreg.training.config.InputConfig;
import dev.vicreg.training.config.OnnxConfig;
import dev.vicreg.training.data.Datasets;
import dev.vicreg.training.data.kind.Kind;
import dev.vicreg.training.data.picture.PictureKind;
import dev.vicreg.training.data.source.DataOptions;
import dev.vicreg.training.data.source.Dataset;
import dev.vicreg.training.data.source.Selection;
import dev.vicreg.training.data.vector.VectorKind;
import java.io.IOException;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The options that say what samples are and how they are read; with the data they give the configuration of an input.
 * {@link KindSettings} has those of each kind.
 */
public final class InputSettings {
    /** One for every kind of data, in their order. */
    private static final List<KindSettings> KINDS =
            List.of(new PictureSettings(), new VectorSettings(), new SignalSettings(), new SequenceSettings());

    private static final List<Setting<?>> OF_KINDS = KINDS.stream()
            .<Setting<?>>flatMap(kind -> kind.options().stream())
            .distinct()
            .toList();

    /** Those that are for the first branch, or both. */
    static final List<Setting<?>> ALL = OF_KINDS.stream()
            .filter(setting -> !setting.equals(SignalSettings.FRONT_END_B))
            .toList();

    private InputSettings() {}

    /** The options for data of this kind. */
    static KindSettings ofKind(Kind<?> kind) {
        return KINDS.stream().filter(each -> each.kind() == kind).findFirst().orElseThrow();
    }

    /** The options for what a model takes. */
    private static KindSettings ofInput(Input<?> input) {
        return KINDS.stream()
                .filter(each -> each.kind().noun().equals(input.kind() + "s"))
                .findFirst()
                .orElseThrow();
    }

    /** Pictures, whatever the data. */
    public static InputConfig.Pictures pictures(Settings settings) {
        return PictureSettings.pictures(settings);
    }

    /**
     * What these options and the data say: columns and moments of vectors, channels, length and moments of signals.
     *
     * @param data where there are some; without them pictures
     * @param datasets opens them
     * @throws IllegalArgumentException if an option is for another kind of data
     */
    static InputConfig of(Settings settings, @Nullable String data, Selection selection, Datasets datasets)
            throws IOException {
        Kind<?> kind = data == null ? withoutData(settings) : datasets.kind(data);
        requireUses(settings, Set.of(kind));
        return data == null ? pictures(settings) : read(settings, data, selection, datasets);
    }

    /**
     * Refuses options for which there are no data.
     *
     * @throws IllegalArgumentException naming the first one
     */
    static void requireUses(Settings settings, Set<Kind<?>> kinds) {
        for (Setting<?> setting : OF_KINDS) {
            if (settings.isGiven(setting) && Collections.disjoint(kindsOf(setting), kinds)) {
                throw new SettingException("--" + setting.name() + " is for " + nouns(kindsOf(setting))
                        + ", the data are " + nouns(kinds) + "; leave it out");
            }
        }
        int channels = settings.find(PictureSettings.CHANNELS).orElse(PictureSettings.COLOURS);
        if (channels != PictureSettings.COLOURS && kinds.equals(Set.of(PictureKind.PICTURES))) {
            throw new SettingException("--channels of pictures must be 3, found " + channels);
        }
    }

    private static Set<Kind<?>> kindsOf(Setting<?> setting) {
        return KINDS.stream()
                .filter(each -> each.options().contains(setting))
                .map(KindSettings::kind)
                .collect(Collectors.toUnmodifiableSet());
    }

    private static String nouns(Set<Kind<?>> kinds) {
        return KINDS.stream()
                .map(KindSettings::kind)
                .filter(kinds::contains)
                .map(Kind::noun)
                .collect(Collectors.joining(" and "));
    }

    /** What the options say of data, once {@link #requireUses} has passed them. */
    static InputConfig read(Settings settings, String data, Selection selection, Datasets datasets) throws IOException {
        Dataset<?>[] opened = new Dataset<?>[1];
        InputConfig input = ofKind(datasets.kind(data)).input(settings, options -> {
            opened[0] = datasets.open(data, options, selection);
            return opened[0];
        });
        if (opened[0] != null) {
            datasets.alsoReadAs(input.reading(), opened[0]);
        }
        return input;
    }

    private static Kind<?> withoutData(Settings settings) {
        String encoder = Objects.requireNonNullElse((String) settings.value("encoder"), "resnet18");
        if (!OnnxConfig.isFile(encoder) && Encoders.input(encoder) != Encoders.Input.PICTURES) {
            throw new SettingException("Encoder " + encoder + " needs --data: they tell the sizes of what it takes");
        }
        return PictureKind.PICTURES;
    }

    /** The options that give this input, with their values. */
    static Map<Setting<?>, Object> values(InputConfig input) {
        return ofKind(input.kind()).values(input);
    }

    /** Whether an option is of no use to pictures. */
    static boolean isForOtherThanPictures(Setting<?> setting) {
        Set<Kind<?>> kinds = kindsOf(setting);
        return !kinds.isEmpty() && !kinds.contains(PictureKind.PICTURES);
    }

    /** Whether an option that says how samples are read was given. */
    static boolean isAnyGiven(Settings settings) {
        return ALL.stream().anyMatch(settings::isGiven);
    }

    /**
     * Opens data as a model takes them.
     *
     * @param label column of classes; null for none
     * @param datasets opens them
     * @throws IllegalArgumentException if the data are of another kind
     */
    static Dataset<?> open(
            EmbeddingModel model, String data, @Nullable String label, Selection selection, Datasets datasets)
            throws IOException {
        Input<?> input = model.manifest().input();
        KindSettings wanted = ofInput(input);
        Kind<?> found = datasets.kind(data);
        if (found != wanted.kind()) {
            throw new SettingException(
                    "The encoder takes " + wanted.kind().noun() + ", " + data + " holds " + found.noun());
        }
        if (label != null && found != VectorKind.VECTORS) {
            throw new SettingException("--label is for vectors, the data are " + found.noun()
                    + ", whose classes are their folders or in NAME.labels.txt; leave it out");
        }
        DataOptions options = wanted.options(input);
        Dataset<?> opened = datasets.open(data, label == null ? options : options.withLabel(label), selection);
        try {
            wanted.requireFits(opened, input);
        } catch (SettingException e) {
            throw new SettingException(data + ": " + e.getMessage(), e);
        }
        return opened;
    }
}
