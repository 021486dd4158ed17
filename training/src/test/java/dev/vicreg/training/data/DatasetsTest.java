package dev.vicreg.training.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vicreg.runtime.picture.Picture;
import dev.vicreg.training.data.picture.PictureFiles;
import dev.vicreg.training.data.source.Container;
import dev.vicreg.training.data.source.DataFiles;
import dev.vicreg.training.data.source.DataOptions;
import dev.vicreg.training.data.source.Dataset;
import dev.vicreg.training.data.source.Selection;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.zip.CRC32;
import java.util.zip.GZIPOutputStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DatasetsTest {
    @TempDir
    Path folder;

    @Test
    void folderIsReadAtAnyDepthInNameOrder() throws IOException {
        write("top.png", 1);
        write("cat/2.png", 2);
        write("cat/1.jpg", 3);
        write("b/ant/deep.bmp", 4);
        Files.writeString(folder.resolve("readme.txt"), "not a picture");
        write(".hidden/3.png", 5);
        try (Dataset<Picture> set = open("")) {
            assertEquals(List.of("b/ant/deep.bmp", "cat/1.jpg", "cat/2.png", "top.png"), names(set));
            assertEquals(List.of("ant", "cat"), set.labelNames());
            assertEquals(List.of(0, 1, 1, -1), labels(set));
            assertEquals(TestPictures.noise(6, 5, 2), set.sample(2));
        }
    }

    @Test
    void pictureIsToldByContentWhateverItsName() throws IOException {
        Files.write(folder.resolve("cat.data"), png(1));
        try (Dataset<Picture> set = open("")) {
            assertEquals(TestPictures.noise(6, 5, 1), set.sample(0));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"set.tar", "set.tar.gz", "set.tgz", "set.zip"})
    void archiveHoldsWhatTheFolderHolds(String archive) throws IOException {
        Map<String, byte[]> files = new TreeMap<>();
        for (int i = 0; i < 6; i++) {
            files.put((i < 4 ? "train/" : "test/") + "class" + i % 2 + "/" + i + ".png", png(i));
        }
        pack(archive, files);
        for (Map.Entry<String, byte[]> file : files.entrySet()) {
            Path path = folder.resolve("plain").resolve(file.getKey());
            Files.createDirectories(path.getParent());
            Files.write(path, file.getValue());
        }
        try (Dataset<Picture> packed = open(archive + "!/train");
                Dataset<Picture> plain = open("plain/train")) {
            assertEquals(names(plain), names(packed));
            assertEquals(labels(plain), labels(packed));
            assertEquals(plain.labelNames(), packed.labelNames());
            assertEquals(plain.fingerprint(), packed.fingerprint());
            for (int i = 0; i < 4; i++) {
                assertEquals(plain.sample(i), packed.sample(i));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"set.zip", "set.tar"})
    void setWithTrainAndTestDrawsAWarning(String archive) throws IOException {
        pack(archive, Map.of("train/a/1.png", png(1), "test/a/2.png", png(2)));
        assertTrue(Logged.during(() -> open(archive).close()).contains("holds both train/ and test/"));
        assertFalse(Logged.during(() -> open(archive + "!/train").close()).contains("holds both"));
    }

    @Test
    void limitsSelectTheFirstOfEachClassAndSpreadOverAll() throws IOException {
        for (int i = 0; i < 12; i++) {
            write((i < 8 ? "many/" : "few/") + (char) ('a' + i) + ".png", i);
        }
        try (Dataset<Picture> firstTwo = TestPictures.open(folder.toString(), new Selection(0, 2));
                Dataset<Picture> six = TestPictures.open(folder.toString(), new Selection(6, 0))) {
            assertEquals(List.of("few/i.png", "few/j.png", "many/a.png", "many/b.png"), names(firstTwo));
            assertEquals(List.of(0, 0, 1, 1, 1, 1), labels(six));
        }
    }

    @Test
    void linkThatLeavesTheFolderIsRefused(@TempDir Path elsewhere) throws IOException {
        TestPictures.write(elsewhere.resolve("secret/s.png"), TestPictures.noise(6, 5, 9));
        write("a/1.png", 1);
        Files.createSymbolicLink(folder.resolve("a/out.png"), elsewhere.resolve("secret/s.png"));
        Files.createSymbolicLink(folder.resolve("out"), elsewhere.resolve("secret"));
        Files.createSymbolicLink(folder.resolve("a/same.png"), folder.resolve("a/1.png"));
        Files.createSymbolicLink(folder.resolve("a/loop"), folder);
        String warnings = Logged.during(() -> {
            try (Dataset<Picture> set = open("")) {
                assertEquals(List.of("a/1.png", "a/same.png"), names(set));
            }
        });
        assertTrue(warnings.contains("refused the link a/out.png"), warnings);
        assertTrue(warnings.contains("refused the link out"), warnings);
    }

    @ParameterizedTest
    @ValueSource(strings = {"set.tar", "set.tar.gz"})
    void linksAndEscapingNamesInAnArchiveDoNoHarm(String archive) throws IOException {
        try (TarArchiveOutputStream tar = new TarArchiveOutputStream(output(archive))) {
            add(tar, "a/1.png", png(1));
            add(tar, "../escaped.png", png(2));
            add(tar, "a/../../escaped.png", png(3));
            TarArchiveEntry link = new TarArchiveEntry("a/link.png", TarConstants.LF_SYMLINK);
            link.setLinkName("/etc/passwd");
            tar.putArchiveEntry(link);
            tar.closeArchiveEntry();
        }
        String warnings = Logged.during(() -> {
            try (Dataset<Picture> set = open(archive)) {
                assertEquals(List.of("a/1.png"), names(set));
            }
        });
        assertTrue(warnings.contains("refused the link a/link.png"), warnings);
    }

    @Test
    void fewUndecodablePicturesAreSkippedAndNamed() throws IOException {
        for (int i = 0; i < 200; i++) {
            write("a/" + i + ".png", i);
        }
        Files.write(folder.resolve("a/zz.jpg"), truncatedJpeg());
        String warnings = Logged.during(() -> {
            try (Dataset<Picture> set = open("")) {
                assertEquals(200, set.size());
                assertEquals(TestPictures.noise(6, 5, 99), set.sample(199));
            }
        });
        assertTrue(warnings.contains("skipped: cannot decode picture a/zz.jpg: the file is truncated"), warnings);
        assertTrue(warnings.contains("skipped 1 of 201 pictures"), warnings);
    }

    @Test
    void moreThanOnePercentUndecodableStops() throws IOException {
        for (int i = 0; i < 98; i++) {
            write("a/" + i + ".png", i);
        }
        Files.write(folder.resolve("a/t.jpg"), truncatedJpeg());
        Files.writeString(folder.resolve("a/text.png"), "hello");
        assertFails(
                "2 of the 100 pictures in " + folder + " cannot be decoded, more than 1 %; remove or repair them."
                        + " The first: cannot decode picture a/t.jpg: the file is truncated",
                folder.toString());
    }

    @Test
    void textNamedPngIsAnError() throws IOException {
        Files.writeString(folder.resolve("note.png"), "hello");
        assertFails("The first: cannot decode picture note.png: no reader knows its format", folder.toString());
    }

    @Test
    void hugeHeaderIsRefused() throws IOException {
        byte[] huge = png(1);
        ByteBuffer.wrap(huge).putInt(16, 20_000).putInt(20, 20_000);
        CRC32 crc = new CRC32();
        crc.update(huge, 12, 17);
        ByteBuffer.wrap(huge).putInt(29, (int) crc.getValue());
        Files.write(folder.resolve("huge.png"), huge);
        assertFails("picture huge.png is 20000x20000, over the limit", folder.toString());
    }

    @Test
    void missingFolderPartAndArchiveAreNamed() throws IOException {
        write("train/a/1.png", 1);
        pack("set.zip", Map.of("train/a/1.png", png(1)));
        assertFails("no such file or folder: " + folder + "/nowhere", folder + "/nowhere");
        assertFails("no such file or folder: " + folder + "/no.zip!/train", folder + "/no.zip!/train");
        assertFails("no part val in " + folder + "/set.zip; it holds train/", folder + "/set.zip!/val");
        assertThrows(NoSuchFileException.class, () -> open("test"));
    }

    @Test
    void folderWithoutPicturesIsAnError() throws IOException {
        assertFails("no pictures in " + folder + ": expected JPEG", folder.toString());
        Files.writeString(folder.resolve("notes.txt"), "hello");
        assertFails("found 1 other files, such as notes.txt", folder.toString());
    }

    @Test
    void knownFilesThatAreNotReadAreCounted() throws IOException {
        write("a/1.png", 1);
        for (String name : List.of("a/2.heic", "a/3.HEIC", "a/4.avif", "a/notes.txt")) {
            Files.writeString(folder.resolve(name), "x");
        }
        String warnings = Logged.during(() -> open("").close());
        assertTrue(warnings.contains("left out of " + folder.resolve("") + ": 2 .heic, 1 .avif; convert"), warnings);
    }

    @Test
    void recordingsThatAreNotReadAreNoPictures() throws IOException {
        Files.writeString(folder.resolve("1.flac"), "x");
        Files.writeString(folder.resolve("2.mp3"), "x");
        IOException e = assertThrows(
                IOException.class, () -> Kinds.open(folder.toString(), DataOptions.DEFAULT, Selection.ALL));
        assertEquals(
                "no WAV files in " + folder + ": found 1 .flac, 1 .mp3; convert recordings to WAV", e.getMessage());
    }

    @Test
    void oneBadEntryOfAnArchiveIsSkippedAndNamed() throws IOException {
        Map<String, byte[]> files = new TreeMap<>();
        for (int i = 0; i < 120; i++) {
            files.put("a/%03d.png".formatted(i), png(i));
        }
        pack("set.zip", files);
        byte[] bytes = Files.readAllBytes(folder.resolve("set.zip"));
        bytes[30 + "a/000.png".length()] = 7; // the first entry's data: a block of no type that deflate knows
        Files.write(folder.resolve("set.zip"), bytes);
        String warnings = Logged.during(() -> {
            try (Dataset<?> set =
                    Kinds.open(folder.resolve("set.zip").toString(), DataOptions.DEFAULT, Selection.ALL)) {
                assertEquals(119, set.size());
                assertEquals(1, set.skipped());
            }
        });
        assertTrue(warnings.contains("skipped: cannot read a/000.png"), warnings);
    }

    @ParameterizedTest
    @ValueSource(strings = {"set.tar", "set.tar.gz", "set.zip"})
    void truncatedArchiveIsAnError(String archive) throws IOException {
        Map<String, byte[]> files = new TreeMap<>();
        for (int i = 0; i < 40; i++) {
            files.put("a/" + i + ".png", TestPictures.encoded(TestPictures.noise(20, 20, i), "png"));
        }
        pack(archive, files);
        byte[] whole = Files.readAllBytes(folder.resolve(archive));
        Files.write(folder.resolve(archive), Arrays.copyOf(whole, whole.length / 2));
        assertThrows(IOException.class, () -> open(archive));
    }

    @Test
    void compressedTarBeyondTheMemoryBoundIsRefused() throws IOException {
        pack("set.tar.gz", Map.of("1.png", png(1), "2.png", png(2)));
        IllegalStateException e = assertThrows(
                IllegalStateException.class, () -> Container.gzippedTar(folder.resolve("set.tar.gz"), 300));
        assertTrue(String.valueOf(e.getMessage()).contains("repack it as .tar or .zip"), e.getMessage());
    }

    @Test
    void fingerprintFollowsNamesAndContents() throws IOException {
        write("a/1.png", 1);
        String before = fingerprint();
        assertEquals(before, fingerprint());
        write("a/1.png", 2);
        String changed = fingerprint();
        assertNotEquals(before, changed);
        Files.move(folder.resolve("a/1.png"), folder.resolve("a/2.png"));
        assertNotEquals(changed, fingerprint());
    }

    @Test
    void cacheWithinItsBoundReturnsTheSamePixels() throws IOException {
        for (int i = 0; i < 4; i++) {
            write(i + ".png", i);
        }
        long twoPictures = 2 * 6 * 5 * 3;
        try (Dataset<Picture> set =
                PictureFiles.open(DataFiles.at(folder.toString()), Picture.COLOURS, Selection.ALL, twoPictures)) {
            Set<Picture> decoded = Collections.newSetFromMap(new IdentityHashMap<>());
            for (int i = 0; i < 8; i++) {
                assertEquals(TestPictures.noise(6, 5, i % 4), set.sample(i % 4));
                decoded.add(set.sample(i % 4));
                decoded.add(set.sample(i % 4));
            }
            assertEquals(2 + 2 * 4, decoded.size()); // two kept, two decoded each time
        }
    }

    private String fingerprint() throws IOException {
        try (Dataset<Picture> set = open("")) {
            return set.fingerprint();
        }
    }

    private Dataset<Picture> open(String below) throws IOException {
        return TestPictures.open(folder.resolve(below).toString(), Selection.ALL);
    }

    private void write(String name, long seed) throws IOException {
        TestPictures.write(folder.resolve(name), TestPictures.noise(6, 5, seed));
    }

    private static byte[] png(long seed) {
        return TestPictures.encoded(TestPictures.noise(6, 5, seed), "png");
    }

    private static byte[] truncatedJpeg() {
        byte[] whole = TestPictures.encoded(TestPictures.noise(64, 64, 1), "jpg");
        return Arrays.copyOf(whole, whole.length / 2);
    }

    private static void assertFails(String message, String spec) {
        IOException e = assertThrows(IOException.class, () -> TestPictures.open(spec, Selection.ALL));
        String found = String.valueOf(e.getMessage());
        assertTrue(found.contains(message), found);
        assertFalse(found.contains("\n"), found);
    }

    private static List<String> names(Dataset<Picture> set) {
        List<String> names = new ArrayList<>();
        for (int i = 0; i < set.size(); i++) {
            names.add(set.name(i));
        }
        return names;
    }

    private static List<Integer> labels(Dataset<Picture> set) {
        List<Integer> labels = new ArrayList<>();
        for (int i = 0; i < set.size(); i++) {
            labels.add(set.label(i));
        }
        return labels;
    }

    private void pack(String archive, Map<String, byte[]> files) throws IOException {
        if (archive.endsWith(".zip")) {
            try (ZipOutputStream zip = new ZipOutputStream(output(archive))) {
                for (Map.Entry<String, byte[]> file : files.entrySet()) {
                    zip.putNextEntry(new ZipEntry(file.getKey()));
                    zip.write(file.getValue());
                }
            }
            return;
        }
        try (TarArchiveOutputStream tar = new TarArchiveOutputStream(output(archive))) {
            for (Map.Entry<String, byte[]> file : files.entrySet()) {
                add(tar, "./" + file.getKey(), file.getValue());
            }
        }
    }

    private OutputStream output(String archive) throws IOException {
        OutputStream out = Files.newOutputStream(folder.resolve(archive));
        return archive.endsWith("gz") ? new GZIPOutputStream(out) : out;
    }

    private static void add(TarArchiveOutputStream tar, String name, byte[] content) throws IOException {
        TarArchiveEntry entry = new TarArchiveEntry(name, true);
        entry.setSize(content.length);
        tar.putArchiveEntry(entry);
        tar.write(content);
        tar.closeArchiveEntry();
    }
}
