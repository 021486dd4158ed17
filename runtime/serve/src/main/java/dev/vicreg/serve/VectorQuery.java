package dev.vicreg.serve;

import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * A search by a vector: {@code {"vector": […], "k": 10}}.
 *
 * @param vector of the index's dimension
 * @param k how many results; null where it doesn't say
 */
record VectorQuery(float[] vector, @Nullable Integer k) {
    private static final String VECTOR = "vector";

    /** @throws Refusal if it is something else */
    static VectorQuery read(JsonReader in, int dimension) throws IOException {
        float[][] vector = {null};
        Integer[] k = {null};
        JsonBody.object(in, (field, value) -> {
            switch (field) {
                case VECTOR -> {
                    JsonBody.expect(value, JsonToken.BEGIN_ARRAY, "an array");
                    value.beginArray();
                    vector[0] = floats(JsonBody.rest(value, dimension, VECTOR), dimension);
                    value.endArray();
                }
                case "k" -> k[0] = (int) Math.max(0, Math.min(Integer.MAX_VALUE, JsonBody.whole(value)));
                default -> throw Refusal.bad("expected {\"" + VECTOR + "\": […], \"k\": 10}, found another field");
            }
        });
        if (vector[0] == null) {
            throw Refusal.bad("expected {\"" + VECTOR + "\": […], \"k\": 10}, found no " + VECTOR);
        }
        return new VectorQuery(vector[0], k[0]);
    }

    private static float[] floats(double[] values, int dimension) {
        if (values.length != dimension) {
            throw Refusal.bad(VECTOR + " has " + values.length + " values, expected " + dimension);
        }
        float[] floats = new float[dimension];
        for (int i = 0; i < dimension; i++) {
            floats[i] = (float) values[i]; // what becomes infinite is refused as such
        }
        return floats;
    }
}
