package dev.vicreg.runtime;

import ai.onnxruntime.NodeInfo;
import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.TensorInfo;
import dev.vicreg.runtime.input.DeclaredInput;
import dev.vicreg.runtime.input.Input;
import dev.vicreg.runtime.natives.Device;
import dev.vicreg.runtime.natives.OrtSessions;
import dev.vicreg.runtime.picture.Picture;
import dev.vicreg.runtime.sequence.ByteIds;
import dev.vicreg.runtime.signal.Signal;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.IntFunction;
import java.util.stream.LongStream;
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
 * <p>Thread-safe: calls run at the same time, and {@link #close} waits for those under way. Vectors are as the encoder
 * gives them, not normalised to length 1: see {@link Embeddings}. Samples are prepared by threads of the model's own.
 */
public final class EmbeddingModel implements AutoCloseable {
    private final String name;
    private final Manifest manifest;
    private final DeclaredInput declared;
    private final Workers workers;
    private final ReentrantReadWriteLock lock = new ReentrantReadWriteLock();
    private @Nullable OrtSession session;

    private EmbeddingModel(String name, OrtSession session, @Nullable Describer describer, int threads)
            throws IOException, OrtException {
        Map<String, String> metadata = session.getMetadata().getCustomMetadata();
        boolean isOurs = metadata.containsKey(Manifest.METADATA_KEY);
        Manifest told = describer == null || isOurs
                ? Manifest.of(metadata, name)
                : describer.manifest(session.getInputInfo(), session.getOutputInfo());
        this.name = name;
        this.session = session;
        this.workers = new Workers(threads > 0 ? threads : Runtime.getRuntime().availableProcessors());
        Input<?> input = told.input();
        this.declared = DeclaredInput.of(session.getInputInfo(), input, name);
        input.requireFed(session.getInputInfo(), name);
        if (told.output() == null) {
            requireTensor(
                    "output", told.outputName(), OnnxJavaType.FLOAT, session.getOutputInfo(), -1, told.dimension());
        }
        this.manifest = isOurs ? told : told.withDimension(measured(session, told));
    }

    /** Width of what comes out for a sample of zeros. */
    private int measured(OrtSession open, Manifest told) throws OrtException {
        Input<?> input = told.input();
        ByteBuffer zeros = workers.take(input.bytes() * declared.batch(1));
        return run(open, told, zeros.slice(0, input.bytes() * declared.batch(1)).order(zeros.order()), 1)[0].length;
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
        EmbeddingModel model = null;
        try {
            model = new EmbeddingModel(name, session, describer, threads);
            return model;
        } catch (OrtException e) {
            throw new IOException("Cannot open model " + name + ": " + OrtSessions.firstLine(e), e);
        } finally {
            if (model == null) {
                close(session);
            }
        }
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
        return declared.batchSize(manifest.input());
    }

    /**
     * How samples of a kind go through this model, step by step.
     *
     * @param kind such as {@code Input.Pictures.class}
     * @param <S> a sample
     * @throws IllegalStateException if it takes something else
     */
    public <S> Embedder<S> embedder(Class<? extends Input<S>> kind) {
        return new Steps<>(require(kind));
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
        if (!Files.isRegularFile(file)) {
            throw new NoSuchFileException(
                    file + ": no such file; expected one of " + manifest.input().noun());
        }
        return embed(manifest.input(), Files.readAllBytes(file), file.toString());
    }

    /**
     * The embedding of the sample in these bytes, those of a whole file as {@link #embed(Path)} takes it: [dimension].
     *
     * @throws IOException if they are damaged, or hold something else than this model takes
     */
    public float[] embed(byte[] file) throws IOException {
        return embed(manifest.input(), file, "(" + file.length + " bytes)");
    }

    private <S> float[] embed(Input<S> input, byte[] file, String source) throws IOException {
        S sample = input.decode(file, source);
        S prepared;
        try {
            prepared = input.prepare(sample);
        } catch (IllegalArgumentException e) {
            throw new IOException(source + " doesn't fit " + name + ": " + e.getMessage(), e);
        }
        return embedAll(input, 1, i -> prepared)[0];
    }

    /** The embedding of one picture: [dimension]. */
    public float[] embed(BufferedImage image) {
        return embed(List.of(image))[0];
    }

    /** The embeddings of pictures, in their order: [images][dimension]. Their alpha counts where the model takes it. */
    public float[][] embed(List<BufferedImage> images) {
        Input.Pictures input = require(Input.Pictures.class);
        return prepareAndEmbed(input, images.size(), i -> Picture.of(images.get(i), input.decodedChannels()));
    }

    /**
     * The embeddings of pictures, in their order: [pictures][dimension].
     *
     * @throws IllegalStateException if this model takes something else
     */
    public float[][] embedPictures(List<Picture> pictures) {
        return prepareAndEmbed(require(Input.Pictures.class), pictures.size(), pictures::get);
    }

    /**
     * The embeddings of vectors, in their order: [vectors][dimension].
     *
     * @param vectors values as in the training data, not standardised, in the order of the manifest's columns
     * @throws IllegalStateException if this model takes something else
     * @throws IllegalArgumentException if a vector has too many or too few values, or one that is not finite
     */
    public float[][] embedVectors(float[][] vectors) {
        return prepareAndEmbed(require(Input.Vectors.class), vectors.length, i -> vectors[i]);
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
        return prepareAndEmbed(require(Input.Signals.class), signals.size(), signals::get);
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
        Input.Sequences input = require(Input.Sequences.class);
        return prepareAndEmbed(input, sequences.length, i -> input.ids(sequences[i]));
    }

    /**
     * The embeddings of texts, in their order: [texts][dimension]. Their ids are those of {@link ByteIds}; longer texts
     * are cut. Nothing else is done to them: files of texts are read without white space at the ends of each.
     *
     * @throws IllegalStateException if this model takes something else, ids of another origin included
     */
    public float[][] embedTexts(List<String> texts) {
        Input.Sequences input = require(Input.Sequences.class);
        if (!input.ofTexts()) {
            throw wrongKind("texts");
        }
        return prepareAndEmbed(input, texts.size(), i -> ByteIds.of(texts.get(i)));
    }

    private <I extends Input<?>> I require(Class<I> kind) {
        if (!kind.isInstance(manifest.input())) {
            throw wrongKind(Input.kind(kind) + "s");
        }
        return kind.cast(manifest.input());
    }

    private IllegalStateException wrongKind(String given) {
        return new IllegalStateException(name + " takes " + manifest.input().noun() + ", not " + given);
    }

    /** Waits for calls under way and releases the model; later calls of {@code embed} fail. Idempotent. */
    @Override
    public void close() {
        lock.writeLock().lock();
        try {
            if (session != null) {
                workers.close();
                close(session);
                session = null;
            }
        } finally {
            lock.writeLock().unlock();
        }
    }

    private static void close(OrtSession session) {
        try {
            session.close();
        } catch (OrtException e) {
            throw new IllegalStateException("Cannot close a session: " + OrtSessions.firstLine(e), e);
        }
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
            return embedAll(input, prepared.size(), prepared::get);
        }
    }

    private <S> float[][] prepareAndEmbed(Input<S> input, int count, IntFunction<S> samples) {
        return embedAll(input, count, i -> {
            try {
                return input.prepare(samples.apply(i));
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException(name + ", " + input.kind() + " " + i + ": " + e.getMessage(), e);
            }
        });
    }

    /**
     * The embeddings, in order.
     *
     * @param prepared asked for each sample once, by several threads
     */
    private <S> float[][] embedAll(Input<S> input, int count, IntFunction<S> prepared) {
        lock.readLock().lock();
        try {
            OrtSession open = session;
            if (open == null) {
                throw new IllegalStateException("EmbeddingModel of " + name + " is closed");
            }
            float[][] embeddings = new float[count][];
            int bytes = input.bytes();
            for (int start = 0; start < count; start += batchSize()) {
                int first = start;
                int size = Math.min(batchSize(), count - start);
                int all = Math.multiplyExact(declared.batch(size), bytes);
                ByteBuffer batch = workers.take(all);
                workers.forEach(size, i -> input.write(prepared.apply(first + i), batch, i));
                float[][] rows = run(open, manifest, batch.slice(0, all).order(batch.order()), size);
                System.arraycopy(rows, 0, embeddings, start, size);
                workers.giveBack(batch); // not where something failed, as it may still be in use
            }
            return embeddings;
        } catch (OrtException e) {
            throw new IllegalStateException(
                    "Cannot embed " + count + " " + input.kind() + "s with " + name + ": " + OrtSessions.firstLine(e),
                    e);
        } finally {
            lock.readLock().unlock();
        }
    }

    /**
     * The vectors of a batch [count, …].
     *
     * @param values of as many samples as the file's batches have, of which the first {@code count} matter
     */
    private float[][] run(OrtSession open, Manifest told, ByteBuffer values, int count) throws OrtException {
        Input<?> input = told.input();
        int batch = declared.batch(count);
        Map<String, OnnxTensor> fed = new LinkedHashMap<>();
        List<ByteBuffer> memory = new ArrayList<>();
        IntFunction<ByteBuffer> taken = bytes -> {
            memory.add(workers.take(bytes));
            return memory.get(memory.size() - 1);
        };
        try {
            fed.putAll(input.derived(open, values, axes(batch, input), taken));
            fed.put(input.name(), declared.tensor(values, batch, taken));
            try (OrtSession.Result result = open.run(fed)) {
                OnnxTensor output = (OnnxTensor) result.get(told.outputName()).orElseThrow();
                float[][] rows = told.pooling().rows(output, input.kept(values, batch));
                memory.forEach(workers::giveBack);
                return Arrays.copyOf(rows, count);
            }
        } finally {
            fed.values().forEach(OnnxTensor::close);
        }
    }

    private static long[] axes(long batch, Input<?> input) {
        return LongStream.concat(LongStream.of(batch), Arrays.stream(input.shape()))
                .toArray();
    }

    /** Checks one input or output; -1 stands for a size that the model leaves open. */
    private void requireTensor(
            String role, String tensor, OnnxJavaType type, Map<String, NodeInfo> found, long... shape)
            throws IOException {
        NodeInfo node = found.get(tensor);
        String expected = type.name().toLowerCase(Locale.ROOT) + " " + Arrays.toString(shape);
        if (node == null) {
            throw new IOException(
                    name + " has no " + role + " '" + tensor + "' " + expected + "; it has " + found.keySet());
        }
        if (!(node.getInfo() instanceof TensorInfo info)
                || info.type != type
                || !DeclaredInput.fits(info.getShape(), shape)) {
            throw new IOException(
                    name + ": " + role + " '" + tensor + "' is " + node.getInfo() + ", expected " + expected);
        }
    }
}
