package dev.vicreg.runtime;

import ai.onnxruntime.NodeInfo;
import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.TensorInfo;
import dev.vicreg.runtime.input.DeclaredInput;
import dev.vicreg.runtime.input.Input;
import dev.vicreg.runtime.natives.OrtSessions;
import dev.vicreg.runtime.picture.Picture;
import dev.vicreg.runtime.sequence.ByteIds;
import dev.vicreg.runtime.signal.Signal;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.UncheckedIOException;
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
import java.util.Spliterator;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.IntFunction;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A session and what goes into it: samples of any kind are prepared, gathered in batches and run, whatever is then made of
 * the outputs. Thread-safe: calls run at the same time, and {@link #close} waits for those under way.
 *
 * @param <R> what comes of one sample
 */
final class ServedModel<R> implements AutoCloseable {
    private final String owner;
    private final String verb;
    private final String name;
    private final Input<?> input;
    private final DeclaredInput declared;
    private final Reader<R> reader;
    private final Workers workers;
    private final ReentrantReadWriteLock lock = new ReentrantReadWriteLock();
    private @Nullable OrtSession session;

    /** Makes results of a batch's outputs. */
    @FunctionalInterface
    interface Reader<R> {
        /**
         * One result a sample, in order, of which the first ones are used.
         *
         * @param kept as {@link Input#kept} gives it
         */
        List<R> read(OrtSession.Result outputs, boolean[][] kept);
    }

    /** Makes a model of a session. */
    @FunctionalInterface
    interface Opening<M> {
        M open(OrtSession session) throws IOException, OrtException;
    }

    /** Makes a model of a session, which is closed if that fails. */
    static <M> M open(String name, OrtSession session, Opening<M> opening) throws IOException {
        M model = null;
        try {
            model = opening.open(session);
            return model;
        } catch (OrtException e) {
            throw new IOException("Cannot open model " + name + ": " + OrtSessions.firstLine(e), e);
        } finally {
            if (model == null) {
                close(session);
            }
        }
    }

    /**
     * Serves a session, which it closes.
     *
     * @param owner,verb class and action that messages name
     * @param name what messages call the file
     * @param input what the file takes
     * @param threads that prepare samples; 0 for as many as this JVM has processors
     * @throws IOException if the file takes something else
     */
    ServedModel(
            String owner, String verb, String name, OrtSession session, Input<?> input, int threads, Reader<R> reader)
            throws IOException, OrtException {
        this.owner = owner;
        this.verb = verb;
        this.name = name;
        this.session = session;
        this.input = input;
        this.reader = reader;
        this.workers = new Workers(threads > 0 ? threads : Runtime.getRuntime().availableProcessors());
        this.declared = DeclaredInput.of(session.getInputInfo(), input, name);
        input.requireFed(session.getInputInfo(), name);
    }

    /**
     * Checks that a file gives float32 [N,width] under a name.
     *
     * @throws IOException if it doesn't
     */
    static void requireOutput(String file, OrtSession session, String tensor, int width)
            throws IOException, OrtException {
        Map<String, NodeInfo> found = session.getOutputInfo();
        NodeInfo node = found.get(tensor);
        long[] shape = {-1, width}; // a size that the model leaves open
        String expected = OnnxJavaType.FLOAT.name().toLowerCase(Locale.ROOT) + " " + Arrays.toString(shape);
        if (node == null) {
            throw new IOException(file + " has no output '" + tensor + "' " + expected + "; it has " + found.keySet());
        }
        if (!(node.getInfo() instanceof TensorInfo info)
                || info.type != OnnxJavaType.FLOAT
                || !DeclaredInput.fits(openBatch(info.getShape()), shape)) {
            throw new IOException(file + ": output '" + tensor + "' is " + node.getInfo() + ", expected " + expected);
        }
    }

    /** The same axes with any number of samples: a file may have batches of a fixed size. */
    private static long[] openBatch(long... axes) {
        long[] open = axes.clone();
        if (open.length > 0) {
            open[0] = -1;
        }
        return open;
    }

    /** An output, which the result closes. */
    static OnnxTensor tensor(OrtSession.Result outputs, String name) {
        return (OnnxTensor) outputs.get(name).orElseThrow();
    }

    /** What comes of a sample of zeros. */
    R ofZeros() throws OrtException {
        OrtSession open = session;
        if (open == null) {
            throw closed();
        }
        int bytes = input.bytes() * declared.batch(1);
        ByteBuffer zeros = workers.take(bytes);
        return run(open, input, declared, zeros.slice(0, bytes).order(zeros.order()), 1)
                .get(0);
    }

    int batchSize() {
        return declared.batchSize(input);
    }

    /** What comes of the sample in a file. */
    R file(Path file) throws IOException {
        return encoded(input, read(file), file.toString());
    }

    private byte[] read(Path file) throws IOException {
        if (!Files.isRegularFile(file)) {
            throw new NoSuchFileException(file + ": no such file; expected one of " + input.noun());
        }
        return Files.readAllBytes(file);
    }

    /**
     * What comes of the samples in files, in their order, a batch at a time as they are asked for; of those whose sizes
     * differ one at a time.
     *
     * @throws UncheckedIOException when it comes to a file that can't be read, or doesn't fit
     */
    Stream<R> files(Stream<Path> files) {
        Spliterator<Path> source = files.spliterator();
        Stream<List<Path>> batches = Stream.generate(() -> {
                    List<Path> batch = new ArrayList<>();
                    while (batch.size() < batchSize() && source.tryAdvance(batch::add)) {}
                    return batch;
                })
                .takeWhile(batch -> !batch.isEmpty());
        return batches.flatMap(batch -> files(input, batch).stream()).onClose(files::close);
    }

    private <S> List<R> files(Input<S> input, List<Path> files) {
        return all(input, files.size(), i -> {
            try {
                return prepared(input, read(files.get(i)), files.get(i).toString());
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
    }

    /** What comes of the sample in a file's bytes. */
    R bytes(byte[] file) throws IOException {
        return encoded(input, file, "(" + file.length + " bytes)");
    }

    private <S> R encoded(Input<S> input, byte[] file, String source) throws IOException {
        S prepared = prepared(input, file, source);
        return all(input, 1, i -> prepared).get(0);
    }

    private <S> S prepared(Input<S> input, byte[] file, String source) throws IOException {
        S sample = input.decode(file, source);
        try {
            return input.prepare(sample);
        } catch (IllegalArgumentException e) {
            throw new IOException(source + " doesn't fit " + name + ": " + e.getMessage(), e);
        }
    }

    List<R> images(List<BufferedImage> images) {
        Input.Pictures pictures = require(Input.Pictures.class);
        return samples(pictures, images.size(), i -> Picture.of(images.get(i), pictures.decodedChannels()));
    }

    List<R> pictures(List<Picture> pictures) {
        return samples(require(Input.Pictures.class), pictures.size(), pictures::get);
    }

    List<R> vectors(float[][] vectors) {
        return samples(require(Input.Vectors.class), vectors.length, i -> vectors[i]);
    }

    List<R> signals(List<Signal> signals) {
        return samples(require(Input.Signals.class), signals.size(), signals::get);
    }

    List<R> sequences(long[][] sequences) {
        Input.Sequences ids = require(Input.Sequences.class);
        return samples(ids, sequences.length, i -> ids.ids(sequences[i]));
    }

    List<R> texts(List<String> texts) {
        Input.Sequences ids = require(Input.Sequences.class);
        if (!ids.ofTexts()) {
            throw wrongKind("texts");
        }
        return samples(ids, texts.size(), i -> ByteIds.of(texts.get(i)));
    }

    /** The input if it is of that kind. */
    <I extends Input<?>> I require(Class<I> kind) {
        if (!kind.isInstance(input)) {
            throw wrongKind(Input.kind(kind) + "s");
        }
        return kind.cast(input);
    }

    private IllegalStateException wrongKind(String given) {
        return new IllegalStateException(name + " takes " + input.noun() + ", not " + given);
    }

    private IllegalStateException closed() {
        return new IllegalStateException(owner + " of " + name + " is closed");
    }

    private <S> List<R> samples(Input<S> input, int count, IntFunction<S> samples) {
        return all(input, count, i -> {
            try {
                return input.prepare(samples.apply(i));
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException(name + ", " + input.kind() + " " + i + ": " + e.getMessage(), e);
            }
        });
    }

    /**
     * The results, in order.
     *
     * @param input that of this model, as {@link #require} gives it
     * @param prepared asked for each sample once, by several threads but where sizes differ
     */
    <S> List<R> all(Input<S> input, int count, IntFunction<S> prepared) {
        lock.readLock().lock();
        try {
            OrtSession open = session;
            if (open == null) {
                throw closed();
            }
            if (input.sizesDiffer()) {
                return bySize(open, input, count, prepared);
            }
            List<R> results = new ArrayList<>(count);
            for (int start = 0; start < count; start += batchSize()) {
                int first = start;
                int size = Math.min(batchSize(), count - start);
                results.addAll(together(open, input, declared, input.shape(), size, i -> prepared.apply(first + i)));
            }
            return results;
        } catch (OrtException e) {
            throw new IllegalStateException(
                    "Cannot " + verb + " " + count + " " + input.kind() + "s with " + name + ": "
                            + OrtSessions.firstLine(e),
                    e);
        } finally {
            lock.readLock().unlock();
        }
    }

    /** The results where samples of one size that follow each other run together; they are prepared on this thread. */
    private <S> List<R> bySize(OrtSession open, Input<S> input, int count, IntFunction<S> prepared)
            throws OrtException {
        List<R> results = new ArrayList<>(count);
        List<S> together = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            S sample = prepared.apply(i);
            if (!together.isEmpty() && !joins(input, sample, together)) {
                results.addAll(ofOneSize(open, input, together));
                together.clear();
            }
            together.add(sample);
        }
        if (!together.isEmpty()) {
            results.addAll(ofOneSize(open, input, together));
        }
        return results;
    }

    private <S> boolean joins(Input<S> input, S sample, List<S> together) {
        int most = declared.fixed() > 0 ? declared.fixed() : input.batchSize(sample);
        return together.size() < most && Arrays.equals(input.shape(sample), input.shape(together.get(0)));
    }

    private <S> List<R> ofOneSize(OrtSession open, Input<S> input, List<S> prepared) throws OrtException {
        long[] shape = input.shape(prepared.get(0));
        return together(open, input, declared.of(shape), shape, prepared.size(), prepared::get);
    }

    /**
     * The results of samples that run at once.
     *
     * @param as how the file takes them
     * @param shape of each of them
     */
    private <S> List<R> together(
            OrtSession open, Input<S> input, DeclaredInput as, long[] shape, int count, IntFunction<S> prepared)
            throws OrtException {
        long values = Arrays.stream(shape).reduce(as.batch(count), Math::multiplyExact);
        int bytes = Math.toIntExact(Math.multiplyExact(values, input.type().size));
        ByteBuffer batch = workers.take(bytes);
        workers.forEach(count, i -> input.write(prepared.apply(i), batch, i));
        List<R> results = run(open, input, as, batch.slice(0, bytes).order(batch.order()), count);
        workers.giveBack(batch); // not where something failed, as it may still be in use
        return results;
    }

    /**
     * The results of a batch [count, …].
     *
     * @param as how the file takes it
     * @param values of as many samples as the file's batches have, of which the first {@code count} matter
     */
    private List<R> run(OrtSession open, Input<?> input, DeclaredInput as, ByteBuffer values, int count)
            throws OrtException {
        int batch = as.batch(count);
        Map<String, OnnxTensor> fed = new LinkedHashMap<>();
        List<ByteBuffer> memory = new ArrayList<>();
        IntFunction<ByteBuffer> taken = bytes -> {
            memory.add(workers.take(bytes));
            return memory.get(memory.size() - 1);
        };
        try {
            fed.putAll(input.derived(open, values, axes(batch, input), taken));
            fed.put(input.name(), as.tensor(values, batch, taken));
            try (OrtSession.Result outputs = open.run(fed)) {
                List<R> results = reader.read(outputs, input.kept(values, batch));
                memory.forEach(workers::giveBack);
                return results.subList(0, count);
            }
        } finally {
            fed.values().forEach(OnnxTensor::close);
        }
    }

    private static long[] axes(long batch, Input<?> input) {
        return LongStream.concat(LongStream.of(batch), Arrays.stream(input.shape()))
                .toArray();
    }

    /** Waits for calls under way and releases the session; later calls fail. Idempotent. */
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
}
