package dev.vicreg.runtime.file;

import java.io.Closeable;
import java.io.File;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A file that is either complete or not there, whatever happens in between: everything that this project leaves for
 * others is written by this class. The bytes go to a temporary name in the same folder, {@code .NAME.RANDOM.tmp}, which
 * must not be there before, so that no link that somebody else has put there is followed; they are forced to the disk and
 * renamed. A link under the final name is replaced, not followed.
 *
 * <p>After a failure the old file stands and the temporary one is gone. What a killed process leaves is removed when a
 * file of the same name is next written, and by nothing else. Not thread-safe.
 */
public final class AtomicFile implements Closeable {
    private static final Logger log = LoggerFactory.getLogger(AtomicFile.class);
    private static final String TEMPORARY = ".tmp";
    private static final String RANDOM = "[0-9a-f]{16}";
    static final boolean POSIX = File.separatorChar == '/';
    /** How often a new file may be taken for one left behind before something else must be wrong. */
    private static final int ATTEMPTS = 10;

    private final Path target;
    private final Path temporary;
    private final Claim claim;
    private boolean published;

    private AtomicFile(Path target, Path temporary, Claim claim) {
        this.target = target;
        this.temporary = temporary;
        this.claim = claim;
    }

    /**
     * Starts a file. Nothing stands under its name before {@link #publish}.
     *
     * @throws IOException in one line, if it is a folder, or its folder is missing or can't be written to
     */
    public static AtomicFile create(Path target) throws IOException {
        requireWritable(target);
        removeLeft(target);
        try {
            for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
                Path temporary = temporaryName(target);
                Optional<Claim> claim = Claim.make(temporary);
                if (claim.isPresent()) {
                    return new AtomicFile(target, temporary, claim.get());
                }
            }
        } catch (AccessDeniedException e) {
            throw new IOException("Cannot write " + target + ": you may not write to its folder; name another one", e);
        } catch (IOException e) {
            throw new IOException("Cannot write " + target + ": " + e.getMessage(), e);
        }
        throw new IOException("Cannot write " + target + ": another program removes every new file from its folder");
    }

    /** Where the bytes go, from position 0. */
    public FileChannel channel() {
        return claim.channel();
    }

    /** Completes the file, as the static {@code publish} does. */
    public void publish() throws IOException {
        publish(this);
    }

    /**
     * Forces files to the disk and gives them their names: all of them, or after a failure none, with the old ones as they
     * were.
     *
     * @param files in the order in which they are renamed
     * @throws IOException if one cannot be completed
     */
    public static void publish(AtomicFile... files) throws IOException {
        for (AtomicFile file : files) {
            file.channel().force(true);
        }
        if (!POSIX) { // Windows doesn't rename what is open
            for (AtomicFile file : files) {
                file.claim.close();
            }
        }
        move(Arrays.stream(files)
                .collect(Collectors.toMap(
                        file -> file.target, file -> file.temporary, (one, other) -> other, LinkedHashMap::new)));
        for (AtomicFile file : files) {
            file.published = true;
            file.claim.close();
        }
    }

    /** Removes what was written if it was not published. Idempotent. */
    @Override
    public void close() throws IOException {
        claim.close();
        if (!published) {
            Files.deleteIfExists(temporary);
        }
    }

    /**
     * Leaves {@code target} with exactly {@code content}, replacing what was there.
     *
     * @param content read from its position to its limit; afterwards it is empty
     * @throws IOException if the folder is missing or the disk full; the message names the file and the size
     */
    public static void write(Path target, ByteBuffer content) throws IOException {
        long size = content.remaining();
        try (AtomicFile file = create(target)) {
            try {
                while (content.hasRemaining()) {
                    file.channel().write(content);
                }
                file.publish();
            } catch (IOException e) {
                throw new IOException("Cannot write " + target + " (" + size + " bytes): " + e.getMessage(), e);
            }
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

    /**
     * A name beside {@code target} that nobody can foresee, and that {@link #isTemporary} knows. Of something else than a
     * file of this class the caller removes what is left of it.
     */
    public static Path temporaryName(Path target) {
        return unique(target, TEMPORARY);
    }

    /** Whether its name is one that {@link #temporaryName} gives, or gave in earlier versions. */
    public static boolean isTemporary(Path file) {
        return String.valueOf(file.getFileName()).matches("\\..+\\" + TEMPORARY);
    }

    private static Path unique(Path target, String ending) {
        String random = String.format("%016x", new SecureRandom().nextLong());
        return target.resolveSibling("." + target.getFileName() + "." + random + ending);
    }

    /** What couldn't be removed is no reason not to write. */
    private static void removeLeft(Path target) {
        Path folder = target.toAbsolutePath().getParent();
        String start = "." + target.getFileName() + ".";
        DirectoryStream.Filter<Path> ours = file -> {
            String name = String.valueOf(file.getFileName());
            return name.startsWith(start) && name.substring(start.length()).matches(RANDOM + "\\" + TEMPORARY);
        };
        try (DirectoryStream<Path> left = Files.newDirectoryStream(folder, ours)) {
            for (Path file : left) {
                Claim.removeIfLeft(file, () -> Files.deleteIfExists(file));
            }
        } catch (IOException e) {
            log.debug("Cannot remove what was left of {}: {}", target, e.toString());
        }
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
            throw new IOException("Cannot write " + target + ": its folder does not exist; create it first");
        }
    }

    private static void requireNoFolder(Path target) throws IOException {
        if (Files.isDirectory(target)) {
            throw new IOException("Cannot write " + target + ": it is a folder; name a file");
        }
    }

    /** Makes what was written to {@code file} last through a power cut. */
    public static void sync(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.force(true);
        }
    }

    /** Makes renames in {@code folder} last through a power cut; where folders can't be opened (Windows), nothing. */
    public static void syncFolder(@Nullable Path folder) throws IOException {
        if (folder == null || !POSIX) {
            return;
        }
        try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }
}
