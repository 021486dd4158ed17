package dev.vicreg.training.data;

import dev.vicreg.runtime.picture.Picture;
import dev.vicreg.runtime.signal.Signal;
import dev.vicreg.training.data.picture.CifarBinary;
import dev.vicreg.training.data.picture.IdxFiles;
import dev.vicreg.training.data.picture.PictureDataset;
import dev.vicreg.training.data.picture.SelectedPictures;
import dev.vicreg.training.data.sequence.SequenceDataset;
import dev.vicreg.training.data.sequence.SequenceFiles;
import dev.vicreg.training.data.signal.SelectedSignals;
import dev.vicreg.training.data.signal.SignalArray;
import dev.vicreg.training.data.signal.SignalDataset;
import dev.vicreg.training.data.signal.SignalFormat;
import dev.vicreg.training.data.source.Dataset;
import dev.vicreg.training.data.source.Modality;
import dev.vicreg.training.data.source.NpyFile;
import dev.vicreg.training.data.source.Reading;
import dev.vicreg.training.data.source.SampleFiles;
import dev.vicreg.training.data.source.SampleSource;
import dev.vicreg.training.data.source.Selection;
import dev.vicreg.training.data.source.SourceFile;
import dev.vicreg.training.data.source.SourceFiles;
import dev.vicreg.training.data.vector.VectorFiles;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Opens what a user names as data.
 *
 * <ul>
 *   <li>a folder of pictures, at any depth, or a single picture: JPEG, PNG, BMP, GIF, WebP, told by content where the
 *       name has another ending;
 *   <li>a .tar, .tar.gz or .zip of pictures, read without unpacking. A .tar.gz is kept in memory, up to half of the
 *       Java heap;
 *   <li>tables: .csv with a header, .npy of [N,D], see {@link VectorFiles};
 *   <li>a folder or an archive of WAV files, a single one, or .npy of [N,C,T]: signals;
 *   <li>.npy of whole numbers [N,T], .ids with a sequence a line, .txt with a text a line, a folder or an archive of .txt
 *       files and nothing else of the above: sequences, see {@link SequenceFiles};
 *   <li>CIFAR-10 and CIFAR-100 in their binary version, MNIST-style IDX files (also gzipped): the file, or a folder or
 *       an archive of them.
 * </ul>
 *
 * <p>{@code DIR/train}, {@code ARCHIVE!/train} select a part: a folder inside, or the training or test files of CIFAR and
 * IDX sets.
 */
public final class Datasets {
    private static final Logger log = LoggerFactory.getLogger(Datasets.class);
    private static final String IN_ARCHIVE = "!/";
    private static final String TEXT = ".txt";

    private Datasets() {}

    /**
     * What the samples of a data set are, without reading them.
     *
     * @throws IOException if there is nothing of the kind, or it cannot be told
     */
    public static Modality modality(String spec) throws IOException {
        Path path = Path.of(spec);
        if (Files.isRegularFile(path) && endsWith(path, ".csv")) {
            return Modality.VECTORS;
        }
        if (Files.isRegularFile(path) && endsWith(path, ".npy")) {
            NpyFile.Header header = NpyFile.header(path);
            return switch (header.shape().length) {
                case 2 -> header.holdsIds() ? Modality.SEQUENCES : Modality.VECTORS;
                case 3 -> Modality.SIGNALS;
                default ->
                    throw new IOException(path + " holds an array of shape " + Arrays.toString(header.shape())
                            + ", expected [N,D] for vectors, [N,C,T] for signals or whole numbers [N,T] for ids");
            };
        }
        if (Files.isRegularFile(path) && (endsWith(path, ".ids") || endsWith(path, TEXT))) {
            return Modality.SEQUENCES;
        }
        Location location = locate(spec);
        SourceFiles container = SourceFiles.of(location.path());
        Closeable resource = container.resource();
        try {
            List<SourceFile> inside = below(container.files(), location.part());
            long recordings = recordings(inside).size();
            long pictures = pictures(inside).size();
            if (recordings > pictures) {
                return Modality.SIGNALS;
            }
            boolean nothingElse = pictures == 0 && inside.stream().allMatch(file -> endsWith(file.name(), TEXT));
            return nothingElse && !inside.isEmpty() ? Modality.SEQUENCES : Modality.PICTURES;
        } finally {
            resource.close();
        }
    }

    private static boolean endsWith(Path path, String ending) {
        return endsWith(path.toString(), ending);
    }

    private static boolean endsWith(String name, String ending) {
        return name.toLowerCase(Locale.ROOT).endsWith(ending);
    }

    /**
     * Opens the selected samples of any kind, which {@link #modality} tells.
     *
     * @throws IOException if there are none, or they are damaged
     */
    public static Dataset open(String spec, Reading reading, Selection selection) throws IOException {
        Path path = Path.of(spec);
        return switch (modality(spec)) {
            case PICTURES -> open(spec, selection);
            case VECTORS ->
                endsWith(path, ".csv")
                        ? VectorFiles.csv(path, reading, selection)
                        : VectorFiles.npy(path, reading, selection);
            case SIGNALS ->
                endsWith(path, ".npy")
                        ? new SelectedSignals(spec, SignalArray.read(path, reading), selection, 0)
                        : recordings(spec, reading, selection);
            case SEQUENCES ->
                endsWith(path, ".npy")
                        ? SequenceFiles.npy(path, reading, selection)
                        : endsWith(path, ".ids")
                                ? SequenceFiles.ids(path, reading, selection)
                                : texts(spec, path, selection);
        };
    }

    private static SequenceDataset texts(String spec, Path path, Selection selection) throws IOException {
        if (Files.isRegularFile(path) && endsWith(path, TEXT)) {
            return SequenceFiles.texts(path, selection);
        }
        Location location = locate(spec);
        SourceFiles container = SourceFiles.of(location.path());
        List<SourceFile> files = below(container.files(), location.part());
        try (SampleFiles<String> source = new SampleFiles<>(container, files, SequenceFiles.TEXT)) {
            warnOfMixture(spec, location, source);
            return SequenceFiles.texts(spec, source, selection);
        }
    }

    private static SignalDataset recordings(String spec, Reading reading, Selection selection) throws IOException {
        Location location = locate(spec);
        SourceFiles container = SourceFiles.of(location.path());
        try {
            List<SourceFile> files = recordings(below(container.files(), location.part()));
            SampleSource<Signal> source = new SampleFiles<>(container, files, new SignalFormat(reading));
            warnOfMixture(spec, location, source);
            return new SelectedSignals(
                    spec, source, selection, Runtime.getRuntime().maxMemory() / 4);
        } catch (IOException | RuntimeException e) {
            container.resource().close();
            throw e;
        }
    }

    /** By name too, so that a damaged one is told of. */
    private static List<SourceFile> recordings(List<SourceFile> files) throws IOException {
        List<SourceFile> recordings = new ArrayList<>();
        for (SourceFile file : files) {
            if (file.name().toLowerCase(Locale.ROOT).matches(".*\\.(wav|wave)") || Signal.isWav(file.firstBytes(12))) {
                recordings.add(file);
            }
        }
        return recordings;
    }

    /**
     * Opens the selected pictures; small ones are kept decoded, up to a quarter of the Java heap.
     *
     * @param spec as a user writes it
     * @throws NoSuchFileException if there is no such folder, file or part
     * @throws IOException if it holds no pictures, an archive is damaged, or more than 1 % of the pictures cannot be
     *     decoded (found out here for all but very large sets, see {@link SelectedPictures})
     */
    public static PictureDataset open(String spec, Selection selection) throws IOException {
        return open(spec, selection, Runtime.getRuntime().maxMemory() / 4);
    }

    /**
     * As above.
     *
     * @param cacheBytes bound on the decoded pictures that are kept in memory
     */
    public static PictureDataset open(String spec, Selection selection, long cacheBytes) throws IOException {
        Location location = locate(spec);
        SourceFiles container = SourceFiles.of(location.path());
        try {
            SampleSource<Picture> source = source(spec, container, location);
            warnOfMixture(spec, location, source);
            return new SelectedPictures(spec, source, selection, cacheBytes);
        } catch (IOException | RuntimeException e) {
            container.resource().close();
            throw e;
        }
    }

    private static void warnOfMixture(String spec, Location location, SampleSource<?> source) {
        if (source.mixesTrainAndTest()) {
            log.warn(
                    "{} holds both train/ and test/ and all of it is used; to keep them apart, name {}",
                    spec,
                    Files.isDirectory(location.path()) ? spec + "/train" : spec + IN_ARCHIVE + "train");
        }
    }

    /** @param part folder inside, without slashes around it; empty for all */
    private record Location(Path path, String part) {}

    private static Location locate(String spec) throws IOException {
        int separator = spec.indexOf(IN_ARCHIVE);
        if (separator > 0) {
            Path path = existing(spec, Path.of(spec.substring(0, separator)));
            return new Location(path, spec.substring(separator + 2).replaceAll("^/+|/+$", ""));
        }
        Path path = Path.of(spec);
        Path parent = path.toAbsolutePath().getParent();
        if (!Files.exists(path) && parent != null && Files.exists(parent) && isPartName(path)) {
            return new Location(parent, String.valueOf(path.getFileName())); // the training files of CIFAR, say
        }
        return new Location(existing(spec, path), "");
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

    private static SampleSource<Picture> source(String spec, SourceFiles container, Location location)
            throws IOException {
        List<SourceFile> inside = below(container.files(), location.part());
        List<SourceFile> pictures = pictures(inside);
        if (!pictures.isEmpty()) {
            return new SampleFiles<>(container, pictures, SelectedPictures.FORMAT);
        }
        SampleSource<Picture> raw = inside.isEmpty()
                ? rawPart(container.files(), location.part())
                : raw(inside, container.singleFile() ? SourceFiles.beside(location.path()) : inside);
        if (raw == null) {
            throw noPictures(spec, container, location.part(), inside);
        }
        container.resource().close();
        return raw;
    }

    private static List<SourceFile> below(List<SourceFile> files, String part) {
        if (part.isEmpty()) {
            return files;
        }
        String prefix = part + "/";
        return files.stream()
                .filter(file -> file.name().startsWith(prefix))
                .map(file -> file.renamed(file.name().substring(prefix.length())))
                .toList();
    }

    private static List<SourceFile> pictures(List<SourceFile> files) throws IOException {
        List<SourceFile> pictures = new ArrayList<>();
        for (SourceFile file : files) {
            if (SourceFile.isPictureName(file.name()) || SourceFile.isPictureContent(file.firstBytes(12))) {
                pictures.add(file);
            }
        }
        return pictures;
    }

    /** The parts of raw sets are files, not folders. */
    private static @Nullable SampleSource<Picture> rawPart(List<SourceFile> files, String part) throws IOException {
        if (!part.equals("train") && !part.equals("test")) {
            return null;
        }
        boolean test = part.equals("test");
        List<SourceFile> wanted = files.stream()
                .filter(file -> test == (CifarBinary.isTest(file) || IdxFiles.isTest(file)))
                .toList();
        return raw(wanted, files);
    }

    /** @param beside where labels and class names are looked for */
    private static @Nullable SampleSource<Picture> raw(List<SourceFile> files, List<SourceFile> beside)
            throws IOException {
        List<SourceFile> cifar = files.stream().filter(CifarBinary::matches).toList();
        if (!cifar.isEmpty()) {
            return CifarBinary.read(cifar, beside);
        }
        List<SourceFile> idx = files.stream().filter(IdxFiles::matches).toList();
        return idx.isEmpty() ? null : IdxFiles.read(idx, beside);
    }

    private static IOException noPictures(String spec, SourceFiles container, String part, List<SourceFile> inside) {
        if (inside.isEmpty() && !part.isEmpty()) {
            List<String> tops = container.files().stream()
                    .map(file -> file.name().replaceFirst("/.*", "/"))
                    .distinct()
                    .limit(5)
                    .toList();
            return new NoSuchFileException("no part " + part + " in " + container.where() + "; it holds "
                    + (tops.isEmpty() ? "nothing" : String.join(", ", tops)));
        }
        return new IOException("no pictures in " + spec + ": expected JPEG, PNG, BMP, GIF or WebP files, CIFAR's .bin"
                + " batches or IDX files, found "
                + (inside.isEmpty()
                        ? "no files"
                        : inside.size() + " other files, such as "
                                + inside.get(0).name())
                + "; a folder of texts holds .txt files alone, and .ids, .csv and .npy files are named themselves");
    }
}
