package dev.vicreg.serve;

import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A tensor's data in JSON: numbers in row-major order, in one array or in arrays that nest as the shape does.
 *
 * @param values all numbers
 * @param shape that the nesting tells; of one axis where there is none
 */
record TensorJson(double[] values, long[] shape) {
    private static final int MOST_AXES = 8;

    /** Reads the array; more than {@code most} numbers are refused as they come. */
    static TensorJson read(JsonReader in, int most) throws IOException {
        Nested nested = new Nested(most);
        nested.array(in, 0);
        return new TensorJson(
                Arrays.copyOf(nested.values, nested.count),
                nested.lengths.stream().mapToLong(Long::longValue).toArray());
    }

    /** Whether the values are those of a tensor of this shape. */
    boolean fits(long[] declared, long elements) {
        return values.length == elements && (shape.length == 1 || Arrays.equals(shape, declared));
    }

    private static final class Nested {
        private final int most;
        private final List<Long> lengths = new ArrayList<>(); // of the arrays at each depth
        private double[] values = new double[64];
        private int count;
        private int depth = -1; // of the numbers

        Nested(int most) {
            this.most = most;
        }

        void array(JsonReader in, int level) throws IOException {
            JsonBody.expect(in, JsonToken.BEGIN_ARRAY, "an array");
            if (level == MOST_AXES) {
                throw Refusal.bad("data nests deeper than " + MOST_AXES + " arrays");
            }
            if (lengths.size() == level) {
                lengths.add(-1L);
            }
            long length = 0;
            in.beginArray();
            while (in.hasNext()) {
                if (in.peek() == JsonToken.BEGIN_ARRAY) {
                    array(in, level + 1);
                } else {
                    number(in, level);
                }
                length++;
            }
            in.endArray();
            if (lengths.get(level) >= 0 && lengths.get(level) != length) {
                throw Refusal.bad("data has arrays of different lengths side by side");
            }
            lengths.set(level, length);
        }

        private void number(JsonReader in, int level) throws IOException {
            if (depth >= 0 && depth != level) {
                throw Refusal.bad("data has numbers and arrays side by side");
            }
            depth = level;
            if (count == most) {
                throw Refusal.tooLarge("data has more than " + most + " numbers, which no request of this model needs");
            }
            if (count == values.length) {
                values = Arrays.copyOf(values, (int) Math.min(most, 2L * count));
            }
            values[count++] = JsonBody.number(in);
        }
    }
}
