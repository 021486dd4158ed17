package dev.vicreg.tools.command;

import dev.vicreg.models.encoder.Encoders;
import dev.vicreg.models.nn.LogMel;
import dev.vicreg.models.setting.Group;
import dev.vicreg.runtime.EmbeddingModel;
import dev.vicreg.runtime.input.Input;
import dev.vicreg.tools.cli.Setting;
import dev.vicreg.tools.cli.Settings;
import dev.vicreg.training.config.InputConfig;
import dev.vicreg.training.config.OnnxConfig;
import dev.vicreg.training.data.Datasets;
import dev.vicreg.training.data.sequence.SequenceDataset;
import dev.vicreg.training.data.signal.SignalDataset;
import dev.vicreg.training.data.source.Dataset;
import dev.vicreg.training.data.source.Modality;
import dev.vicreg.training.data.source.Moments;
import dev.vicreg.training.data.source.Reading;
import dev.vicreg.training.data.source.Selection;
import dev.vicreg.training.data.vector.VectorDataset;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The options that say what samples are and how they are read; with the data they give the configuration of an input. */
public final class InputSettings {
    static final Setting<List<String>> COLUMNS = new Setting<>(
            "columns",
            "A,B,C",
            Group.DATA,
            "vectors: columns that are used, by name; without it all whose values are numbers, but --label",
            null,
            InputSettings::parseColumns);
    static final Setting<String> LABEL = Setting.text(
            "label", "COLUMN", Group.DATA, "vectors: column of classes, for evaluation alone; never trained on", null);
    static final Setting<Integer> RATE = Setting.integer(
            "rate",
            "HZ",
            Group.DATA,
            "signals: rate to which they are resampled; without it the files', if all have one",
            null,
            1,
            10_000_000);
    static final Setting<Length> LENGTH = new Setting<>(
            "length",
            "N|Xs",
            Group.DATA,
            "signals: samples or seconds that the encoder sees; without it one second, or the shortest signal's. Sequences: ids"
                    + " that it sees, of which longer ones are cut; without it the encoder file's or the longest's, of texts"
                    + " at most 256",
            null,
            InputSettings::parseLength);
    static final Setting<String> FRONT_END = new Setting<>(
            "front-end",
            "none|log-mel[,NAME=X...]",
            Group.MODEL,
            "signals: what stands before the encoder; log-mel takes window=25 and hop=10 in ms, bands=64, low=0 and high in"
                    + " Hz",
            "none",
            InputSettings::checkFrontEnd);

    static final Setting<String> FRONT_END_B = new Setting<>(
            "front-end-b",
            "none|log-mel[,NAME=X...]",
            Group.MODEL,
            "signals: that of the second branch; without it that of --front-end",
            null,
            InputSettings::checkFrontEnd);

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

    /** Options for some kinds of data each. */
    private static final Map<Setting<?>, Set<Modality>> OWN = Map.ofEntries(
            entry(COLUMNS, Modality.VECTORS),
            entry(LABEL, Modality.VECTORS),
            entry(RATE, Modality.SIGNALS),
            entry(LENGTH, Modality.SIGNALS, Modality.SEQUENCES),
            entry(FRONT_END, Modality.SIGNALS),
            entry(FRONT_END_B, Modality.SIGNALS),
            entry(SequenceSettings.VOCABULARY, Modality.SEQUENCES),
            entry(SequenceSettings.PAD_ID, Modality.SEQUENCES),
            entry(SequenceSettings.MASK_ID, Modality.SEQUENCES),
            entry(SequenceSettings.SPECIAL_IDS, Modality.SEQUENCES),
            entry(CHANNELS, Modality.PICTURES, Modality.SIGNALS),
            entry(IMAGE_SIZE, Modality.PICTURES),
            entry(MEAN, Modality.PICTURES),
            entry(STD, Modality.PICTURES));

    static final List<Setting<?>> ALL = List.of(
            IMAGE_SIZE,
            CHANNELS,
            MEAN,
            STD,
            COLUMNS,
            LABEL,
            RATE,
            LENGTH,
            SequenceSettings.VOCABULARY,
            SequenceSettings.PAD_ID,
            SequenceSettings.MASK_ID,
            SequenceSettings.SPECIAL_IDS,
            FRONT_END);

    private static final int PICTURE_CHANNELS = 3;
    private static final String LOG_MEL = "log-mel";

    /** A length in samples, or in seconds. */
    record Length(double value, boolean inSeconds) {}

    private InputSettings() {}

    private static Map.Entry<Setting<?>, Set<Modality>> entry(Setting<?> setting, Modality... kinds) {
        return Map.entry(setting, EnumSet.copyOf(List.of(kinds)));
    }

    private static Setting<List<Float>> channelValues(String name, String help, String fallback) {
        return new Setting<>(name, "R,G,B", Group.MODEL, help, fallback, InputSettings::parseFloats);
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

    /** The first line of a CSV file, so to say: names with commas stand in quotes. */
    private static List<String> parseColumns(String text) {
        return Arrays.stream(text.split(",(?=(?:[^\"]*\"[^\"]*\")*[^\"]*$)", -1))
                .map(String::strip)
                .map(name -> name.startsWith("\"") && name.endsWith("\"") && name.length() > 1
                        ? name.substring(1, name.length() - 1).replace("\"\"", "\"")
                        : name)
                .toList();
    }

    private static Length parseLength(String text) {
        boolean seconds = text.endsWith("s");
        try {
            double value = Double.parseDouble(seconds ? text.substring(0, text.length() - 1) : text);
            if (value > 0 && value < 1e9 && (seconds || value == Math.rint(value))) {
                return new Length(value, seconds);
            }
        } catch (NumberFormatException e) {
            // told below
        }
        throw new IllegalArgumentException(
                "must be a number of samples or ids, or seconds, such as 16000 or 0.5s, found \"" + text + "\"");
    }

    private static String checkFrontEnd(String text) {
        if (!text.equals("none") && !text.equals(LOG_MEL) && !text.startsWith(LOG_MEL + ",")) {
            throw new IllegalArgumentException("must be none or log-mel, found \"" + text + "\"");
        }
        return text;
    }

    /** Pictures, whatever the data. */
    public static InputConfig.Pictures pictures(Settings settings) {
        return new InputConfig.Pictures(
                settings.get(IMAGE_SIZE), PICTURE_CHANNELS, settings.get(MEAN), settings.get(STD));
    }

    /**
     * What these options and the data say: columns and moments of vectors, channels, length and moments of signals.
     *
     * @param data where there are some; without them pictures
     * @throws IllegalArgumentException if an option is for another kind of data
     */
    static InputConfig of(Settings settings, @Nullable String data, Selection selection) throws IOException {
        Modality modality = data == null ? withoutData(settings) : Datasets.modality(data);
        requireUses(settings, EnumSet.of(modality));
        return data == null ? pictures(settings) : read(settings, data, modality, selection);
    }

    /**
     * Refuses options for which there are no data.
     *
     * @throws IllegalArgumentException naming the first one
     */
    static void requireUses(Settings settings, Set<Modality> modalities) {
        OWN.forEach((setting, kinds) -> {
            if (Collections.disjoint(kinds, modalities) && settings.isGiven(setting)) {
                throw new IllegalArgumentException("--" + setting.name() + " is for " + nouns(kinds) + ", the data are "
                        + nouns(modalities) + "; leave it out");
            }
        });
        int channels = settings.find(CHANNELS).orElse(PICTURE_CHANNELS);
        if (channels != PICTURE_CHANNELS && modalities.equals(EnumSet.of(Modality.PICTURES))) {
            throw new IllegalArgumentException("--channels of pictures must be 3, found " + channels);
        }
    }

    private static String nouns(Set<Modality> modalities) {
        return modalities.stream().map(Modality::noun).collect(Collectors.joining(" and "));
    }

    /** What the options say of data of that kind, once {@link #requireUses} has passed them. */
    static InputConfig read(Settings settings, String data, Modality modality, Selection selection) throws IOException {
        if (modality == Modality.PICTURES) {
            return pictures(settings);
        }
        Reading reading = new Reading(
                settings.find(COLUMNS).orElse(List.of()),
                settings.find(LABEL).orElse(null),
                settings.find(RATE).orElse(0),
                settings.find(CHANNELS).orElse(1),
                settings.find(SequenceSettings.PAD_ID).orElse(0));
        try (Dataset read = Datasets.open(data, reading, selection)) {
            if (read instanceof SequenceDataset sequences) {
                return SequenceSettings.of(sequences, settings);
            }
            return read instanceof VectorDataset vectors
                    ? vectors(vectors, reading)
                    : signals((SignalDataset) read, settings);
        }
    }

    private static Modality withoutData(Settings settings) {
        String encoder = Objects.requireNonNullElse((String) settings.value("encoder"), "resnet18");
        if (!OnnxConfig.isFile(encoder) && Encoders.input(encoder) != Encoders.Input.PICTURES) {
            throw new IllegalArgumentException(
                    "Encoder " + encoder + " needs --data: they tell the sizes of what it takes");
        }
        return Modality.PICTURES;
    }

    private static InputConfig vectors(VectorDataset data, Reading reading) {
        Moments moments = data.moments();
        return new InputConfig.Vectors(data.columns(), reading.label(), moments.mean(), moments.deviation());
    }

    private static InputConfig signals(SignalDataset data, Settings settings) {
        SignalDataset.Summary summary = data.summary();
        int rate = summary.rate();
        int length = settings.find(LENGTH)
                .map(given -> samples(given, rate))
                .orElse(rate == 0 ? summary.shortest() : Math.min(rate, summary.shortest()));
        return new InputConfig.Signals(
                rate,
                length,
                summary.channels(),
                summary.moments().mean(),
                summary.moments().deviation(),
                frontEnd(settings.get(FRONT_END), rate));
    }

    private static int samples(Length length, int rate) {
        if (length.inSeconds && rate == 0) {
            throw new IllegalArgumentException(
                    "--length in seconds needs a rate, which an array doesn't have; add --rate or give samples");
        }
        double samples = Math.rint(length.value * (length.inSeconds ? rate : 1));
        if (samples < 1 || samples > Integer.MAX_VALUE) {
            throw new IllegalArgumentException("--length must be between 1 and 2147483647 samples, found " + samples);
        }
        return (int) samples;
    }

    /** The second branch's input with its own front end, if it was given one. */
    static InputConfig withFrontEndB(InputConfig input, Settings settings) {
        Optional<String> own = settings.find(FRONT_END_B);
        if (own.isEmpty()) {
            return input;
        }
        if (!(input instanceof InputConfig.Signals signals)) {
            throw new IllegalArgumentException("--front-end-b is for signals, found "
                    + input.modality().noun() + " on the second side; leave it out");
        }
        return new InputConfig.Signals(
                signals.rate(),
                signals.length(),
                signals.channels(),
                signals.mean(),
                signals.std(),
                frontEnd(own.get(), signals.rate()));
    }

    private static @Nullable LogMel frontEnd(String text, int rate) {
        if (text.equals("none")) {
            return null;
        }
        if (rate == 0) {
            throw new IllegalArgumentException(
                    "--front-end log-mel needs a rate, which an array doesn't have; add --rate");
        }
        Map<String, Double> values =
                new HashMap<>(Map.of("window", 25.0, "hop", 10.0, "bands", 64.0, "low", 0.0, "high", rate / 2.0));
        for (String part : text.substring(LOG_MEL.length()).split(",", -1)) {
            String[] pair = part.split("=", 2);
            if (part.isEmpty()) {
                continue;
            }
            try {
                if (pair.length < 2 || values.replace(pair[0], Double.valueOf(pair[1])) == null) {
                    throw new IllegalArgumentException(
                            "--front-end log-mel takes window, hop, bands, low and high, found \"" + part + "\"");
                }
            } catch (NumberFormatException e) {
                throw new IllegalArgumentException(
                        "--front-end log-mel: " + pair[0] + " must be a number, found \"" + pair[1] + "\"", e);
            }
        }
        return new LogMel(
                rate,
                (int) Math.rint(number(values, "window") * rate / 1000),
                (int) Math.rint(number(values, "hop") * rate / 1000),
                (int) Math.rint(number(values, "bands")),
                number(values, "low"),
                number(values, "high"));
    }

    private static double number(Map<String, Double> values, String name) {
        return Objects.requireNonNull(values.get(name));
    }

    /** The options that give this input, with their values. */
    static Map<Setting<?>, Object> values(InputConfig input) {
        Map<Setting<?>, Object> values = new HashMap<>();
        if (input instanceof InputConfig.Pictures pictures) {
            values.put(IMAGE_SIZE, pictures.imageSize());
            values.put(MEAN, commas(pictures.mean()));
            values.put(STD, commas(pictures.std()));
        } else if (input instanceof InputConfig.Vectors vectors) {
            values.put(
                    COLUMNS,
                    vectors.columns().stream().map(InputSettings::quoted).collect(Collectors.joining(",")));
            if (vectors.label() != null) {
                values.put(LABEL, vectors.label());
            }
        } else if (input instanceof InputConfig.Signals signals) {
            values.put(LENGTH, signals.length());
            values.put(CHANNELS, signals.channels());
            if (signals.rate() > 0) {
                values.put(RATE, signals.rate());
            }
            LogMel mel = signals.frontEnd();
            values.put(FRONT_END, text(mel));
        } else if (input instanceof InputConfig.Sequences sequences) {
            values.putAll(SequenceSettings.values(sequences));
        }
        return values;
    }

    /** As {@link #FRONT_END} takes it. */
    static String text(@Nullable LogMel mel) {
        if (mel == null) {
            return "none";
        }
        return String.format(
                Locale.ROOT,
                "%s,window=%s,hop=%s,bands=%d,low=%s,high=%s",
                LOG_MEL,
                mel.window() * 1000.0 / mel.rate(),
                mel.hop() * 1000.0 / mel.rate(),
                mel.bands(),
                mel.low(),
                mel.high());
    }

    private static String quoted(String name) {
        return name.contains(",") || name.contains("\"") ? '"' + name.replace("\"", "\"\"") + '"' : name;
    }

    private static String commas(List<Float> values) {
        return values.stream().map(Object::toString).collect(Collectors.joining(","));
    }

    /** Whether an option is of no use to pictures. */
    static boolean isForOtherThanPictures(Setting<?> setting) {
        return !OWN.getOrDefault(setting, Set.of(Modality.PICTURES)).contains(Modality.PICTURES);
    }

    /** Whether an option that says how samples are read was given. */
    static boolean isAnyGiven(Settings settings) {
        return ALL.stream().anyMatch(settings::isGiven);
    }

    /**
     * Opens data as a model takes them.
     *
     * @param label column of classes; null for none
     * @throws IllegalArgumentException if the data are of another kind
     */
    static Dataset open(EmbeddingModel model, String data, @Nullable String label, Selection selection)
            throws IOException {
        Input<?> input = model.manifest().input();
        Modality wanted = Modality.PICTURES;
        Reading reading = Reading.DEFAULT;
        if (input instanceof Input.Vectors vectors) {
            wanted = Modality.VECTORS;
            reading = new Reading(vectors.columns(), label, 0, 1);
        } else if (input instanceof Input.Signals signals) {
            wanted = Modality.SIGNALS;
            reading = new Reading(List.of(), null, signals.rate(), signals.channels());
        } else if (input instanceof Input.Sequences sequences) {
            wanted = Modality.SEQUENCES;
            reading = new Reading(List.of(), null, 0, 1, sequences.padding());
        }
        Modality found = Datasets.modality(data);
        if (found != wanted) {
            throw new IllegalArgumentException(
                    "The encoder takes " + wanted.noun() + ", " + data + " holds " + found.noun());
        }
        if (label != null && wanted != Modality.VECTORS) {
            throw new IllegalArgumentException("--label is for vectors, the data are " + found.noun()
                    + ", whose classes are their folders or in NAME.labels.txt; leave it out");
        }
        Dataset opened = Datasets.open(data, reading, selection);
        if (opened instanceof SequenceDataset ids && input instanceof Input.Sequences sequences) {
            try {
                ids.requireFor(sequences.ofTexts(), sequences.vocabulary(), sequences.cut() ? 0 : sequences.length());
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException(data + ": " + e.getMessage(), e);
            }
        }
        return opened;
    }
}
