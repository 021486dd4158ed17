package dev.vicreg.training.data.pair;

import dev.vicreg.training.data.source.Dataset;
import dev.vicreg.training.data.view.ViewSource;
import dev.vicreg.training.data.view.ViewType;
import java.io.IOException;
import java.util.List;

/**
 * Some samples of a source in an order of their own: one side of paired data in the order of the pairs, or those that are
 * learnt from.
 *
 * @param source makes the views
 * @param places of the samples in the source's data
 * @param fingerprint of all the paired data
 */
public record PairedViews(ViewSource source, int[] places, String fingerprint) implements ViewSource {
    @Override
    public Dataset<?> data() {
        return new Paired();
    }

    @Override
    public Dataset<?> origin() {
        return source.origin();
    }

    @Override
    public int place(int index) {
        return source.place(places[index]);
    }

    @Override
    public ViewType type() {
        return source.type();
    }

    @Override
    public boolean unrelatedViews() {
        return source.unrelatedViews();
    }

    @Override
    public Sample sample(int index) throws IOException {
        return source.sample(places[index]);
    }

    private final class Paired implements Dataset<Object> {
        @Override
        public int size() {
            return places.length;
        }

        @Override
        public Object sample(int index) throws IOException {
            return source.data().sample(places[index]);
        }

        @Override
        public byte[] stored(int index) throws IOException {
            return source.data().stored(places[index]);
        }

        @Override
        public String noun() {
            return source.data().noun();
        }

        @Override
        public String name(int index) {
            return source.data().name(places[index]);
        }

        @Override
        public int label(int index) {
            return source.data().label(places[index]);
        }

        @Override
        public List<String> labelNames() {
            return source.data().labelNames();
        }

        @Override
        public String fingerprint() {
            return fingerprint;
        }

        @Override
        public void close() throws IOException {
            source.data().close();
        }
    }
}
