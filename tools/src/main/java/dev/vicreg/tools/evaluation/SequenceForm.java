package dev.vicreg.tools.evaluation;

import dev.vicreg.runtime.Classifier;
import dev.vicreg.runtime.ClassifierModel;
import dev.vicreg.runtime.Embedder;
import dev.vicreg.runtime.EmbeddingModel;
import dev.vicreg.runtime.Predictor;
import dev.vicreg.runtime.RegressionModel;
import dev.vicreg.runtime.input.Input;
import dev.vicreg.training.data.kind.Kind;
import dev.vicreg.training.data.sequence.SequenceDataset;
import dev.vicreg.training.data.sequence.SequenceKind;
import dev.vicreg.training.data.source.Dataset;
import dev.vicreg.training.data.view.ViewType;
import java.awt.image.BufferedImage;
import java.nio.ByteBuffer;
import java.nio.LongBuffer;
import java.util.List;
import java.util.function.Function;
import java.util.stream.IntStream;

/** Sequences of ids that the model knows, compared by how often each id is in them. */
final class SequenceForm implements SampleForm<int[], SequenceForm.Counted> {
    /** Larger vocabularies are folded into so many counts for the comparison of raw sequences. */
    private static final int MAX_COUNTS = 1024;

    private static final int CELL_WIDTH = 240;
    private static final int CELL_HEIGHT = 72;

    /**
     * What is kept of a sequence.
     *
     * @param text for people to read
     */
    record Counted(float[] counts, String text) {}

    @Override
    public Kind<int[]> kind() {
        return SequenceKind.SEQUENCES;
    }

    @Override
    public Embedder<int[]> embedder(EmbeddingModel model) {
        return model.sequences();
    }

    @Override
    public Classifier<int[]> classifier(ClassifierModel model) {
        return model.sequences();
    }

    /** Of int64 [T]. */
    @Override
    public Predictor<int[]> predictor(RegressionModel model) {
        return model.predictor(Input.Sequences.class);
    }

    @Override
    public Function<int[], Counted> raw(EmbeddingModel model, Dataset<int[]> data) {
        SequenceDataset sequences = SequenceKind.SEQUENCES.require(data);
        return ids -> new Counted(Vectors.counts(ids, MAX_COUNTS), sequences.written(ids));
    }

    @Override
    public float[][] vectors(List<Counted> samples, List<Counted> train) {
        return samples.stream().map(Counted::counts).toArray(float[][]::new);
    }

    @Override
    public String rawNoun() {
        return "counts";
    }

    @Override
    public Look look(int[] sample, Dataset<?> data) {
        return new Look.Words(SequenceKind.SEQUENCES.require(data).written(sample));
    }

    @Override
    public int[] seen(ViewType type, ByteBuffer view) {
        LongBuffer ids = view.asLongBuffer();
        return IntStream.range(0, type.shape().get(0))
                .map(i -> Math.toIntExact(ids.get(i)))
                .toArray();
    }

    @Override
    public int cellWidth() {
        return CELL_WIDTH;
    }

    @Override
    public int cellHeight() {
        return CELL_HEIGHT;
    }

    @Override
    public BufferedImage cell(Counted sample) {
        return TextCell.draw(sample.text, CELL_WIDTH, CELL_HEIGHT);
    }
}
