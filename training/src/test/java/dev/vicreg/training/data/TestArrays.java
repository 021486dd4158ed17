package dev.vicreg.training.data;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Collectors;

/** Writes NumPy's files of version 1.0. */
public final class TestArrays {
    private TestArrays() {}

    public static void write(Path file, String type, boolean fortran, int[] shape, double... values)
            throws IOException {
        String sizes = Arrays.stream(shape).mapToObj(size -> size + ",").collect(Collectors.joining(" "));
        String header = "{'descr': '" + type + "', 'fortran_order': " + (fortran ? "True" : "False") + ", 'shape': ("
                + sizes + "), }\n";
        int bytes = type.charAt(2) - '0';
        ByteBuffer out = ByteBuffer.allocate(10 + header.length() + bytes * values.length)
                .order(ByteOrder.LITTLE_ENDIAN);
        out.put((byte) 0x93)
                .put("NUMPY".getBytes(StandardCharsets.US_ASCII))
                .put((byte) 1)
                .put((byte) 0);
        out.putShort((short) header.length()).put(header.getBytes(StandardCharsets.US_ASCII));
        out.order(type.charAt(0) == '>' ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN);
        for (double value : values) {
            if (type.charAt(1) == 'i' && bytes == 4) {
                out.putInt((int) value);
            } else if (type.charAt(1) == 'i' && bytes == 8) {
                out.putLong((long) value);
            } else if (bytes == 1) {
                out.put((byte) value);
            } else if (bytes == 2) {
                out.putShort((short) value);
            } else if (bytes == 4) {
                out.putFloat((float) value);
            } else {
                out.putDouble(value);
            }
        }
        Files.write(file, out.array());
    }
}
