package dev.vicreg.tools.command;

import dev.vicreg.export.Comparison;
import dev.vicreg.export.Resizing;
import dev.vicreg.export.VariantExport;
import dev.vicreg.export.VariantExport.Precision;
import dev.vicreg.export.VariantExport.Samples;
import dev.vicreg.models.setting.Group;
import dev.vicreg.models.setting.SettingException;
import dev.vicreg.runtime.Manifest;
import dev.vicreg.runtime.input.Input;
import dev.vicreg.runtime.picture.Picture;
import dev.vicreg.tools.cli.Console;
import dev.vicreg.tools.cli.Setting;
import dev.vicreg.tools.cli.Settings;
import dev.vicreg.tools.cli.Version;
import dev.vicreg.tools.evaluation.KnnClassifier;
import dev.vicreg.tools.evaluation.probe.HeldOut;
import dev.vicreg.tools.output.Json;
import dev.vicreg.training.data.Datasets;
import dev.vicreg.training.data.Kinds;
import dev.vicreg.training.data.source.Dataset;
import dev.vicreg.training.data.source.InOrder;
import dev.vicreg.training.data.source.Selection;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** What {@code export} makes of a plain encoder, and what it says of that. */
final class ExportVariant {
    private static final int MOST_SAMPLES = 500;

    private static final Setting<String> PRECISION = Setting.choice(
            "precision",
            Arrays.stream(Precision.values()).map(Precision::word).toList(),
            Group.OUTPUT,
            "in which the encoder computes: fp16 halves the file, int8 quarters it, with --calibration",
            Precision.FP32.word());
    private static final Setting<String> CALIBRATION = Setting.text(
            "calibration",
            "DIR",
            Group.DATA,
            "with --precision int8: samples of the encoder's kind, of which up to " + MOST_SAMPLES
                    + " are used, four of five to calibrate, the fifth to compare; with labels kNN is compared too",
            null);
    private static final Setting<Boolean> WITH_RESIZE = Setting.flag(
            "with-resize",
            Group.OUTPUT,
            "let the file take uint8 pictures of any size [N,H,W,3] and resize them as this program would");
    private static final Setting<Boolean> NORMALIZE =
            Setting.flag("normalize", Group.OUTPUT, "let the file give vectors of length 1");
    private static final Setting<Integer> OPSET = Setting.integer(
            "opset",
            "N",
            Group.OUTPUT,
            "ONNX operator set that the file declares; 0 for the oldest that does",
            0,
            0,
            Integer.MAX_VALUE);
    private static final Setting<Integer> BATCH = Setting.integer(
            "batch",
            "N",
            Group.OUTPUT,
            "samples that the file takes at once; 0 for any number",
            0,
            0,
            VariantExport.Settings.MOST_BATCH);

    static final List<Setting<?>> OPTIONS = List.of(PRECISION, CALIBRATION, WITH_RESIZE, NORMALIZE, OPSET, BATCH);

    /** Originals that are kept beside prepared samples: they may be large. */
    private static final int MOST_ORIGINALS = 8;

    private static final int READ_AT_ONCE = 16;

    private final Settings settings;
    private final Console console;
    private final VariantExport.Settings wanted;
    private @Nullable Calibration calibration; // of the first file, for that with averaged weights too

    /** @throws SettingException for what no file can be */
    ExportVariant(Settings settings, Console console) {
        this.settings = settings;
        this.console = console;
        Precision precision = Precision.valueOf(settings.get(PRECISION).toUpperCase(Locale.ROOT));
        if ((precision == Precision.INT8) != settings.isGiven(CALIBRATION)) {
            throw new SettingException(
                    precision == Precision.INT8
                            ? "--precision int8 needs samples to calibrate with: add --calibration DIR"
                            : "--calibration is for --precision int8; leave it out");
        }
        wanted = new VariantExport.Settings(
                precision, settings.on(WITH_RESIZE), settings.on(NORMALIZE), settings.get(OPSET), settings.get(BATCH));
    }

    /** Whether anything but a plain file is wanted. */
    boolean isAsked() {
        return OPTIONS.stream().anyMatch(settings::isGiven);
    }

    /** Makes the file and says what became of it. */
    void export(Path plain, Path out) throws IOException {
        if (!settings.isGiven(CALIBRATION)) {
            print(
                    VariantExport.export(plain, wanted, Samples.NONE, Version.TEXT, out),
                    OptionalDouble.empty(),
                    OptionalDouble.empty());
            return;
        }
        if (calibration == null) {
            calibration = read(Manifest.read(plain));
        }
        int[] labels = calibration.labels;
        VariantExport.Result result = VariantExport.export(plain, wanted, calibration.samples, Version.TEXT, out);
        Comparison all = result.comparison();
        print(result, knn(all.made(), labels), knn(all.plain(), labels));
    }

    /** @param labels class of each sample, -1 for none */
    private record Calibration(Samples samples, int[] labels) {}

    private Calibration read(Manifest manifest) throws IOException {
        try (Datasets datasets = new Datasets(new Reading(console))) {
            Dataset<?> data = InputOptions.open(
                    manifest, settings.get(CALIBRATION), null, new Selection(MOST_SAMPLES, 0), datasets);
            return read(data, manifest.input(), wanted.anySize());
        }
    }

    /** @param original null where it isn't kept */
    private record Calibrating(byte[] row, @Nullable Picture original) {}

    /**
     * Reads what calibrates.
     *
     * @param resizes whether the first originals are wanted too
     */
    @SuppressWarnings("unchecked") // a kind of data has one type of sample, and the model's is that of the data
    private static <S> Calibration read(Dataset<?> data, Input<S> input, boolean resizes) throws IOException {
        Dataset<S> samples = (Dataset<S>) Kinds.of(data).require(data);
        List<byte[]> rows = new ArrayList<>();
        List<Picture> originals = new ArrayList<>();
        List<Integer> labels = new ArrayList<>();
        InOrder.Reader<Calibrating> reader = index -> {
            S sample = samples.sample(index);
            ByteBuffer row = ByteBuffer.allocate(input.bytes()).order(ByteOrder.nativeOrder());
            input.write(input.prepare(sample), row, 0);
            boolean kept = resizes && index < MOST_ORIGINALS && sample instanceof Picture;
            return new Calibrating(row.array(), kept ? (Picture) sample : null);
        };
        InOrder.forEachBatch(samples, READ_AT_ONCE, reader, items -> {
            for (InOrder.Item<Calibrating> item : items) {
                rows.add(item.value().row);
                labels.add(samples.label(item.index()));
                if (item.value().original != null) {
                    originals.add(item.value().original);
                }
            }
        });
        return new Calibration(
                new Samples(rows, originals),
                labels.stream().mapToInt(Integer::intValue).toArray());
    }

    /** Share of the measured samples that those to calibrate with tell the class of; empty without classes. */
    private static OptionalDouble knn(float[][] vectors, int[] labels) {
        int[] bank = IntStream.range(0, vectors.length)
                .filter(i -> labels[i] >= 0 && !Samples.isMeasured(i))
                .toArray();
        int[] asked = IntStream.range(0, vectors.length)
                .filter(i -> labels[i] >= 0 && Samples.isMeasured(i))
                .toArray();
        int[] voting = HeldOut.labels(labels, bank);
        if (asked.length == 0 || Arrays.stream(voting).distinct().count() < 2) {
            return OptionalDouble.empty();
        }
        KnnClassifier standard = KnnClassifier.STANDARD;
        KnnClassifier classifier = new KnnClassifier(Math.min(standard.k(), bank.length), standard.temperature());
        return OptionalDouble.of(classifier.accuracy(
                HeldOut.rows(vectors, bank),
                voting,
                HeldOut.rows(vectors, asked),
                HeldOut.labels(labels, asked),
                Arrays.stream(labels).max().orElse(0) + 1));
    }

    private void print(VariantExport.Result result, OptionalDouble knn, OptionalDouble plainKnn) {
        if (settings.on(SharedSettings.JSON)) {
            console.out().println(Json.line(summary(result, knn, plainKnn)));
            return;
        }
        Manifest manifest = result.manifest();
        Comparison measured = result.measured();
        say(
                "%s in %s: %s, %s in the file that it is made of; opset %d",
                manifest.encoder(),
                manifest.made().precision(),
                size(result.bytes()),
                size(result.plainBytes()),
                result.opset());
        say(
                "cosine to the vectors in fp32: mean %.5f, least %.5f, on %d %s",
                measured.mean(),
                measured.least(),
                measured.places().size(),
                measured.madeUp() ? "made-up samples" : "samples that it was not calibrated with");
        if (settings.isGiven(CALIBRATION)) {
            say(
                    "calibrated on %d samples; of an activation's values %s lie beyond its range",
                    result.comparison().places().size() - measured.places().size(),
                    result.beyond() == 0 ? "none" : "up to " + result.beyond() * 100 + " % at either end");
        }
        if (knn.isPresent() && plainKnn.isPresent()) {
            say(
                    "kNN of those by the others: %.1f %%, in fp32 %.1f %%",
                    100 * knn.getAsDouble(), 100 * plainKnn.getAsDouble());
        }
        Resizing resizing = result.resizing();
        if (resizing != null) {
            say(
                    "resizing: of %d pictures %.2f %% of the values differ from Java's, by at most %d of 255",
                    resizing.pictures(), 100 * resizing.differing(), resizing.largest());
        }
        console.out().println(result.file());
    }

    private void say(String line, Object... values) {
        console.err().println(String.format(Locale.ROOT, line, values));
    }

    private static String size(long bytes) {
        return String.format(Locale.ROOT, "%.2f MB", bytes / 1e6);
    }

    private static Map<String, Object> summary(
            VariantExport.Result result, OptionalDouble knn, OptionalDouble plainKnn) {
        Comparison measured = result.measured();
        Map<String, Object> summary = new LinkedHashMap<>();
        summary.put("encoder", result.file().toString());
        summary.put("precision", result.manifest().made().precision());
        summary.put("opset", result.opset());
        summary.put("bytes", result.bytes());
        summary.put("plain_bytes", result.plainBytes());
        summary.put("cosine_mean", measured.mean());
        summary.put("cosine_least", measured.least());
        summary.put("compared", measured.places().size());
        summary.put("made_up", measured.madeUp());
        knn.ifPresent(share -> summary.put("knn", share));
        plainKnn.ifPresent(share -> summary.put("knn_plain", share));
        Resizing resizing = result.resizing();
        if (resizing != null) {
            summary.put("resize_largest", resizing.largest());
            summary.put("resize_differing", resizing.differing());
        }
        return summary;
    }
}
