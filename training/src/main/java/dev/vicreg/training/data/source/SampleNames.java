package dev.vicreg.training.data.source;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Finds the samples of a set by what a user writes in a file beside it. */
public final class SampleNames {
    /** What stands before the number in the names of samples that have no name of their own. */
    private static final List<String> ROWS = List.of("row ", "signal ");

    private final Dataset<?> data;
    private final String where;
    private final Map<String, Integer> byName = new HashMap<>();

    /**
     * Names for the samples of a set.
     *
     * @param where the set as the user named it; of a folder, its path
     */
    public SampleNames(Dataset<?> data, String where) {
        this.data = data;
        this.where = where;
        for (int i = 0; i < data.size(); i++) {
            byName.put(data.name(i), i);
        }
    }

    public Dataset<?> data() {
        return data;
    }

    public String where() {
        return where;
    }

    /**
     * The place of a sample: a path relative to {@code folder} or absolute, which leads into the set's folder; or the name
     * inside the set; or the number of a row, from 1. Null where there is none.
     */
    @Nullable
    public Integer find(String text, Path folder) {
        Integer found = null;
        try {
            Path root = Path.of(where).toAbsolutePath().normalize();
            Path path = folder.resolve(text).toAbsolutePath().normalize();
            if (path.startsWith(root) && !path.equals(root)) {
                found = byName.get(root.relativize(path).toString().replace('\\', '/'));
            }
        } catch (InvalidPathException e) {
            found = null; // no path: a name inside an archive perhaps
        }
        if (found == null) {
            found = byName.get(text.replace('\\', '/'));
        }
        for (int i = 0; i < ROWS.size() && found == null; i++) {
            found = byName.get(ROWS.get(i) + text);
        }
        return found;
    }
}
