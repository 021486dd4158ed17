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
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
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
        Path temporary = unique(target, ".tmp");
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
            throw new IOException(missingFolder(target), e);
        } catch (IOException e) {
            String reason = e.getMessage();
            throw new IOException("Cannot write " + target + " (" + size + " bytes): " + reason, e);
        } finally {
            Files.deleteIfExists(temporary);
        }
    }

    /**
     * Puts files that are complete and forced to the disk in the places of others, on the same disk: all of them, or
     * after a failure none, with the old ones as they were.
     *
     * @param completeByTarget in the order in which they are moved
     * @throws IOException if one cannot be renamed
     */
    public static void move(Map<Path, Path> completeByTarget) throws IOException {
        for (Path target : completeByTarget.keySet()) {
            requireNoFolder(target);
        }
        List<Path> moved = new ArrayList<>();
        Map<Path, Path> old = new LinkedHashMap<>();
        try {
            for (Map.Entry<Path, Path> entry : completeByTarget.entrySet()) {
                Path target = entry.getKey();
                boolean last = moved.size() == completeByTarget.size() - 1; // replaces the old one or leaves it
                if (!last && Files.exists(target)) {
                    Path kept = unique(target, ".old");
                    Files.move(target, kept, StandardCopyOption.ATOMIC_MOVE);
                    old.put(target, kept);
                }
                Files.move(entry.getValue(), target, StandardCopyOption.ATOMIC_MOVE);
                moved.add(target);
            }
        } catch (IOException e) {
            for (Path target : moved) {
                Files.delete(target);
            }
            for (Map.Entry<Path, Path> entry : old.entrySet()) {
                Files.move(entry.getValue(), entry.getKey(), StandardCopyOption.ATOMIC_MOVE);
            }
            throw e;
        }
        for (Path kept : old.values()) {
            Files.delete(kept);
        }
        for (Path target : completeByTarget.keySet()) {
            syncFolder(target.toAbsolutePath().getParent());
        }
    }

    private static Path unique(Path target, String ending) {
        String unique = Long.toHexString(ThreadLocalRandom.current().nextLong());
        return target.resolveSibling("." + target.getFileName() + "." + unique + ending);
    }

    /**
     * Refuses the name of a file that could not be written there, before what is to be written has been computed.
     *
     * @throws IOException if it is a folder, or if its own folder is missing
     */
    public static void requireWritable(Path target) throws IOException {
        requireNoFolder(target);
        Path folder = target.toAbsolutePath().getParent();
        if (folder == null || !Files.isDirectory(folder)) {
            throw new IOException(missingFolder(target));
        }
    }

    private static void requireNoFolder(Path target) throws IOException {
        if (Files.isDirectory(target)) {
            throw new IOException("Cannot write " + target + ": it is a folder; name a file");
        }
    }

    private static String missingFolder(Path target) {
        return "Cannot write " + target + ": its folder does not exist; create it first";
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
