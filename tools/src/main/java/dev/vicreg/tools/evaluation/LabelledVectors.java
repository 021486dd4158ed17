package dev.vicreg.tools.evaluation;

import dev.vicreg.runtime.Embedder;
import dev.vicreg.runtime.EmbeddingModel;
import dev.vicreg.training.data.source.Dataset;
import dev.vicreg.training.data.source.InOrder;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.function.IntConsumer;
import java.util.function.IntUnaryOperator;
import java.util.stream.IntStream;

/**
 * The labelled samples of a data set as everything that is compared sees them. Samples without a label are left out.
 *
 * @param form of the samples
 * @param indices places in the data set, ascending
 * @param labels classes of the samples
 * @param models vectors of each model, [models][samples][D]; the encoder comes first
 * @param raw what the form keeps of each sample
 */
public record LabelledVectors<R>(
        SampleForm<?, R> form, int[] indices, int[] labels, List<float[][]> models, List<R> raw) {
    /**
     * Embeds a data set.
     *
     * @param label class of the sample at an index of {@code data}, -1 to leave it out
     * @param models the encoder and what it is compared with
     * @param progress told how many samples are done
     */
    public static <S, R> LabelledVectors<R> of(
            SampleForm<S, R> form,
            Dataset<S> data,
            IntUnaryOperator label,
            List<EmbeddingModel> models,
            IntConsumer progress)
            throws IOException {
        int[] all = IntStream.range(0, data.size()).toArray();
        return of(form, data, all, label, models, progress);
    }

    /**
     * Embeds some of a data set.
     *
     * @param some which of its samples, ascending
     */
    public static <S, R> LabelledVectors<R> of(
            SampleForm<S, R> form,
            Dataset<S> data,
            int[] some,
            IntUnaryOperator label,
            List<EmbeddingModel> models,
            IntConsumer progress)
            throws IOException {
        EmbeddingModel encoder = models.get(0);
        Walk<S, R> walk = new Walk<>(new Subset<>(data, some), label, encoder.batchSize(), models.size(), progress);
        walk.over(
                models.stream().map(model -> SampleForms.embedder(form, model)).toList(), form.raw(encoder, data));
        return new LabelledVectors<>(
                form,
                walk.indices.stream().mapToInt(Integer::intValue).toArray(),
                walk.indices.stream().mapToInt(label::applyAsInt).toArray(),
                walk.embedded.stream().map(rows -> rows.toArray(new float[0][])).toList(),
                List.copyOf(walk.raw));
    }

    /** How many samples there are. */
    public int size() {
        return labels.length;
    }

    /** Vectors of the encoder, [samples][D]. */
    public float[][] encoder() {
        return models.get(0);
    }

    /** One pass over a data set, in which every sample is decoded once. */
    private static final class Walk<S, R> {
        final List<Integer> indices = new ArrayList<>();
        final List<List<float[]>> embedded = new ArrayList<>();
        final List<R> raw = new ArrayList<>();
        private final Subset<S> data;
        private final IntUnaryOperator label;
        private final int batch;
        private final IntConsumer progress;

        Walk(Subset<S> data, IntUnaryOperator label, int batch, int models, IntConsumer progress) {
            this.data = data;
            this.label = label;
            this.batch = batch;
            this.progress = progress;
            for (int model = 0; model < models; model++) {
                embedded.add(new ArrayList<>());
            }
        }

        private record Prepared<T, R>(List<T> samples, R raw) {}

        void over(List<Embedder<S>> embedders, Function<S, R> toRaw) throws IOException {
            InOrder.Reader<Prepared<S, R>> prepare = index -> {
                S sample = data.sample(index);
                List<S> prepared = new ArrayList<>();
                for (Embedder<S> embedder : embedders) {
                    prepared.add(embedder.prepare(sample));
                }
                return new Prepared<>(prepared, toRaw.apply(sample));
            };
            InOrder.forEachBatch(data, batch, prepare, items -> {
                List<Prepared<S, R>> labelled = new ArrayList<>();
                for (InOrder.Item<Prepared<S, R>> item : items) {
                    int place = data.indices()[item.index()];
                    if (label.applyAsInt(place) >= 0) {
                        indices.add(place);
                        raw.add(item.value().raw);
                        labelled.add(item.value());
                    }
                }
                for (int i = 0; i < embedders.size(); i++) {
                    int model = i;
                    List<S> samples = labelled.stream()
                            .map(each -> each.samples.get(model))
                            .toList();
                    embedded.get(model).addAll(List.of(embedders.get(model).embed(samples)));
                }
                progress.accept(items.get(items.size() - 1).index() + 1);
            });
        }
    }
}
