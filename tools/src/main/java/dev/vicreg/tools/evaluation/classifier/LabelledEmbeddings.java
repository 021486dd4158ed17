package dev.vicreg.tools.evaluation.classifier;

import dev.vicreg.runtime.Embedder;
import dev.vicreg.runtime.EmbeddingModel;
import dev.vicreg.tools.evaluation.LabelledVectors;
import dev.vicreg.tools.evaluation.SampleForm;
import dev.vicreg.tools.evaluation.SampleForms;
import dev.vicreg.tools.evaluation.probe.HeldOut;
import dev.vicreg.training.data.source.Dataset;
import dev.vicreg.training.data.source.InOrder;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.IntConsumer;
import java.util.function.IntUnaryOperator;
import java.util.stream.IntStream;

/**
 * The labelled samples of a data set as an encoder sees them, and nothing else of them: {@link LabelledVectors} also keeps
 * what they are compared with.
 *
 * @param indices places in the data set, ascending
 * @param vectors [samples][dimension]
 * @param labels [samples]
 * @param unlabelled samples that were left out, as they have no label
 * @param undecodable samples that were left out, as they cannot be decoded; the log names them
 */
public record LabelledEmbeddings(int[] indices, float[][] vectors, int[] labels, int unlabelled, int undecodable) {
    /**
     * Embeds a data set.
     *
     * @param label class of the sample at an index of {@code data}, -1 to leave it out
     * @param progress told how many samples are done
     */
    public static <S> LabelledEmbeddings of(
            SampleForm<S, ?> form, Dataset<?> data, IntUnaryOperator label, EmbeddingModel model, IntConsumer progress)
            throws IOException {
        Dataset<S> samples = form.kind().require(data);
        Embedder<S> embedder = SampleForms.embedder(form, model);
        List<float[]> vectors = new ArrayList<>();
        List<Integer> indices = new ArrayList<>();
        InOrder.Reader<Optional<S>> reader = index ->
                label.applyAsInt(index) < 0 ? Optional.empty() : Optional.of(embedder.prepare(samples.sample(index)));
        int undecodable = InOrder.forEachBatch(samples, model.batchSize(), reader, items -> {
            List<S> batch = new ArrayList<>();
            for (InOrder.Item<Optional<S>> item : items) {
                if (item.value().isPresent()) {
                    batch.add(item.value().get());
                    indices.add(item.index());
                }
            }
            vectors.addAll(List.of(embedder.embed(batch)));
            progress.accept(items.get(items.size() - 1).index() + 1);
        });
        int[] places = indices.stream().mapToInt(Integer::intValue).toArray();
        return new LabelledEmbeddings(
                places,
                vectors.toArray(new float[0][]),
                IntStream.of(places).map(label).toArray(),
                samples.size() - undecodable - places.length,
                undecodable);
    }

    /** How many samples there are. */
    public int size() {
        return labels.length;
    }

    /** Those at some places. */
    LabelledEmbeddings at(int[] places) {
        return new LabelledEmbeddings(
                HeldOut.labels(indices, places), HeldOut.rows(vectors, places), HeldOut.labels(labels, places), 0, 0);
    }
}
