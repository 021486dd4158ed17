package dev.vicreg.runtime.natives;

import static java.nio.file.LinkOption.NOFOLLOW_LINKS;

import dev.vicreg.runtime.file.AtomicFile;
import dev.vicreg.runtime.file.Reason;
import dev.vicreg.runtime.file.TemporaryFolder;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
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
 * <p><b>Several processes.</b> There is no lock to wait for: each process writes a temporary file of its own and renames
 * it ({@link AtomicFile}). Folders are named by the checksum of what they hold, so whoever is last puts the same bytes there.
 */
final class NativeCache {
    private static final Logger log = LoggerFactory.getLogger(NativeCache.class);

    private final Path folder;

    private NativeCache(Path folder) {
        this.folder = folder;
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
            var cache = new NativeCache(PrivateFolder.below(root, "natives", name));
            cache.add(files);
            return cache;
        } catch (IOException e) {
            log.warn(
                    "Cannot keep native libraries in {}: {}; unpacking to a temporary folder at every start. Set VICREG_CACHE to a folder that only you can write",
                    root,
                    Reason.of(e));
        }
        TemporaryFolder temporary = TemporaryFolder.create("vicreg-natives");
        temporary.closeAtExit();
        Path folder = temporary.path().toRealPath();
        PrivateFolder.requireNotExchangeable(folder);
        var cache = new NativeCache(folder);
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

    private static void unpack(NativeFile file, Path target) throws IOException {
        try (AtomicFile library = AtomicFile.create(target);
                AtomicFile record = AtomicFile.create(record(target))) {
            var sums = new Sums();
            try (InputStream in = file.open()) {
                sums.copy(in, Channels.newOutputStream(library.channel()));
            }
            if (sums.crc() != file.crc()) {
                throw new IOException(file.resource() + " is damaged: its CRC-32 is " + Long.toHexString(sums.crc())
                        + ", expected " + Long.toHexString(file.crc()) + "; download the jar again");
            }
            record.channel().write(ByteBuffer.wrap((sums.sha256() + "\n").getBytes(StandardCharsets.UTF_8)));
            library.publish();
            record.publish();
        } catch (FileSystemException e) {
            // Windows refuses to replace a library that another process has loaded: fine if that one is good.
            if (!isIntact(target, file)) {
                throw e;
            }
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
