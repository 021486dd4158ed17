package dev.vicreg.runtime;

import ai.onnxruntime.NodeInfo;
import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.TensorInfo;
import dev.vicreg.runtime.natives.Device;
import dev.vicreg.runtime.natives.OrtSessions;
import dev.vicreg.runtime.picture.Picture;
import dev.vicreg.runtime.sequence.ByteIds;
import dev.vicreg.runtime.signal.Signal;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * An exported encoder, ready to turn pictures of any size into vectors; or rows of a table, signals, texts or other
 * sequences of ids, whichever it was trained on.
 *
 * <pre>{@code
 * try (EmbeddingModel model = EmbeddingModel.load(Path.of("encoder.onnx"))) {
 *     float[] vector = model.embed(ImageIO.read(file));
 * }
 * }</pre>
 *
 * <p>Thread-safe: calls run at the same time, and {@link #close} waits for those under way. Vectors are as the encoder
 * gives them, not normalised to length 1.
 */
public final class EmbeddingModel implements AutoCloseable {
    /** Pixels, or values, that run through the model at once: enough to keep it busy, few enough for its activations. */
    private static final int PIXELS_PER_BATCH = 1 << 20;

    private static final int MAX_BATCH = 64;
    /** Vectors are small, and so are their networks. */
    private static final int MAX_VECTORS = 1024;

    private final String name;
    private final Manifest manifest;
    private final @Nullable Preprocessing preprocessing; // of pictures alone
    private final OnnxJavaType type;
    private final int[] sampleShape;
    private final int batchSize;
    private final ReentrantReadWriteLock lock = new ReentrantReadWriteLock();
    private @Nullable OrtSession session;

    private EmbeddingModel(String name, OrtSession session) throws IOException, OrtException {
        String json = session.getMetadata().getCustomMetadata().get(Manifest.METADATA_KEY);
        if (json == null) {
            throw new IOException(name + " has no " + Manifest.METADATA_KEY
                    + " in its metadata; expected an encoder as ./vicreg export writes it");
        }
        this.name = name;
        this.manifest = Manifest.parse(json, name);
        this.session = session;
        Manifest.Input input = manifest.input();
        boolean pictures = input instanceof Manifest.PictureInput;
        boolean bytes = input instanceof Manifest.PictureInput picture && picture.layout() == null;
        this.preprocessing = pictures ? manifest.preprocessing(name) : null;
        boolean ids = input instanceof Manifest.SequenceInput;
        this.type = bytes ? OnnxJavaType.UINT8 : ids ? OnnxJavaType.INT64 : OnnxJavaType.FLOAT;
        this.sampleShape = sampleShape(input);
        int most = input instanceof Manifest.VectorInput ? MAX_VECTORS : MAX_BATCH;
        long points = (long) elements() / (pictures ? 3 : 1);
        this.batchSize = (int) Math.max(1, Math.min(most, PIXELS_PER_BATCH / points));
        requireTensor("input", input.name(), type, session.getInputInfo(), batchOf(-1));
        if (ids) {
            DerivedInputs.require(session.getInputInfo(), input.name(), name);
        }
        if (manifest.output() == null) {
            requireTensor(
                    "output",
                    manifest.outputName(),
                    OnnxJavaType.FLOAT,
                    session.getOutputInfo(),
                    -1,
                    manifest.dimension());
        }
    }

    /** Axes of one sample, without the batch's. */
    private static int[] sampleShape(Manifest.Input input) {
        if (input instanceof Manifest.PictureInput picture) {
            int size = picture.imageSize();
            return Manifest.PictureInput.CHANNELS_FIRST.equals(picture.layout())
                    ? new int[] {picture.channels(), size, size}
                    : new int[] {size, size, picture.channels()};
        }
        if (input instanceof Manifest.SequenceInput sequence) {
            return new int[] {sequence.length()};
        }
        return input instanceof Manifest.SignalInput signal
                ? new int[] {signal.channels(), signal.length()}
                : new int[] {((Manifest.VectorInput) input).columns().size()};
    }

    private int elements() {
        return Arrays.stream(sampleShape).reduce(1, Math::multiplyExact);
    }

    private long[] batchOf(long count) {
        return LongStream.concat(
                        LongStream.of(count), Arrays.stream(sampleShape).asLongStream())
                .toArray();
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
        OrtSession session = OrtSessions.open(encoderOnnx, device, threads);
        EmbeddingModel model = null;
        try {
            model = new EmbeddingModel(encoderOnnx.toString(), session);
            return model;
        } catch (OrtException e) {
            throw new IOException("Cannot open model " + encoderOnnx + ": " + OrtSessions.firstLine(e), e);
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
        return batchSize;
    }

    /** The embedding of one picture: [dimension]. */
    public float[] embed(BufferedImage image) {
        return embedPictures(1, i -> Picture.of(image))[0];
    }

    /** The embeddings of pictures, in their order: [images][dimension]. */
    public float[][] embed(List<BufferedImage> images) {
        return embedPictures(images.size(), i -> Picture.of(images.get(i)));
    }

    /**
     * The embeddings of pictures, in their order: [pictures][dimension].
     *
     * @throws IllegalStateException if this model takes something else
     */
    public float[][] embedPictures(List<Picture> pictures) {
        return embedPictures(pictures.size(), pictures::get);
    }

    private float[][] embedPictures(int count, IntFunction<Picture> pictures) {
        Preprocessing prepare = preprocessing;
        if (prepare == null || !(manifest.input() instanceof Manifest.PictureInput input)) {
            throw wrongKind("pictures");
        }
        int values = elements();
        return embedAll(count, (sample, batch, place) -> {
            byte[] rgb = prepare.apply(pictures.apply(sample)).rgb();
            if (input.layout() == null) {
                batch.put(place * values, rgb);
            } else {
                put(batch, place, input.normalised(rgb));
            }
        });
    }

    /**
     * The embeddings of vectors, in their order: [vectors][dimension].
     *
     * @param vectors values as in the training data, not standardised, in the order of the manifest's columns
     * @throws IllegalStateException if this model takes something else
     * @throws IllegalArgumentException if a vector has too many or too few values, or one that is not finite
     */
    public float[][] embedVectors(float[][] vectors) {
        if (!(manifest.input() instanceof Manifest.VectorInput input)) {
            throw wrongKind("vectors");
        }
        int columns = input.columns().size();
        for (int i = 0; i < vectors.length; i++) {
            if (vectors[i].length != columns) {
                throw new IllegalArgumentException(name + " takes vectors of " + columns + " values, found one of "
                        + vectors[i].length + " at place " + i);
            }
            for (int column = 0; column < columns; column++) {
                if (!Float.isFinite(vectors[i][column])) {
                    throw new IllegalArgumentException("vector " + i + ", column "
                            + input.columns().get(column) + " is " + vectors[i][column]
                            + ", expected a finite number");
                }
            }
        }
        return embedAll(vectors.length, (sample, batch, place) -> put(batch, place, vectors[sample]));
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
        if (!(manifest.input() instanceof Manifest.SignalInput input)) {
            throw wrongKind("signals");
        }
        float[] rest = new float[input.channels()];
        for (int c = 0; c < rest.length; c++) {
            rest[c] = input.mean().get(c);
        }
        return embedAll(signals.size(), (sample, batch, place) -> {
            Signal signal = input.channels() == 1 ? signals.get(sample).mono() : signals.get(sample);
            if (signal.channels() != input.channels()) {
                throw new IllegalArgumentException(name + " takes signals of " + input.channels()
                        + " channels, found one of " + signal.channels() + " at place " + sample);
            }
            boolean known = input.rate() > 0 && signal.rate() > 0;
            float[][] middle = (known ? signal.resampled(input.rate()) : signal).middle(input.length(), rest);
            for (int c = 0; c < rest.length; c++) {
                put(batch, place * rest.length + c, middle[c]);
            }
        });
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
        if (!(manifest.input() instanceof Manifest.SequenceInput input)) {
            throw wrongKind("sequences");
        }
        long[][] fitted = new long[sequences.length][];
        for (int i = 0; i < fitted.length; i++) {
            try {
                fitted[i] = input.fitted(sequences[i]);
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException(name + ", sequence " + i + ": " + e.getMessage(), e);
            }
        }
        return embedAll(fitted.length, (sample, batch, place) -> {
            int bytes = input.length() * Long.BYTES;
            batch.slice(place * bytes, bytes)
                    .order(ByteOrder.nativeOrder())
                    .asLongBuffer()
                    .put(fitted[sample]);
        });
    }

    /**
     * The embeddings of texts, in their order: [texts][dimension]. Their ids are those of {@link ByteIds}; longer texts
     * are cut. Nothing else is done to them: files of texts are read without white space at the ends of each.
     *
     * @throws IllegalStateException if this model takes something else, ids of another origin included
     */
    public float[][] embedTexts(List<String> texts) {
        if (!(manifest.input() instanceof Manifest.SequenceInput input)
                || !input.coding().equals(ByteIds.NAME)) {
            throw wrongKind("texts");
        }
        return embedSequences(texts.stream()
                .map(text -> Arrays.stream(ByteIds.of(text)).asLongStream().toArray())
                .toArray(long[][]::new));
    }

    private static void put(ByteBuffer batch, int place, float[] values) {
        int bytes = values.length * Float.BYTES;
        batch.slice(place * bytes, bytes)
                .order(ByteOrder.nativeOrder())
                .asFloatBuffer()
                .put(values);
    }

    private IllegalStateException wrongKind(String given) {
        boolean ids = manifest.input() instanceof Manifest.SequenceInput;
        return new IllegalStateException(
                name + " takes " + manifest.input().kind() + "s" + (ids ? " of ids" : "") + ", not " + given);
    }

    /** Waits for calls under way and releases the model; later calls of {@code embed} fail. Idempotent. */
    @Override
    public void close() {
        lock.writeLock().lock();
        try {
            if (session != null) {
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

    /** Puts a sample into its place in a batch; others write to other places at the same time. */
    private interface Writer {
        void write(int sample, ByteBuffer batch, int place);
    }

    private float[][] embedAll(int count, Writer writer) {
        int bytes = Math.multiplyExact(elements(), type.size);
        float[][] embeddings = new float[count][];
        ByteBuffer batch = ByteBuffer.allocateDirect(Math.multiplyExact(Math.min(count, batchSize), bytes))
                .order(ByteOrder.nativeOrder());
        for (int start = 0; start < count; start += batchSize) {
            int first = start;
            int size = Math.min(batchSize, count - start);
            IntStream.range(0, size).parallel().forEach(i -> writer.write(first + i, batch, i));
            run(batch.slice(0, size * bytes).order(ByteOrder.nativeOrder()), size, embeddings, start);
        }
        return embeddings;
    }

    /** Runs [count, …] and stores the rows from {@code start} on. */
    private void run(ByteBuffer values, int count, float[][] embeddings, int start) {
        lock.readLock().lock();
        try {
            OrtSession open = session;
            if (open == null) {
                throw new IllegalStateException("EmbeddingModel of " + name + " is closed");
            }
            var environment = OrtEnvironment.getEnvironment();
            Map<String, OnnxTensor> fed = new LinkedHashMap<>();
            try {
                String own = manifest.input().name();
                if (manifest.input() instanceof Manifest.SequenceInput sequence) {
                    fed.putAll(DerivedInputs.of(open, own, values, batchOf(count), sequence.padding()));
                }
                fed.put(own, OnnxTensor.createTensor(environment, values, batchOf(count), type));
                try (OrtSession.Result result = open.run(fed)) {
                    OnnxTensor output =
                            (OnnxTensor) result.get(manifest.outputName()).orElseThrow();
                    float[][] rows = OutputRows.of(output, manifest.pooling());
                    System.arraycopy(rows, 0, embeddings, start, count);
                }
            } finally {
                fed.values().forEach(OnnxTensor::close);
            }
        } catch (OrtException e) {
            throw new IllegalStateException(
                    "Cannot embed " + count + " " + manifest.input().kind() + "s with " + name + ": "
                            + OrtSessions.firstLine(e),
                    e);
        } finally {
            lock.readLock().unlock();
        }
    }

    /** Whether a model that declares {@code declared} takes {@code wanted}; -1 stands for a size that is left open. */
    private static boolean fits(long[] declared, long[] wanted) {
        boolean fits = declared.length == wanted.length;
        for (int axis = 0; fits && axis < wanted.length; axis++) {
            fits = declared[axis] == -1 || declared[axis] == wanted[axis];
        }
        return fits;
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
        if (!(node.getInfo() instanceof TensorInfo info) || info.type != type || !fits(info.getShape(), shape)) {
            throw new IOException(
                    name + ": " + role + " '" + tensor + "' is " + node.getInfo() + ", expected " + expected);
        }
    }
}
