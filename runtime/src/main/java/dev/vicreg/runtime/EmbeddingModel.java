package dev.vicreg.runtime;

import ai.onnxruntime.NodeInfo;
import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.TensorInfo;
import dev.vicreg.runtime.picture.Picture;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * An exported picture encoder, ready to turn pictures of any size into vectors.
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
    private static final String OUTPUT = "embedding";

    /** Pixels that run through the model at once: large enough to keep it busy, small enough for its activations. */
    private static final int PIXELS_PER_BATCH = 1 << 20;

    private static final int MAX_BATCH = 64;

    private final String name;
    private final Manifest manifest;
    private final Preprocessing preprocessing;
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
        this.preprocessing = manifest.preprocessing(name);
        this.session = session;
        int size = preprocessing.imageSize();
        this.batchSize = (int) Math.max(1, Math.min(MAX_BATCH, PIXELS_PER_BATCH / ((long) size * size)));
        requireTensor("input", manifest.input().name(), OnnxJavaType.UINT8, session.getInputInfo(), -1, size, size, 3);
        requireTensor("output", OUTPUT, OnnxJavaType.FLOAT, session.getOutputInfo(), -1, manifest.dimension());
    }

    /** {@link #load(Path, Device, int)} on CUDA if it can be used, with all processors. */
    public static EmbeddingModel load(Path encoderOnnx) throws IOException {
        return load(encoderOnnx, Device.AUTO, 0);
    }

    /**
     * Opens an exported encoder; the caller closes it.
     *
     * @param threads for one call; 0 for as many as this JVM has processors
     * @throws IOException if there is no such file, or it is no picture encoder exported by this project
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

    /** The number of pictures that run through the model at once; more per call cost no more memory but their own. */
    public int batchSize() {
        return batchSize;
    }

    /** The embedding of one picture: [dimension]. */
    public float[] embed(BufferedImage image) {
        return embedAll(1, i -> Picture.of(image))[0];
    }

    /** The embeddings of pictures, in their order: [images][dimension]. */
    public float[][] embed(List<BufferedImage> images) {
        return embedAll(images.size(), i -> Picture.of(images.get(i)));
    }

    /** The embeddings of pictures, in their order: [pictures][dimension]. */
    public float[][] embedPictures(List<Picture> pictures) {
        return embedAll(pictures.size(), pictures::get);
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

    private float[][] embedAll(int count, IntFunction<Picture> pictures) {
        int size = preprocessing.imageSize();
        int pictureBytes = size * size * 3;
        float[][] embeddings = new float[count][];
        ByteBuffer batch = ByteBuffer.allocateDirect(Math.min(count, batchSize) * pictureBytes);
        for (int start = 0; start < count; start += batchSize) {
            int first = start;
            int pictureCount = Math.min(batchSize, count - start);
            IntStream.range(0, pictureCount).parallel().forEach(i -> {
                Picture prepared = preprocessing.apply(pictures.apply(first + i));
                batch.put(i * pictureBytes, prepared.rgb());
            });
            run(batch.slice(0, pictureCount * pictureBytes), pictureCount, embeddings, start);
        }
        return embeddings;
    }

    /** Runs [count, size, size, 3] and stores the rows from {@code start} on. */
    private void run(ByteBuffer pixels, int count, float[][] embeddings, int start) {
        long size = preprocessing.imageSize();
        lock.readLock().lock();
        try {
            OrtSession open = session;
            if (open == null) {
                throw new IllegalStateException("EmbeddingModel of " + name + " is closed");
            }
            long[] shape = {count, size, size, 3};
            var environment = OrtEnvironment.getEnvironment();
            try (OnnxTensor input = OnnxTensor.createTensor(environment, pixels, shape, OnnxJavaType.UINT8);
                    OrtSession.Result result = open.run(Map.of(manifest.input().name(), input))) {
                FloatBuffer rows = ((OnnxTensor) result.get(OUTPUT).orElseThrow()).getFloatBuffer();
                for (int i = 0; i < count; i++) {
                    float[] row = new float[manifest.dimension()];
                    rows.get(row);
                    embeddings[start + i] = row;
                }
            }
        } catch (OrtException e) {
            throw new IllegalStateException(
                    "Cannot embed " + count + " pictures with " + name + ": " + OrtSessions.firstLine(e), e);
        } finally {
            lock.readLock().unlock();
        }
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
                || !Arrays.equals(info.getShape(), shape)) {
            throw new IOException(
                    name + ": " + role + " '" + tensor + "' is " + node.getInfo() + ", expected " + expected);
        }
    }
}
