package dev.vicreg.tools.evaluation;

import dev.vicreg.runtime.Classifier;
import dev.vicreg.runtime.ClassifierModel;
import dev.vicreg.runtime.Embedder;
import dev.vicreg.runtime.EmbeddingModel;
import dev.vicreg.runtime.Predictor;
import dev.vicreg.runtime.RegressionModel;
import dev.vicreg.runtime.input.Input;
import dev.vicreg.runtime.signal.Signal;
import dev.vicreg.training.data.kind.Kind;
import dev.vicreg.training.data.signal.SignalKind;
import dev.vicreg.training.data.source.Dataset;
import dev.vicreg.training.data.view.ViewType;
import java.awt.image.BufferedImage;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
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

    /** Of float32 [C,T]. */
    @Override
    public Predictor<Signal> predictor(RegressionModel model) {
        return model.predictor(Input.Signals.class);
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
    public Look look(Signal sample, Dataset<?> data) {
        return new Look.Curve(sample.mono().samples()[0]);
    }

    @Override
    public Signal seen(ViewType type, ByteBuffer view) {
        FloatBuffer values = view.asFloatBuffer();
        int axes = type.shape().size(); // [C,T], or [T] of a network of other origin
        int length = type.shape().get(axes - 1);
        float[][] channels = new float[axes == 1 ? 1 : type.shape().get(0)][length];
        for (int c = 0; c < channels.length; c++) {
            values.get(c * length, channels[c]);
        }
        return new Signal(channels, 0);
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
