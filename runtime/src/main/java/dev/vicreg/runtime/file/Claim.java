package dev.vicreg.runtime.file;

import java.io.Closeable;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A file that this process has made and holds a lock on. The system lets go of locks with their process, however that
 * ends, so that whoever comes upon such a file without one knows that it was left behind: numbers of processes would not
 * tell, since they are used again and differ between containers.
 *
 * <p>Where a file system has no locks, nothing is taken to be left behind.
 */
final class Claim implements Closeable {
    /** Keys of this process's own files: to open one again and close it would let go of its lock (POSIX). */
    private static final Set<Object> OWN = ConcurrentHashMap.newKeySet();

    private final Object key;
    private final FileChannel channel;

    private Claim(Object key, FileChannel channel) {
        this.key = key;
        this.channel = channel;
    }

    /**
     * Makes the file, which must not be there, and follows no link. Empty if another process took it for left behind
     * before it was locked.
     */
    static Optional<Claim> make(Path file) throws IOException {
        FileChannel channel = FileChannel.open(
                file, StandardOpenOption.READ, StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW);
        try {
            Object key = key(file);
            OWN.add(key);
            if (isLocked(channel) && Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
                return Optional.of(new Claim(key, channel));
            }
            OWN.remove(key);
        } catch (NoSuchFileException e) {
            // taken for left behind
        }
        channel.close();
        return Optional.empty();
    }

    private static boolean isLocked(FileChannel channel) {
        try {
            return channel.tryLock() != null;
        } catch (OverlappingFileLockException e) { // this process is about to remove it
            return false;
        } catch (IOException e) { // no locks here, so nobody will be able to tell that it has none
            return true;
        }
    }

    FileChannel channel() {
        return channel;
    }

    /** Removes what belongs to a claimed file. */
    @FunctionalInterface
    interface Removal {
        void remove() throws IOException;
    }

    /** Removes the file, or what belongs to it, if the process that made it is gone. */
    static void removeIfLeft(Path file, Removal removal) throws IOException {
        if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS) || OWN.contains(key(file))) {
            return;
        }
        boolean left;
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS);
                FileLock lock = channel.tryLock()) {
            left = lock != null;
            if (left && AtomicFile.POSIX) {
                removal.remove();
            }
        } catch (OverlappingFileLockException e) { // another thread removes it
            return;
        }
        if (left && !AtomicFile.POSIX) { // Windows removes nothing that is open
            removal.remove();
        }
    }

    private static Object key(Path file) throws IOException {
        BasicFileAttributes attributes =
                Files.readAttributes(file, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
        return Objects.requireNonNullElse(attributes.fileKey(), file.toRealPath()); // Windows has no key
    }

    /** Lets go of the lock and closes the file. Idempotent. */
    @Override
    public void close() throws IOException {
        if (channel.isOpen()) {
            channel.close();
            OWN.remove(key);
        }
    }
}
