package dev.vicreg.runtime.natives;

import static java.nio.file.LinkOption.NOFOLLOW_LINKS;

import java.io.IOException;
import java.nio.file.Files;
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
    private static final int GROUP_WRITABLE = 0020;
    private static final int WORLD_WRITABLE = 0002;
    private static final Integer ROOT = 0;

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
     *     if somebody else could exchange a folder above; nothing has been made then in a folder that isn't safe
     */
    static Path below(Path root, String... names) throws IOException {
        if (!root.isAbsolute()) {
            throw new IOException("there is no home folder");
        }
        boolean posix = isPosix(root);
        FileAttribute<?>[] mode = posix
                ? new FileAttribute<?>[] {PosixFilePermissions.asFileAttribute(OWNER_ONLY)}
                : new FileAttribute<?>[0];
        if (posix) {
            requireNotExchangeable(existing(root));
        }
        Files.createDirectories(root, mode);
        Path folder = root.toRealPath();
        if (posix) {
            requireNotExchangeable(folder);
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

    private static boolean isPosix(Path path) {
        return path.getFileSystem().supportedFileAttributeViews().contains("posix");
    }

    /** The path itself, or the first folder above it that is there, with links resolved. */
    private static Path existing(Path path) throws IOException {
        for (Path above = path; above != null; above = above.getParent()) {
            if (Files.exists(above)) {
                return above.toRealPath();
            }
        }
        throw new IOException(path + " lies nowhere");
    }

    /**
     * Requires that nobody but this user and root can put another folder in the place of this one or of one above it: each
     * belongs to one of the two and can be written to by nobody else, unless, as /tmp, it lets everybody move their own
     * entries only. Where there are no such rights (Windows), nothing is checked.
     *
     * @param folder with links resolved
     * @throws IOException what is wrong with which of them, and what to do
     */
    static void requireNotExchangeable(Path folder) throws IOException {
        if (!isPosix(folder)) {
            return;
        }
        UserPrincipal self = currentUser();
        for (Path above = folder; above != null; above = above.getParent()) {
            int mode = (Integer) Files.getAttribute(above, "unix:mode");
            UserPrincipal owner = Files.getOwner(above);
            if (!owner.equals(self) && !ROOT.equals(Files.getAttribute(above, "unix:uid"))) {
                throw new IOException(above + " belongs to " + owner.getName() + ", expected " + self.getName()
                        + " or root, since whoever owns it can exchange what is loaded");
            }
            if ((mode & (GROUP_WRITABLE | WORLD_WRITABLE)) != 0 && (mode & STICKY) == 0) {
                boolean everybody = (mode & WORLD_WRITABLE) != 0;
                throw new IOException(above + " can be written to by " + (everybody ? "everybody" : "its group")
                        + ", who could exchange what is loaded (chmod go-w makes it yours)");
            }
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

    /** Java has no getuid: who owns this process' entry in /proc, or where there is none (macOS) a file just made. */
    static UserPrincipal currentUser() throws IOException {
        Path process = Path.of("/proc/self");
        if (Files.exists(process)) {
            return Files.getOwner(process);
        }
        Path made = Files.createTempFile("vicreg-owner-", "");
        try {
            return Files.getOwner(made);
        } finally {
            Files.delete(made);
        }
    }
}
