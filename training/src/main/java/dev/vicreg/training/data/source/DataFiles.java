package dev.vicreg.training.data.source;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a user names as data: a folder, an archive, a single file, or with {@code DIR/train}, {@code ARCHIVE!/train} a part
 * of one. It is listed, and archives are unpacked, when somebody first asks for the files, and once. Not thread-safe.
 */
public final class DataFiles implements Closeable {
    private static final Logger log = LoggerFactory.getLogger(DataFiles.class);
    private static final String IN_ARCHIVE = "!/";

    private final String spec;
    private final Path path;
    private final String part; // folder inside, without slashes around it; empty for all
    private final boolean plainFile;
    private final Opening opening;
    private @Nullable Container container;
    private @Nullable List<DataFile> files;
    private @Nullable NpyFile array;

    private DataFiles(String spec, Path path, String part, Opening opening) {
        this.spec = spec;
        this.path = path;
        this.part = part;
        plainFile = part.isEmpty() && Files.isRegularFile(path);
        this.opening = opening;
    }

    /** For tests: files that were listed elsewhere. */
    DataFiles(String spec, Container container) {
        this(spec, Path.of(spec), "", Opening.UNHEARD);
        this.container = container;
    }

    /**
     * What lies there.
     *
     * @param spec as a user writes it
     * @throws NoSuchFileException if there is no such folder or file
     */
    public static DataFiles at(String spec) throws IOException {
        return at(spec, Opening.UNHEARD);
    }

    /** The same for data whose opening is followed. */
    public static DataFiles at(String spec, Opening opening) throws IOException {
        int separator = spec.indexOf(IN_ARCHIVE);
        if (separator > 0) {
            Path path = existing(spec, Path.of(spec.substring(0, separator)));
            return new DataFiles(spec, path, spec.substring(separator + 2).replaceAll("^/+|/+$", ""), opening);
        }
        Path path = Path.of(spec);
        Path parent = path.toAbsolutePath().getParent();
        if (!Files.exists(path) && parent != null && Files.exists(parent) && isPartName(path)) {
            return new DataFiles(
                    spec, parent, String.valueOf(path.getFileName()), opening); // the training files of CIFAR, say
        }
        return new DataFiles(spec, existing(spec, path), "", opening);
    }

    private static boolean isPartName(Path path) {
        return path.endsWith("train") || path.endsWith("test");
    }

    private static Path existing(String spec, Path path) throws IOException {
        if (!Files.exists(path)) {
            throw new NoSuchFileException("no such file or folder: " + spec);
        }
        return path;
    }

    /** As the user wrote it. */
    public String spec() {
        return spec;
    }

    /** Who follows the opening. */
    public Opening opening() {
        return opening;
    }

    /** The folder, archive or file on disk. */
    public Path path() {
        return path;
    }

    /** The folder inside that was asked for; empty for all. */
    public String part() {
        return part;
    }

    /** Whether it is one plain file whose name ends so. */
    public boolean isFile(String ending) {
        return plainFile && path.toString().toLowerCase(Locale.ROOT).endsWith(ending);
    }

    /**
     * The array in NumPy's format that it is known to be; closed with this.
     *
     * @throws IOException if it is none
     */
    public NpyFile array() throws IOException {
        NpyFile known = array;
        if (known == null) {
            known = NpyFile.open(path);
            array = known;
        }
        return known;
    }

    /**
     * The files of the part, sorted by name, which is relative to it.
     *
     * @throws IOException if a folder cannot be read or an archive is damaged
     */
    public List<DataFile> files() throws IOException {
        List<DataFile> known = files;
        if (known == null) {
            known = part.isEmpty() ? container().files() : below(container().files());
            files = known;
        }
        return known;
    }

    private List<DataFile> below(List<DataFile> all) {
        String prefix = part + "/";
        return all.stream()
                .filter(file -> file.name().startsWith(prefix))
                .map(file -> file.renamed(file.name().substring(prefix.length())))
                .toList();
    }

    /** All files, whatever the part. */
    public List<DataFile> all() throws IOException {
        return container().files();
    }

    /** Where files are that tell of others: beside a single file, else among those of the part. */
    public List<DataFile> beside() throws IOException {
        return container().singleFile() ? Container.beside(path) : files();
    }

    private Container container() throws IOException {
        Container known = container;
        if (known == null) {
            known = Container.of(path);
            container = known;
        }
        return known;
    }

    /** Tells of samples for training and for tests that are used together. */
    public void warnOfMixture(Samples<?> samples) {
        if (samples.mixesTrainAndTest()) {
            log.warn(
                    "{} holds both train/ and test/ and all of it is used; to keep them apart, name {}",
                    spec,
                    Files.isDirectory(path) ? spec + "/train" : spec + IN_ARCHIVE + "train");
        }
    }

    /**
     * The error for a part that isn't there, if it isn't.
     *
     * @throws NoSuchFileException naming what is there instead
     */
    public void requirePart() throws IOException {
        if (!part.isEmpty() && files().isEmpty()) {
            List<String> tops = all().stream()
                    .map(file -> file.name().replaceFirst("/.*", "/"))
                    .distinct()
                    .limit(5)
                    .toList();
            throw new NoSuchFileException("no part " + part + " in "
                    + container().where() + "; it holds " + (tops.isEmpty() ? "nothing" : String.join(", ", tops)));
        }
    }

    /** Closes an archive or an array that is open. Idempotent. */
    @Override
    public void close() throws IOException {
        if (container != null) {
            container.resource().close();
        }
        if (array != null) { // then there is no archive
            array.close();
        }
    }
}
