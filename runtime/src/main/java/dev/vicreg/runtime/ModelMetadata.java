package dev.vicreg.runtime;

import java.io.BufferedInputStream;
import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The {@code metadata_props} of an ONNX file, read without ONNX Runtime: everything else in it is skipped, so that large
 * files take no longer than small ones.
 *
 * <p>A file is a protobuf message: fields, each a tag of number and kind before its value. Metadata are field 14 of the
 * outermost, entries of key (1) and value (2).
 *
 * @see <a href="https://protobuf.dev/programming-guides/encoding/">Protobuf, encoding</a>
 * @see <a href="https://github.com/onnx/onnx/blob/v1.17.0/onnx/onnx.proto3">onnx.proto3, ModelProto</a>
 */
final class ModelMetadata {
    private static final int METADATA_PROPS = 14;
    private static final int KEY = 1;
    private static final int VALUE = 2;

    private static final int VARINT = 0;
    private static final int EIGHT_BYTES = 1;
    private static final int BYTES = 2;
    private static final int FOUR_BYTES = 5;

    private ModelMetadata() {}

    /**
     * The metadata by key, in the file's order.
     *
     * @throws IOException if the file can't be read, is cut off, or is no ONNX file: says which file
     */
    static Map<String, String> read(Path onnx) throws IOException {
        Map<String, String> metadata = new LinkedHashMap<>();
        try (InputStream file = new BufferedInputStream(Files.newInputStream(onnx))) {
            fields(file, (number, size) -> {
                if (number == METADATA_PROPS) {
                    entry(bytes(file, size), metadata);
                } else {
                    file.skipNBytes(size);
                }
            });
        } catch (NoModelException | EOFException e) {
            throw new IOException(
                    "Cannot read " + onnx + ": it is cut off, or no ONNX model; export or copy it again", e);
        }
        return metadata;
    }

    private static void entry(byte[] message, Map<String, String> metadata) throws IOException {
        String[] entry = {"", ""};
        InputStream in = new ByteArrayInputStream(message);
        fields(in, (number, size) -> {
            byte[] value = bytes(in, size);
            if (number == KEY || number == VALUE) {
                entry[number - KEY] = new String(value, StandardCharsets.UTF_8);
            }
        });
        metadata.put(entry[0], entry[1]);
    }

    /** Takes the value of a field, so many bytes, from the stream. */
    private interface Field {
        void take(int number, long size) throws IOException;
    }

    /** Hands on the fields that are bytes, such as texts and messages, and skips numbers. */
    private static void fields(InputStream in, Field field) throws IOException {
        for (int first = in.read(); first >= 0; first = in.read()) {
            long tag = varint(in, first);
            switch ((int) tag & 7) {
                case VARINT -> varint(in, in.read());
                case EIGHT_BYTES -> in.skipNBytes(Long.BYTES);
                case BYTES -> field.take((int) (tag >>> 3), varint(in, in.read()));
                case FOUR_BYTES -> in.skipNBytes(Integer.BYTES);
                default -> throw new NoModelException("field of the unknown kind " + (tag & 7));
            }
        }
    }

    /** Seven bits a byte, the lowest first; the eighth says that more follow. */
    private static long varint(InputStream in, int first) throws IOException {
        long value = 0;
        int next = first;
        for (int shift = 0; shift < Long.SIZE; shift += 7) {
            if (next < 0) {
                throw new EOFException();
            }
            value |= (next & 0x7FL) << shift;
            if (next < 0x80) {
                return value;
            }
            next = in.read();
        }
        throw new NoModelException("number of more than 64 bits");
    }

    private static byte[] bytes(InputStream in, long size) throws IOException {
        if (size < 0 || size > Integer.MAX_VALUE) {
            throw new NoModelException("metadata of " + size + " bytes");
        }
        byte[] bytes = in.readNBytes((int) size); // takes no memory for what isn't there
        if (bytes.length < size) {
            throw new EOFException();
        }
        return bytes;
    }

    private static final class NoModelException extends IOException {
        private static final long serialVersionUID = 1;

        NoModelException(String message) {
            super(message);
        }
    }
}
