package dev.vicreg.runtime.search;

import io.github.jbellis.jvector.graph.ImmutableGraphIndex;
import io.github.jbellis.jvector.graph.NodesIterator;
import io.github.jbellis.jvector.graph.similarity.ScoreFunction;
import io.github.jbellis.jvector.util.Bits;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The neighbours of each vector as they lie in the index's file, in the form that jvector searches: one level. jvector's own
 * files hold the vectors a second time, and change with its versions. Immutable; thread-safe.
 */
final class Links implements ImmutableGraphIndex {
    static final int HEAD = 2 * Integer.BYTES;
    private static final int NONE = -1;

    private final ByteBuffer section;
    private final int count;
    private final int dimension;
    private final int degree;

    /** @param section as {@link #write} wrote it */
    Links(ByteBuffer section, int count, int dimension) {
        this.section = section;
        this.count = count;
        this.dimension = dimension;
        this.degree = section.getInt(Integer.BYTES);
    }

    /** Whether a section is as {@link #write} writes it, of so many vectors, and names no others. */
    static boolean areWhole(ByteBuffer section, int count) {
        int degree = section.getInt(Integer.BYTES);
        if (degree < 1 || section.limit() != HEAD + (long) count * degree * Integer.BYTES) {
            return false;
        }
        boolean whole = section.getInt(0) >= 0 && section.getInt(0) < count;
        for (int at = HEAD; at < section.limit(); at += Integer.BYTES) {
            int neighbour = section.getInt(at);
            whole &= neighbour >= NONE && neighbour < count;
        }
        return whole;
    }

    /** Writes a graph of one level. */
    static void write(ImmutableGraphIndex graph, int count, NeighbourGraph.Sink sink) throws IOException {
        if (graph.getMaxLevel() > 0) {
            throw new IllegalStateException("a graph of " + (graph.getMaxLevel() + 1) + " levels, expected one of one");
        }
        int degree = graph.maxDegree();
        try (View view = graph.getView()) {
            sink.write(ints(2).putInt(view.entryNode().node).putInt(degree).flip());
            ByteBuffer row = ints(degree);
            for (int node = 0; node < count; node++) {
                NodesIterator neighbours = view.getNeighborsIterator(0, node);
                row.clear();
                while (row.hasRemaining()) {
                    row.putInt(neighbours.hasNext() ? neighbours.nextInt() : NONE);
                }
                sink.write(row.flip());
            }
        }
    }

    private static ByteBuffer ints(int count) {
        return ByteBuffer.allocate(count * Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    }

    private int[] neighbours(int node) {
        int[] row = new int[degree];
        int from = HEAD + node * degree * Integer.BYTES;
        int size = 0;
        while (size < degree && section.getInt(from + size * Integer.BYTES) != NONE) {
            row[size] = section.getInt(from + size * Integer.BYTES);
            size++;
        }
        return Arrays.copyOf(row, size);
    }

    @Override
    public View getView() {
        return new LinksView();
    }

    @Override
    public NodesIterator getNodes(int level) {
        return NodesIterator.fromPrimitiveIterator(IntStream.range(0, count).iterator(), count);
    }

    @Override
    public int maxDegree() {
        return degree;
    }

    @Override
    public List<Integer> maxDegrees() {
        return List.of(degree);
    }

    @Override
    public int getDimension() {
        return dimension;
    }

    @Override
    public boolean isHierarchical() {
        return false;
    }

    @Override
    public int getMaxLevel() {
        return 0;
    }

    @Override
    public int getDegree(int level) {
        return degree;
    }

    @Override
    public double getAverageDegree(int level) {
        return IntStream.range(0, count)
                .map(node -> neighbours(node).length)
                .average()
                .orElse(0);
    }

    @Override
    public int size(int level) {
        return count;
    }

    @Override
    public long ramBytesUsed() {
        return 0; // the system's
    }

    @Override
    public void close() {}

    /** Nothing of its own: it may be used by several threads. */
    private final class LinksView implements View {
        @Override
        public NodesIterator getNeighborsIterator(int level, int node) {
            return new NodesIterator.ArrayNodesIterator(neighbours(node));
        }

        @Override
        public void processNeighbors(
                int level, int node, ScoreFunction scores, IntMarker visited, NeighborProcessor processor) {
            for (int neighbour : neighbours(node)) {
                if (visited.mark(neighbour)) {
                    processor.process(neighbour, scores.similarityTo(neighbour));
                }
            }
        }

        @Override
        @SuppressWarnings("deprecation") // which is abstract all the same
        public int size() {
            return count;
        }

        @Override
        public NodeAtLevel entryNode() {
            return new NodeAtLevel(0, section.getInt(0));
        }

        @Override
        public Bits liveNodes() {
            return Bits.ALL;
        }

        @Override
        public boolean contains(int level, int node) {
            return level == 0 && node < count;
        }

        @Override
        public void close() {}
    }
}
