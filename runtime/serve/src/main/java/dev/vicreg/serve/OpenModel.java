package dev.vicreg.serve;

import dev.vicreg.runtime.Batcher;
import dev.vicreg.runtime.Classifier;
import dev.vicreg.runtime.ClassifierModel;
import dev.vicreg.runtime.Embedder;
import dev.vicreg.runtime.EmbeddingModel;
import dev.vicreg.runtime.Manifest;
import dev.vicreg.runtime.input.Input;
import dev.vicreg.runtime.search.SearchIndex;
import java.io.IOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A model's file that is open and warm. Thread-safe.
 *
 * @param <S> a prepared sample
 */
final class OpenModel<S> implements AutoCloseable {
    /** A run that takes longer hangs. */
    private static final Duration TOO_LONG = Duration.ofMinutes(2);

    private final Manifest manifest;
    private final Wire<S> wire;
    private final Batcher<S, Outcome> batcher;
    private final AutoCloseable model;
    private final @Nullable SearchIndex index;
    private final @Nullable IndexMap map;

    private OpenModel(
            Manifest manifest,
            Wire<S> wire,
            Batcher<S, Outcome> batcher,
            AutoCloseable model,
            @Nullable SearchIndex index) {
        this.manifest = manifest;
        this.wire = wire;
        this.batcher = batcher;
        this.model = model;
        this.index = index;
        this.map = index == null ? null : new IndexMap(index);
    }

    /**
     * Opens a file and runs a sample of zeros through it.
     *
     * @throws IOException if it can't be opened, or is no model of this project; or its index can't, or is another model's
     * @throws IllegalStateException if the device can't be used, or the model can't be run
     */
    static OpenModel<?> open(ServeConfig.Source source, ServeConfig config, Batcher.Watch watch) throws IOException {
        if (source.index() == null) {
            return openModel(source, config, watch);
        }
        SearchIndex index = SearchIndex.open(source.index());
        OpenModel<?> opened = null;
        try {
            index.requireModel(source.file());
            opened = openModel(source, config, watch).with(index);
            return opened;
        } finally {
            if (opened == null) {
                index.close();
            }
        }
    }

    /** The same with an index of its vectors, which it closes. */
    OpenModel<S> with(SearchIndex of) {
        return new OpenModel<>(manifest, wire, batcher, model, of);
    }

    private static OpenModel<?> openModel(ServeConfig.Source source, ServeConfig config, Batcher.Watch watch)
            throws IOException {
        Manifest told = Manifest.read(source.file());
        if (told.classifier() == null) {
            EmbeddingModel encoder = EmbeddingModel.load(source.file(), config.device(), config.threads());
            return closedOnFailure(encoder, () -> encoder(source.name(), encoder, told.input(), config, watch));
        }
        ClassifierModel classifier = ClassifierModel.load(source.file(), config.device(), config.threads());
        return closedOnFailure(classifier, () -> classifier(source.name(), classifier, told.input(), config, watch));
    }

    private interface Opening {
        OpenModel<?> open();
    }

    private static OpenModel<?> closedOnFailure(AutoCloseable model, Opening opening) {
        OpenModel<?> opened = null;
        try {
            opened = opening.open();
            return opened;
        } finally {
            if (opened == null) {
                close(model);
            }
        }
    }

    private static <S> OpenModel<S> encoder(
            String name, EmbeddingModel model, Input<S> input, ServeConfig config, Batcher.Watch watch) {
        Embedder<S> steps = model.embedder(kind(input));
        Function<List<S>, List<Outcome>> run = batch -> Arrays.stream(steps.embed(batch))
                .map(vector -> new Outcome(vector, null))
                .toList();
        return of(name, model.manifest(), input, run, model, limits(config, input, model.batchSize()), watch);
    }

    private static <S> OpenModel<S> classifier(
            String name, ClassifierModel model, Input<S> input, ServeConfig config, Batcher.Watch watch) {
        Classifier<S> steps = model.classifier(kind(input));
        Function<List<S>, List<Outcome>> run = batch -> steps.classify(batch).stream()
                .map(found -> new Outcome(found.embedding(), found.probabilities()))
                .toList();
        return of(name, model.manifest(), input, run, model, limits(config, input, model.batchSize()), watch);
    }

    /** Of any function instead of a file's: for tests of what a file seldom does. */
    static <S> OpenModel<S> of(
            String name,
            Manifest manifest,
            Input<S> input,
            Function<List<S>, List<Outcome>> run,
            AutoCloseable model,
            Batcher.Limits limits,
            Batcher.Watch watch) {
        Wire<S> wire = Wire.of(input);
        return new OpenModel<>(manifest, wire, new Batcher<>(name, run, wire.blank(), limits, watch), model, null);
    }

    private static Batcher.Limits limits(ServeConfig config, Input<?> input, int modelsBatch) {
        ServeConfig.Limits limits = config.limits();
        int most = input.sizesDiffer() ? Wire.of(input).batchSize() : modelsBatch;
        return new Batcher.Limits(Math.min(limits.batch(), most), limits.delay(), limits.queue());
    }

    @SuppressWarnings("unchecked") // an input's own class
    private static <S> Class<? extends Input<S>> kind(Input<S> input) {
        return (Class<? extends Input<S>>) input.getClass();
    }

    Manifest manifest() {
        return manifest;
    }

    Wire<S> wire() {
        return wire;
    }

    Batcher<S, Outcome> batcher() {
        return batcher;
    }

    /** The classes of a classifier; null of an encoder. */
    @Nullable
    List<String> labels() {
        Manifest.Head head = manifest.classifier();
        return head == null ? null : head.labels();
    }

    /** What it can be searched in; null for nothing. */
    @Nullable
    SearchIndex index() {
        return index;
    }

    /** How its index is drawn; null where it has none. */
    @Nullable
    IndexMap map() {
        return map;
    }

    boolean isHealthy() {
        return batcher.isHealthy() && batcher.busy().compareTo(TOO_LONG) < 0;
    }

    /** Why clients of another model would go wrong with this one; null if they wouldn't. */
    @Nullable
    String differenceFrom(OpenModel<?> other) {
        if (!seen().equals(other.seen())) {
            return "it is " + seen() + ", expected " + other.seen();
        }
        return null;
    }

    /** What clients rely on, and samples that are prepared already. */
    private String seen() {
        List<String> labels = labels();
        return (labels == null ? "an encoder" : "a classifier into " + labels) + " of " + wire.tensor() + " "
                + wire.datatype() + " " + Arrays.toString(wire.shape()) + " by " + wire.expected() + wire.meaning()
                + " to vectors of " + manifest.dimension() + " values";
    }

    /** Runs what waits, and releases the model. */
    @Override
    public void close() {
        batcher.close();
        close(model);
        if (index != null) {
            close(index);
        }
    }

    private static void close(AutoCloseable model) {
        try {
            model.close();
        } catch (RuntimeException e) {
            throw e;
        } catch (Exception e) { // models throw none
            throw new IllegalStateException("Cannot close a model: " + e.getMessage(), e);
        }
    }
}
