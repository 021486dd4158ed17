package dev.vicreg.tools.command;

import dev.vicreg.models.setting.Group;
import dev.vicreg.runtime.Embedder;
import dev.vicreg.runtime.EmbeddingModel;
import dev.vicreg.tools.cli.Console;
import dev.vicreg.tools.cli.Setting;
import dev.vicreg.tools.cli.Settings;
import dev.vicreg.tools.cli.Usage;
import dev.vicreg.tools.evaluation.SampleForm;
import dev.vicreg.tools.evaluation.SampleForms;
import dev.vicreg.training.data.Datasets;
import dev.vicreg.training.data.source.Dataset;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** Times an encoder on decoded samples: one at a time, and in batches. */
final class BenchEmbedCommand {
    private static final int WARM = 3;

    private static final Setting<Integer> BATCH =
            Setting.integer("batch", "N", Group.EVALUATION, "samples of a batch", 32, 1, 4096);
    private static final Setting<Integer> TIMES = Setting.integer(
            "times", "N", Group.EVALUATION, "batches that are timed, and as many single samples", 50, 1, 100_000);

    static final Usage USAGE = new Usage(
            List.of(SharedSettings.MODEL, SharedSettings.DATA),
            Stream.of(ModelFile.OPTIONS, List.of(BATCH, TIMES), SharedSettings.EMBEDDING)
                    .<Setting<?>>flatMap(List::stream)
                    .toList(),
            "./vicreg bench embed --model run/encoder.onnx --data shapes/test");

    private BenchEmbedCommand() {}

    static void run(Settings settings, Console console) throws Exception {
        try (Datasets datasets = new Datasets(new Reading(console))) {
            String named = settings.get(SharedSettings.DATA);
            ModelFile files = new ModelFile(settings, named, datasets, console);
            try (EmbeddingModel model = files.open(settings.get(SharedSettings.MODEL))) {
                files.requireUses();
                Dataset<?> data =
                        InputOptions.open(model.manifest(), named, null, SharedSettings.selection(settings), datasets);
                Map<String, Object> figures =
                        measure(SampleForms.of(data), model, data, settings.get(BATCH), settings.get(TIMES));
                BenchFigures.tell(figures, settings, console);
            }
        }
    }

    private static <S> Map<String, Object> measure(
            SampleForm<S, ?> form, EmbeddingModel model, Dataset<?> data, int batch, int times) throws IOException {
        Dataset<S> samples = form.kind().require(data);
        Embedder<S> embedder = SampleForms.embedder(form, model);
        List<S> decoded = new ArrayList<>();
        for (int i = 0; i < Math.min(batch, samples.size()); i++) {
            decoded.add(samples.sample(i));
        }
        List<List<S>> singles = new ArrayList<>();
        List<List<S>> batches = new ArrayList<>();
        for (int i = 0; i < times + WARM; i++) {
            singles.add(List.of(decoded.get(i % decoded.size())));
            List<S> full = new ArrayList<>();
            for (int j = 0; j < batch; j++) {
                full.add(decoded.get((i + j) % decoded.size()));
            }
            batches.add(full);
        }
        Map<String, Object> figures = new LinkedHashMap<>();
        put(figures, "milliseconds_a_sample", singles, embedder);
        double whole = put(figures, "milliseconds_a_batch", batches, embedder);
        double prepared =
                BenchFigures.median(BenchFigures.milliseconds(batches, each -> each.forEach(embedder::prepare)));
        figures.put("batch", batch);
        figures.put("samples_per_second", 1e3 * batch / whole);
        figures.put("share_of_preparing", prepared / whole);
        return figures;
    }

    /** The median of what is prepared and embedded, after a few that aren't counted. */
    private static <S> double put(Map<String, Object> figures, String name, List<List<S>> all, Embedder<S> embedder)
            throws IOException {
        BenchFigures.Work<List<S>> work =
                each -> embedder.embed(each.stream().map(embedder::prepare).toList());
        BenchFigures.milliseconds(all.subList(0, WARM), work);
        double[] times = BenchFigures.milliseconds(all.subList(WARM, all.size()), work);
        BenchFigures.put(figures, name, times);
        return BenchFigures.median(times);
    }
}
