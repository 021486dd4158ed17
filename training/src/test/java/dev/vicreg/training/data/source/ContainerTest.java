package dev.vicreg.training.data.source;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Names and contents of archives and folders that other systems made. */
class ContainerTest {
    @TempDir
    Path folder;

    @Test
    void namesOfAZipInAnotherEncodingStayDifferent() throws IOException {
        Path archive = folder.resolve("set.zip");
        try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(archive), Charset.forName("ISO-8859-1"))) {
            for (String name : List.of("café/1.txt", "cafè/1.txt", "ok/1.txt")) {
                zip.putNextEntry(new ZipEntry(name));
                zip.write(name.length());
            }
        }
        assertEquals(List.of("caf%E8/1.txt", "caf%E9/1.txt", "ok/1.txt"), names(archive));
    }

    @Test
    void namesOfAZipInUtf8NeedNoFlag() throws IOException {
        Path archive = folder.resolve("set.zip");
        Charset oneByteEach = StandardCharsets.ISO_8859_1; // which the entry then doesn't call UTF-8
        try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(archive), oneByteEach)) {
            zip.putNextEntry(new ZipEntry(new String("猫/1.txt".getBytes(StandardCharsets.UTF_8), oneByteEach)));
        }
        assertEquals(List.of("猫/1.txt"), names(archive));
    }

    @ParameterizedTest
    @ValueSource(strings = {"set.tar", "set.tar.gz"})
    void namesOfATarInAnotherEncodingStayDifferent(String name) throws IOException {
        Path archive = folder.resolve(name);
        String longName = "é".repeat(120) + ".txt"; // beyond a plain header
        try (TarArchiveOutputStream tar = new TarArchiveOutputStream(output(archive), "ISO-8859-1")) {
            tar.setLongFileMode(TarArchiveOutputStream.LONGFILE_GNU);
            for (String entry : List.of("café", "cafè", longName)) {
                add(tar, entry, new byte[] {1});
            }
        }
        assertEquals(List.of("%E9".repeat(120) + ".txt", "caf%E8", "caf%E9"), names(archive));
    }

    @Test
    void namesOfAFolderAreThoseOfItsBytes() {
        Path root = folder.resolve("set");
        assertEquals("猫/1.txt", FileNames.below(root, root.resolve("猫/1.txt")));
        assertEquals("a%E9b", FileNames.decode(new byte[] {'a', (byte) 0xE9, 'b'}));
        assertEquals("%B1%C8é", FileNames.decode(new byte[] {(byte) 0xB1, (byte) 0xC8, (byte) 0xC3, (byte) 0xA9}));
        assertEquals("é%C3", FileNames.decode(new byte[] {(byte) 0xC3, (byte) 0xA9, (byte) 0xC3}));
    }

    /** A file of 1 MiB of which only the last block but one is stored, as {@code tar --sparse} writes it (old GNU format). */
    @ParameterizedTest
    @ValueSource(strings = {"set.tar", "set.tar.gz"})
    void fileWithHolesIsWhole(String name) throws IOException {
        int size = 1 << 20;
        byte[] stored = new byte[512];
        Arrays.fill(stored, (byte) 7);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        byte[] header = new byte[512];
        put(header, 0, "holes.bin");
        put(header, 100, "0000644\0" + "0000000\0" + "0000000\0" + String.format("%011o\0", 512));
        put(header, 136, "00000000000\0" + "        " + "S"); // time, place of the checksum, type
        put(header, 257, "ustar  \0");
        put(header, 386, String.format("%011o\0%011o\0", size - 1024, 512)); // where the stored bytes lie
        put(header, 410, String.format("%011o\0%011o\0", size, 0)); // a hole at the end, too
        put(header, 483, String.format("%011o\0", size));
        int sum = 0;
        for (byte b : header) {
            sum += b & 255;
        }
        put(header, 148, String.format("%06o\0 ", sum));
        bytes.writeBytes(header);
        bytes.writeBytes(stored);
        bytes.writeBytes(new byte[1024]);
        Path archive = folder.resolve(name);
        try (OutputStream out = output(archive)) {
            bytes.writeTo(out);
        }
        try (DataFiles data = DataFiles.at(archive.toString())) {
            byte[] expected = new byte[size];
            System.arraycopy(stored, 0, expected, size - 1024, 512);
            assertEquals(size, data.files().get(0).size());
            assertArrayEquals(expected, data.files().get(0).read());
        }
    }

    /** As {@code tar --sparse --format=posix} writes them: the map of the holes lies before the stored bytes. */
    @ParameterizedTest
    @ValueSource(strings = {"set.tar", "set.tar.gz"})
    void filesBehindFilesWithHolesAreWhole(String name) throws IOException {
        Path archive = folder.resolve(name);
        String longName = "long".repeat(30) + ".txt";
        try (OutputStream out = output(archive)) {
            writeWithHoles(out, "a.bin", 1);
            writeEntry(out, "x", TarConstants.LF_PAX_EXTENDED_HEADER_LC, ascii(record("path", longName)));
            writeEntry(out, longName.substring(0, 99), TarConstants.LF_NORMAL, new byte[] {2});
            writeWithHoles(out, "z.bin", 3);
            out.write(new byte[1024]);
        }
        try (DataFiles data = DataFiles.at(archive.toString())) {
            assertEquals(
                    List.of("a.bin", longName, "z.bin"),
                    data.files().stream().map(DataFile::name).toList());
            assertArrayEquals(withHoles(1), data.files().get(0).read());
            assertArrayEquals(new byte[] {2}, data.files().get(1).read());
            assertArrayEquals(withHoles(3), data.files().get(2).read());
        }
    }

    private static byte[] withHoles(int value) {
        byte[] bytes = new byte[4096];
        Arrays.fill(bytes, 1024, 1536, (byte) value);
        return bytes;
    }

    private static void writeWithHoles(OutputStream out, String name, int value) throws IOException {
        String records = record("GNU.sparse.major", "1")
                + record("GNU.sparse.minor", "0")
                + record("GNU.sparse.name", name)
                + record("GNU.sparse.realsize", "4096");
        writeEntry(out, "x", TarConstants.LF_PAX_EXTENDED_HEADER_LC, ascii(records));
        byte[] stored = Arrays.copyOf(ascii("2\n1024\n512\n4096\n0\n"), 1024);
        Arrays.fill(stored, 512, 1024, (byte) value);
        writeEntry(out, "GNUSparseFile.0/" + name, TarConstants.LF_NORMAL, stored);
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    private static String record(String key, String value) {
        int length = key.length() + value.length() + 5; // with two digits for itself
        return (length > 99 ? length + 1 : length) + " " + key + "=" + value + "\n";
    }

    private static void writeEntry(OutputStream out, String name, byte type, byte[] content) throws IOException {
        TarArchiveEntry entry = new TarArchiveEntry(name, type);
        entry.setSize(content.length);
        byte[] header = new byte[512];
        entry.writeEntryHeader(header);
        out.write(header);
        out.write(Arrays.copyOf(content, (content.length + 511) / 512 * 512));
    }

    @Test
    void entryThatIsNotWhatItsChecksumSaysIsDamaged() throws IOException {
        Path archive = folder.resolve("set.zip");
        byte[] content = "0123456789".repeat(10).getBytes(StandardCharsets.US_ASCII);
        try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(archive))) {
            ZipEntry stored = new ZipEntry("a.txt");
            stored.setMethod(ZipEntry.STORED);
            stored.setSize(content.length);
            java.util.zip.CRC32 crc = new java.util.zip.CRC32();
            crc.update(content);
            stored.setCrc(crc.getValue());
            zip.putNextEntry(stored);
            zip.write(content);
        }
        byte[] bytes = Files.readAllBytes(archive);
        bytes[60] ^= 1; // within the content
        Files.write(archive, bytes);
        try (DataFiles data = DataFiles.at(archive.toString())) {
            IOException e =
                    assertThrows(IOException.class, () -> data.files().get(0).read());
            assertTrue(
                    e.getMessage().contains("cannot read a.txt: ")
                            && e.getMessage().contains("checksum"),
                    e.getMessage());
        }
    }

    @Test
    void damagedChecksumOfACompressedTarIsTold() throws IOException {
        Path archive = folder.resolve("set.tar.gz");
        try (TarArchiveOutputStream tar = new TarArchiveOutputStream(output(archive))) {
            add(tar, "a.txt", new byte[100]);
        }
        byte[] bytes = Files.readAllBytes(archive);
        bytes[bytes.length - 8] ^= 1; // gzip's checksum
        Files.write(archive, bytes);
        assertThrows(IOException.class, () -> names(archive));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            quoteCharacter = '"',
            value = {
                "set.tar.gz; it isn't compressed by gzip",
                "set.TGZ; it isn't compressed by gzip",
                "set.tar; the header of file 1 doesn't have the checksum that it says",
                "set.zip; Archive is not a ZIP archive"
            })
    void whatIsNoArchiveIsToldByTheNameItHas(String name, String reason) throws IOException {
        Path file = Files.writeString(folder.resolve(name), "no archive" + " ".repeat(1024));
        IOException e = assertThrows(IOException.class, () -> names(file));
        assertTrue(
                e.getMessage().startsWith("cannot read the archive " + file + ": damaged or truncated (" + reason),
                e.getMessage());
    }

    @Test
    void compressedFileIsToldByTheNameItHas() {
        DataFile file = new DataFile("idx.gz", 7, () -> new ByteArrayInputStream("no gzip".getBytes(ISO_8859_1)));
        IOException e = assertThrows(IOException.class, () -> file.gunzipped().read());
        assertEquals("cannot read idx.gz: it isn't compressed by gzip", e.getMessage());
    }

    @Test
    void vastEntryOfACompressedTarIsRefusedByItsHeader() throws IOException {
        Path archive = folder.resolve("set.tar.gz");
        TarArchiveEntry vast = new TarArchiveEntry("vast.bin");
        vast.setSize(2_500_000_000L);
        byte[] header = new byte[512];
        vast.writeEntryHeader(header);
        try (OutputStream out = output(archive)) {
            out.write(header);
        }
        IOException e = assertThrows(IOException.class, () -> names(archive));
        assertTrue(e.getMessage().contains(": vast.bin has 2384 MiB"), e.getMessage());
    }

    @ParameterizedTest
    @CsvSource({"fd377a585a00, compressed by xz", "425a6839, compressed by bzip2", "377abcaf271c, a 7z archive"})
    void otherArchivesAreToldApart(String magic, String what) throws IOException {
        Path archive =
                Files.write(folder.resolve("set"), java.util.HexFormat.of().parseHex(magic));
        IOException e = assertThrows(IOException.class, () -> names(archive));
        assertEquals(
                archive + " is " + what + ", which isn't read; unpack it, or repack it as .tar, .tar.gz or .zip",
                e.getMessage());
    }

    @Test
    void fileThatCannotBeReadHasNoFirstBytes() throws IOException {
        DataFile bad = new DataFile("a", 5, () -> {
            throw new IOException("gone");
        });
        assertEquals(0, bad.head().length);
        assertThrows(IOException.class, bad::read);
    }

    @Test
    void leftOutFilesAreCountedByEnding() {
        List<DataFile> files = List.of(file("a.HEIC"), file("b.heic"), file("c.avif"), file("notes"));
        assertEquals("2 .heic, 1 .avif", LeftOut.counts(LeftOut.among(files, List.of(".avif", ".heic"))));
        assertEquals("2 .heic, 1 .avif, 1 without ending", LeftOut.counts(files));
    }

    private static DataFile file(String name) {
        return new DataFile(name, 0, () -> new ByteArrayInputStream(new byte[0]));
    }

    private static void put(byte[] header, int at, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
        System.arraycopy(bytes, 0, header, at, bytes.length);
    }

    private static List<String> names(Path archive) throws IOException {
        try (DataFiles data = DataFiles.at(archive.toString())) {
            return data.files().stream().map(DataFile::name).toList();
        }
    }

    private static OutputStream output(Path archive) throws IOException {
        OutputStream out = Files.newOutputStream(archive);
        return archive.toString().endsWith("gz") ? new GZIPOutputStream(out) : out;
    }

    private static void add(TarArchiveOutputStream tar, String name, byte[] content) throws IOException {
        TarArchiveEntry entry = new TarArchiveEntry(name, true);
        entry.setSize(content.length);
        tar.putArchiveEntry(entry);
        tar.write(content);
        tar.closeArchiveEntry();
    }
}
