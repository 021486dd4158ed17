package dev.vicreg.tools.evaluation;

import dev.vicreg.training.data.source.Dataset;
import java.io.IOException;
import java.util.List;

/**
 * Some samples of a data set, which stays with whoever opened it.
 *
 * @param data the whole set
 * @param indices which of its samples, in the order in which they come
 */
record Subset<S>(Dataset<S> data, int[] indices) implements Dataset<S> {
    @Override
    public int size() {
        return indices.length;
    }

    @Override
    public S sample(int index) throws IOException {
        return data.sample(indices[index]);
    }

    @Override
    public byte[] stored(int index) throws IOException {
        return data.stored(indices[index]);
    }

    @Override
    public String noun() {
        return data.noun();
    }

    @Override
    public String name(int index) {
        return data.name(indices[index]);
    }

    @Override
    public int label(int index) {
        return data.label(indices[index]);
    }

    @Override
    public List<String> labelNames() {
        return data.labelNames();
    }

    /** That of the whole set. */
    @Override
    public String fingerprint() {
        return data.fingerprint();
    }

    @Override
    public void close() {}
}
