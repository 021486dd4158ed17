package dev.vicreg.spark;

import dev.vicreg.runtime.Embedder;
import dev.vicreg.runtime.EmbeddingModel;
import dev.vicreg.runtime.Embeddings;
import dev.vicreg.runtime.file.Reason;
import dev.vicreg.runtime.input.Input;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.Queue;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.security.AccessControlException;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.util.SerializableConfiguration;
import org.apache.spark.util.TaskCompletionListener;

/**
 * A task: reads the samples of its locations, in their order, and embeds them a batch at a time. What can't be decoded is
 * left out and told; what storage fails to give fails the task, which Spark then tries again.
 */
final class EmbedPartition implements MapPartitionsFunction<Row, Row> {
    /** No file that may be decoded needs more. */
    private static final int MAX_SIZE = 256 << 20;

    private final ShippedModel model;
    private final boolean normalize;
    private final SerializableConfiguration hadoop;
    private final UndecodableSamples undecodable;

    EmbedPartition(
            ShippedModel model, boolean normalize, SerializableConfiguration hadoop, UndecodableSamples undecodable) {
        this.model = model;
        this.normalize = normalize;
        this.hadoop = hadoop;
        this.undecodable = undecodable;
    }

    /** Rows of {@link ParquetVectors#SCHEMA}. */
    @Override
    public Iterator<Row> call(Iterator<Row> locations) throws IOException {
        EmbeddingModel open = model.open();
        return vectors(open, open.manifest().input(), locations);
    }

    @SuppressWarnings("unchecked") // an input's own class
    private <S> Iterator<Row> vectors(EmbeddingModel open, Input<S> input, Iterator<Row> locations) {
        Embedder<S> embedder = open.embedder((Class<? extends Input<S>>) input.getClass());
        OpenFile file = new OpenFile();
        TaskCompletionListener closing = context -> file.close();
        TaskContext.get().addTaskCompletionListener(closing);
        return new Vectors<>(embedder, open.batchSize(), locations, file);
    }

    private record Prepared<S>(Location at, S sample) {}

    private final class Vectors<S> implements Iterator<Row> {
        private final Embedder<S> embedder;
        private final int batchSize;
        private final Iterator<Row> locations;
        private final OpenFile file;
        private final Queue<Row> ready = new ArrayDeque<>();

        Vectors(Embedder<S> embedder, int batchSize, Iterator<Row> locations, OpenFile file) {
            this.embedder = embedder;
            this.batchSize = batchSize;
            this.locations = locations;
            this.file = file;
        }

        @Override
        public boolean hasNext() {
            while (ready.isEmpty() && locations.hasNext()) {
                embedBatch();
            }
            return !ready.isEmpty();
        }

        @Override
        public Row next() {
            if (!hasNext()) {
                throw new NoSuchElementException();
            }
            return ready.remove();
        }

        private void embedBatch() {
            List<Prepared<S>> batch = new ArrayList<>();
            while (batch.size() < batchSize && locations.hasNext()) {
                prepared(Location.of(locations.next())).ifPresent(batch::add);
            }
            float[][] vectors =
                    embedder.embed(batch.stream().map(Prepared::sample).toList());
            for (int i = 0; i < vectors.length; i++) {
                Location at = batch.get(i).at();
                float[] vector = normalize ? Embeddings.normalised(vectors[i]) : vectors[i];
                ready.add(RowFactory.create(at.path(), at.label(), vector));
            }
        }

        private Optional<Prepared<S>> prepared(Location at) {
            byte[] bytes;
            try {
                bytes = file.read(at);
            } catch (FileNotFoundException | AccessControlException e) {
                undecodable.add(at.path() + ": " + Reason.of(e));
                return Optional.empty();
            } catch (IllegalArgumentException e) { // of its path
                undecodable.add(at.path() + ": Hadoop opens no file of such a name; rename it");
                return Optional.empty();
            } catch (IOException e) {
                throw new UncheckedIOException("cannot read " + at.file() + ": " + Reason.of(e), e);
            }
            S sample;
            try {
                sample = embedder.decode(bytes, at.path());
            } catch (IOException e) {
                undecodable.add(String.valueOf(e.getMessage()));
                return Optional.empty();
            }
            try {
                return Optional.of(new Prepared<>(at, embedder.prepare(sample)));
            } catch (IllegalArgumentException e) {
                throw new IllegalStateException(at.path() + " doesn't fit " + model.name() + ": " + e.getMessage(), e);
            }
        }
    }

    /** The file that was read last, open for what follows in it. */
    private final class OpenFile {
        private String name = "";
        private Optional<FSDataInputStream> open = Optional.empty();

        byte[] read(Location at) throws IOException {
            Path path = new Path(at.file());
            FileSystem files = path.getFileSystem(hadoop.value());
            if (!at.file().equals(name)) {
                close();
                open = Optional.of(files.open(path));
                name = at.file();
            }
            long length =
                    at.length() == Location.WHOLE ? files.getFileStatus(path).getLen() : at.length();
            if (length > MAX_SIZE) {
                throw new FileNotFoundException("more than " + (MAX_SIZE >> 20) + " MiB, which no sample has");
            }
            byte[] bytes = new byte[(int) length];
            open.orElseThrow().readFully(at.offset(), bytes);
            return bytes;
        }

        void close() {
            try {
                if (open.isPresent()) {
                    open.get().close();
                }
            } catch (IOException e) {
                throw new UncheckedIOException("cannot close " + name + ": " + Reason.of(e), e);
            } finally {
                open = Optional.empty();
                name = "";
            }
        }
    }
}
