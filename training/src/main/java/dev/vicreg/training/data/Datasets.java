package dev.vicreg.training.data;

import dev.vicreg.training.data.kind.Kind;
import dev.vicreg.training.data.source.DataFiles;
import dev.vicreg.training.data.source.DataOptions;
import dev.vicreg.training.data.source.Dataset;
import dev.vicreg.training.data.source.Opening;
import dev.vicreg.training.data.source.Selection;
import java.io.Closeable;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The data sets of a command. Whoever needs one asks here, and gets what was opened before if it was: files are listed,
 * archives unpacked and samples checked once. Closing closes them all. Not thread-safe.
 */
public final class Datasets implements Closeable {
    private final Map<String, Kind<?>> kinds = new HashMap<>();
    private final Map<String, DataFiles> found = new HashMap<>(); // not opened yet
    private final List<Opened> opened = new ArrayList<>();
    private final Opening opening;

    /** Data sets whose opening nobody follows. */
    public Datasets() {
        this(Opening.UNHEARD);
    }

    /** Data sets whose opening is followed. */
    public Datasets(Opening opening) {
        this.opening = opening;
    }

    private record Opened(String spec, DataOptions options, Selection selection, Dataset<?> data) {
        boolean is(String name, DataOptions asked, Selection selected) {
            return spec.equals(name) && options.equals(asked) && selection.equals(selected);
        }
    }

    /**
     * What the samples are, without reading them.
     *
     * @param spec as a user writes it
     * @throws IOException if there is nothing of that name, or it cannot be told
     */
    public Kind<?> kind(String spec) throws IOException {
        Kind<?> kind = kinds.get(spec);
        if (kind == null) {
            DataFiles files = DataFiles.at(spec, opening);
            found.put(spec, files);
            kind = Kinds.of(files);
            kinds.put(spec, kind);
        }
        return kind;
    }

    /**
     * The selected samples of any kind, which the caller leaves open.
     *
     * @throws IOException if there are none, or they are damaged
     */
    public Dataset<?> open(String spec, DataOptions options, Selection selection) throws IOException {
        for (Opened known : opened) {
            if (known.is(spec, options, selection)) {
                return known.data;
            }
        }
        Kind<?> kind = kind(spec);
        DataFiles listed = found.remove(spec); // from now on they are the data set's
        DataFiles files = listed == null ? DataFiles.at(spec, opening) : listed;
        Dataset<?> data = Kinds.open(kind, files, options, selection);
        opened.add(new Opened(spec, options, selection, data));
        return data;
    }

    /** Says that a data set which was opened here is the same under these options, now that they are known in full. */
    public void alsoReadAs(DataOptions options, Dataset<?> data) {
        for (Opened known : List.copyOf(opened)) {
            if (known.data == data) {
                opened.add(new Opened(known.spec, options, known.selection, data));
            }
        }
    }

    @Override
    public void close() throws IOException {
        List<Closeable> all = new ArrayList<>(found.values());
        opened.forEach(known -> all.add(known.data));
        found.clear();
        opened.clear();
        IOException failure = null;
        for (Closeable each : all) {
            failure = closed(each, failure);
        }
        if (failure != null) {
            throw failure;
        }
    }

    private static @Nullable IOException closed(Closeable resource, @Nullable IOException before) {
        try {
            resource.close();
            return before;
        } catch (IOException e) {
            if (before == null) {
                return e;
            }
            before.addSuppressed(e);
            return before;
        }
    }
}
