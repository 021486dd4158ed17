package dev.vicreg.tools.evaluation;

import dev.vicreg.runtime.Classifier;
import dev.vicreg.runtime.ClassifierModel;
import dev.vicreg.runtime.Embedder;
import dev.vicreg.runtime.EmbeddingModel;
import dev.vicreg.runtime.input.Input;
import dev.vicreg.runtime.signal.Signal;
import dev.vicreg.training.data.kind.Kind;
import dev.vicreg.training.data.signal.SignalKind;
import dev.vicreg.training.data.source.Dataset;
import dev.vicreg.training.data.view.ViewType;
import java.awt.image.BufferedImage;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.function.Function;

/** Signals at the model's rate, compared by their values, standardised as the encoder does. */
final class SignalForm implements SampleForm<Signal, float[]> {
    /** Longer signals are reduced to so many values a channel for the comparison of raw signals. */
    private static final int MAX_RAW_LENGTH = 1024;

    static final int CELL_WIDTH = 160;
    static final int CELL_HEIGHT = 72;

    @Override
    public Kind<Signal> kind() {
        return SignalKind.SIGNALS;
    }

    @Override
    public Embedder<Signal> embedder(EmbeddingModel model) {
        return model.signals();
    }

    @Override
    public Classifier<Signal> classifier(ClassifierModel model) {
        return model.signals();
    }

    @Override
    public Signal ofView(ViewType type, ByteBuffer view, EmbeddingModel model) {
        float[][] samples = new float[type.shape().get(0)][type.shape().get(1)];
        for (int c = 0; c < samples.length; c++) {
            view.asFloatBuffer().get(c * samples[c].length, samples[c]);
        }
        return new Signal(samples, ((Input.Signals) model.manifest().input()).rate());
    }

    @Override
    public Function<Signal, float[]> raw(EmbeddingModel model, Dataset<Signal> data) {
        Input<?> input = model.manifest().input();
        Embedder<Signal> embedder = model.signals();
        return signal -> Vectors.standardized(embedder.prepare(signal), input, MAX_RAW_LENGTH);
    }

    @Override
    public float[][] vectors(List<float[]> samples, List<float[]> train) {
        return samples.toArray(new float[0][]);
    }

    @Override
    public String rawNoun() {
        return kind().noun();
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
    public BufferedImage cell(float[] sample) {
        return Waveform.draw(sample, CELL_WIDTH, CELL_HEIGHT);
    }
}
