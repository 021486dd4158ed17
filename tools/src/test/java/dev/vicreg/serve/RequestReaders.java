package dev.vicreg.serve;

import dev.vicreg.runtime.input.Input;
import dev.vicreg.runtime.sequence.ByteIds;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;

/** The readers of requests, as fuzzing calls them: each may refuse what it gets in one line, as a fault of the client's. */
public final class RequestReaders {
    private static final int MOST = 64; // samples
    private static final List<Float> THREE = List.of(1f, 2f, 3f);
    private static final List<Wire<?>> WIRES = List.of(
            Wire.of(Input.pictures(8, THREE, THREE)),
            Wire.of(Input.vectors(List.of("a", "b", "c"), THREE, THREE)),
            Wire.of(Input.signals(8000, 4, List.of(0f), List.of(1f), "none")),
            Wire.of(new Input.Sequences("ids", "sequence", 6, ByteIds.NAME, ByteIds.COUNT, 0, 2, List.of(), true)),
            Wire.of(new Input.Sequences("ids", "sequence", 6, "ids", 9, 0, 2, List.of(1), false)));

    private RequestReaders() {}

    private interface Reading {
        void read() throws IOException;
    }

    /** Who refuses says that the client is at fault. */
    private static void read(Reading reading) throws IOException {
        try {
            reading.read();
        } catch (Refusal e) {
            if (e.status() >= 500) {
                throw e;
            }
            throw new IOException(e.message(), e);
        }
    }

    /** Inference, of a kind that the first byte chooses; the second has the length of the JSON, 255 for none. */
    public static void infer(byte[] input) throws IOException {
        if (input.length >= 2) {
            Wire<?> wire = WIRES.get((input[0] & 255) % WIRES.size());
            int length = input[1] & 255;
            byte[] body = Arrays.copyOfRange(input, 2, input.length);
            read(() -> rows(wire, InferRequest.read(body, length == 255 ? null : "" + length, wire, MOST)));
        }
    }

    private static void rows(Wire<?> wire, InferRequest request) {
        for (int i = 0; i < request.count(); i++) {
            wire.row(request.row(i, wire.rowBytes()), "row " + i);
        }
    }

    /** Samples in JSON, of a kind that the first byte chooses. */
    public static void samples(byte[] input) throws IOException {
        if (input.length >= 1) {
            Wire<?> wire = WIRES.get((input[0] & 255) % WIRES.size());
            read(() -> make(JsonBody.read(input, 1, input.length - 1, in -> Items.read(in, wire, "input", MOST))));
        }
    }

    private static <S> void make(List<Draft<S>> drafts) throws IOException {
        for (Draft<S> draft : drafts) {
            if (draft.pixels() < 1 << 20) {
                draft.make();
            }
        }
    }

    /** A form whose parts are divided by {@code x}. */
    public static void form(byte[] input) throws IOException {
        read(() -> Uploads.read(input, "multipart/form-data; boundary=x", MOST));
    }

    /** The same with a Content-Type of any form, which is the first line. */
    public static void typedForm(byte[] input) throws IOException {
        int end = new String(input, StandardCharsets.ISO_8859_1).indexOf('\n');
        if (end > 0) {
            String type = new String(input, 0, end, StandardCharsets.ISO_8859_1);
            byte[] body = Arrays.copyOfRange(input, end + 1, input.length);
            read(() -> Uploads.read(body, "multipart/form-data" + type, MOST));
        }
    }
}
