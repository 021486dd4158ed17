package dev.vicreg.models.onnx;

import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.StringStringEntryProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import com.google.protobuf.UnsafeByteOperations;
import dev.vicreg.models.graph.Tensor;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * An ONNX file with other data in some of its initialisers and Constant nodes, and everything else as it was; made by
 * {@link OnnxFile#withInitializers}. It is one file, whether the original had external data or not, as long as that is
 * possible: a file of more than 2 GB cannot be read, so then what was external stays external, in a file of the same
 * name with {@code .data} appended.
 *
 * <p>Holds the original's data and shares the new ones. Not thread-safe.
 */
public final class EditedModel {
    /** The most that protobuf reads, with some room for what is not data. */
    static final long MOST = Integer.MAX_VALUE - (1L << 20);
    /** Where pieces of a data file start, so that they can be mapped: the size of a page. */
    private static final int ALIGNMENT = 4096;

    private final Path original;
    private final ModelProto.Builder model;
    private final boolean whole;

    /** @param most bytes that one file may have; {@link #MOST} but for tests */
    EditedModel(
            Path original,
            Map<String, Tensor> values,
            boolean forInference,
            Map<String, String> metadata,
            OnnxFile.Statistics statistics,
            long most)
            throws IOException {
        this.original = original;
        this.model = OnnxFile.load(original).toBuilder();
        try (ExternalData external = external()) {
            long[] size = {Files.size(original)};
            OnnxEdit.forEachExternal(
                    model, tensor -> size[0] += OnnxTensors.place(tensor).length());
            whole = size[0] <= most;
            OnnxEdit.giveStatistics(model.getGraphBuilder(), statistics, values);
            OnnxEdit.replace(model.getGraphBuilder(), values);
            if (forInference) {
                OnnxEdit.setToInference(model);
            }
            OnnxEdit.addMetadata(model, metadata);
            if (whole) {
                OnnxEdit.forEachExternal(model, tensor -> makeInline(tensor, external));
            }
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(original + ": " + e.getMessage(), e);
        } catch (IOException e) {
            throw new IOException(original + ": " + e.getMessage(), e);
        }
    }

    private ExternalData external() {
        return new ExternalData(original.toAbsolutePath().getParent());
    }

    private static void makeInline(TensorProto.Builder tensor, ExternalData external) throws IOException {
        if (!tensor.hasRawData()) {
            tensor.setRawData(UnsafeByteOperations.unsafeWrap(external.read(OnnxTensors.place(tensor))));
        }
        tensor.clearExternalData().clearDataLocation();
    }

    /** Whether the model is one file, so that {@link #toByteArray} can give it. */
    public boolean isWhole() {
        return whole;
    }

    /**
     * The file's bytes.
     *
     * @throws IllegalStateException if some of the data must lie in another file
     */
    public byte[] toByteArray() {
        requireWhole();
        return model.build().toByteArray();
    }

    /**
     * Writes the file's bytes without holding all of them in memory once more; leaves {@code out} open.
     *
     * @throws IllegalStateException if some of the data must lie in another file
     */
    public void writeTo(OutputStream out) throws IOException {
        requireWhole();
        model.build().writeTo(new ChunkedStreams.Output(out));
    }

    private void requireWhole() {
        if (!whole) {
            throw new IllegalStateException(
                    original + " with its external data is too large for one file: it can only be saved");
        }
    }

    /**
     * Writes the model into the new file {@code target}, and its external data, where it has some, into the new file
     * {@code target.data}; both are forced to the disk. The name is a draft's, to be moved when both are complete, and
     * deleted by the caller after a failure.
     *
     * @throws IOException if one of them is there already, the folder is missing or the disk full, or the original's
     *     external data cannot be had
     */
    public void save(Path target) throws IOException {
        ModelProto.Builder saved = model;
        if (!whole) {
            saved = model.clone();
            Path data = data(target);
            ModelProto.Builder moved = saved;
            try (ExternalData external = external()) {
                write(
                        data,
                        channel -> OnnxEdit.forEachExternal(
                                moved,
                                tensor -> move(
                                        tensor,
                                        external,
                                        channel,
                                        data.getFileName().toString())));
            }
        }
        ModelProto written = saved.build();
        write(target, channel -> written.writeTo(new ChunkedStreams.Output(Channels.newOutputStream(channel))));
    }

    /** Where {@link #save} leaves the external data of {@code model}. */
    public static Path data(Path model) {
        return model.resolveSibling(model.getFileName() + ".data");
    }

    private static void move(TensorProto.Builder tensor, ExternalData external, FileChannel to, String location)
            throws IOException {
        long start = (to.position() + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
        to.position(start);
        if (tensor.hasRawData()) {
            tensor.getRawData().writeTo(new ChunkedStreams.Output(Channels.newOutputStream(to)));
        } else {
            ExternalData.Place place = OnnxTensors.place(tensor);
            FileChannel from = external.channel(place);
            for (long done = 0; done < place.length(); ) {
                done += from.transferTo(place.offset() + done, place.length() - done, to);
            }
        }
        tensor.clearRawData().clearExternalData().setDataLocation(TensorProto.DataLocation.EXTERNAL);
        Map<String, String> entries = new LinkedHashMap<>();
        entries.put("location", location);
        entries.put("offset", Long.toString(start));
        entries.put("length", Long.toString(to.position() - start));
        entries.forEach((key, value) -> tensor.addExternalData(
                StringStringEntryProto.newBuilder().setKey(key).setValue(value)));
    }

    private interface Content {
        void writeTo(FileChannel channel) throws IOException;
    }

    private static void write(Path file, Content content) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW)) {
            content.writeTo(channel);
            channel.force(true);
        } catch (IOException e) {
            throw new IOException("Cannot write " + file + ": " + e.getMessage(), e);
        }
    }
}
