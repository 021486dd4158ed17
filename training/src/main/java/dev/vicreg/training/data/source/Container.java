package dev.vicreg.training.data.source;

import java.io.BufferedInputStream;
import java.io.ByteArrayInputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
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
import java.util.zip.GZIPInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.archivers.tar.TarFile;
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

    /** Everything below a folder, a single file, or the content of an archive, told by content. */
    static Container of(Path path) throws IOException {
        if (Files.isDirectory(path)) {
            return folder(path);
        }
        byte[] head = head(path);
        if (DataFile.startsWith(head, 'P', 'K')) {
            return zip(path);
        }
        if (isTar(head) || path.toString().toLowerCase(Locale.ROOT).endsWith(".tar")) {
            return tar(path);
        }
        if (DataFile.startsWith(head, 0x1F, 0x8B) && isTar(gunzippedHead(path))) {
            return gzippedTar(path, Runtime.getRuntime().maxMemory() / 2);
        }
        DataFile file = onDisk(path, String.valueOf(path.getFileName()), Files.size(path));
        return new Container(path.toString(), List.of(file), true, () -> {});
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
                boolean hidden = !directory.equals(root) && isHidden(nameOf(root, directory));
                return hidden ? FileVisitResult.SKIP_SUBTREE : FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFileFailed(Path file, IOException e) throws IOException {
                throw new IOException("cannot read " + file + ": " + e, e); // the JDK's message may be a bare path
            }

            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                String name = nameOf(root, file);
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

    private static String nameOf(Path root, Path file) {
        return root.relativize(file).toString().replace('\\', '/');
    }

    private static Container zip(Path path) throws IOException {
        ZipFile zip;
        try {
            zip = ZipFile.builder().setPath(path).get();
        } catch (IOException e) {
            throw damaged(path, e);
        }
        List<DataFile> files = new ArrayList<>();
        Enumeration<ZipArchiveEntry> entries = zip.getEntries();
        while (entries.hasMoreElements()) {
            ZipArchiveEntry entry = entries.nextElement();
            if (entry.isUnixSymlink()) {
                refuseLink(entry.getName(), path);
            } else if (!entry.isDirectory() && !isHidden(clean(entry.getName()))) {
                files.add(new DataFile(clean(entry.getName()), entry.getSize(), () -> zip.getInputStream(entry)));
            }
        }
        return sorted(path.toString(), files, zip);
    }

    private static Container tar(Path path) throws IOException {
        List<DataFile> files = new ArrayList<>();
        FileChannel channel = FileChannel.open(path, StandardOpenOption.READ);
        try (TarFile tar = new TarFile(path)) {
            for (TarArchiveEntry entry : tar.getEntries()) {
                if (isWanted(entry, path)) {
                    long start = entry.getDataOffset();
                    long size = entry.getSize();
                    files.add(new DataFile(
                            clean(entry.getName()),
                            size,
                            () -> new BoundedSeekableByteChannelInputStream(start, size, channel)));
                }
            }
        } catch (IOException e) {
            channel.close();
            throw damaged(path, e);
        }
        return sorted(path.toString(), files, channel);
    }

    /**
     * A compressed archive cannot be read out of order: one pass keeps the files in memory, encoded as they are.
     *
     * @param bound bytes that may be kept
     */
    public static Container gzippedTar(Path path, long bound) throws IOException {
        List<DataFile> files = new ArrayList<>();
        long kept = 0;
        try (TarArchiveInputStream tar = new TarArchiveInputStream(
                new GZIPInputStream(new BufferedInputStream(Files.newInputStream(path), 1 << 16), 1 << 16))) {
            for (TarArchiveEntry entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
                if (!isWanted(entry, path)) {
                    continue;
                }
                kept += entry.getSize();
                if (kept > bound) {
                    throw new IllegalStateException(path + " holds more than " + (bound >> 20)
                            + " MiB, half of the Java heap, and a .tar.gz has to be kept in memory;"
                            + " unpack it, repack it as .tar or .zip, or raise -Xmx");
                }
                byte[] bytes = tar.readNBytes(Math.toIntExact(entry.getSize()));
                files.add(new DataFile(clean(entry.getName()), bytes.length, () -> new ByteArrayInputStream(bytes)));
            }
        } catch (IOException e) {
            throw damaged(path, e);
        }
        return sorted(path.toString(), files, () -> {});
    }

    private static boolean isWanted(TarArchiveEntry entry, Path archive) {
        if (entry.isSymbolicLink() || entry.isLink()) {
            refuseLink(entry.getName(), archive);
            return false;
        }
        return entry.isFile() && !entry.isSparse() && !isHidden(clean(entry.getName()));
    }

    private static void refuseLink(String name, Path archive) {
        log.warn("refused the link {} in {}: links in archives are not followed", name, archive);
    }

    private static IOException damaged(Path archive, IOException e) {
        return new IOException(
                "cannot read the archive " + archive + ": damaged or truncated (" + e.getMessage() + ")", e);
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
