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
import org.jspecify.annotations.Nullable;

/**
 * The labelled samples of a data set as everything that is compared sees them. Samples without a label are left out.
 *
 * @param form of the samples
 * @param indices places in the data set, ascending
 * @param labels classes of the samples
 * @param encoder vectors of the encoder
 * @param baseline vectors of the encoder before training; null where there is none
 * @param raw what the form keeps of each sample
 */
public record LabelledVectors<R>(
        SampleForm<?, R> form,
        int[] indices,
        int[] labels,
        float[][] encoder,
        float @Nullable [][] baseline,
        List<R> raw) {
    /**
     * Embeds a data set.
     *
     * @param label class of the sample at an index of {@code data}, -1 to leave it out
     * @param progress told how many samples are done
     */
    public static <S, R> LabelledVectors<R> of(
            SampleForm<S, R> form,
            Dataset<S> data,
            IntUnaryOperator label,
            EmbeddingModel encoder,
            @Nullable EmbeddingModel baseline,
            IntConsumer progress)
            throws IOException {
        Walk<S, R> walk = new Walk<>(data, label, encoder.batchSize(), progress);
        walk.over(
                SampleForms.embedder(form, encoder),
                baseline == null ? null : SampleForms.embedder(form, baseline),
                form.raw(encoder, data));
        return new LabelledVectors<>(
                form,
                walk.indices.stream().mapToInt(Integer::intValue).toArray(),
                walk.indices.stream().mapToInt(label::applyAsInt).toArray(),
                walk.encoded.toArray(new float[0][]),
                baseline == null ? null : walk.before.toArray(new float[0][]),
                List.copyOf(walk.raw));
    }

    /** How many samples there are. */
    public int size() {
        return labels.length;
    }

    /** One pass over a data set, in which every sample is decoded once. */
    private static final class Walk<S, R> {
        final List<Integer> indices = new ArrayList<>();
        final List<float[]> encoded = new ArrayList<>();
        final List<float[]> before = new ArrayList<>();
        final List<R> raw = new ArrayList<>();
        private final Dataset<S> data;
        private final IntUnaryOperator label;
        private final int batch;
        private final IntConsumer progress;

        Walk(Dataset<S> data, IntUnaryOperator label, int batch, IntConsumer progress) {
            this.data = data;
            this.label = label;
            this.batch = batch;
            this.progress = progress;
        }

        private record Prepared<T, R>(T encoder, @Nullable T baseline, R raw) {}

        void over(Embedder<S> encoder, @Nullable Embedder<S> baseline, Function<S, R> toRaw) throws IOException {
            InOrder.Reader<Prepared<S, R>> prepare = index -> {
                S sample = data.sample(index);
                return new Prepared<>(
                        encoder.prepare(sample),
                        baseline == null ? null : baseline.prepare(sample),
                        toRaw.apply(sample));
            };
            InOrder.forEachBatch(data, batch, prepare, items -> {
                List<S> own = new ArrayList<>();
                List<S> others = new ArrayList<>();
                for (InOrder.Item<Prepared<S, R>> item : items) {
                    if (label.applyAsInt(item.index()) >= 0) {
                        indices.add(item.index());
                        raw.add(item.value().raw);
                        own.add(item.value().encoder);
                        others.add(item.value().baseline);
                    }
                }
                encoded.addAll(List.of(encoder.embed(own)));
                if (baseline != null) {
                    before.addAll(List.of(baseline.embed(others)));
                }
                progress.accept(items.get(items.size() - 1).index() + 1);
            });
        }
    }
}
