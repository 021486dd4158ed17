package dev.vicreg.training.run;

import java.io.File;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/** Writes files that are either complete or not there, whatever happens in between. */
public final class AtomicFile {
    private AtomicFile() {}

    /**
     * Leaves {@code target} with exactly {@code content}, replacing what was there. The bytes go to a temporary name in
     * the same folder, are forced to the disk, and are renamed; after a failure the old file stands and the temporary
     * one is gone.
     *
     * @param content read from its position to its limit; afterwards it is empty
     * @throws IOException if the folder is missing or the disk full; the message names the file and the size
     */
    public static void write(Path target, ByteBuffer content) throws IOException {
        requireNoFolder(target);
        long size = content.remaining();
        String unique = Long.toHexString(ThreadLocalRandom.current().nextLong());
        Path temporary = target.resolveSibling("." + target.getFileName() + "." + unique + ".tmp");
        try {
            try (FileChannel channel =
                    FileChannel.open(temporary, StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW)) {
                while (content.hasRemaining()) {
                    channel.write(content);
                }
                channel.force(true);
            }
            Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
            syncFolder(target.toAbsolutePath().getParent());
        } catch (NoSuchFileException e) {
            throw new IOException("Cannot write " + target + ": its folder does not exist; create it first", e);
        } catch (IOException e) {
            String reason = e.getMessage();
            throw new IOException("Cannot write " + target + " (" + size + " bytes): " + reason, e);
        } finally {
            Files.deleteIfExists(temporary);
        }
    }

    /**
     * Puts a file that is complete and forced to the disk in the place of {@code target}, on the same disk.
     *
     * @throws IOException if it cannot be renamed
     */
    public static void move(Path complete, Path target) throws IOException {
        requireNoFolder(target);
        Files.move(complete, target, StandardCopyOption.ATOMIC_MOVE);
        syncFolder(target.toAbsolutePath().getParent());
    }

    /**
     * Refuses a folder as the name of a file.
     *
     * @throws IOException if it is one
     */
    public static void requireNoFolder(Path target) throws IOException {
        if (Files.isDirectory(target)) {
            throw new IOException("Cannot write " + target + ": it is a folder; name a file");
        }
    }

    /** Makes renames in {@code folder} last through a power cut; where folders can't be opened (Windows), nothing. */
    static void syncFolder(@Nullable Path folder) throws IOException {
        if (folder == null || File.separatorChar != '/') {
            return;
        }
        try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }
}
