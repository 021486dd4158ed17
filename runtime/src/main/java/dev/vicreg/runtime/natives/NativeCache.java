package dev.vicreg.runtime.natives;

import static java.nio.file.LinkOption.NOFOLLOW_LINKS;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.HexFormat;
import java.util.List;
import java.util.zip.CRC32;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A folder of native libraries unpacked from the class path, each verified before it is handed out.
 *
 * <p><b>Verification.</b> Beside each library lies its SHA-256, recorded while it was unpacked; at every start the
 * library is hashed again, and its length and CRC-32 are compared with the jar's own directory as well, so that a
 * library from elsewhere doesn't pass with a record of its own. (Hashing the jar's copy instead would inflate it at
 * every start and cost twice the processor time.) What doesn't match is unpacked anew.
 *
 * <p><b>Several processes.</b> There is no lock to be left behind: each process writes a temporary file of its own and
 * renames it. Folders are named by the checksum of what they hold, so whoever is last puts the same bytes there.
 */
final class NativeCache {
    private static final Logger log = LoggerFactory.getLogger(NativeCache.class);

    private final Path folder;
    private final boolean temporary;

    private NativeCache(Path folder, boolean temporary) {
        this.folder = folder;
        this.temporary = temporary;
    }

    /**
     * Unpacks what is not yet there, verifies the rest, and returns the cache that holds all of it: below {@code root},
     * or in a temporary folder if that can't be used, which is logged with its reason.
     *
     * @param root the cache of this user; must not be writable by others
     * @param label starts the folder's name, e.g. {@code training-linux-x86_64}
     * @throws IOException if the temporary folder can't be used either, or a jar is damaged
     */
    static NativeCache open(Path root, String label, List<NativeFile> files) throws IOException {
        String name = label + "-" + fingerprint(files);
        try {
            var cache = new NativeCache(PrivateFolder.below(root, "natives", name), false);
            cache.add(files);
            return cache;
        } catch (IOException e) {
            log.warn(
                    "Cannot keep native libraries in {}: {}; unpacking to a temporary folder at every start. Set VICREG_CACHE to a folder that only you can write",
                    root,
                    reason(e));
        }
        var cache = new NativeCache(Files.createTempDirectory("vicreg-natives-"), true); // mode 0700
        cache.folder.toFile().deleteOnExit();
        cache.add(files);
        return cache;
    }

    Path folder() {
        return folder;
    }

    /** Unpacks or verifies more libraries of the same set. */
    void add(List<NativeFile> files) throws IOException {
        for (NativeFile file : files) {
            Path target = folder.resolve(file.name());
            if (isIntact(target, file)) {
                continue;
            }
            if (Files.exists(target, NOFOLLOW_LINKS)) {
                log.warn("Native library {} is damaged; unpacking it again", target);
            }
            unpack(file, target);
        }
    }

    private static boolean isIntact(Path target, NativeFile file) throws IOException {
        Path record = record(target);
        if (!Files.isRegularFile(target, NOFOLLOW_LINKS)
                || !Files.isRegularFile(record, NOFOLLOW_LINKS)
                || Files.size(target) != file.size()) {
            return false;
        }
        var sums = new Sums();
        try (InputStream in = Files.newInputStream(target)) {
            sums.copy(in, OutputStream.nullOutputStream());
        }
        return sums.crc() == file.crc()
                && sums.sha256()
                        .equals(Files.readString(record, StandardCharsets.UTF_8).strip());
    }

    private void unpack(NativeFile file, Path target) throws IOException {
        removeLeftovers();
        Path part = Files.createTempFile(folder, file.name(), ".part");
        try {
            var sums = new Sums();
            try (InputStream in = file.open();
                    FileChannel channel = FileChannel.open(part, StandardOpenOption.WRITE)) {
                sums.copy(in, Channels.newOutputStream(channel));
                channel.force(true);
            }
            if (sums.crc() != file.crc()) {
                throw new IOException(file.resource() + " is damaged: its CRC-32 is " + Long.toHexString(sums.crc())
                        + ", expected " + Long.toHexString(file.crc()) + "; download the jar again");
            }
            publish(part, target, file);
            Path record = Files.createTempFile(folder, file.name(), ".part");
            Files.writeString(record, sums.sha256() + "\n");
            publish(record, record(target), file);
        } finally {
            Files.deleteIfExists(part);
        }
        if (temporary) {
            target.toFile().deleteOnExit();
            record(target).toFile().deleteOnExit();
        }
    }

    private static void publish(Path part, Path target, NativeFile file) throws IOException {
        try {
            Files.move(part, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (FileSystemException e) {
            // Windows refuses to replace a library that another process has loaded: fine if that one is good.
            Files.deleteIfExists(part);
            Path library = target.resolveSibling(file.name());
            if (!isIntact(library, file)) {
                throw e;
            }
        }
    }

    /** Deletes what processes that were killed while unpacking left behind. */
    private void removeLeftovers() throws IOException {
        var yesterday = FileTime.from(Instant.now().minus(1, ChronoUnit.DAYS));
        try (DirectoryStream<Path> parts = Files.newDirectoryStream(folder, "*.part")) {
            for (Path part : parts) {
                if (isOlder(part, yesterday)) {
                    Files.deleteIfExists(part);
                }
            }
        }
    }

    private static boolean isOlder(Path part, FileTime time) throws IOException {
        try {
            return Files.getLastModifiedTime(part).compareTo(time) < 0;
        } catch (NoSuchFileException e) { // another process that unpacks has published it by now
            return false;
        }
    }

    private static Path record(Path library) {
        return library.resolveSibling(library.getFileName() + ".sha256");
    }

    private static String fingerprint(List<NativeFile> files) {
        var crc = new CRC32();
        for (NativeFile file : files) {
            crc.update((file.name() + file.size() + ":" + file.crc()).getBytes(StandardCharsets.UTF_8));
        }
        return String.format("%08x", crc.getValue());
    }

    private static String reason(IOException e) {
        return e.getClass() == IOException.class
                ? String.valueOf(e.getMessage())
                : e.getClass().getSimpleName() + " " + e.getMessage();
    }

    /** Both checksums of a stream in one pass. */
    private static final class Sums {
        private final MessageDigest sha256 = newSha256();
        private final CRC32 crc32 = new CRC32();

        void copy(InputStream in, OutputStream out) throws IOException {
            byte[] buffer = new byte[1 << 20];
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                sha256.update(buffer, 0, n);
                crc32.update(buffer, 0, n);
                out.write(buffer, 0, n);
            }
        }

        long crc() {
            return crc32.getValue();
        }

        String sha256() {
            return HexFormat.of().formatHex(sha256.digest());
        }

        private static MessageDigest newSha256() {
            try {
                return MessageDigest.getInstance("SHA-256");
            } catch (NoSuchAlgorithmException e) {
                throw new AssertionError("Every Java platform has SHA-256", e);
            }
        }
    }
}
