package dev.vicreg.tools.evaluation;

import dev.vicreg.runtime.Classifier;
import dev.vicreg.runtime.ClassifierModel;
import dev.vicreg.runtime.Embedder;
import dev.vicreg.runtime.EmbeddingModel;
import dev.vicreg.runtime.Predictor;
import dev.vicreg.runtime.RegressionModel;
import dev.vicreg.runtime.input.Input;
import dev.vicreg.training.data.kind.Kind;
import dev.vicreg.training.data.source.Dataset;
import dev.vicreg.training.data.vector.VectorKind;
import dev.vicreg.training.data.view.ViewType;
import java.awt.image.BufferedImage;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.function.Function;

/** Rows of tables, compared as they are, standardised as the encoder does. */
final class VectorForm implements SampleForm<float[], float[]> {
    @Override
    public Kind<float[]> kind() {
        return VectorKind.VECTORS;
    }

    @Override
    public Embedder<float[]> embedder(EmbeddingModel model) {
        return model.vectors();
    }

    @Override
    public Classifier<float[]> classifier(ClassifierModel model) {
        return model.vectors();
    }

    /** Of float32 [D]. */
    @Override
    public Predictor<float[]> predictor(RegressionModel model) {
        return model.predictor(Input.Vectors.class);
    }

    @Override
    public Function<float[], float[]> raw(EmbeddingModel model, Dataset<float[]> data) {
        Input<?> input = model.manifest().input();
        return vector -> Vectors.standardized(vector, input);
    }

    @Override
    public float[][] vectors(List<float[]> samples, List<float[]> train) {
        return samples.toArray(new float[0][]);
    }

    @Override
    public String rawNoun() {
        return kind().noun();
    }

    /** A map of points: vectors have no look of their own. */
    @Override
    public Plot plot(LabelledVectors<float[]> train, LabelledVectors<float[]> test, List<String> classes) {
        return VectorPlot.of(train, test, test.labels(), classes);
    }

    @Override
    public Look look(float[] sample, Dataset<?> data) {
        return new Look.Cells(VectorKind.VECTORS.require(data).columns(), sample);
    }

    @Override
    public float[] seen(ViewType type, ByteBuffer view) {
        float[] values = new float[type.shape().get(0)];
        view.asFloatBuffer().get(0, values);
        return values;
    }

    @Override
    public int cellWidth() {
        return SignalForm.CELL_WIDTH;
    }

    @Override
    public int cellHeight() {
        return SignalForm.CELL_HEIGHT;
    }

    @Override
    public BufferedImage cell(float[] sample) {
        return Waveform.draw(sample, cellWidth(), cellHeight());
    }
}
