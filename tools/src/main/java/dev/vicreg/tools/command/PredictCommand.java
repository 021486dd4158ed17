package dev.vicreg.tools.command;

import dev.vicreg.models.setting.Group;
import dev.vicreg.models.setting.SettingException;
import dev.vicreg.runtime.Classification;
import dev.vicreg.runtime.Classifier;
import dev.vicreg.runtime.ClassifierModel;
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
import java.util.stream.Stream;

/** Tells what samples are with a classifier. */
final class PredictCommand {
    private static final Setting<Path> MODEL =
            Setting.path("model", "FILE.onnx", Group.MODEL, "classifier as ./vicreg classify writes it");
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
        try (Datasets datasets = new Datasets(new Reading(console));
                ClassifierModel model = ClassifierModel.load(
                        settings.get(MODEL), SharedSettings.device(settings), settings.get(SharedSettings.THREADS))) {
            int top = settings.get(TOP);
            if (top > model.labels().size()) {
                throw new SettingException("--top must be at most "
                        + model.labels().size() + ", the classes of " + settings.get(MODEL) + ", found " + top);
            }
            Dataset<?> data = InputOptions.open(
                    model.manifest(),
                    settings.get(SharedSettings.DATA),
                    null,
                    SharedSettings.selection(settings),
                    datasets);
            int skipped = predict(SampleForms.of(data), model, data, settings, console);
            if (out.isPresent()) {
                tell(out.get(), data.size() - skipped, skipped, settings, console);
            }
        }
    }

    private static <S> int predict(
            SampleForm<S, ?> form, ClassifierModel model, Dataset<?> data, Settings settings, Console console)
            throws IOException {
        Dataset<S> samples = form.kind().require(data);
        Classifier<S> classifier = form.classifier(model);
        InOrder.Reader<S> prepared = index -> SampleForms.prepare(classifier::prepare, samples.sample(index));
        try (PredictionFile file = file(settings, console);
                Progress progress = new Progress(console, "predict", 0, data.size())) {
            int skipped = InOrder.forEachBatch(samples, model.batchSize(), prepared, items -> {
                List<Classification> found = classifier.classify(
                        items.stream().map(InOrder.Item::value).toList());
                for (int i = 0; i < found.size(); i++) {
                    file.add(data.name(items.get(i).index()), found.get(i));
                }
                progress.at(items.get(items.size() - 1).index() + 1);
            });
            file.publish();
            return skipped;
        }
    }

    private static PredictionFile file(Settings settings, Console console) throws IOException {
        Optional<Path> out = settings.find(OUT);
        int top = settings.get(TOP);
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
