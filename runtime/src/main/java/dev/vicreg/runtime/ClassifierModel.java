package dev.vicreg.runtime;

import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.vicreg.runtime.input.Input;
import dev.vicreg.runtime.natives.Device;
import dev.vicreg.runtime.natives.OrtSessions;
import dev.vicreg.runtime.picture.Picture;
import dev.vicreg.runtime.sequence.ByteIds;
import dev.vicreg.runtime.signal.Signal;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * An encoder with a head behind it, ready to tell what samples are: pictures of any size, rows of a table, signals, texts or
 * other sequences of ids, whichever it was trained on.
 *
 * <pre>{@code
 * try (ClassifierModel model = ClassifierModel.load(Path.of("classifier.onnx"))) {
 *     Classification found = model.classify(Path.of("picture.jpg"));
 *     System.out.println(found.label() + " " + found.probability());
 * }
 * }</pre>
 *
 * <p>Thread-safe: calls run at the same time, and {@link #close} waits for those under way. Samples are prepared by threads
 * of the model's own, as {@link EmbeddingModel} prepares them.
 */
public final class ClassifierModel implements AutoCloseable {
    private static final String EXPECTED = "a classifier as ./vicreg classify writes it";

    private final Manifest manifest;
    private final Manifest.Head head;
    private final ServedModel<Classification> served;

    private ClassifierModel(String name, OrtSession session, int threads) throws IOException, OrtException {
        this.manifest = Manifest.of(session.getMetadata().getCustomMetadata(), name, EXPECTED);
        this.head = requireHead(manifest, name);
        this.served = new ServedModel<>(
                "ClassifierModel", "classify", name, session, manifest.input(), threads, this::classifications);
        ServedModel.requireOutput(
                name, session, Manifest.PROBABILITIES, head.labels().size());
        ServedModel.requireOutput(name, session, Manifest.EMBEDDING, manifest.dimension());
    }

    private static Manifest.Head requireHead(Manifest manifest, String name) throws IOException {
        Manifest.Head head = manifest.classifier();
        if (manifest.regressor() != null) {
            throw new IOException(name + " is a regressor, expected a classifier: use ./vicreg predict, in Java"
                    + " RegressionModel");
        }
        if (head == null) {
            throw new IOException(name + " is an encoder, expected a classifier: ./vicreg classify makes one of it and"
                    + " labelled samples; for vectors use ./vicreg embed, in Java EmbeddingModel");
        }
        return head;
    }

    private List<Classification> classifications(OrtSession.Result outputs, boolean[][] kept) {
        float[][] probabilities = OutputPooling.NONE.rows(ServedModel.tensor(outputs, Manifest.PROBABILITIES), kept);
        float[][] embeddings = OutputPooling.NONE.rows(ServedModel.tensor(outputs, Manifest.EMBEDDING), kept);
        List<Classification> found = new ArrayList<>(probabilities.length);
        for (int i = 0; i < probabilities.length; i++) {
            found.add(new Classification(head.labels(), probabilities[i], embeddings[i]));
        }
        return found;
    }

    /** {@link #load(Path, Device, int)} on CUDA if it can be used, with all processors. */
    public static ClassifierModel load(Path classifierOnnx) throws IOException {
        return load(classifierOnnx, Device.AUTO, 0);
    }

    /**
     * Opens a classifier; the caller closes it.
     *
     * @param device where it runs, as in {@link EmbeddingModel#load(Path, Device, int)}
     * @param threads for one call on the CPU; 0 for as many as this JVM has processors
     * @throws IOException if there is no such file, or it is no classifier made by this project
     * @throws IllegalStateException if the device or ONNX Runtime's libraries can't be used
     */
    public static ClassifierModel load(Path classifierOnnx, Device device, int threads) throws IOException {
        return load(classifierOnnx.toString(), OrtSessions.open(classifierOnnx, device, threads), threads);
    }

    /** {@link #load(byte[], Device, int)} on CUDA if it can be used, with all processors. */
    public static ClassifierModel load(byte[] classifierOnnx) throws IOException {
        return load(classifierOnnx, Device.AUTO, 0);
    }

    /**
     * Opens a classifier that lies in no file of its own, such as a resource of the class path; the caller closes it.
     *
     * @param classifierOnnx the whole file; not kept
     * @param device as in {@link #load(Path, Device, int)}
     * @param threads likewise
     * @throws IOException if these bytes are no classifier made by this project
     * @throws IllegalStateException if the device or ONNX Runtime's libraries can't be used
     */
    public static ClassifierModel load(byte[] classifierOnnx, Device device, int threads) throws IOException {
        String name = "(" + classifierOnnx.length + " bytes)";
        return load(name, OrtSessions.open(classifierOnnx, name, device, threads), threads);
    }

    private static ClassifierModel load(String name, OrtSession session, int threads) throws IOException {
        return ServedModel.open(name, session, open -> new ClassifierModel(name, open, threads));
    }

    /** Names of the classes, in the order of {@link Classification#probabilities}; immutable. */
    public List<String> labels() {
        return head.labels();
    }

    /** Width of an embedding. */
    public int dimension() {
        return manifest.dimension();
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
    public <S> Classifier<S> classifier(Class<? extends Input<S>> kind) {
        return new Steps<>(served.require(kind));
    }

    /**
     * How pictures go through this model, step by step.
     *
     * @throws IllegalStateException if it takes something else
     */
    public Classifier<Picture> pictures() {
        return classifier(Input.Pictures.class);
    }

    /**
     * How vectors go through this model, step by step.
     *
     * @throws IllegalStateException if it takes something else
     */
    public Classifier<float[]> vectors() {
        return classifier(Input.Vectors.class);
    }

    /**
     * How signals go through this model, step by step.
     *
     * @throws IllegalStateException if it takes something else
     */
    public Classifier<Signal> signals() {
        return classifier(Input.Signals.class);
    }

    /**
     * How sequences of ids go through this model, those of texts included.
     *
     * @throws IllegalStateException if it takes something else
     */
    public Classifier<int[]> sequences() {
        return classifier(Input.Sequences.class);
    }

    /**
     * What the sample in a file is. Files are those of {@link EmbeddingModel#embed(Path)}; for many files see {@link
     * #pictures()} and its like, which batch them.
     *
     * @throws IOException if the file can't be read, is damaged, or holds something else than this model takes: says which
     */
    public Classification classify(Path file) throws IOException {
        return served.file(file);
    }

    /**
     * What the sample in these bytes is, those of a whole file.
     *
     * @throws IOException if they are damaged, or hold something else than this model takes
     */
    public Classification classify(byte[] file) throws IOException {
        return served.bytes(file);
    }

    /** What one picture is. */
    public Classification classify(BufferedImage image) {
        return classify(List.of(image)).get(0);
    }

    /** What pictures are, in their order. Their alpha counts where the model takes it. */
    public List<Classification> classify(List<BufferedImage> images) {
        return served.images(images);
    }

    /**
     * What pictures are, in their order.
     *
     * @throws IllegalStateException if this model takes something else
     */
    public List<Classification> classifyPictures(List<Picture> pictures) {
        return served.pictures(pictures);
    }

    /**
     * What vectors are, in their order.
     *
     * @param vectors as in {@link EmbeddingModel#embedVectors}
     * @throws IllegalStateException if this model takes something else
     * @throws IllegalArgumentException if a vector has too many or too few values, or one that is not finite
     */
    public List<Classification> classifyVectors(float[][] vectors) {
        return served.vectors(vectors);
    }

    /**
     * What signals are, in their order; they are prepared as by {@link EmbeddingModel#embedSignals}.
     *
     * @throws IllegalStateException if this model takes something else
     * @throws IllegalArgumentException if a signal's number of channels is not the model's
     */
    public List<Classification> classifySignals(List<Signal> signals) {
        return served.signals(signals);
    }

    /**
     * What sequences of ids are, in their order; they are prepared as by {@link EmbeddingModel#embedSequences}.
     *
     * @throws IllegalStateException if this model takes something else
     * @throws IllegalArgumentException if a sequence is empty or too long, or one of its ids out of range
     */
    public List<Classification> classifySequences(long[][] sequences) {
        return served.sequences(sequences);
    }

    /**
     * What texts are, in their order. Their ids are those of {@link ByteIds}; longer texts are cut.
     *
     * @throws IllegalStateException if this model takes something else, ids of another origin included
     */
    public List<Classification> classifyTexts(List<String> texts) {
        return served.texts(texts);
    }

    /** Waits for calls under way and releases the model; later calls of {@code classify} fail. Idempotent. */
    @Override
    public void close() {
        served.close();
    }

    /** What the model does with samples of its kind. */
    private final class Steps<S> implements Classifier<S> {
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
        public List<Classification> classify(List<S> prepared) {
            return served.all(input, prepared.size(), prepared::get);
        }
    }
}
