package dev.vicreg.runtime.natives;

import static java.nio.file.LinkOption.NOFOLLOW_LINKS;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserPrincipal;
import java.util.Map;
import java.util.Set;

/** Folders from which code is loaded: nobody but their owner may be able to put something there. */
final class PrivateFolder {
    private static final Set<PosixFilePermission> OWNER_ONLY = PosixFilePermissions.fromString("rwx------");
    private static final int STICKY = 01000;
    private static final int WORLD_WRITABLE = 0002;

    private PrivateFolder() {}

    /** Where this user's cache lies: {@code VICREG_CACHE}, or the platform's folder for caches. */
    static Path userCache(Map<String, String> environment, String userHome) {
        String chosen = environment.getOrDefault("VICREG_CACHE", "");
        String local = environment.getOrDefault("LOCALAPPDATA", "");
        String xdg = environment.getOrDefault("XDG_CACHE_HOME", "");
        if (!chosen.isBlank()) {
            return Path.of(chosen).toAbsolutePath();
        }
        if (!local.isBlank()) {
            return Path.of(local, "vicreg", "cache");
        }
        // The XDG specification has relative values ignored. A user without a home has "?" as user.home.
        Path caches = xdg.isBlank() || !Path.of(xdg).isAbsolute() ? Path.of(userHome, ".cache") : Path.of(xdg);
        return caches.resolve("vicreg");
    }

    /**
     * Creates {@code root/names[0]/names[1]…} with mode 0700 and returns it with links of root resolved. On Windows the
     * user's own folders inherit their access rights, and nothing is checked.
     *
     * @throws IOException if one of them can't be made, is a link, belongs to somebody else or is writable by others, or
     *     if others could exchange the root
     */
    static Path below(Path root, String... names) throws IOException {
        if (!root.isAbsolute()) {
            throw new IOException("there is no home folder");
        }
        boolean posix = root.getFileSystem().supportedFileAttributeViews().contains("posix");
        FileAttribute<?>[] mode = posix
                ? new FileAttribute<?>[] {PosixFilePermissions.asFileAttribute(OWNER_ONLY)}
                : new FileAttribute<?>[0];
        Files.createDirectories(root, mode);
        Path folder = root.toRealPath();
        if (posix) {
            for (Path above = folder; above != null; above = above.getParent()) {
                requireNotExchangeable(above);
            }
        }
        for (String name : names) {
            folder = folder.resolve(name);
            if (!Files.isDirectory(folder, NOFOLLOW_LINKS)) {
                Files.createDirectories(folder, mode);
            }
            if (posix) {
                requireOwnerOnly(folder);
            }
        }
        return folder;
    }

    private static void requireNotExchangeable(Path folder) throws IOException {
        int mode = (Integer) Files.getAttribute(folder, "unix:mode");
        if ((mode & WORLD_WRITABLE) != 0 && (mode & STICKY) == 0) {
            throw new IOException(folder + " is writable by everybody");
        }
    }

    private static void requireOwnerOnly(Path folder) throws IOException {
        var attributes = Files.readAttributes(folder, PosixFileAttributes.class, NOFOLLOW_LINKS);
        if (!attributes.isDirectory()) {
            throw new IOException(folder + " is not a folder but a link or a file");
        }
        UserPrincipal self = currentUser();
        if (!attributes.owner().equals(self)) {
            throw new IOException(
                    folder + " belongs to " + attributes.owner().getName() + ", expected " + self.getName());
        }
        Set<PosixFilePermission> permissions = attributes.permissions();
        if (permissions.contains(PosixFilePermission.GROUP_WRITE)
                || permissions.contains(PosixFilePermission.OTHERS_WRITE)) {
            throw new IOException(folder + " is writable by others (mode " + PosixFilePermissions.toString(permissions)
                    + "), expected rwx------; delete it");
        }
        if (!permissions.equals(OWNER_ONLY)) {
            Files.setPosixFilePermissions(folder, OWNER_ONLY); // readable by others: harmless, but not what is promised
        }
    }

    /** Java has no getuid; who owns this process' entry in /proc is the effective user. */
    private static UserPrincipal currentUser() throws IOException {
        return Files.getOwner(Path.of("/proc/self"), new LinkOption[0]);
    }
}
