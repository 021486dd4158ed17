package dev.vicreg.training.run;

import com.google.flatbuffers.FlatBufferBuilder;
import dev.vicreg.models.graph.ElementType;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.TensorType;
import dev.vicreg.models.setting.SettingException;
import dev.vicreg.runtime.file.AtomicFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Reads and writes checkpoints of ONNX Runtime Training: the only class that knows their FlatBuffers layout, which is
 * that of {@code onnxruntime/core/flatbuffers/schema/ort_training_checkpoint.fbs} (and {@code ort.fbs} for tensors).
 *
 * <p>Everything is written as a <em>frozen</em> parameter, optimizer state and counters too: the training graph updates
 * its state by itself, and parameters that "require gradients" would each get a gradient buffer that nothing uses.
 */
public final class CheckpointFile {
    private static final String IDENTIFIER = "ODTC";
    private static final int VERSION = 2;
    private static final int PIECE = 1 << 18; // bytes read at once where all are looked at

    // Numbers of the fields in the schema's order.
    private static final int CHECKPOINT_VERSION = 0;
    private static final int CHECKPOINT_MODULE_STATE = 1;
    private static final int MODULE_TRAINED = 0;
    private static final int MODULE_FROZEN = 1;
    private static final int MODULE_EXTERNAL_DATA = 3;
    private static final int TENSOR_NAME = 0;
    private static final int TENSOR_DIMS = 2;
    private static final int TENSOR_DATA_TYPE = 3;
    private static final int TENSOR_RAW_DATA = 4;

    private CheckpointFile() {}

    /**
     * Writes {@code tensors} as frozen parameters to {@code file}, which appears complete or not at all.
     *
     * @param tensors by name; at most 2 GB altogether
     * @throws IllegalArgumentException if they are more than 2 GB
     * @throws IOException if the file cannot be written
     */
    public static void write(Path file, Map<String, Tensor> tensors) throws IOException {
        FlatBufferBuilder builder = new FlatBufferBuilder(size(tensors));
        int[] frozen = new int[tensors.size()];
        int count = 0;
        for (Map.Entry<String, Tensor> entry : tensors.entrySet()) {
            frozen[count++] = writeTensor(builder, entry.getKey(), entry.getValue());
        }
        int frozenVector = offsets(builder, frozen);
        int trainedVector = offsets(builder); // ORT demands both vectors, even empty
        builder.startTable(4);
        builder.addOffset(MODULE_TRAINED, trainedVector, 0);
        builder.addOffset(MODULE_FROZEN, frozenVector, 0);
        int module = builder.endTable();
        builder.startTable(4);
        builder.addInt(CHECKPOINT_VERSION, VERSION, 0);
        builder.addOffset(CHECKPOINT_MODULE_STATE, module, 0);
        builder.finish(builder.endTable(), IDENTIFIER);
        AtomicFile.write(file, builder.dataBuffer());
    }

    /** More bytes than the file will have, so that the builder never grows by copying everything. */
    private static int size(Map<String, Tensor> tensors) {
        long size = 1024;
        for (Map.Entry<String, Tensor> entry : tensors.entrySet()) {
            Tensor tensor = entry.getValue();
            size += tensor.data().length
                    + 3L * entry.getKey().length()
                    + 8L * tensor.shape().rank()
                    + 128;
        }
        if (size > Integer.MAX_VALUE - 64) {
            throw new SettingException("A checkpoint holds at most 2 GB, found " + size / 1_000_000
                    + " MB of parameters and optimizer state; choose a smaller encoder or projector");
        }
        return (int) size;
    }

    private static int writeTensor(FlatBufferBuilder builder, String name, Tensor tensor) {
        int nameOffset = builder.createString(name);
        long[] sizes = tensor.shape().toArray();
        builder.startVector(Long.BYTES, sizes.length, Long.BYTES);
        for (int i = sizes.length - 1; i >= 0; i--) { // FlatBuffers are built from the back
            builder.addLong(sizes[i]);
        }
        int dims = builder.endVector();
        int data = builder.createByteVector(tensor.data());
        builder.startTable(6);
        builder.addOffset(TENSOR_NAME, nameOffset, 0);
        builder.addOffset(TENSOR_DIMS, dims, 0);
        builder.addInt(TENSOR_DATA_TYPE, tensor.type().element().code(), 0);
        builder.addOffset(TENSOR_RAW_DATA, data, 0);
        return builder.endTable();
    }

    private static int offsets(FlatBufferBuilder builder, int... offsets) {
        builder.startVector(Integer.BYTES, offsets.length, Integer.BYTES);
        for (int i = offsets.length - 1; i >= 0; i--) {
            builder.addOffset(offsets[i]);
        }
        return builder.endVector();
    }

    /**
     * Reads all parameters of a checkpoint, trained and frozen ones, in the file's order. ONNX Runtime writes them
     * sorted by name.
     *
     * <p>A checkpoint carries no checksum: damage to structure is found, a changed number is not. {@link RunFolder} keeps
     * one beside it.
     *
     * @throws IOException if the file is missing, is no such checkpoint, or is damaged; one line
     */
    public static Map<String, Tensor> read(Path file) throws IOException {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        walk(
                file,
                (reader, name, type, at, length) -> tensors.put(
                        name, new Tensor(type, reader.bytes(at, length).array())));
        return tensors;
    }

    /**
     * Reads the names and types of all parameters, in the file's order. The data are passed over, so that gigabytes of
     * them need no memory; that they lie within the file and fit their types is checked as {@link #read} does.
     *
     * @throws IOException if the file is missing, is no such checkpoint, or is damaged; one line
     */
    public static Map<String, TensorType> types(Path file) throws IOException {
        Map<String, TensorType> types = new LinkedHashMap<>();
        walk(file, (reader, name, type, at, length) -> types.put(name, type));
        return types;
    }

    /**
     * The parameters that hold a number which is not finite, in the file's order; reads piece by piece, so that gigabytes
     * need no memory.
     *
     * @throws IOException as {@link #read}
     */
    public static Set<String> notFinite(Path file) throws IOException {
        Set<String> found = new LinkedHashSet<>();
        walk(file, (reader, name, type, at, length) -> {
            if (type.element() == ElementType.FLOAT && !reader.isFinite(at, length)) {
                found.add(name);
            }
        });
        return found;
    }

    private static void walk(Path file, Visitor visitor) throws IOException {
        if (!Files.isRegularFile(file)) {
            throw new NoSuchFileException(
                    "No checkpoint at " + file + ": expected a file that train or artifacts has written");
        }
        try (FileChannel channel = FileChannel.open(file)) {
            new Reader(channel, file, visitor).walk();
        }
    }

    /** Receives each tensor of a file, with the place of its data. */
    @FunctionalInterface
    private interface Visitor {
        void tensor(Reader reader, String name, TensorType type, long at, int length) throws IOException;
    }

    /**
     * Walks the tables in the file itself, so that hundreds of megabytes are read once and straight into their tensors.
     * In a damaged file every offset may point anywhere: all access goes through {@link #bytes}, which checks it.
     */
    private static final class Reader {
        private static final long ABSENT = -1;

        private final FileChannel channel;
        private final Path file;
        private final long size;
        private final Visitor visitor;
        private final Set<String> names = new HashSet<>();
        /** Bytes of tensor data still possible; ends a file whose tensors overlap before memory ends. */
        private long dataLeft;

        Reader(FileChannel channel, Path file, Visitor visitor) throws IOException {
            this.channel = channel;
            this.file = file;
            this.visitor = visitor;
            this.size = channel.size();
            this.dataLeft = size;
        }

        void walk() throws IOException {
            String found = size < 8 ? "" : new String(bytes(4, 4).array(), StandardCharsets.ISO_8859_1);
            if (!found.equals(IDENTIFIER)) {
                throw new IOException(file + " is not an ORT Training checkpoint: it lacks the identifier " + IDENTIFIER
                        + "; give the file named checkpoint of a run");
            }
            long checkpoint = follow(0);
            int version = integerField(checkpoint, CHECKPOINT_VERSION);
            if (version != VERSION) {
                throw new IOException(file + " is an ORT Training checkpoint of version " + version
                        + ": expected version " + VERSION + ", as the ONNX Runtime used here writes it");
            }
            long module = tableField(checkpoint, CHECKPOINT_MODULE_STATE);
            long external = field(module, MODULE_EXTERNAL_DATA);
            if (external != ABSENT && bytes(external, 1).get() != 0) {
                throw new IOException(
                        file + " keeps its data in a second file, which is not supported: save it without");
            }
            readTensors(module, MODULE_TRAINED);
            readTensors(module, MODULE_FROZEN);
        }

        private void readTensors(long module, int field) throws IOException {
            long vector = tableField(module, field);
            int count = length(vector, Integer.BYTES);
            for (int i = 0; i < count; i++) {
                readTensor(follow(vector + Integer.BYTES * (i + 1L)));
            }
        }

        private void readTensor(long table) throws IOException {
            String name = string(tableField(table, TENSOR_NAME));
            long dimsVector = tableField(table, TENSOR_DIMS);
            long[] dims = new long[length(dimsVector, Long.BYTES)];
            bytes(dimsVector + Integer.BYTES, dims.length * Long.BYTES)
                    .asLongBuffer()
                    .get(dims);
            long dataVector = tableField(table, TENSOR_RAW_DATA);
            int length = length(dataVector, 1);
            dataLeft -= length;
            if (dataLeft < 0) {
                throw damaged("its tensors overlap", null);
            }
            try {
                ElementType element = ElementType.ofCode(integerField(table, TENSOR_DATA_TYPE));
                TensorType type = new TensorType(element, Shape.of(dims));
                Tensor.requireBytes(type, length);
                if (!names.add(name)) {
                    throw damaged("it holds " + name + " twice", null);
                }
                visitor.tensor(this, name, type, dataVector + Integer.BYTES, length);
            } catch (ArithmeticException e) { // the product of its sizes
                throw damaged(
                        "entry " + name + ": its shape " + Arrays.toString(dims)
                                + " has more values than can be counted",
                        e);
            } catch (IllegalArgumentException e) {
                throw damaged("entry " + name + ": " + e.getMessage(), e);
            }
        }

        /** The position of a table's field, or {@link #ABSENT}. */
        private long field(long table, int number) throws IOException {
            long layout = table - bytes(table, Integer.BYTES).getInt();
            int end = Short.toUnsignedInt(bytes(layout, Short.BYTES).getShort());
            int slot = Short.BYTES * (2 + number); // after the layout's own size and the table's
            if (slot + Short.BYTES > end) {
                return ABSENT;
            }
            int offset = Short.toUnsignedInt(bytes(layout + slot, Short.BYTES).getShort());
            return offset == 0 ? ABSENT : table + offset;
        }

        private int integerField(long table, int number) throws IOException {
            long field = field(table, number);
            return field == ABSENT ? 0 : bytes(field, Integer.BYTES).getInt();
        }

        /** The position of the table, vector or string that a field refers to. */
        private long tableField(long table, int number) throws IOException {
            long field = field(table, number);
            if (field == ABSENT) {
                throw damaged("a mandatory field is missing", null);
            }
            return follow(field);
        }

        private long follow(long at) throws IOException {
            return at + Integer.toUnsignedLong(bytes(at, Integer.BYTES).getInt());
        }

        /** The number of elements of a vector that lies within the file as a whole. */
        private int length(long vector, int elementBytes) throws IOException {
            long length = Integer.toUnsignedLong(bytes(vector, Integer.BYTES).getInt());
            if (length * elementBytes > size - vector - Integer.BYTES) {
                throw damaged("at byte " + vector + " it announces more than its " + size + " bytes", null);
            }
            return Math.toIntExact(length);
        }

        private String string(long vector) throws IOException {
            return new String(bytes(vector + Integer.BYTES, length(vector, 1)).array(), StandardCharsets.UTF_8);
        }

        private ByteBuffer bytes(long at, int count) throws IOException {
            if (at < 0 || at > size - count) {
                throw damaged("it refers to byte " + at + " of its " + size, null);
            }
            ByteBuffer buffer = ByteBuffer.allocate(count).order(ByteOrder.LITTLE_ENDIAN);
            while (buffer.hasRemaining()) {
                if (channel.read(buffer, at + buffer.position()) < 0) {
                    throw damaged("it became shorter while it was read", null);
                }
            }
            return buffer.flip();
        }

        boolean isFinite(long at, int length) throws IOException {
            for (int done = 0; done < length; done += PIECE) {
                FloatBuffer values =
                        bytes(at + done, Math.min(PIECE, length - done)).asFloatBuffer();
                while (values.hasRemaining()) {
                    if (!Float.isFinite(values.get())) {
                        return false;
                    }
                }
            }
            return true;
        }

        private IOException damaged(String how, @Nullable Exception cause) {
            return new IOException("Checkpoint " + file + " is truncated or damaged: " + how + "", cause);
        }
    }
}
