package dev.vicreg.serve;

import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A request for inference of the Open Inference Protocol v2, in JSON or with Triton's extension for binary tensors.
 *
 * @param id that the answer repeats; null for none
 * @param count samples
 * @param rows their values, little-endian, [count, row bytes]
 * @param outputs asked for, with whether each is to be binary; empty for all
 * @param binary whether outputs are binary that don't say so themselves
 * @see <a href="https://github.com/kserve/open-inference-protocol">Open Inference Protocol</a>
 * @see <a href="https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_binary_data.md">Binary
 *     Tensor Data Extension</a>
 */
record InferRequest(@Nullable String id, int count, ByteBuffer rows, List<Output> outputs, boolean binary) {
    /** The header that tells how many bytes of JSON stand before the tensors. */
    static final String JSON_LENGTH = "Inference-Header-Content-Length";

    private static final int MOST_NUMBERS = 1 << 27; // of 8 bytes, in one array

    /**
     * An output that is asked for.
     *
     * @param binary null where it doesn't say
     */
    record Output(String name, @Nullable Boolean binary) {}

    /**
     * Reads a request.
     *
     * @param jsonLength the header {@link #JSON_LENGTH}; null for a body of JSON alone
     * @param most samples
     * @throws Refusal if it isn't one for this model
     */
    static InferRequest read(byte[] body, @Nullable String jsonLength, Wire<?> wire, int most) {
        if (jsonLength == null) {
            return new Parts(wire, most, body, body.length).request();
        }
        long length;
        try {
            length = Long.parseLong(jsonLength.strip());
        } catch (NumberFormatException e) {
            throw Refusal.bad(JSON_LENGTH + " is no number").because(e);
        }
        if (length < 0 || length > body.length) {
            throw Refusal.bad(JSON_LENGTH + " is " + length + ", and the body has " + body.length + " bytes");
        }
        return length == 0 ? raw(body, wire, most) : new Parts(wire, most, body, (int) length).request();
    }

    /** The whole body is the one input, and the answer is binary, too. */
    private static InferRequest raw(byte[] body, Wire<?> wire, int most) {
        int rowBytes = wire.rowBytes();
        if (body.length == 0 || body.length % rowBytes != 0) {
            throw Refusal.bad("a body of " + body.length + " bytes, expected a multiple of " + rowBytes
                    + ", the bytes of one " + wire.tensor());
        }
        int count = body.length / rowBytes;
        requireFew(count, most);
        return new InferRequest(null, count, little(body, 0, body.length), List.of(), true);
    }

    private static void requireFew(long count, int most) {
        if (count > most) {
            throw Refusal.tooLarge(count + " samples, expected at most " + most + " (`queue`)");
        }
    }

    private static ByteBuffer little(byte[] bytes, int from, int length) {
        return ByteBuffer.wrap(bytes).slice(from, length).order(ByteOrder.LITTLE_ENDIAN);
    }

    /** One sample's values. */
    ByteBuffer row(int index, int rowBytes) {
        return rows.slice(index * rowBytes, rowBytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    /** What is read of the JSON, field by field in any order. */
    private static final class Parts {
        private final Wire<?> wire;
        private final int most;
        private final byte[] body;
        private final int jsonLength;
        private final List<Output> outputs = new ArrayList<>();
        private @Nullable String id;
        private boolean binary;
        private int inputs;
        private String name = "";
        private String datatype = "";
        private long @Nullable [] shape;
        private @Nullable TensorJson data;
        private long binarySize = -1;

        Parts(Wire<?> wire, int most, byte[] body, int jsonLength) {
            this.wire = wire;
            this.most = most;
            this.body = body;
            this.jsonLength = jsonLength;
        }

        InferRequest request() {
            JsonBody.read(body, 0, jsonLength, in -> {
                JsonBody.object(in, this::field);
                return true;
            });
            if (inputs != 1) {
                throw Refusal.bad("expected one input, '" + wire.tensor() + "', found " + inputs);
            }
            int count = count();
            return new InferRequest(id, count, rows(count), List.copyOf(outputs), binary);
        }

        private void field(String field, JsonReader in) throws IOException {
            switch (field) {
                case "id" -> id = JsonBody.string(in);
                case "inputs" ->
                    each(in, () -> {
                        inputs++;
                        if (inputs == 1) {
                            JsonBody.object(in, this::inputField);
                        } else {
                            in.skipValue();
                        }
                    });
                case "outputs" -> each(in, () -> output(in));
                case "parameters" ->
                    JsonBody.object(in, (parameter, value) -> {
                        if (parameter.equals("binary_data_output")) {
                            binary = JsonBody.bool(value);
                        } else {
                            value.skipValue();
                        }
                    });
                default -> in.skipValue();
            }
        }

        private interface Element {
            void read() throws IOException;
        }

        private static void each(JsonReader in, Element element) throws IOException {
            JsonBody.expect(in, JsonToken.BEGIN_ARRAY, "an array");
            in.beginArray();
            while (in.hasNext()) {
                element.read();
            }
            in.endArray();
        }

        private void inputField(String field, JsonReader in) throws IOException {
            switch (field) {
                case "name" -> name = JsonBody.string(in);
                case "datatype" -> datatype = JsonBody.string(in);
                case "shape" -> {
                    List<Long> axes = new ArrayList<>();
                    each(in, () -> {
                        if (axes.size() > wire.shape().length) {
                            throw Refusal.bad("the shape has too many axes, expected " + expectedShape());
                        }
                        axes.add(JsonBody.whole(in));
                    });
                    shape = axes.stream().mapToLong(Long::longValue).toArray();
                }
                case "data" -> data = TensorJson.read(in, (int) Math.min(MOST_NUMBERS, (long) most * wire.elements()));
                case "parameters" ->
                    JsonBody.object(in, (parameter, value) -> {
                        if (parameter.equals("binary_data_size")) {
                            binarySize = JsonBody.whole(value);
                        } else {
                            value.skipValue();
                        }
                    });
                default -> in.skipValue();
            }
        }

        private void output(JsonReader in) throws IOException {
            String[] asked = {""};
            Boolean[] asBinary = {null};
            JsonBody.object(in, (field, value) -> {
                if (field.equals("name")) {
                    asked[0] = JsonBody.string(value);
                } else if (field.equals("parameters")) {
                    JsonBody.object(value, (parameter, flag) -> {
                        if (parameter.equals("binary_data")) {
                            asBinary[0] = JsonBody.bool(flag);
                        } else {
                            flag.skipValue();
                        }
                    });
                } else {
                    value.skipValue();
                }
            });
            outputs.add(new Output(asked[0], asBinary[0]));
            if (outputs.size() > 16) {
                throw Refusal.bad("more outputs than the model has");
            }
        }

        private String expectedShape() {
            return "[N, " + Arrays.toString(wire.shape()).substring(1);
        }

        /** Samples, once name, type and shape are known to be the model's. */
        private int count() {
            long[] axes = shape;
            if (!name.equals(wire.tensor())) {
                throw Refusal.bad("no such input, expected '" + wire.tensor() + "'");
            }
            if (!datatype.equals(wire.datatype().name())) {
                throw Refusal.bad("input '" + name + "' is " + wire.datatype() + ", found another datatype");
            }
            if (axes == null
                    || axes.length != wire.shape().length + 1
                    || !Arrays.equals(axes, 1, axes.length, wire.shape(), 0, axes.length - 1)
                    || axes[0] < 1) {
                throw Refusal.bad("input '" + name + "' has the shape "
                        + (axes == null ? "of nothing" : Arrays.toString(axes)) + ", expected " + expectedShape()
                        + " of one sample or more");
            }
            requireFew(axes[0], most);
            return (int) axes[0];
        }

        private ByteBuffer rows(int count) {
            long bytes = (long) count * wire.rowBytes(); // both are ints
            int rest = body.length - jsonLength;
            TensorJson json = data;
            if (binarySize >= 0) {
                if (json != null || binarySize != bytes || rest != bytes) {
                    throw Refusal.bad("input '" + name + "' needs " + bytes + " bytes: binary_data_size is "
                            + binarySize + ", " + rest + " stand behind the JSON"
                            + (json == null ? "" : ", and there is data as well"));
                }
                return little(body, jsonLength, rest);
            }
            if (rest > 0) {
                throw Refusal.bad(rest + " bytes stand behind the JSON, and no input has binary_data_size");
            }
            long elements = (long) count * wire.elements();
            if (json == null || !json.fits(shape(), elements)) {
                throw Refusal.bad(
                        "input '" + name + "' needs " + elements + " numbers in the order of its shape, found "
                                + (json == null
                                        ? "none"
                                        : json.values().length + " in arrays of " + Arrays.toString(json.shape())));
            }
            return written(json, bytes);
        }

        private long[] shape() {
            return shape == null ? new long[0] : shape;
        }

        private ByteBuffer written(TensorJson json, long bytes) {
            ByteBuffer rows = ByteBuffer.allocate(Math.toIntExact(bytes)).order(ByteOrder.LITTLE_ENDIAN);
            for (double value : json.values()) {
                wire.datatype().put(value, rows);
            }
            return rows.flip();
        }
    }
}
