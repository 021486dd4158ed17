package dev.vicreg.runtime;

import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.vicreg.runtime.input.Input;
import dev.vicreg.runtime.natives.Device;
import dev.vicreg.runtime.natives.OrtSessions;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * An encoder with a head behind it that gives a number for each sample: pictures of any size, rows of a table, signals, texts
 * or other sequences of ids, whichever it was trained on.
 *
 * <pre>{@code
 * try (RegressionModel model = RegressionModel.load(Path.of("regressor.onnx"))) {
 *     System.out.println(model.target() + " " + model.predict(Path.of("picture.jpg")).value());
 * }
 * }</pre>
 *
 * <p>Thread-safe: calls run at the same time, and {@link #close} waits for those under way. Samples are prepared by threads
 * of the model's own, as {@link EmbeddingModel} prepares them.
 */
public final class RegressionModel implements AutoCloseable {
    private static final String EXPECTED = "a regressor as ./vicreg classify with a target writes it";

    private final Manifest manifest;
    private final String target;
    private final ServedModel<Prediction> served;

    private RegressionModel(String name, OrtSession session, int threads) throws IOException, OrtException {
        this.manifest = Manifest.of(session.getMetadata().getCustomMetadata(), name, EXPECTED);
        Manifest.Regressor head = manifest.regressor();
        if (head == null) {
            throw new IOException(name + " is " + (manifest.classifier() != null ? "a classifier" : "an encoder")
                    + ", expected " + EXPECTED);
        }
        this.target = head.target();
        this.served = new ServedModel<>(
                "RegressionModel", "predict", name, session, manifest.input(), threads, RegressionModel::predictions);
        ServedModel.requireOutput(name, session, Manifest.PREDICTION, 1);
        ServedModel.requireOutput(name, session, Manifest.EMBEDDING, manifest.dimension());
    }

    private static List<Prediction> predictions(OrtSession.Result outputs, boolean[][] kept) {
        float[][] values = OutputPooling.NONE.rows(ServedModel.tensor(outputs, Manifest.PREDICTION), kept);
        float[][] embeddings = OutputPooling.NONE.rows(ServedModel.tensor(outputs, Manifest.EMBEDDING), kept);
        List<Prediction> found = new ArrayList<>(values.length);
        for (int i = 0; i < values.length; i++) {
            found.add(new Prediction(values[i][0], embeddings[i]));
        }
        return found;
    }

    /** {@link #load(Path, Device, int)} on CUDA if it can be used, with all processors. */
    public static RegressionModel load(Path regressorOnnx) throws IOException {
        return load(regressorOnnx, Device.AUTO, 0);
    }

    /**
     * Opens a regressor; the caller closes it.
     *
     * @param device where it runs, as in {@link EmbeddingModel#load(Path, Device, int)}
     * @param threads for one call on the CPU; 0 for as many as this JVM has processors
     * @throws IOException if there is no such file, or it is no regressor made by this project
     * @throws IllegalStateException if the device or ONNX Runtime's libraries can't be used
     */
    public static RegressionModel load(Path regressorOnnx, Device device, int threads) throws IOException {
        String name = regressorOnnx.toString();
        return ServedModel.open(
                name,
                OrtSessions.open(regressorOnnx, device, threads),
                open -> new RegressionModel(name, open, threads));
    }

    /** What the numbers are, such as the name of the column that they were learnt from. */
    public String target() {
        return target;
    }

    /** What the model says about itself. */
    public Manifest manifest() {
        return manifest;
    }

    /** The number of samples that run through the model at once; more per call cost no more memory but their own. */
    public int batchSize() {
        return served.batchSize();
    }

    /**
     * How samples of a kind go through this model, step by step.
     *
     * @param kind such as {@code Input.Pictures.class}
     * @param <S> a sample
     * @throws IllegalStateException if it takes something else
     */
    public <S> Predictor<S> predictor(Class<? extends Input<S>> kind) {
        return new Steps<>(served.require(kind));
    }

    /**
     * The number of the sample in a file. Files are those of {@link EmbeddingModel#embed(Path)}.
     *
     * @throws IOException if the file can't be read, is damaged, or holds something else than this model takes: says which
     */
    public Prediction predict(Path file) throws IOException {
        return served.file(file);
    }

    /**
     * The number of the sample in these bytes, those of a whole file.
     *
     * @throws IOException if they are damaged, or hold something else than this model takes
     */
    public Prediction predict(byte[] file) throws IOException {
        return served.bytes(file);
    }

    /**
     * The numbers of vectors, in their order.
     *
     * @param vectors as in {@link EmbeddingModel#embedVectors}
     * @throws IllegalStateException if this model takes something else
     * @throws IllegalArgumentException if a vector has too many or too few values, or one that is not finite
     */
    public List<Prediction> predictVectors(float[][] vectors) {
        return served.vectors(vectors);
    }

    /** Waits for calls under way and releases the model; later calls of {@code predict} fail. Idempotent. */
    @Override
    public void close() {
        served.close();
    }

    /** What the model does with samples of its kind. */
    private final class Steps<S> implements Predictor<S> {
        private final Input<S> input;

        Steps(Input<S> input) {
            this.input = input;
        }

        @Override
        public S decode(byte[] file, String name) throws IOException {
            return input.decode(file, name);
        }

        @Override
        public S prepare(S sample) {
            return input.prepare(sample);
        }

        @Override
        public List<Prediction> predict(List<S> prepared) {
            return served.all(input, prepared.size(), prepared::get);
        }
    }
}
