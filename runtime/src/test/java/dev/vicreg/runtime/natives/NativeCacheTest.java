package dev.vicreg.runtime.natives;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

class NativeCacheTest {
    private static final byte[] LIBRARY = "a library's bytes".getBytes(StandardCharsets.UTF_8);

    @TempDir
    Path folder;

    private Path root = Path.of("");
    private List<NativeFile> files = List.of();

    @BeforeEach
    void packLibraryIntoJar() throws IOException {
        root = folder.resolve("cache");
        Path jar = folder.resolve("natives.jar");
        try (var zip = new ZipOutputStream(Files.newOutputStream(jar))) {
            zip.putNextEntry(new ZipEntry("native/libx.so"));
            zip.write(LIBRARY);
        }
        files = List.of(NativeFile.of(
                "libx.so", URI.create("jar:" + jar.toUri() + "!/native/libx.so").toURL()));
    }

    @Test
    void damagedLibraryIsRepaired() throws IOException {
        Path library = open().resolve("libx.so");
        byte[] flipped = LIBRARY.clone();
        flipped[3] ^= 1;
        Files.write(library, flipped);
        assertArrayEquals(LIBRARY, Files.readAllBytes(open().resolve("libx.so")));
    }

    @Test
    void foreignLibraryWithMatchingRecordIsReplaced() throws Exception {
        Path library = open().resolve("libx.so");
        byte[] foreign = "b library's bytes".getBytes(StandardCharsets.UTF_8);
        Files.write(library, foreign);
        String sha256 =
                HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(foreign));
        Files.writeString(library.resolveSibling("libx.so.sha256"), sha256);
        assertArrayEquals(LIBRARY, Files.readAllBytes(open().resolve("libx.so")));
    }

    @Test
    void intactLibraryIsLeftAlone() throws IOException {
        Path library = open().resolve("libx.so");
        FileTime longAgo = FileTime.from(Instant.EPOCH);
        Files.setLastModifiedTime(library, longAgo);
        assertEquals(library, open().resolve("libx.so"));
        assertEquals(longAgo, Files.getLastModifiedTime(library));
    }

    @Test
    void whatAKilledProcessUnpackedHalfWayIsRemoved() throws IOException {
        Path library = open().resolve("libx.so");
        Path left = Files.createFile(library.resolveSibling(".libx.so.0123456789abcdef.tmp"));
        Files.delete(library);
        open();
        assertFalse(Files.exists(left));
    }

    @Test
    void damagedJarIsRefused() throws IOException {
        Path other = Files.write(folder.resolve("other"), LIBRARY);
        var wrong = List.of(new NativeFile("libx.so", other.toUri().toURL(), LIBRARY.length, 12345));
        var e = assertThrows(IOException.class, () -> NativeCache.open(root, "test", wrong));
        assertTrue(String.valueOf(e.getMessage()).contains("is damaged"), e.toString());
    }

    @Test
    void rootThatCannotBeMadeFallsBackToTemporaryFolder() throws IOException {
        root = Files.createFile(folder.resolve("file")).resolve("cache");
        Path cache = open();
        assertFalse(cache.startsWith(folder));
        assertArrayEquals(LIBRARY, Files.readAllBytes(cache.resolve("libx.so")));
    }

    @Test
    @DisabledOnOs(OS.WINDOWS)
    void foldersAreReadableByTheirOwnerAlone() throws IOException {
        Path cache = open();
        for (Path made : List.of(cache, cache.resolveSibling("."), root)) {
            assertEquals(
                    "rwx------", PosixFilePermissions.toString(Files.getPosixFilePermissions(made)), made.toString());
        }
    }

    @Test
    @DisabledOnOs(OS.WINDOWS)
    void folderThatOthersMayWriteIsNotUsed() throws IOException {
        Path cache = open();
        Files.setPosixFilePermissions(cache, PosixFilePermissions.fromString("rwxrwx---"));
        assertFalse(open().startsWith(folder));
    }

    @Test
    @DisabledOnOs(OS.WINDOWS)
    void folderOfSomebodyElseIsNotUsed() throws IOException {
        Path cache = open();
        give(cache, 12345);
        assertFalse(open().startsWith(folder));
    }

    @Test
    @DisabledOnOs(OS.WINDOWS)
    void folderThatOthersMayReadIsClosedToThem() throws IOException {
        Path cache = open();
        Files.setPosixFilePermissions(cache, PosixFilePermissions.fromString("rwxr-xr-x"));
        assertEquals(cache, open());
        assertEquals("rwx------", PosixFilePermissions.toString(Files.getPosixFilePermissions(cache)));
    }

    @Test
    @DisabledOnOs(OS.WINDOWS)
    void linkInsteadOfFolderIsNotFollowed() throws IOException {
        Files.createDirectories(root);
        Path elsewhere = Files.createDirectory(folder.resolve("elsewhere"));
        Files.createSymbolicLink(root.resolve("natives"), elsewhere);
        assertFalse(open().startsWith(folder));
        try (var made = Files.list(elsewhere)) {
            assertEquals(0, made.count());
        }
    }

    @Test
    @DisabledOnOs(OS.WINDOWS)
    void rootBelowFolderOfEverybodyIsNotUsed() throws IOException {
        Path shared = Files.createDirectory(folder.resolve("shared"));
        Files.setPosixFilePermissions(shared, PosixFilePermissions.fromString("rwxrwxrwx"));
        root = shared.resolve("cache");
        assertFalse(open().startsWith(folder));
    }

    @Test
    @DisabledOnOs(OS.WINDOWS)
    void rootBelowFolderOfAGroupIsNotUsed() throws IOException {
        Path shared = Files.createDirectory(folder.resolve("shared"));
        Path between = Files.createDirectory(shared.resolve("between"));
        root = between.resolve("cache");
        Files.setPosixFilePermissions(shared, PosixFilePermissions.fromString("rwxrwxr-x"));
        assertFalse(open().startsWith(folder));
        assertFalse(Files.exists(root), "nothing is made there");
        IOException e = assertThrows(IOException.class, () -> PrivateFolder.below(root));
        assertEquals(
                shared.toRealPath()
                        + " can be written to by its group, who could exchange what is loaded (chmod go-w makes it yours)",
                e.getMessage());
        Files.setPosixFilePermissions(shared, PosixFilePermissions.fromString("rwxr-xr-x"));
        assertTrue(open().startsWith(root.toRealPath()));
    }

    @Test
    @DisabledOnOs(OS.WINDOWS)
    void rootBelowStickyFolderOfEverybodyIsUsed() throws IOException {
        Path shared = Files.createDirectory(folder.resolve("shared"));
        Files.setAttribute(shared, "unix:mode", 01777);
        root = shared.resolve("cache");
        assertTrue(open().startsWith(root.toRealPath()));
    }

    @Test
    @DisabledOnOs(OS.WINDOWS)
    void rootBelowFolderOfSomebodyElseIsNotUsed() throws IOException {
        Path theirs = Files.createDirectory(folder.resolve("theirs"));
        root = Files.createDirectory(theirs.resolve("between")).resolve("cache");
        give(theirs, 12345);
        assertFalse(open().startsWith(folder));
        assertFalse(Files.exists(root), "nothing is made there");
    }

    /** A link that leads from a safe folder to one that isn't. */
    @Test
    @DisabledOnOs(OS.WINDOWS)
    void rootThroughALinkIsJudgedByWhereItLies() throws IOException {
        Path shared = Files.createDirectory(folder.resolve("shared"));
        Files.createDirectory(shared.resolve("cache"));
        Files.setPosixFilePermissions(shared, PosixFilePermissions.fromString("rwxrwxrwx"));
        root = Files.createSymbolicLink(folder.resolve("link"), shared.resolve("cache"));
        assertFalse(open().startsWith(folder));
    }

    private static void give(Path path, int uid) throws IOException {
        try {
            Files.setAttribute(path, "unix:uid", uid);
        } catch (FileSystemException e) {
            Assumptions.abort("only root can give a folder away");
        }
    }

    @Test
    void cacheFollowsTheEnvironment() {
        Path chosen = folder.resolve("chosen");
        Path xdg = folder.resolve("xdg");
        assertEquals(
                chosen,
                PrivateFolder.userCache(Map.of("VICREG_CACHE", chosen.toString(), "LOCALAPPDATA", "x"), "home"));
        assertEquals(xdg.resolve("vicreg"), PrivateFolder.userCache(Map.of("XDG_CACHE_HOME", xdg.toString()), "home"));
        assertEquals(
                folder.resolve(".cache").resolve("vicreg"),
                PrivateFolder.userCache(Map.of("XDG_CACHE_HOME", "relative"), folder.toString()));
    }

    /** The cache's folder with links resolved, as the temporary folder of tests may be one. */
    private Path open() throws IOException {
        return NativeCache.open(root, "test", files).folder();
    }
}
