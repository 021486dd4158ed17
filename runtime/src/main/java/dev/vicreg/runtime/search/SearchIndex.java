package dev.vicreg.runtime.search;

import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import dev.vicreg.runtime.Embeddings;
import dev.vicreg.runtime.Manifest;
import dev.vicreg.runtime.file.FileDigest;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The vectors of many samples, and which of them are nearest to a vector, by cosine. It lies in one file, as {@code ./vicreg
 * index} and {@link IndexBuilder} write it, of which the system reads what is needed.
 *
 * <pre>{@code
 * try (SearchIndex index = SearchIndex.open(Path.of("pictures.index"))) {
 *     for (SearchIndex.Match match : index.search(model.embed(picture), 10)) {
 *         System.out.println(match.path() + " " + match.score());
 *     }
 * }
 * }</pre>
 *
 * <p>Immutable and thread-safe: calls run at the same time, and {@link #close} waits for those under way. Exact by a matrix product over all
 * vectors; approximate where the file has a graph of neighbours and {@code io.github.jbellis:jvector} is on the class path.
 */
public final class SearchIndex implements AutoCloseable {
    /** Of an approximate search; more are searched for exactly. */
    private static final int MOST_APPROXIMATE = 1000;

    private final Path file;
    private final RandomAccessFile opened;
    private final Description description;
    private final MappedVectors vectors;
    private final StoredSamples samples;
    private final ExactSearch exact;
    private final @Nullable NeighbourGraph graph;
    private final ReentrantReadWriteLock lock = new ReentrantReadWriteLock();
    private boolean closed; // guarded by lock

    /**
     * A sample that was found.
     *
     * @param index its place in the index, from 0
     * @param path its name among the data
     * @param score cosine with the query, -1 to 1; 0 where one of the two is all zeros
     */
    public record Match(int index, String path, float score) {}

    /**
     * A sample of an index.
     *
     * @param path its name among the data, with {@code /} between folders
     * @param size bytes as it is stored
     * @param checksum SHA-256 of these, in 64 hexadecimal digits
     */
    public record Entry(String path, long size, String checksum) {}

    /**
     * Where the vectors come from.
     *
     * @param model the file that made them, relative to the index's folder or absolute
     * @param checksum that file's SHA-256, in 64 hexadecimal digits
     * @param data what they were made of, as it was named
     * @param manifest what the model takes and gives
     */
    public record Description(String model, String checksum, String data, Manifest manifest) {
        String toJson() {
            JsonObject json = new JsonObject();
            json.addProperty("model", model);
            json.addProperty("checksum", checksum);
            json.addProperty("data", data);
            json.add("manifest", JsonParser.parseString(manifest.toJson()));
            return json.toString();
        }

        private static Description parse(String text, Path file) throws IOException {
            try {
                JsonObject json = JsonParser.parseString(text).getAsJsonObject();
                return new Description(
                        json.get("model").getAsString(),
                        json.get("checksum").getAsString(),
                        json.get("data").getAsString(),
                        Manifest.parse(json.get("manifest").toString(), file.toString()));
            } catch (JsonParseException
                    | IllegalStateException
                    | UnsupportedOperationException
                    | NullPointerException e) { // a field is missing, or something else
                throw new IOException("Cannot use " + file + ": its description is none; build it anew", e);
            }
        }
    }

    private SearchIndex(Path file, RandomAccessFile opened, IndexFile form) throws IOException {
        this.file = file;
        this.opened = opened;
        FileChannel channel = opened.getChannel();
        vectors = new MappedVectors(channel, form.start(IndexFile.Section.VECTORS), form.count(), form.dimension());
        samples = new StoredSamples(file, opened, form);
        String json = StandardCharsets.UTF_8
                .decode(form.map(channel, IndexFile.Section.DESCRIPTION, file))
                .toString();
        description = Description.parse(json, file);
        boolean linked = form.size(IndexFile.Section.GRAPH) > 0 && hasJvector();
        graph = linked ? NeighbourGraph.open(form.map(channel, IndexFile.Section.GRAPH, file), vectors, file) : null;
        exact = new ExactSearch();
    }

    /** Whether jvector is on the class path, without which {@link NeighbourGraph} can't even be loaded. */
    static boolean hasJvector() {
        try {
            Class.forName(
                    "io.github.jbellis.jvector.graph.GraphIndexBuilder", false, SearchIndex.class.getClassLoader());
            return true;
        } catch (ClassNotFoundException e) {
            return false;
        }
    }

    /**
     * Opens an index; the caller closes it. All of it is read once, to see that it is whole.
     *
     * @throws IOException if there is no such file, it is no index, of another version, cut off or damaged: says which
     */
    public static SearchIndex open(Path file) throws IOException {
        if (!Files.isRegularFile(file)) {
            throw new NoSuchFileException(file + ": no such index; ./vicreg index builds one");
        }
        RandomAccessFile opened = new RandomAccessFile(file.toFile(), "r");
        SearchIndex index = null;
        try {
            index = new SearchIndex(file, opened, IndexFile.read(opened.getChannel(), file));
            return index;
        } finally {
            if (index == null) {
                opened.close();
            }
        }
    }

    /** How many vectors there are. */
    public int size() {
        return vectors.count();
    }

    /** Values of a vector. */
    public int dimension() {
        return vectors.dimension();
    }

    /** Where the vectors come from. */
    public Description description() {
        return description;
    }

    /** The model's file, as the index knows it. */
    public Path model() {
        return file.resolveSibling(description.model());
    }

    /** Whether {@link #search} goes through all vectors. */
    public boolean isExact() {
        return graph == null;
    }

    /** Whether there are small pictures of the samples. */
    public boolean hasPictures() {
        return samples.havePictures();
    }

    /**
     * Checks that these are vectors of a model.
     *
     * @throws IOException if they are of another one
     */
    public void requireModel(Path onnx) throws IOException {
        String found = FileDigest.sha256(onnx);
        if (!found.equals(description.checksum())) {
            throw new IOException(file + " was not made with " + onnx + " (SHA-256 " + found.substring(0, 12)
                    + "…), but with " + description.model() + " ("
                    + description.checksum().substring(0, 12)
                    + "…), whose vectors are others; name that model, or build the index anew");
        }
    }

    /** A sample. */
    public Entry entry(int index) {
        return samples.entry(index);
    }

    /** A sample's vector, a copy: [dimension], of length 1 or zeros. */
    public float[] vector(int index) {
        return vectors.row(index);
    }

    /**
     * A small JPEG of a sample; empty where there is none.
     *
     * @throws IOException if it can't be read, or the file has been shortened meanwhile
     * @throws IllegalStateException if this is closed
     */
    public byte[] picture(int index) throws IOException {
        if (!hasPictures()) {
            return new byte[0];
        }
        lock.readLock().lock();
        try {
            requireOpen();
            return samples.picture(index);
        } finally {
            lock.readLock().unlock();
        }
    }

    /**
     * The nearest samples, best first.
     *
     * @param query [dimension], of any length but zero
     * @param k 1 to {@link #size}
     * @throws IllegalArgumentException if the query has another dimension, a value that is not finite or nothing but zeros,
     *     or {@code k} is out of range: says so in one line
     * @throws IllegalStateException if this is closed, or the thread is interrupted while it goes through all vectors
     */
    public List<Match> search(float[] query, int k) {
        if (graph == null || k > MOST_APPROXIMATE) {
            return searchExactly(List.of(query), k).get(0);
        }
        float[] normalised = normalised(query, k);
        ExactSearch.Found found;
        lock.readLock().lock();
        try {
            requireOpen();
            found = graph.find(normalised, k);
        } finally {
            lock.readLock().unlock();
        }
        return found.places().length == k
                ? matches(found)
                : searchExactly(List.of(query), k).get(0);
    }

    /** The same through all vectors, of several queries at once, which is faster than one by one. */
    public List<List<Match>> searchExactly(List<float[]> queries, int k) {
        float[][] normalised =
                queries.stream().map(query -> normalised(query, k)).toArray(float[][]::new);
        lock.readLock().lock();
        try {
            requireOpen();
            return Arrays.stream(exact.find(vectors, normalised, k))
                    .map(this::matches)
                    .toList();
        } finally {
            lock.readLock().unlock();
        }
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException(file + " is closed");
        }
    }

    private float[] normalised(float[] query, int k) {
        if (k < 1 || k > size()) {
            throw new IllegalArgumentException(
                    "k is " + k + ", expected 1 to " + size() + ", the vectors of the index");
        }
        requireVector(query, dimension(), "the query");
        if (isZero(query)) {
            throw new IllegalArgumentException("the query is all zeros, which is near to nothing");
        }
        return Embeddings.normalised(query);
    }

    private static boolean isZero(float[] vector) {
        for (float value : vector) {
            if (value != 0) {
                return false;
            }
        }
        return true;
    }

    /** @throws IllegalArgumentException if it has another dimension, or a value that is not finite */
    static void requireVector(float[] vector, int dimension, String name) {
        if (vector.length != dimension) {
            throw new IllegalArgumentException(
                    name + " has " + vector.length + " values, expected " + dimension + ", the vectors' dimension");
        }
        for (float value : vector) {
            if (!Float.isFinite(value)) {
                throw new IllegalArgumentException(name + " has the value " + value + ", expected finite ones");
            }
        }
    }

    private List<Match> matches(ExactSearch.Found found) {
        List<Match> matches = new ArrayList<>(found.places().length);
        for (int i = 0; i < found.places().length; i++) {
            int place = found.places()[i];
            float score = Math.max(-1, Math.min(1, found.scores()[i]));
            matches.add(new Match(place, samples.path(place), score));
        }
        return matches;
    }

    /**
     * How much of an exact search {@link #search} finds: the mean part of the {@code k} nearest, of samples of the index
     * that were drawn, themselves left out. 1 of an index that is searched exactly.
     *
     * @param queries how many are drawn
     */
    public double recall(int queries, int k) {
        int asked = Math.min(queries, size());
        int most = Math.min(k + 1, size());
        Random random = new Random(0);
        List<Integer> drawn = IntStream.range(0, asked)
                .mapToObj(i -> random.nextInt(size()))
                .filter(i -> !isZero(vector(i)))
                .toList();
        List<List<Match>> truth = searchExactly(drawn.stream().map(this::vector).toList(), most);
        double sum = 0;
        for (int i = 0; i < drawn.size(); i++) {
            Set<Integer> expected = others(truth.get(i), drawn.get(i));
            Set<Integer> found = others(search(vector(drawn.get(i)), most), drawn.get(i));
            sum += expected.isEmpty() || expected.equals(found)
                    ? 1
                    : expected.stream().filter(found::contains).count() / (double) expected.size();
        }
        return drawn.isEmpty() ? 1 : sum / drawn.size();
    }

    private static Set<Integer> others(List<Match> matches, int self) {
        return matches.stream().map(Match::index).filter(index -> index != self).collect(Collectors.toSet());
    }

    /** Waits for searches under way and releases the file; later ones fail. Idempotent. */
    @Override
    public void close() throws IOException {
        lock.writeLock().lock();
        try {
            if (!closed) {
                closed = true;
                exact.close();
                opened.close();
            }
        } finally {
            lock.writeLock().unlock();
        }
    }
}
