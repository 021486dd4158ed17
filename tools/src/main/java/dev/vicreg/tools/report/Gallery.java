package dev.vicreg.tools.report;

import dev.vicreg.runtime.Embedder;
import dev.vicreg.runtime.EmbeddingModel;
import dev.vicreg.tools.evaluation.Look;
import dev.vicreg.tools.evaluation.SampleForm;
import dev.vicreg.tools.evaluation.SampleForms;
import dev.vicreg.training.data.source.Dataset;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.IntConsumer;

/**
 * Some samples of a data set, and what models make of them.
 *
 * @param names of the samples
 * @param labels places in {@code classes}; -1 without a label
 * @param classes names of the labels; empty where there are none
 * @param vectors [samples][D] by the model's name
 */
record Gallery(
        List<String> names,
        List<Integer> labels,
        List<String> classes,
        List<Look> looks,
        Map<String, List<float[]>> vectors) {

    /** A sample on its way. */
    private record Item<S>(int index, Look look, List<S> prepared) {}

    /**
     * Embeds samples; those that cannot be decoded are left out, as in training.
     *
     * @param drawn places in the data
     * @param progress told how many are done
     */
    static Gallery of(Dataset<?> data, int[] drawn, Map<String, EmbeddingModel> models, IntConsumer progress)
            throws IOException {
        Map<String, List<float[]>> vectors = new LinkedHashMap<>();
        models.keySet().forEach(name -> vectors.put(name, new ArrayList<>()));
        Gallery gallery =
                new Gallery(new ArrayList<>(), new ArrayList<>(), data.labelNames(), new ArrayList<>(), vectors);
        gallery.fill(SampleForms.of(data), data, drawn, models, progress);
        return gallery;
    }

    private <S> void fill(
            SampleForm<S, ?> form,
            Dataset<?> data,
            int[] drawn,
            Map<String, EmbeddingModel> models,
            IntConsumer progress)
            throws IOException {
        Dataset<S> samples = form.kind().require(data);
        Map<String, Embedder<S>> embedders = new LinkedHashMap<>();
        models.forEach((name, model) -> embedders.put(name, SampleForms.embedder(form, model)));
        int batch = models.values().iterator().next().batchSize();
        for (int first = 0; first < drawn.length; first += batch) {
            int end = Math.min(drawn.length, first + batch);
            List<Item<S>> items = Arrays.stream(drawn, first, end)
                    .parallel()
                    .mapToObj(index -> item(form, samples, index, embedders.values()))
                    .flatMap(Optional::stream)
                    .toList();
            add(items, data, embedders);
            progress.accept(end);
        }
    }

    private static <S> Optional<Item<S>> item(
            SampleForm<S, ?> form, Dataset<S> data, int index, Iterable<Embedder<S>> embedders) {
        try {
            S sample = data.sample(index);
            List<S> prepared = new ArrayList<>();
            embedders.forEach(embedder -> prepared.add(embedder.prepare(sample)));
            return Optional.of(new Item<>(index, form.look(sample, data), prepared));
        } catch (IOException e) { // training has named it
            return Optional.empty();
        }
    }

    private <S> void add(List<Item<S>> items, Dataset<?> data, Map<String, Embedder<S>> embedders) {
        if (items.isEmpty()) {
            return;
        }
        for (Item<S> item : items) {
            names.add(data.name(item.index));
            labels.add(data.label(item.index));
            looks.add(item.look);
        }
        int place = 0;
        for (Map.Entry<String, Embedder<S>> entry : embedders.entrySet()) {
            int model = place++;
            List<S> prepared =
                    items.stream().map(item -> item.prepared.get(model)).toList();
            Objects.requireNonNull(vectors.get(entry.getKey()))
                    .addAll(List.of(entry.getValue().embed(prepared)));
        }
    }

    /** How many samples there are. */
    int size() {
        return names.size();
    }

    /** What a model makes of them: [samples][D]. */
    float[][] rows(String model) {
        return Objects.requireNonNull(vectors.get(model)).toArray(new float[0][]);
    }
}
