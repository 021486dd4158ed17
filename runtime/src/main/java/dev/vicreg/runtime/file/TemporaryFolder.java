package dev.vicreg.runtime.file;

import static java.nio.file.LinkOption.NOFOLLOW_LINKS;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.UserPrincipal;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A folder that goes with what it is needed for: closing it deletes it with all that is in it. Its name can't be foreseen
 * and only its owner can write in it. It holds an empty file {@code .in-use} from the start, locked as long as this
 * process lives; a folder that a killed process has left is removed when another of its kind is made.
 */
public final class TemporaryFolder implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(TemporaryFolder.class);
    private static final String IN_USE = ".in-use";
    /** How long a folder may stay empty, without even {@link #IN_USE}: until then its process may just have made it. */
    private static final Duration EMPTY = Duration.ofDays(1);

    private final Path path;
    private final Claim claim;

    private TemporaryFolder(Path path, Claim claim) {
        this.path = path;
        this.claim = claim;
    }

    /** A new folder among the system's temporary ones, whose name starts with {@code kind} and a hyphen. */
    public static TemporaryFolder create(String kind) throws IOException {
        return adopt(Files.createTempDirectory(kind + "-"), kind + "-");
    }

    /** A new folder beside {@code target}, hidden, for what is to be moved into its place. */
    public static TemporaryFolder beside(Path target) throws IOException {
        String start = "." + target.getFileName() + ".";
        return adopt(Files.createTempDirectory(target.toAbsolutePath().getParent(), start), start);
    }

    /**
     * Takes over a folder that other code has made for this process alone, and that it doesn't delete itself.
     *
     * @param start of its name and of others of its kind, which goes on with a number
     */
    public static TemporaryFolder adopt(Path folder, String start) throws IOException {
        Claim claim = Claim.make(folder.resolve(IN_USE))
                .orElseThrow(() -> new IOException("Another program removes files from " + folder));
        removeLeft(folder, start);
        return new TemporaryFolder(folder, claim);
    }

    /** Removes others of this user's; what couldn't be removed is no reason not to go on. */
    private static void removeLeft(Path own, String start) {
        DirectoryStream.Filter<Path> alike = folder -> {
            String name = String.valueOf(folder.getFileName());
            return name.startsWith(start) && name.substring(start.length()).matches("[0-9]+");
        };
        try (DirectoryStream<Path> found =
                Files.newDirectoryStream(own.toAbsolutePath().getParent(), alike)) {
            UserPrincipal self = Files.getOwner(own);
            for (Path folder : found) {
                try {
                    if (Files.isDirectory(folder, NOFOLLOW_LINKS)
                            && Files.getOwner(folder, NOFOLLOW_LINKS).equals(self)) {
                        removeIfLeft(folder);
                    }
                } catch (IOException e) { // gone by now, or a library that Windows still has loaded
                    log.debug("Cannot remove {}, which was left behind: {}", folder, e.toString());
                }
            }
        } catch (IOException e) {
            log.debug("Cannot look for what was left beside {}: {}", own, e.toString());
        }
    }

    private static void removeIfLeft(Path folder) throws IOException {
        Path inUse = folder.resolve(IN_USE);
        if (Files.exists(inUse, NOFOLLOW_LINKS)) {
            Claim.removeIfLeft(inUse, () -> delete(folder));
        } else if (Files.getLastModifiedTime(folder)
                .toInstant()
                .isBefore(Instant.now().minus(EMPTY))) {
            Files.delete(folder); // which fails unless it is empty
        }
    }

    /** Deletes a file, or a folder with what is in it. Links are deleted, not followed; what isn't there is fine. */
    public static void delete(Path path) throws IOException {
        if (!Files.exists(path, NOFOLLOW_LINKS)) {
            return;
        }
        try (Stream<Path> entries = Files.walk(path)) {
            List<Path> fromTheInside = entries.sorted(Comparator.reverseOrder()).toList();
            for (Path entry : fromTheInside) {
                Files.deleteIfExists(entry);
            }
        }
    }

    /** Deletes a folder that must be whole or not there at any time; one that isn't there is fine. */
    public static void discard(Path folder) throws IOException {
        if (Files.exists(folder)) {
            Path temporary = AtomicFile.temporaryName(folder);
            Files.move(folder, temporary, StandardCopyOption.ATOMIC_MOVE);
            delete(temporary);
        }
    }

    /** The folder. */
    public Path path() {
        return path;
    }

    /** Deletes it when this process ends by itself, where nothing else can close it before. */
    public void closeAtExit() {
        Runtime.getRuntime()
                .addShutdownHook(new Thread(
                        () -> {
                            try {
                                close();
                            } catch (IOException e) { // Windows keeps what is loaded: the next process removes it
                                log.debug("Cannot remove {}: {}", path, e.toString());
                            }
                        },
                        "delete-" + path.getFileName()));
    }

    @Override
    public void close() throws IOException {
        claim.close();
        delete(path);
    }
}
