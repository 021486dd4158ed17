package dev.vicreg.models.onnx;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Tensor data that lie in files beside a model (ONNX's ExternalData.md). Only files in the model's own folder or below it
 * are read, whatever a model asks for: no absolute path, no {@code ..}, and no link that leads elsewhere.
 */
final class ExternalData implements AutoCloseable {
    private final @Nullable Path folder;
    private final Map<String, FileChannel> open = new HashMap<>();

    /** @param folder where the model lies; null for a model that was not read from a file */
    ExternalData(@Nullable Path folder) {
        this.folder = folder;
    }

    /** A place in a file of the model's folder. */
    record Place(String location, long offset, long length) {}

    /**
     * The bytes at {@code place}.
     *
     * @throws IOException if the file is missing, is not in the folder, or ends too early
     */
    byte[] read(Place place) throws IOException {
        FileChannel channel = channel(place);
        if (place.length() > Integer.MAX_VALUE - 8) {
            throw new IOException("external data of " + place.length() + " bytes: one tensor can have 2 GB at most");
        }
        ByteBuffer buffer = ByteBuffer.allocate((int) place.length());
        while (buffer.position() < place.length()) {
            buffer.limit((int) Math.min(place.length(), (long) buffer.position() + ChunkedStreams.BYTES));
            if (channel.read(buffer, place.offset() + buffer.position()) < 0) {
                throw new EOFException("external data file " + place.location() + " ended while it was read");
            }
        }
        return buffer.array();
    }

    /** The open file of {@code place}, which is known to reach that far. */
    FileChannel channel(Place place) throws IOException {
        FileChannel channel = open.get(place.location());
        if (channel == null) {
            channel = FileChannel.open(resolve(place.location()), StandardOpenOption.READ);
            open.put(place.location(), channel);
        }
        long size = channel.size();
        if (place.offset() < 0 || place.length() < 0 || place.offset() > size - place.length()) {
            throw new EOFException("external data file " + place.location() + " is too short: expected "
                    + place.length() + " bytes at " + place.offset() + ", found " + size + " in all");
        }
        return channel;
    }

    private Path resolve(String location) throws IOException {
        if (folder == null) {
            throw new IOException("its data lie in the file " + location + ", which a model in memory cannot have");
        }
        try {
            Path relative = Path.of(location);
            boolean up = false;
            for (Path part : relative) {
                up |= part.toString().equals("..");
            }
            if (up || relative.isAbsolute() || location.startsWith("/") || location.startsWith("\\")) {
                throw new IOException("external data path " + location + " leaves the model's folder; refused");
            }
            Path real = folder.resolve(relative).toRealPath();
            if (!real.startsWith(folder.toRealPath())) {
                throw new IOException(
                        "external data file " + location + " is a link that leaves the model's folder; refused");
            }
            if (!Files.isRegularFile(real)) {
                throw new IOException("external data file " + location + " is no regular file");
            }
            return real;
        } catch (NoSuchFileException e) {
            throw new IOException("external data file " + location + " is missing beside the model", e);
        } catch (InvalidPathException e) {
            throw new IOException("external data path " + location + " is no path", e);
        }
    }

    @Override
    public void close() throws IOException {
        for (FileChannel channel : open.values()) {
            channel.close();
        }
    }
}
