package dev.vicreg.tools.output;

import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.zip.CRC32C;

/**
 * Curves as TensorBoard reads them: a file of records, each an Event message of tensorflow/core/util/event.proto. It grows
 * in place, a record at a time. Not thread-safe.
 *
 * @see <a href="https://www.tensorflow.org/tutorials/load_data/tfrecord#tfrecords_format_details">the records</a>
 */
public final class EventFile implements Closeable {
    private static final int MASK = 0xa282ead8;
    private static final int LEN = 2; // types of a field on the wire: protobuf.dev/programming-guides/encoding
    private static final int VARINT = 0;
    private static final int I64 = 1;
    private static final int I32 = 5;

    private final FileChannel channel;

    private EventFile(FileChannel channel) {
        this.channel = channel;
    }

    /**
     * Begins a file in a folder, beside those of earlier parts of the run.
     *
     * @param step the first that it will hold: of what other files hold, TensorBoard leaves out this step and later ones
     * @param seconds since 1970
     */
    public static EventFile create(Path folder, long step, double seconds) throws IOException {
        Files.createDirectories(folder);
        EventFile file = new EventFile(channel(folder, (long) seconds));
        Message version = event(0, seconds);
        version.bytes(3, "brain.Event:2".getBytes(StandardCharsets.UTF_8));
        file.write(version);
        Message start = event(step, seconds);
        start.bytes(7, new Message().number(1, 1).toBytes()); // SessionLog.START
        file.write(start);
        return file;
    }

    private static FileChannel channel(Path folder, long seconds) throws IOException {
        for (int i = 0; ; i++) {
            Path file = folder.resolve("events.out.tfevents.%010d.%d.vicreg".formatted(seconds, i));
            try {
                return FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
            } catch (FileAlreadyExistsException e) { // begun in the same second
                if (i > 1000) {
                    throw e;
                }
            }
        }
    }

    /**
     * Adds a point to curves.
     *
     * @param seconds since 1970
     * @param values by the curve's name; a slash stands behind the name of a group
     */
    public void add(long step, double seconds, Map<String, Float> values) throws IOException {
        Message summary = new Message();
        values.forEach((name, value) -> {
            Message scalar = new Message();
            scalar.bytes(1, name.getBytes(StandardCharsets.UTF_8));
            scalar.real(2, value);
            summary.bytes(1, scalar.toBytes());
        });
        Message event = event(step, seconds);
        event.bytes(5, summary.toBytes());
        write(event);
    }

    private static Message event(long step, double seconds) {
        Message event = new Message();
        event.real(1, seconds);
        return event.number(2, step);
    }

    /** Length, its checksum, the message, its checksum. */
    private void write(Message message) throws IOException {
        byte[] data = message.toBytes();
        ByteBuffer record = ByteBuffer.allocate(data.length + 16).order(ByteOrder.LITTLE_ENDIAN);
        record.putLong(data.length);
        record.putInt(masked(record.array(), Long.BYTES));
        record.put(data);
        record.putInt(masked(data, data.length));
        record.flip();
        while (record.hasRemaining()) {
            channel.write(record);
        }
    }

    private static int masked(byte[] bytes, int length) {
        CRC32C crc = new CRC32C();
        crc.update(bytes, 0, length);
        return Integer.rotateRight((int) crc.getValue(), 15) + MASK;
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }

    /** A message of protocol buffers that is being written. */
    private static final class Message {
        private final ByteArrayOutputStream out = new ByteArrayOutputStream();

        Message number(int field, long value) {
            varint(field << 3 | VARINT);
            varint(value);
            return this;
        }

        void real(int field, double value) {
            varint(field << 3 | I64);
            out.writeBytes(ByteBuffer.allocate(Double.BYTES)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putDouble(value)
                    .array());
        }

        void real(int field, float value) {
            varint(field << 3 | I32);
            out.writeBytes(ByteBuffer.allocate(Float.BYTES)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putFloat(value)
                    .array());
        }

        void bytes(int field, byte[] value) {
            varint(field << 3 | LEN);
            varint(value.length);
            out.writeBytes(value);
        }

        private void varint(long value) {
            long rest = value;
            while ((rest & ~0x7FL) != 0) {
                out.write((int) ((rest & 0x7F) | 0x80));
                rest >>>= 7;
            }
            out.write((int) rest);
        }

        byte[] toBytes() {
            return out.toByteArray();
        }
    }
}
