package dev.vicreg.runtime.search;

import io.github.jbellis.jvector.graph.GraphIndexBuilder;
import io.github.jbellis.jvector.graph.GraphSearcher;
import io.github.jbellis.jvector.graph.RandomAccessVectorValues;
import io.github.jbellis.jvector.graph.SearchResult;
import io.github.jbellis.jvector.graph.similarity.BuildScoreProvider;
import io.github.jbellis.jvector.graph.similarity.DefaultSearchScoreProvider;
import io.github.jbellis.jvector.util.Bits;
import io.github.jbellis.jvector.vector.VectorSimilarityFunction;
import io.github.jbellis.jvector.vector.VectorizationProvider;
import io.github.jbellis.jvector.vector.types.VectorFloat;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.IntStream;

/**
 * A graph of near vectors (Vamana, of DiskANN), along which a search goes from neighbour to neighbour: by jvector, which may
 * be missing; ask {@link SearchIndex#hasJvector} first. Only this class and {@link Links} know that library. Thread-safe.
 *
 * @see <a href="https://github.com/jbellis/jvector">jvector</a>
 */
final class NeighbourGraph {
    /** Neighbours of each, and how many are looked at to choose them: jvector's usual ones. */
    static final int DEGREE = 32;

    private static final int BEAM = 100;
    private static final float OVERFLOW = 1.2f;
    private static final float ALPHA = 1.2f;

    /** Candidates of a search, at least, and for each result. */
    private static final int LEAST_CANDIDATES = 100;

    private static final int CANDIDATES = 3;

    /** Held here, else what is set is forgotten: it tells of Java's versions and processors on standard error. */
    private static final Logger LOG = Logger.getLogger("io.github.jbellis.jvector");

    static {
        if (LOG.getLevel() == null) {
            LOG.setLevel(Level.SEVERE);
        }
    }

    private final Links graph;
    private final MappedVectors vectors;

    private NeighbourGraph(Links graph, MappedVectors vectors) {
        this.graph = graph;
        this.vectors = vectors;
    }

    /** Takes the next bytes. */
    interface Sink {
        void write(ByteBuffer bytes) throws IOException;
    }

    /** Links all vectors, and writes the graph; nothing if it is stopped. */
    @SuppressWarnings("deprecation") // what stands in its place always makes several levels
    static void write(MappedVectors vectors, IndexBuilder.Watch watch, Sink sink) throws IOException {
        Values values = new Values(vectors);
        BuildScoreProvider scores =
                BuildScoreProvider.randomAccessScoreProvider(values, VectorSimilarityFunction.DOT_PRODUCT);
        try (GraphIndexBuilder builder =
                new GraphIndexBuilder(scores, vectors.dimension(), DEGREE, BEAM, OVERFLOW, ALPHA, false)) {
            AtomicInteger done = new AtomicInteger();
            IntStream.range(0, vectors.count()).parallel().forEach(i -> {
                if (watch.isStopRequested()) {
                    throw new CancellationException();
                }
                builder.addGraphNode(i, values.getVector(i));
                watch.linked(done.incrementAndGet(), vectors.count());
            });
            builder.cleanup();
            Links.write(builder.getGraph(), vectors.count(), sink);
        } catch (CancellationException e) {
            // as it was asked to: the index is then searched exactly
        }
    }

    /**
     * The graph that {@link #write} wrote.
     *
     * @param file that messages name
     * @throws IOException if it is none of these vectors
     */
    static NeighbourGraph open(ByteBuffer section, MappedVectors vectors, Path file) throws IOException {
        if (!Links.areWhole(section, vectors.count())) {
            throw IndexFile.damaged(file, "its graph leads nowhere");
        }
        return new NeighbourGraph(new Links(section, vectors.count(), vectors.dimension()), vectors);
    }

    /** The nearest of a vector of length 1, best first; fewer than {@code k} where not all vectors are reached. */
    ExactSearch.Found find(float[] query, int k) {
        Values values = new Values(vectors);
        int candidates = Math.min(vectors.count(), Math.max(LEAST_CANDIDATES, CANDIDATES * k));
        try (GraphSearcher searcher = new GraphSearcher(graph)) {
            SearchResult.NodeScore[] nodes = searcher.search(
                            DefaultSearchScoreProvider.exact(
                                    Values.of(query), VectorSimilarityFunction.DOT_PRODUCT, values),
                            candidates,
                            Bits.ALL)
                    .getNodes();
            int count = Math.min(k, nodes.length);
            ExactSearch.Found found = new ExactSearch.Found(new int[count], new float[count]);
            for (int i = 0; i < count; i++) {
                found.places()[i] = nodes[i].node;
                found.scores()[i] = 2 * nodes[i].score - 1; // jvector's is (1 + product) / 2
            }
            return found;
        } catch (IOException e) {
            throw new IllegalStateException("Cannot search: " + e.getMessage(), e);
        }
    }

    /** The vectors as jvector takes them. */
    private record Values(MappedVectors vectors) implements RandomAccessVectorValues {
        static VectorFloat<?> of(float[] values) {
            return VectorizationProvider.getInstance().getVectorTypeSupport().createFloatVector(values);
        }

        @Override
        public int size() {
            return vectors.count();
        }

        @Override
        public int dimension() {
            return vectors.dimension();
        }

        @Override
        public VectorFloat<?> getVector(int index) {
            return of(vectors.row(index));
        }

        @Override
        public boolean isValueShared() {
            return false;
        }

        @Override
        public RandomAccessVectorValues copy() {
            return this;
        }
    }
}
