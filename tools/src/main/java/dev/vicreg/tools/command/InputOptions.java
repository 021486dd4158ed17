package dev.vicreg.tools.command;

import dev.vicreg.models.encoder.Encoders;
import dev.vicreg.models.encoder.OnnxEncoder;
import dev.vicreg.models.setting.Group;
import dev.vicreg.models.setting.SettingException;
import dev.vicreg.runtime.Manifest;
import dev.vicreg.tools.cli.Setting;
import dev.vicreg.tools.cli.Settings;
import dev.vicreg.training.config.InputConfig;
import dev.vicreg.training.config.InputKind;
import dev.vicreg.training.config.OnnxConfig;
import dev.vicreg.training.config.PictureInput;
import dev.vicreg.training.config.SequenceInput;
import dev.vicreg.training.config.VectorInput;
import dev.vicreg.training.data.Datasets;
import dev.vicreg.training.data.kind.Kind;
import dev.vicreg.training.data.picture.PictureKind;
import dev.vicreg.training.data.sequence.SequenceKind;
import dev.vicreg.training.data.source.DataOptions;
import dev.vicreg.training.data.source.Dataset;
import dev.vicreg.training.data.source.Selection;
import dev.vicreg.training.data.vector.VectorKind;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The options that say what samples are and how they are read, as the records of {@link InputKind#ALL} declare them; with
 * the data they give what a branch takes.
 */
final class InputOptions {
    /** A target's name where samples' numbers are their labels. */
    static final String LABELS = "labels";

    static final Setting<String> LABEL = Setting.of(VectorInput.class, "label");

    /** Mean and deviation of pictures by name. */
    private static final Map<String, List<String>> PRESETS = presets();

    static final Setting<String> PREPROCESS = Setting.choice(
            "preprocess",
            List.copyOf(PRESETS.keySet()),
            Group.MODEL,
            "mean and std of pictures as those networks have them; resizing and cutting stay as they are",
            null);

    /** The kinds that an option is for, by its name. */
    private static final Map<String, Set<Kind<?>>> KINDS = new LinkedHashMap<>();

    /** Those that are for the first branch, or both. */
    static final List<Setting<?>> ALL = all();

    /** Those of the second branch alone. */
    static final List<Setting<?>> SECOND = joined(Setting::ofSecond);

    private InputOptions() {}

    private static Map<String, List<String>> presets() {
        Map<String, List<String>> presets = new LinkedHashMap<>();
        presets.put("imagenet", List.of("0.485,0.456,0.406", "0.229,0.224,0.225"));
        presets.put("clip", List.of("0.48145466,0.4578275,0.40821073", "0.26862954,0.26130258,0.27577711"));
        presets.put("siglip", List.of("0.5,0.5,0.5", "0.5,0.5,0.5"));
        presets.put("minus-one-one", List.of("0.5,0.5,0.5", "0.5,0.5,0.5"));
        return presets;
    }

    private static List<Setting<?>> all() {
        List<Setting<?>> all = new ArrayList<>(joined(Setting::of));
        KINDS.put(PREPROCESS.name(), Set.of(PictureKind.PICTURES));
        all.add(PREPROCESS);
        return List.copyOf(all);
    }

    /** The settings with mean and deviation where their name was given. */
    static Settings preprocessed(Settings settings) {
        Optional<String> name = settings.find(PREPROCESS);
        if (name.isEmpty()) {
            return settings;
        }
        if (settings.isGiven("mean") || settings.isGiven("std")) {
            throw new SettingException("--preprocess " + name.get()
                    + " gives --mean and --std, which are given as well; leave either out");
        }
        List<String> moments = Objects.requireNonNull(PRESETS.get(name.get()));
        return settings.over(Map.of("mean", moments.get(0), "std", moments.get(1)), "preprocess " + name.get());
    }

    private static List<Setting<?>> joined(Function<Class<? extends Record>, List<Setting<?>>> declared) {
        List<Setting<?>> all = new ArrayList<>();
        for (InputKind<?, ?> kind : InputKind.ALL) {
            List<Setting<?>> own = declared.apply(kind.settings());
            own.forEach(setting -> KINDS.computeIfAbsent(setting.name(), name -> new LinkedHashSet<>())
                    .add(kind.kind()));
            all.addAll(own);
        }
        return Setting.joined(all);
    }

    /**
     * What these options and the data say: columns and moments of vectors, channels, length and moments of signals.
     *
     * @param data where there are some; without them ids if an encoder file takes those, else pictures
     * @param datasets opens them
     * @throws IllegalArgumentException if an option is for another kind of data
     */
    static InputConfig of(Settings settings, @Nullable String data, Selection selection, Datasets datasets)
            throws IOException {
        Kind<?> kind = data == null ? withoutData(settings) : datasets.kind(data);
        requireUses(settings, Set.of(kind));
        if (data != null) {
            return read(settings, data, selection, datasets);
        }
        return kind == SequenceKind.SEQUENCES ? SequenceInput.withoutData(settings) : PictureInput.of(settings);
    }

    /**
     * Refuses options for which there are no data.
     *
     * @throws IllegalArgumentException naming the first one
     */
    static void requireUses(Settings settings, Set<Kind<?>> kinds) {
        for (Setting<?> setting : Stream.concat(ALL.stream(), SECOND.stream()).toList()) {
            if (settings.isGiven(setting) && Collections.disjoint(kindsOf(setting), kinds)) {
                throw new SettingException("--" + setting.name() + " is for " + nouns(kindsOf(setting))
                        + ", the data are " + nouns(kinds) + "; leave it out");
            }
        }
    }

    private static Set<Kind<?>> kindsOf(Setting<?> setting) {
        return KINDS.getOrDefault(setting.name(), Set.of());
    }

    private static String nouns(Set<Kind<?>> kinds) {
        return InputKind.ALL.stream()
                .<Kind<?>>map(InputKind::kind)
                .filter(kinds::contains)
                .map(Kind::noun)
                .collect(Collectors.joining(" and "));
    }

    /** What the options say of data, once {@link #requireUses} has passed them. */
    static InputConfig read(Settings settings, String data, Selection selection, Datasets datasets) throws IOException {
        Dataset<?>[] opened = new Dataset<?>[1];
        InputConfig input = InputKind.of(datasets.kind(data)).read(settings, options -> {
            opened[0] = datasets.open(data, options, selection);
            return opened[0];
        });
        if (opened[0] != null) {
            datasets.alsoReadAs(input.reading(), opened[0]);
        }
        return input;
    }

    private static Kind<?> withoutData(Settings settings) throws IOException {
        String encoder = Objects.requireNonNullElse((String) settings.value("encoder"), "resnet18");
        if (OnnxConfig.isFile(encoder)) {
            OnnxConfig file = settings.read(OnnxConfig.class).of(Path.of(encoder));
            return OnnxEncoder.takesIds(file.input()) ? SequenceKind.SEQUENCES : PictureKind.PICTURES;
        }
        if (Encoders.input(encoder) != Encoders.Input.PICTURES) {
            throw new SettingException("Encoder " + encoder + " needs --data: they tell the sizes of what it takes");
        }
        return PictureKind.PICTURES;
    }

    /** What the second branch takes of the second side's data: with options of its own, if they are for these. */
    static InputConfig ofSecondBranch(Settings settings, InputConfig input) {
        for (Setting<?> setting : SECOND) {
            if (settings.isGiven(setting) && !kindsOf(setting).contains(input.kind())) {
                throw new SettingException("--" + setting.name() + " is for " + nouns(kindsOf(setting)) + ", found "
                        + input.kind().noun() + " on the second side; leave it out");
            }
        }
        return input.ofSecondBranch(settings);
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
     * @param model what it says about itself
     * @param label column of classes; null for none
     * @param datasets opens them
     * @throws IllegalArgumentException if the data are of another kind
     */
    static Dataset<?> open(Manifest model, String data, @Nullable String label, Selection selection, Datasets datasets)
            throws IOException {
        String taker = model.classifier() == null ? "The encoder" : "The classifier";
        return open(InputKind.of(model.input()), taker, data, label, selection, datasets);
    }

    /**
     * The column that a target's numbers are read from as labels are: of tables that of its name, of other samples none, whose
     * labels they are.
     *
     * @param input what the encoder takes
     * @throws SettingException if it takes that column itself, or labels are called otherwise than {@value #LABELS}
     */
    static @Nullable String targetColumn(String target, InputConfig input) {
        if (input.kind() == VectorKind.VECTORS) {
            if (input.reading().columns().contains(target)) {
                throw new SettingException("--target " + target + " is among the columns that the encoder takes: train"
                        + " one on the others, named with ./vicreg train --columns");
            }
            return target;
        }
        if (!target.equals(LABELS)) {
            throw new SettingException("--target names a column of vectors, the data are "
                    + input.kind().noun() + ", whose numbers are their labels: --target " + LABELS);
        }
        return null;
    }

    /**
     * The same for what a network takes.
     *
     * @param taker what messages call it, at the start of a sentence
     */
    static Dataset<?> open(
            InputConfig wanted,
            String taker,
            String data,
            @Nullable String label,
            Selection selection,
            Datasets datasets)
            throws IOException {
        Kind<?> found = datasets.kind(data);
        if (found != wanted.kind()) {
            throw new SettingException(
                    taker + " takes " + wanted.kind().noun() + ", " + data + " holds " + found.noun());
        }
        if (label != null && found != VectorKind.VECTORS) {
            throw new SettingException("--label is for vectors, the data are " + found.noun()
                    + ", whose classes are their folders or in NAME.labels.txt; leave it out");
        }
        DataOptions options = wanted.reading();
        Dataset<?> opened = datasets.open(data, label == null ? options : options.withLabel(label), selection);
        try {
            wanted.requireFits(opened);
        } catch (SettingException e) {
            throw new SettingException(data + ": " + e.getMessage(), e);
        }
        return opened;
    }
}
