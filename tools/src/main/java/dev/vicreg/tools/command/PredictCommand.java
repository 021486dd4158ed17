package dev.vicreg.tools.command;

import dev.vicreg.models.setting.Group;
import dev.vicreg.models.setting.SettingException;
import dev.vicreg.runtime.Classifier;
import dev.vicreg.runtime.ClassifierModel;
import dev.vicreg.runtime.Manifest;
import dev.vicreg.runtime.Predictor;
import dev.vicreg.runtime.RegressionModel;
import dev.vicreg.runtime.natives.Device;
import dev.vicreg.tools.cli.Console;
import dev.vicreg.tools.cli.Setting;
import dev.vicreg.tools.cli.Settings;
import dev.vicreg.tools.cli.Usage;
import dev.vicreg.tools.evaluation.SampleForm;
import dev.vicreg.tools.evaluation.SampleForms;
import dev.vicreg.tools.output.Json;
import dev.vicreg.tools.output.PredictionFile;
import dev.vicreg.tools.output.Progress;
import dev.vicreg.training.data.Datasets;
import dev.vicreg.training.data.source.Dataset;
import dev.vicreg.training.data.source.InOrder;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/** Tells what samples are with a classifier, or their numbers with a regressor. */
final class PredictCommand {
    private static final String EXPECTED = "classifier or regressor as ./vicreg classify writes it";
    private static final Setting<Path> MODEL = Setting.path("model", "FILE.onnx", Group.MODEL, EXPECTED);
    private static final Setting<Path> OUT = Setting.path(
            "out",
            "FILE.csv|FILE.jsonl",
            Group.OUTPUT,
            "one line a sample; without it they are printed, as JSON lines with --json, else as CSV");
    private static final Setting<Integer> TOP = Setting.integer(
            "top", "N", Group.OUTPUT, "how many classes of each sample, the most probable first", 1, 1, 1_000_000);

    static final Usage USAGE = new Usage(
            List.of(MODEL, SharedSettings.DATA),
            Stream.of(List.of(OUT, TOP, SharedSettings.LIMIT, SharedSettings.LIMIT_PER_CLASS), SharedSettings.EMBEDDING)
                    .<Setting<?>>flatMap(List::stream)
                    .toList(),
            "./vicreg predict --model classifier.onnx --data shapes/test --top 3 --out predictions.csv");

    private PredictCommand() {}

    static void run(Settings settings, Console console) throws Exception {
        Optional<Path> out = settings.find(OUT);
        if (out.isPresent()) {
            PredictionFile.requireWritable(out.get());
        }
        Path file = settings.get(MODEL);
        Device device = SharedSettings.device(settings);
        int threads = settings.get(SharedSettings.THREADS);
        try (Datasets datasets = new Datasets(new Reading(console))) {
            if (Manifest.read(file, EXPECTED).regressor() != null) {
                if (settings.isGiven(TOP)) {
                    throw new SettingException("--top is for classifiers, " + file + " is a regressor; leave it out");
                }
                try (RegressionModel model = RegressionModel.load(file, device, threads)) {
                    Dataset<?> data = open(model.manifest(), settings, datasets);
                    predict(
                            numbers(SampleForms.of(data), data, model),
                            data,
                            PredictionFile.NUMBERS,
                            settings,
                            console);
                }
                return;
            }
            try (ClassifierModel model = ClassifierModel.load(file, device, threads)) {
                int top = settings.get(TOP);
                if (top > model.labels().size()) {
                    throw new SettingException("--top must be at most "
                            + model.labels().size() + ", the classes of " + file + ", found " + top);
                }
                Dataset<?> data = open(model.manifest(), settings, datasets);
                predict(classes(SampleForms.of(data), data, model), data, top, settings, console);
            }
        }
    }

    private static Dataset<?> open(Manifest model, Settings settings, Datasets datasets) throws IOException {
        return InputOptions.open(
                model, settings.get(SharedSettings.DATA), null, SharedSettings.selection(settings), datasets);
    }

    /** Goes through all samples, and writes what a model says of each; returns how many were left out. */
    @FunctionalInterface
    private interface Passing {
        int write(PredictionFile file, Progress progress) throws IOException;
    }

    private static <S> Passing classes(SampleForm<S, ?> form, Dataset<?> data, ClassifierModel model) {
        Classifier<S> classifier = form.classifier(model);
        return (file, progress) ->
                pass(form, data, model.batchSize(), classifier::prepare, classifier::classify, file::add, progress);
    }

    private static <S> Passing numbers(SampleForm<S, ?> form, Dataset<?> data, RegressionModel model) {
        Predictor<S> predictor = form.predictor(model);
        return (file, progress) -> pass(
                form,
                data,
                model.batchSize(),
                predictor::prepare,
                predictor::predict,
                (name, found) -> file.add(name, found.value()),
                progress);
    }

    /** Takes what a model says of a sample. */
    @FunctionalInterface
    private interface Taking<R> {
        void add(String name, R found) throws IOException;
    }

    private static <S, R> int pass(
            SampleForm<S, ?> form,
            Dataset<?> data,
            int batch,
            UnaryOperator<S> prepare,
            Function<List<S>, List<R>> say,
            Taking<R> taking,
            Progress progress)
            throws IOException {
        Dataset<S> samples = form.kind().require(data);
        InOrder.Reader<S> prepared = index -> SampleForms.prepare(prepare, samples.sample(index));
        return InOrder.forEachBatch(samples, batch, prepared, items -> {
            List<R> found = say.apply(items.stream().map(InOrder.Item::value).toList());
            for (int i = 0; i < found.size(); i++) {
                taking.add(data.name(items.get(i).index()), found.get(i));
            }
            progress.at(items.get(items.size() - 1).index() + 1);
        });
    }

    private static void predict(Passing passing, Dataset<?> data, int top, Settings settings, Console console)
            throws IOException {
        int skipped;
        try (PredictionFile file = file(top, settings, console);
                Progress progress = new Progress(console, "predict", 0, data.size())) {
            skipped = passing.write(file, progress);
            file.publish();
        }
        Optional<Path> out = settings.find(OUT);
        if (out.isPresent()) {
            tell(out.get(), data.size() - skipped, skipped, settings, console);
        }
    }

    private static PredictionFile file(int top, Settings settings, Console console) throws IOException {
        Optional<Path> out = settings.find(OUT);
        return out.isPresent()
                ? PredictionFile.create(out.get(), top)
                : PredictionFile.to(console.out(), settings.on(SharedSettings.JSON), top);
    }

    private static void tell(Path out, int samples, int skipped, Settings settings, Console console) {
        if (settings.on(SharedSettings.JSON)) {
            console.out()
                    .println(Json.line(Map.of("predictions", out.toString(), "samples", samples, "skipped", skipped)));
        } else {
            console.err().println(samples + (samples == 1 ? " prediction" : " predictions"));
            console.out().println(out);
        }
    }
}
