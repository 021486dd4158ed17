package dev.vicreg.serve;

import com.google.gson.stream.JsonWriter;
import dev.vicreg.runtime.Embeddings;
import dev.vicreg.runtime.search.PrincipalComponents;
import dev.vicreg.runtime.search.SearchIndex;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * Where samples of an index lie in the plane in which they differ most. It is worked out when it is first asked for, which may
 * take a second, and stays. Thread-safe.
 */
final class IndexMap {
    /** Of a larger index that many are shown, evenly spread over it: more would cover each other. */
    static final int MOST = 2000;

    private final SearchIndex index;
    private @Nullable PrincipalComponents components; // guarded by this

    IndexMap(SearchIndex index) {
        this.index = index;
    }

    private int shown() {
        return Math.min(MOST, index.size());
    }

    /** The place in the index of a sample that is shown. */
    private int sample(int shown) {
        return (int) ((long) shown * index.size() / shown());
    }

    private synchronized PrincipalComponents components() {
        if (components == null) {
            float[][] vectors = new float[shown()][];
            for (int i = 0; i < vectors.length; i++) {
                vectors[i] = index.vector(sample(i));
            }
            components = PrincipalComponents.of(vectors);
        }
        return components;
    }

    /** {@code {"samples", "share", "points": [{"index", "path", "place": [x, y]}]}}. */
    Reply reply() {
        PrincipalComponents found = components();
        return Reply.json(out -> {
            out.beginObject().name("samples").value(index.size()).name("share");
            if (Double.isNaN(found.share())) {
                out.nullValue();
            } else {
                out.value((float) found.share());
            }
            out.name("points").beginArray();
            for (int i = 0; i < shown(); i++) {
                int sample = sample(i);
                out.beginObject().name("index").value(sample);
                out.name("path").value(index.entry(sample).path());
                write(out, index.vector(sample));
                out.endObject();
            }
            out.endArray().endObject();
        });
    }

    /** Writes {@code "place": [x, y]} of a vector of any length. */
    void write(JsonWriter out, float[] vector) throws IOException {
        double[] place = components().place(Embeddings.normalised(vector));
        out.name("place").beginArray();
        out.value((float) place[0]).value((float) place[1]);
        out.endArray();
    }
}
