package dev.vicreg.training.data;

import dev.vicreg.training.data.kind.Kind;
import dev.vicreg.training.data.picture.PictureKind;
import dev.vicreg.training.data.sequence.SequenceKind;
import dev.vicreg.training.data.signal.SignalKind;
import dev.vicreg.training.data.source.DataFile;
import dev.vicreg.training.data.source.DataFiles;
import dev.vicreg.training.data.source.DataOptions;
import dev.vicreg.training.data.source.Dataset;
import dev.vicreg.training.data.source.Selection;
import dev.vicreg.training.data.vector.VectorKind;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.function.ToIntFunction;
import java.util.stream.Collectors;

/**
 * The kinds of data there are, and which of them a user's data are.
 *
 * <ul>
 *   <li>a folder of pictures, at any depth, or a single picture: JPEG, PNG, BMP, GIF, TIFF, WebP, told by content where the
 *       name has another ending;
 *   <li>a .tar, .tar.gz or .zip of pictures, read without unpacking. A .tar.gz is kept in memory, up to half of the
 *       Java heap;
 *   <li>.npy of bytes [N,H,W,C], [N,C,H,W] or [N,H,W]: pictures;
 *   <li>tables: .csv with a header, .npy of [N,D], see {@link dev.vicreg.training.data.vector.VectorFiles};
 *   <li>a folder or an archive of WAV files, a single one, or .npy of [N,C,T]: signals;
 *   <li>.npy of whole numbers [N,T], .ids with a sequence a line, .txt with a text a line, a folder or an archive of .txt
 *       files and nothing else of the above: sequences, see {@link dev.vicreg.training.data.sequence.SequenceFiles};
 *   <li>CIFAR-10 and CIFAR-100 in their binary version, MNIST-style IDX files (also gzipped): the file, or a folder or
 *       an archive of them.
 * </ul>
 */
public final class Kinds {
    /** All kinds; the first is meant where nothing tells. */
    public static final List<Kind<?>> ALL =
            List.of(PictureKind.PICTURES, VectorKind.VECTORS, SignalKind.SIGNALS, SequenceKind.SEQUENCES);

    private Kinds() {}

    /**
     * What the samples are, without reading them.
     *
     * @throws IOException if it cannot be told
     */
    public static Kind<?> of(DataFiles data) throws IOException {
        for (Kind<?> kind : ALL) {
            if (kind.endings().stream().anyMatch(data::isFile)) {
                return kind;
            }
        }
        if (data.isFile(".npy")) {
            for (Kind<?> kind : ALL) {
                if (kind.isArray(data.array().header())) {
                    return kind;
                }
            }
            throw new IOException(data.path() + " holds an array of shape "
                    + Arrays.toString(data.array().shape()) + ", expected " + arrays());
        }
        List<DataFile> files = data.files();
        Kind<?> most = most(kind -> kind.filesAmong(files));
        return most.filesAmong(files) > 0 ? most : most(kind -> kind.unreadAmong(files));
    }

    /** The kind that more speaks for than for any before it. */
    private static Kind<?> most(ToIntFunction<Kind<?>> evidence) {
        Kind<?> most = ALL.get(0);
        for (Kind<?> kind : ALL) {
            most = evidence.applyAsInt(kind) > evidence.applyAsInt(most) ? kind : most;
        }
        return most;
    }

    /** What the samples of a data set are. */
    public static Kind<?> of(Dataset<?> data) {
        return ALL.stream()
                .filter(kind -> kind.noun().equals(data.noun()))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("no kind of data is called " + data.noun()));
    }

    private static String arrays() {
        List<String> forms =
                ALL.stream().map(Kind::arrays).filter(form -> !form.isEmpty()).toList();
        int last = forms.size() - 1;
        return forms.subList(0, last).stream().collect(Collectors.joining(", ")) + " or " + forms.get(last);
    }

    /**
     * Opens the selected samples of any kind, which {@link #of} tells; the data set closes their files.
     *
     * @throws IOException if there are none, or they are damaged
     */
    public static Dataset<?> open(String spec, DataOptions options, Selection selection) throws IOException {
        DataFiles data = DataFiles.at(spec);
        Kind<?> kind;
        try {
            kind = of(data);
        } catch (Throwable e) { // whatever it is, and thrown on
            data.close();
            throw e;
        }
        return open(kind, data, options, selection);
    }

    /** @param data closed if this fails */
    static <S> Dataset<S> open(Kind<S> kind, DataFiles data, DataOptions options, Selection selection)
            throws IOException {
        try {
            return kind.open(data, options, selection);
        } catch (Throwable e) { // whatever it is, and thrown on
            data.close();
            throw e;
        }
    }
}
