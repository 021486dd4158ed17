package dev.vicreg.runtime;

import ai.onnxruntime.NodeInfo;
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
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * An exported encoder, ready to turn pictures of any size into vectors; or rows of a table, signals, texts or other
 * sequences of ids, whichever it was trained on.
 *
 * <pre>{@code
 * try (EmbeddingModel model = EmbeddingModel.load(Path.of("encoder.onnx"))) {
 *     float[] vector = model.embed(Path.of("picture.jpg"));
 * }
 * }</pre>
 *
 * <p>Thread-safe: calls run at the same time, and {@link #close} waits for those under way. Vectors are as the file
 * gives them, not normalised to length 1 unless its manifest says so: see {@link Embeddings}. Samples are prepared by threads of the model's own.
 */
public final class EmbeddingModel implements AutoCloseable {
    private final Manifest manifest;
    private final ServedModel<float[]> served;

    private EmbeddingModel(String name, OrtSession session, @Nullable Describer describer, int threads)
            throws IOException, OrtException {
        Map<String, String> metadata = session.getMetadata().getCustomMetadata();
        boolean isOurs = metadata.containsKey(Manifest.METADATA_KEY);
        Manifest told = describer == null || isOurs
                ? Manifest.of(metadata, name, Manifest.ENCODER)
                : describer.manifest(session.getInputInfo(), session.getOutputInfo());
        if (told.headed() != null) {
            throw new IOException(name + " is " + told.headed()
                    + ", expected an encoder: give the encoder that it was made of, or use ./vicreg predict, in Java "
                    + (told.classifier() != null ? "ClassifierModel" : "RegressionModel"));
        }
        this.served = new ServedModel<>(
                "EmbeddingModel",
                "embed",
                name,
                session,
                told.input(),
                threads,
                (outputs, kept) -> List.of(told.pooling().rows(ServedModel.tensor(outputs, told.outputName()), kept)));
        if (told.output() == null) {
            ServedModel.requireOutput(name, session, told.outputName(), told.dimension());
        }
        this.manifest = isOurs ? told : told.withDimension(served.ofZeros().length);
    }

    /** {@link #load(Path, Device, int)} on CUDA if it can be used, with all processors. */
    public static EmbeddingModel load(Path encoderOnnx) throws IOException {
        return load(encoderOnnx, Device.AUTO, 0);
    }

    /**
     * Opens an exported encoder; the caller closes it.
     *
     * @param device where it runs: {@link Device#CPU}, {@code Device.parse("cuda:1")}, or with options {@code
     *     Device.parse("cuda").with(new CudaOptions(…))}. On CUDA pictures are still decoded and resized on the CPU, and one
     *     session serves all threads
     * @param threads for one call on the CPU; 0 for as many as this JVM has processors
     * @throws IOException if there is no such file, or it is no encoder exported by this project
     * @throws IllegalStateException if the device or ONNX Runtime's libraries can't be used
     */
    public static EmbeddingModel load(Path encoderOnnx, Device device, int threads) throws IOException {
        return load(encoderOnnx.toString(), OrtSessions.open(encoderOnnx, device, threads), null, threads);
    }

    /** {@link #load(byte[], Device, int)} on CUDA if it can be used, with all processors. */
    public static EmbeddingModel load(byte[] encoderOnnx) throws IOException {
        return load(encoderOnnx, Device.AUTO, 0);
    }

    /**
     * Opens an exported encoder that lies in no file of its own, such as a resource of the class path; the caller closes
     * it. Encoders over 2 GB, whose data lie beside them, can't be opened so.
     *
     * @param encoderOnnx the whole file; not kept
     * @param device as in {@link #load(Path, Device, int)}
     * @param threads likewise
     * @throws IOException if these bytes are no encoder exported by this project
     * @throws IllegalStateException if the device or ONNX Runtime's libraries can't be used
     */
    public static EmbeddingModel load(byte[] encoderOnnx, Device device, int threads) throws IOException {
        String name = "(" + encoderOnnx.length + " bytes)";
        return load(name, OrtSessions.open(encoderOnnx, name, device, threads), null, threads);
    }

    /** Says of a file without a manifest what would stand in one. */
    public interface Describer {
        /**
         * The manifest; its dimension is measured, whatever it says.
         *
         * @param inputs,outputs as the file declares them
         * @throws IOException if the file cannot be used as an encoder
         */
        Manifest manifest(Map<String, NodeInfo> inputs, Map<String, NodeInfo> outputs) throws IOException;
    }

    /**
     * The same for any ONNX file: one without a manifest is what {@code describer} says.
     *
     * @param describer asked only where there is no manifest
     */
    public static EmbeddingModel load(Path onnx, Describer describer, Device device, int threads) throws IOException {
        return load(onnx.toString(), OrtSessions.open(onnx, device, threads), describer, threads);
    }

    private static EmbeddingModel load(String name, OrtSession session, @Nullable Describer describer, int threads)
            throws IOException {
        return ServedModel.open(name, session, open -> new EmbeddingModel(name, open, describer, threads));
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
    public <S> Embedder<S> embedder(Class<? extends Input<S>> kind) {
        return new Steps<>(served.require(kind));
    }

    /**
     * How pictures go through this model, step by step.
     *
     * @throws IllegalStateException if it takes something else
     */
    public Embedder<Picture> pictures() {
        return embedder(Input.Pictures.class);
    }

    /**
     * How vectors go through this model, step by step.
     *
     * @throws IllegalStateException if it takes something else
     */
    public Embedder<float[]> vectors() {
        return embedder(Input.Vectors.class);
    }

    /**
     * How signals go through this model, step by step.
     *
     * @throws IllegalStateException if it takes something else
     */
    public Embedder<Signal> signals() {
        return embedder(Input.Signals.class);
    }

    /**
     * How sequences of ids go through this model, those of texts included.
     *
     * @throws IllegalStateException if it takes something else
     */
    public Embedder<int[]> sequences() {
        return embedder(Input.Sequences.class);
    }

    /**
     * The embedding of the sample in a file: [dimension]. Pictures are decoded as {@link Picture#decode} does; signals are
     * WAV files; vectors and ids are numbers with spaces, commas or line ends between them; texts are UTF-8. For many files
     * see {@link #pictures()} and its like, which batch them.
     *
     * @throws IOException if the file can't be read, is damaged, or holds something else than this model takes: says which
     */
    public float[] embed(Path file) throws IOException {
        return served.file(file);
    }

    /**
     * The embeddings of the samples in files, in their order, as {@link #embed(Path)} gives them: of any number, since they
     * are read, decoded by several threads and run a batch at a time, when the stream is asked for them; one at a time where
     * the model takes pictures of any size.
     *
     * @param files consumed once, by one thread; closed with the result
     * @return whose terminal operation throws {@link java.io.UncheckedIOException} at a file that can't be read or doesn't
     *     fit: says which
     */
    public Stream<float[]> embedFiles(Stream<Path> files) {
        return served.files(files);
    }

    /**
     * The embedding of the sample in these bytes, those of a whole file as {@link #embed(Path)} takes it: [dimension].
     *
     * @throws IOException if they are damaged, or hold something else than this model takes
     */
    public float[] embed(byte[] file) throws IOException {
        return served.bytes(file);
    }

    /** The embedding of one picture: [dimension]. */
    public float[] embed(BufferedImage image) {
        return embed(List.of(image))[0];
    }

    /** The embeddings of pictures, in their order: [images][dimension]. Their alpha counts where the model takes it. */
    public float[][] embed(List<BufferedImage> images) {
        return rows(served.images(images));
    }

    /**
     * The embeddings of pictures, in their order: [pictures][dimension].
     *
     * @throws IllegalStateException if this model takes something else
     */
    public float[][] embedPictures(List<Picture> pictures) {
        return rows(served.pictures(pictures));
    }

    /**
     * The embeddings of vectors, in their order: [vectors][dimension].
     *
     * @param vectors values as in the training data, not standardised, in the order of the manifest's columns
     * @throws IllegalStateException if this model takes something else
     * @throws IllegalArgumentException if a vector has too many or too few values, or one that is not finite
     */
    public float[][] embedVectors(float[][] vectors) {
        return rows(served.vectors(vectors));
    }

    /**
     * The embeddings of signals, in their order: [signals][dimension]. Each is brought to the model's rate where both are
     * known, mixed where the model takes one channel, and its middle taken; beyond the ends of a shorter one stand the
     * channels' means.
     *
     * @throws IllegalStateException if this model takes something else
     * @throws IllegalArgumentException if a signal's number of channels is not the model's
     */
    public float[][] embedSignals(List<Signal> signals) {
        return rows(served.signals(signals));
    }

    /**
     * The embeddings of sequences of ids, in their order: [sequences][dimension]. Shorter ones are padded; longer ones are
     * cut where the manifest says so.
     *
     * @param sequences ids as in the training data, each of any length; padding at their ends is ignored
     * @throws IllegalStateException if this model takes something else
     * @throws IllegalArgumentException if a sequence is empty or too long, or one of its ids out of range
     */
    public float[][] embedSequences(long[][] sequences) {
        return rows(served.sequences(sequences));
    }

    /**
     * The embeddings of texts, in their order: [texts][dimension]. Their ids are those of {@link ByteIds}; longer texts
     * are cut. Nothing else is done to them: files of texts are read without white space at the ends of each.
     *
     * @throws IllegalStateException if this model takes something else, ids of another origin included
     */
    public float[][] embedTexts(List<String> texts) {
        return rows(served.texts(texts));
    }

    private static float[][] rows(List<float[]> embeddings) {
        return embeddings.toArray(new float[0][]);
    }

    /** Waits for calls under way and releases the model; later calls of {@code embed} fail. Idempotent. */
    @Override
    public void close() {
        served.close();
    }

    /** What the model does with samples of its kind. */
    private final class Steps<S> implements Embedder<S> {
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
        public float[][] embed(List<S> prepared) {
            return rows(served.all(input, prepared.size(), prepared::get));
        }
    }
}
