package dev.vicreg.tools.evaluation;

import dev.vicreg.runtime.Embedder;
import dev.vicreg.runtime.EmbeddingModel;
import dev.vicreg.runtime.input.Input;
import dev.vicreg.runtime.picture.Interpolation;
import dev.vicreg.runtime.picture.Picture;
import dev.vicreg.runtime.signal.Signal;
import dev.vicreg.training.data.picture.PictureDataset;
import dev.vicreg.training.data.sequence.SequenceDataset;
import dev.vicreg.training.data.signal.SignalDataset;
import dev.vicreg.training.data.source.Dataset;
import dev.vicreg.training.data.source.InOrder;
import dev.vicreg.training.data.vector.VectorDataset;
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
 * @param noun what the samples are called, in the plural
 * @param indices places in the data set, ascending
 * @param labels classes of the samples
 * @param encoder vectors of the encoder
 * @param baseline vectors of the encoder before training; null where there is none
 * @param thumbnails pictures as the raw-pixel comparison takes them; empty for other samples
 * @param raw vectors and signals themselves, standardised by the encoder's training set, and how often each id is in a
 *     sequence; empty for pictures
 * @param texts sequences for people to read; empty for other samples
 */
public record LabelledVectors(
        String noun,
        int[] indices,
        int[] labels,
        float[][] encoder,
        float @Nullable [][] baseline,
        List<Picture> thumbnails,
        float[][] raw,
        List<String> texts) {
    private static final int BATCH = 256;

    /** Larger pictures are reduced to this side for the comparison of raw pixels, which bounds its memory. */
    static final int MAX_PIXEL_SIDE = 32;

    /** Larger vocabularies are folded into so many counts for the comparison of raw sequences. */
    static final int MAX_COUNTS = 1024;

    /** Longer signals are reduced to so many values a channel for the comparison of raw signals. */
    static final int MAX_RAW_LENGTH = 1024;

    /**
     * Embeds a data set.
     *
     * @param label class of the sample at an index of {@code data}, -1 to leave it out
     * @param progress told how many samples are done
     */
    public static LabelledVectors of(
            Dataset data,
            IntUnaryOperator label,
            EmbeddingModel encoder,
            @Nullable EmbeddingModel baseline,
            IntConsumer progress)
            throws IOException {
        Input<?> input = encoder.manifest().input();
        List<Picture> thumbnails = new ArrayList<>();
        List<float[]> raw = new ArrayList<>();
        List<String> texts = new ArrayList<>();
        Walk walk = new Walk(data, label, progress);
        if (data instanceof PictureDataset pictures) {
            Embedder<Picture> own = of(encoder, EmbeddingModel::pictures);
            int side = Math.min(MAX_PIXEL_SIDE, ((Input.Pictures) input).imageSize());
            Function<Picture, Picture> forPixels = picture -> picture.middle(side, side, Interpolation.BICUBIC);
            Embedder<Picture> before = baseline == null ? null : of(baseline, EmbeddingModel::pictures);
            walk.over(pictures::picture, own, before, forPixels, thumbnails);
        } else if (data instanceof VectorDataset vectors) {
            Embedder<float[]> before = baseline == null ? null : of(baseline, EmbeddingModel::vectors);
            Function<float[], float[]> standardize = vector -> Vectors.standardized(vector, input);
            walk.over(vectors::vector, of(encoder, EmbeddingModel::vectors), before, standardize, raw);
        } else if (data instanceof SignalDataset signals) {
            Embedder<Signal> own = of(encoder, EmbeddingModel::signals);
            Embedder<Signal> before = baseline == null ? null : of(baseline, EmbeddingModel::signals);
            Function<Signal, float[]> standardize =
                    signal -> Vectors.standardized(own.prepare(signal), input, MAX_RAW_LENGTH);
            walk.over(signals::signal, own, before, standardize, raw);
        } else if (data instanceof SequenceDataset sequences) {
            Embedder<int[]> before = baseline == null ? null : of(baseline, EmbeddingModel::sequences);
            Function<int[], float[]> count = ids -> Vectors.counts(ids, MAX_COUNTS);
            walk.over(sequences::ids, of(encoder, EmbeddingModel::sequences), before, count, raw);
            walk.indices.forEach(index -> texts.add(sequences.text(index)));
        } else {
            throw new IllegalArgumentException("No way to embed " + data.noun());
        }
        return new LabelledVectors(
                data.noun(),
                walk.indices.stream().mapToInt(Integer::intValue).toArray(),
                walk.indices.stream().mapToInt(label::applyAsInt).toArray(),
                walk.encoded.toArray(new float[0][]),
                baseline == null ? null : walk.before.toArray(new float[0][]),
                List.copyOf(thumbnails),
                raw.toArray(new float[0][]),
                texts);
    }

    private static <S> Embedder<S> of(EmbeddingModel model, Function<EmbeddingModel, Embedder<S>> kind) {
        try {
            return kind.apply(model);
        } catch (IllegalStateException e) { // the model is of another kind than the data
            throw new IllegalArgumentException(e.getMessage(), e);
        }
    }

    /** How many samples there are. */
    public int size() {
        return labels.length;
    }

    /** One pass over a data set, in which every sample is decoded once. */
    private static final class Walk {
        final List<Integer> indices = new ArrayList<>();
        final List<float[]> encoded = new ArrayList<>();
        final List<float[]> before = new ArrayList<>();
        private final Dataset data;
        private final IntUnaryOperator label;
        private final IntConsumer progress;

        Walk(Dataset data, IntUnaryOperator label, IntConsumer progress) {
            this.data = data;
            this.label = label;
            this.progress = progress;
        }

        private record Prepared<T, R>(T encoder, @Nullable T baseline, R raw) {}

        <T, R> void over(
                InOrder.Reader<T> reader,
                Embedder<T> encoder,
                @Nullable Embedder<T> baseline,
                Function<T, R> toRaw,
                List<R> raw)
                throws IOException {
            InOrder.Reader<Prepared<T, R>> prepare = index -> {
                T sample = reader.read(index);
                return new Prepared<>(
                        encoder.prepare(sample),
                        baseline == null ? null : baseline.prepare(sample),
                        toRaw.apply(sample));
            };
            InOrder.forEachBatch(data, BATCH, prepare, items -> {
                List<T> own = new ArrayList<>();
                List<T> others = new ArrayList<>();
                for (InOrder.Item<Prepared<T, R>> item : items) {
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
