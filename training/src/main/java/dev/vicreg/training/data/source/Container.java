package dev.vicreg.training.data.source;

import dev.vicreg.runtime.file.Reason;
import java.io.BufferedInputStream;
import java.io.ByteArrayInputStream;
import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Enumeration;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import java.util.zip.CheckedInputStream;
import java.util.zip.GZIPInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.archivers.zip.ZipArchiveEntry;
import org.apache.commons.compress.archivers.zip.ZipFile;
import org.apache.commons.compress.utils.BoundedSeekableByteChannelInputStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The files of a folder or an archive, sorted by name. Nothing is unpacked to disk.
 *
 * <p>Hidden files are left out. Links are followed when they lead to a file of the same folder, and refused otherwise;
 * in archives every link is refused, as the file that it stands for is there under its own name. Names out of an archive
 * never become paths, so {@code ../} in them does no harm.
 *
 * @param where what messages call it
 * @param singleFile whether it stands for one plain file rather than for a folder or an archive
 * @param resource closed with the data set
 */
public record Container(String where, List<DataFile> files, boolean singleFile, Closeable resource) {
    private static final Logger log = LoggerFactory.getLogger(Container.class);
    private static final int TAR_MAGIC_AT = 257;
    private static final String REPLACED = "?"; // what the library puts for bytes that are no UTF-8
    private static final String UTF_8 = "UTF-8";
    private static final String ISO_8859_1 = "ISO-8859-1";

    /** Everything below a folder, a single file, or the content of an archive, told by content. */
    static Container of(Path path) throws IOException {
        if (Files.isDirectory(path)) {
            return folder(path);
        }
        byte[] head = head(path);
        requireKnown(path, head);
        if (DataFile.startsWith(head, 'P', 'K') || isNamed(path, ".zip")) {
            return zip(path);
        }
        if (isTar(head) || isNamed(path, ".tar")) {
            return tar(path);
        }
        boolean gzip = DataFile.startsWith(head, 0x1F, 0x8B);
        if ((gzip && isTar(gunzippedHead(path))) || isNamed(path, ".tar.gz") || isNamed(path, ".tgz")) {
            return gzippedTar(path, Runtime.getRuntime().maxMemory() / 2);
        }
        DataFile file = onDisk(path, String.valueOf(path.getFileName()), Files.size(path));
        return new Container(path.toString(), List.of(file), true, () -> {});
    }

    private static boolean isNamed(Path path, String ending) {
        return path.toString().toLowerCase(Locale.ROOT).endsWith(ending);
    }

    private record Packing(String name, int... magic) {}

    private static final List<Packing> UNKNOWN = List.of(
            new Packing("compressed by xz", 0xFD, '7', 'z', 'X', 'Z'),
            new Packing("compressed by bzip2", 'B', 'Z', 'h'),
            new Packing("compressed by zstd", 0x28, 0xB5, 0x2F, 0xFD),
            new Packing("a 7z archive", '7', 'z', 0xBC, 0xAF),
            new Packing("a RAR archive", 'R', 'a', 'r', '!'));

    private static void requireKnown(Path path, byte[] head) throws IOException {
        for (Packing packing : UNKNOWN) {
            if (DataFile.startsWith(head, packing.magic)) {
                throw new IOException(path + " is " + packing.name
                        + ", which isn't read; unpack it, or repack it as .tar, .tar.gz or .zip");
            }
        }
    }

    /** The plain files in the same folder. */
    static List<DataFile> beside(Path file) throws IOException {
        List<DataFile> files = new ArrayList<>();
        Path folder = Objects.requireNonNull(file.toAbsolutePath().getParent(), "a file lies in a folder");
        try (Stream<Path> paths = Files.list(folder)) {
            for (Path path : (Iterable<Path>) paths.filter(Files::isRegularFile).sorted()::iterator) {
                files.add(onDisk(path, String.valueOf(path.getFileName()), Files.size(path)));
            }
        }
        return files;
    }

    private static Container folder(Path folder) throws IOException {
        Path root = folder.toRealPath();
        List<DataFile> files = new ArrayList<>();
        Files.walkFileTree(root, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes attributes) {
                boolean hidden = !directory.equals(root) && isHidden(FileNames.below(root, directory));
                return hidden ? FileVisitResult.SKIP_SUBTREE : FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFileFailed(Path file, IOException e) throws IOException {
                throw new IOException("cannot read " + file + ": " + Reason.of(e), e);
            }

            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                String name = FileNames.below(root, file);
                if (isHidden(name)) {
                    return FileVisitResult.CONTINUE;
                }
                if (attributes.isSymbolicLink()) {
                    followInside(root, file, name, files);
                } else if (attributes.isRegularFile()) {
                    files.add(onDisk(file, name, attributes.size()));
                }
                return FileVisitResult.CONTINUE;
            }
        });
        return sorted(folder.toString(), files, () -> {});
    }

    private static void followInside(Path root, Path link, String name, List<DataFile> files) throws IOException {
        if (!Files.exists(link)) {
            log.warn("refused the link {} in {}: it leads nowhere", name, root);
            return;
        }
        Path target = link.toRealPath();
        if (!target.startsWith(root)) {
            log.warn("refused the link {} in {}: it leaves the folder", name, root);
        } else if (Files.isRegularFile(target)) {
            files.add(onDisk(target, name, Files.size(target)));
        } // a folder inside is visited under its own name
    }

    private static DataFile onDisk(Path file, String name, long size) {
        return new DataFile(name, size, () -> Files.newInputStream(file));
    }

    private static Container zip(Path path) throws IOException {
        ZipFile zip;
        try {
            zip = ZipFile.builder().setPath(path).get();
        } catch (IOException e) {
            throw damaged(path, e);
        }
        List<DataFile> files = new ArrayList<>();
        List<String> escaped = new ArrayList<>();
        Enumeration<ZipArchiveEntry> entries = zip.getEntries();
        while (entries.hasMoreElements()) {
            ZipArchiveEntry entry = entries.nextElement();
            String name = clean(name(entry, escaped));
            if (entry.isUnixSymlink()) {
                refuseLink(name, path);
            } else if (!entry.isDirectory() && !isHidden(name)) {
                files.add(new DataFile(name, entry.getSize(), () -> new Checked(zip.getInputStream(entry), entry)));
            }
        }
        warnOfNames(path, escaped);
        return sorted(path.toString(), files, zip);
    }

    /** What the entry says in Unicode; else its bytes, since many tools write those of their locale. */
    private static String name(ZipArchiveEntry entry, List<String> escaped) {
        byte[] raw = entry.getRawName();
        if (raw == null || entry.getNameSource() != ZipArchiveEntry.NameSource.NAME) {
            return entry.getName();
        }
        String name = FileNames.decode(raw);
        if (!name.equals(entry.getName())) { // the library replaces what is no UTF-8
            escaped.add(name);
        }
        return name;
    }

    private static void warnOfNames(Path archive, List<String> escaped) {
        if (!escaped.isEmpty()) {
            log.warn(
                    "{} of the names in {} are no UTF-8, such as {}: their other bytes are shown as %XX",
                    escaped.size(), archive, escaped.get(0));
        }
    }

    /** An entry's bytes; their end is where the archive's checksum is compared, which its reader doesn't do. */
    private static final class Checked extends CheckedInputStream {
        private final ZipArchiveEntry entry;

        Checked(InputStream in, ZipArchiveEntry entry) {
            super(in, new CRC32());
            this.entry = entry;
        }

        @Override
        public int read() throws IOException {
            return checked(super.read());
        }

        @Override
        public int read(byte[] into, int from, int count) throws IOException {
            return checked(super.read(into, from, count));
        }

        private int checked(int result) throws IOException {
            if (result < 0 && getChecksum().getValue() != entry.getCrc()) {
                throw new IOException("damaged: its bytes don't have the checksum that the archive says");
            }
            return result;
        }
    }

    private static Container tar(Path path) throws IOException {
        List<TarArchiveEntry> entries = new ArrayList<>();
        List<Long> starts = new ArrayList<>();
        List<String> names;
        try (FileChannel file = FileChannel.open(path, StandardOpenOption.READ);
                TarArchiveInputStream tar = new TarArchiveInputStream(Channels.newInputStream(file), UTF_8)) {
            // The library's TarFile takes what lies behind a sparse file for an entry, if the format is POSIX's.
            for (TarArchiveEntry entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
                entries.add(entry);
                starts.add(file.position());
                requireChecksum(entry, entries.size());
                if (!entry.isSparse() && entry.getSize() > file.size() - file.position()) {
                    throw new EOFException(entry.getName());
                }
            }
            names = names(entries, path, Files::newInputStream);
        } catch (IOException e) {
            throw damaged(path, e);
        }
        List<DataFile> files = new ArrayList<>();
        FileChannel channel = FileChannel.open(path, StandardOpenOption.READ);
        for (int i = 0; i < names.size(); i++) {
            TarArchiveEntry entry = entries.get(i);
            if (isWanted(entry, names.get(i), path)) {
                DataFile.Content content =
                        entry.isSparse() ? inPieces(path, i) : inOnePiece(starts.get(i), entry.getSize(), channel);
                files.add(new DataFile(names.get(i), size(entry), content));
            }
        }
        return sorted(path.toString(), files, channel);
    }

    private static DataFile.Content inOnePiece(long start, long size, FileChannel channel) {
        return () -> new BoundedSeekableByteChannelInputStream(start, size, channel);
    }

    /** A file with holes: the library puts it together when it comes by. */
    private static DataFile.Content inPieces(Path path, int index) {
        return () -> {
            InputStream file = new BufferedInputStream(Files.newInputStream(path), 1 << 16);
            try {
                TarArchiveInputStream tar = new TarArchiveInputStream(file, UTF_8);
                for (int i = 0; i <= index; i++) {
                    tar.getNextEntry();
                }
                return tar;
            } catch (IOException | RuntimeException e) {
                file.close();
                throw e;
            }
        };
    }

    private static void requireChecksum(TarArchiveEntry entry, int number) throws IOException {
        if (!entry.isCheckSumOK()) { // the library leaves that to its users
            throw new IOException("the header of file " + number + " doesn't have the checksum that it says");
        }
    }

    private static long size(TarArchiveEntry entry) {
        return entry.isSparse() ? entry.getRealSize() : entry.getSize();
    }

    private interface Opening {
        InputStream open(Path path) throws IOException;
    }

    /** The entries' names; read a second time, byte by byte, where one is no UTF-8. */
    private static List<String> names(List<TarArchiveEntry> entries, Path path, Opening opening) throws IOException {
        List<String> names = new ArrayList<>();
        entries.forEach(entry -> names.add(clean(entry.getName())));
        if (names.stream().noneMatch(name -> name.contains(REPLACED))) {
            return names;
        }
        List<String> escaped = new ArrayList<>();
        try (TarArchiveInputStream bytes = new TarArchiveInputStream(opening.open(path), ISO_8859_1)) {
            for (int i = 0; i < names.size(); i++) {
                String raw = bytes.getNextEntry().getName();
                if (names.get(i).contains(REPLACED) && !names.get(i).equals(clean(raw))) {
                    names.set(i, clean(FileNames.decode(raw.getBytes(StandardCharsets.ISO_8859_1))));
                    escaped.add(names.get(i));
                }
            }
        }
        warnOfNames(path, escaped);
        return names;
    }

    /**
     * A compressed archive cannot be read out of order: one pass keeps the files in memory, encoded as they are.
     *
     * @param bound bytes that may be kept
     */
    public static Container gzippedTar(Path path, long bound) throws IOException {
        List<TarArchiveEntry> entries = new ArrayList<>();
        List<byte[]> contents = new ArrayList<>();
        long kept = 0;
        List<String> names;
        try (InputStream unpacked = gunzipped(path);
                TarArchiveInputStream tar = new TarArchiveInputStream(unpacked, UTF_8)) {
            for (TarArchiveEntry entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
                boolean wanted = entry.isFile() && !isHidden(clean(entry.getName())) && !isLink(entry);
                long size = wanted ? size(entry) : 0;
                if (size > DataFile.MAX_SIZE) {
                    throw new IOException(path + ": " + entry.getName() + " has " + (size >> 20)
                            + " MiB, and files in a .tar.gz have to be kept in memory, at most "
                            + (DataFile.MAX_SIZE >> 20) + " MiB each; unpack it, or repack it as .tar or .zip");
                }
                kept += size;
                if (kept > bound) {
                    throw new IllegalStateException(path + " holds more than " + (bound >> 20)
                            + " MiB, half of the Java heap, and a .tar.gz has to be kept in memory;"
                            + " unpack it, repack it as .tar or .zip, or raise -Xmx");
                }
                entries.add(entry);
                requireChecksum(entry, entries.size());
                contents.add(wanted ? tar.readNBytes((int) size) : new byte[0]);
            }
            unpacked.transferTo(OutputStream.nullOutputStream()); // to the checksum of all, behind the archive's end
            names = names(entries, path, Container::gunzipped);
        } catch (IOException e) {
            throw e.getMessage() != null && e.getMessage().startsWith(path.toString()) ? e : damaged(path, e);
        }
        List<DataFile> files = new ArrayList<>();
        for (int i = 0; i < names.size(); i++) {
            byte[] bytes = contents.get(i);
            if (isWanted(entries.get(i), names.get(i), path)) {
                files.add(new DataFile(names.get(i), bytes.length, () -> new ByteArrayInputStream(bytes)));
            }
        }
        return sorted(path.toString(), files, () -> {});
    }

    private static InputStream gunzipped(Path path) throws IOException {
        return new GZIPInputStream(new BufferedInputStream(Files.newInputStream(path), 1 << 16), 1 << 16);
    }

    private static boolean isWanted(TarArchiveEntry entry, String name, Path archive) {
        if (isLink(entry)) {
            refuseLink(name, archive);
            return false;
        }
        return entry.isFile() && !isHidden(name);
    }

    private static boolean isLink(TarArchiveEntry entry) {
        return entry.isSymbolicLink() || entry.isLink();
    }

    private static void refuseLink(String name, Path archive) {
        log.warn("refused the link {} in {}: links in archives are not followed", name, archive);
    }

    private static IOException damaged(Path archive, IOException e) {
        return new IOException(
                "cannot read the archive " + archive + ": damaged or truncated (" + Reason.of(e) + ")", e);
    }

    /** Names of one archive are written {@code ./train/a.jpg}, of another {@code train\a.jpg}. */
    private static String clean(String name) {
        String forward = name.replace('\\', '/');
        while (forward.startsWith("./") || forward.startsWith("/")) {
            forward = forward.substring(forward.indexOf('/') + 1);
        }
        return forward;
    }

    private static boolean isHidden(String name) {
        return name.startsWith(".") || name.contains("/.") || name.startsWith("__MACOSX/");
    }

    private static Container sorted(String where, List<DataFile> files, Closeable resource) {
        files.sort(Comparator.comparing(DataFile::name));
        return new Container(where, files, false, resource);
    }

    private static byte[] head(Path path) throws IOException {
        try (InputStream in = Files.newInputStream(path)) {
            return in.readNBytes(512);
        }
    }

    private static byte[] gunzippedHead(Path path) {
        try (InputStream in = new GZIPInputStream(Files.newInputStream(path))) {
            return in.readNBytes(512);
        } catch (IOException e) {
            return new byte[0]; // told as damaged by whoever reads on
        }
    }

    private static boolean isTar(byte[] head) {
        return head.length == 512 && new String(head, TAR_MAGIC_AT, 5, StandardCharsets.ISO_8859_1).equals("ustar");
    }
}
