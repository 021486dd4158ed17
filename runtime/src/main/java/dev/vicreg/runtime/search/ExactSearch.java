package dev.vicreg.runtime.search;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.vicreg.runtime.natives.Device;
import dev.vicreg.runtime.natives.OrtSessions;
import java.io.IOException;
import java.io.InputStream;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.Map;
import java.util.Objects;

/**
 * The greatest products of vectors with all rows: a matrix product and TopK in one graph, tile by tile, by ONNX Runtime.
 * The graph lies beside this class; a test makes it, since this module writes none. Thread-safe.
 */
final class ExactSearch implements AutoCloseable {
    private static final int QUERIES = 64; // at once, which bounds the products' memory: 16 MB

    private final OrtSession session;

    /**
     * What was found for one query, greatest first; of equal ones the first in the index comes first.
     *
     * @param places of rows
     * @param scores their products
     */
    record Found(int[] places, float[] scores) {
        static Found none(int k) {
            Found none = new Found(new int[k], new float[k]);
            Arrays.fill(none.places, -1);
            Arrays.fill(none.scores, Float.NEGATIVE_INFINITY);
            return none;
        }

        /** Takes in what a later tile has, greatest first, from a place of the two on. */
        private void merge(float[] tileScores, long[] tilePlaces, int from, int count, int first) {
            float[] oldScores = scores.clone();
            int[] oldPlaces = places.clone();
            int old = 0;
            int next = 0;
            for (int i = 0; i < scores.length; i++) {
                boolean later = next < count && tileScores[from + next] > oldScores[old];
                scores[i] = later ? tileScores[from + next] : oldScores[old];
                places[i] = later ? first + (int) tilePlaces[from + next] : oldPlaces[old];
                if (later) {
                    next++;
                } else {
                    old++;
                }
            }
        }
    }

    ExactSearch() throws IOException {
        try (InputStream graph =
                Objects.requireNonNull(ExactSearch.class.getResourceAsStream("search.onnx"), "search.onnx")) {
            session = OrtSessions.open(graph.readAllBytes(), "search.onnx", Device.CPU, 0);
        }
    }

    /**
     * What is greatest for each query.
     *
     * @param queries [Q][D]
     * @param k at most as many as there are rows
     */
    Found[] find(MappedVectors vectors, float[][] queries, int k) {
        Found[] found = new Found[queries.length];
        Arrays.setAll(found, i -> Found.none(k));
        try {
            for (int from = 0; from < queries.length; from += QUERIES) {
                int to = Math.min(from + QUERIES, queries.length);
                find(vectors, Arrays.copyOfRange(queries, from, to), k, found, from);
            }
        } catch (OrtException e) {
            throw new IllegalStateException("Cannot search: " + OrtSessions.firstLine(e), e);
        }
        return found;
    }

    private void find(MappedVectors vectors, float[][] queries, int k, Found[] found, int from) throws OrtException {
        OrtEnvironment environment = OrtEnvironment.getEnvironment();
        try (OnnxTensor asked = OnnxTensor.createTensor(environment, queries)) {
            for (int first = 0; first < vectors.count(); first += vectors.tileRows()) {
                if (Thread.currentThread().isInterrupted()) {
                    throw new IllegalStateException("Cannot search: the thread was interrupted");
                }
                FloatBuffer tile = vectors.tile(first);
                int rows = tile.remaining() / vectors.dimension();
                int most = Math.min(k, rows);
                long[] shape = {rows, vectors.dimension()};
                try (OnnxTensor bank = OnnxTensor.createTensor(environment, tile, shape);
                        OnnxTensor wanted = OnnxTensor.createTensor(environment, new long[] {most});
                        OrtSession.Result result = session.run(Map.of("queries", asked, "bank", bank, "k", wanted))) {
                    float[] scores = floats(result);
                    long[] places = places(result);
                    for (int i = 0; i < queries.length; i++) {
                        found[from + i].merge(scores, places, i * most, most, first);
                    }
                }
            }
        }
    }

    private static float[] floats(OrtSession.Result result) {
        FloatBuffer values = ((OnnxTensor) result.get("scores").orElseThrow()).getFloatBuffer();
        float[] floats = new float[values.remaining()];
        values.get(floats);
        return floats;
    }

    private static long[] places(OrtSession.Result result) {
        var values = ((OnnxTensor) result.get("places").orElseThrow()).getLongBuffer();
        long[] places = new long[values.remaining()];
        values.get(places);
        return places;
    }

    @Override
    public void close() {
        try {
            session.close();
        } catch (OrtException e) {
            throw new IllegalStateException("Cannot close a session: " + OrtSessions.firstLine(e), e);
        }
    }
}
