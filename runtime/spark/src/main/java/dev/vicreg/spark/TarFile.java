package dev.vicreg.spark;

import dev.vicreg.runtime.file.Reason;
import java.io.EOFException;
import java.io.IOException;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * An archive of samples, which isn't compressed, so that each can be read apart.
 *
 * @param file as Hadoop opens it
 * @param prefix what stands before the names of its entries
 */
record TarFile(String file, String prefix) implements Serializable {
    private static final Logger log = LoggerFactory.getLogger(TarFile.class);

    /**
     * Where its samples lie; of several entries of one name the last, which unpacking would leave. Links are refused, as
     * the file that they stand for is there under its own name.
     *
     * @param endings of the samples' names
     * @throws IOException if it is damaged or can't be read
     */
    List<Location> entries(Configuration hadoop, Set<String> endings) throws IOException {
        Path path = new Path(file);
        FileSystem files = path.getFileSystem(hadoop);
        long size = files.getFileStatus(path).getLen();
        Map<String, Location> found = new LinkedHashMap<>();
        try (FSDataInputStream in = files.open(path);
                TarArchiveInputStream tar = new TarArchiveInputStream(in, "UTF-8")) {
            for (TarArchiveEntry entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
                long start = in.getPos();
                if (!entry.isCheckSumOK()) { // the library leaves that to its users
                    throw new IOException("a header doesn't have the checksum that it says");
                }
                String name = clean(entry.getName());
                if (entry.isSymbolicLink() || entry.isLink()) {
                    log.warn("refused the link {} in {}: links in archives are not followed", name, file);
                } else if (entry.isFile() && !Location.isHidden(name) && endings.contains(Location.ending(name))) {
                    found.put(name, location(entry, name, start, size));
                }
            }
        } catch (IOException e) {
            throw new IOException("cannot read the archive " + file + ": " + Reason.of(e), e);
        }
        return new ArrayList<>(found.values());
    }

    private Location location(TarArchiveEntry entry, String name, long start, long size) throws IOException {
        if (entry.isSparse()) {
            throw new IOException(name + " is stored with holes, which isn't read here; repack it without");
        }
        if (entry.getSize() > size - start) {
            throw new EOFException(name);
        }
        return new Location(prefix + name, Location.className(name), file, start, entry.getSize());
    }

    /** Names of one archive are written {@code ./train/a.jpg}, of another {@code train\a.jpg}. */
    private static String clean(String name) {
        String forward = name.replace('\\', '/');
        while (forward.startsWith("./") || forward.startsWith("/")) {
            forward = forward.substring(forward.indexOf('/') + 1);
        }
        return forward;
    }
}
