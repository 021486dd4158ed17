package dev.vicreg.spark;

import dev.vicreg.runtime.input.Input;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.jspecify.annotations.Nullable;

/**
 * Where a sample lies.
 *
 * @param path its name in the data, with {@code /} between folders: {@code bird/1.jpg}, {@code set.tar!/bird/1.jpg}
 * @param label its class; null where it has none
 * @param file the file that holds it, as Hadoop opens it
 * @param offset of its first byte in the file
 * @param length in bytes; {@value #WHOLE} for all of the file, whatever it has
 */
record Location(String path, @Nullable String label, String file, long offset, long length) {
    static final long WHOLE = -1;

    static final StructType SCHEMA = new StructType()
            .add("path", DataTypes.StringType, false)
            .add("label", DataTypes.StringType, true)
            .add("file", DataTypes.StringType, false)
            .add("offset", DataTypes.LongType, false)
            .add("length", DataTypes.LongType, false);

    /** What files end in, in small letters and without the dot, that hold a picture each, a signal or a text. */
    private static final Map<String, Set<String>> ENDINGS = Map.of(
            "pictures", Set.of("jpg", "jpeg", "png", "bmp", "gif", "webp", "tif", "tiff"),
            "signals", Set.of("wav", "wave"),
            "texts", Set.of("txt"));

    /** What samples are called, in the plural. */
    static String noun(Input<?> input) {
        return input instanceof Input.Sequences ids && ids.ofTexts() ? "texts" : input.noun();
    }

    /**
     * What the files of such samples end in.
     *
     * @throws IllegalStateException if they don't stand in files of their own
     */
    static Set<String> endings(String noun) {
        Set<String> endings = ENDINGS.get(noun);
        if (endings == null) {
            throw new IllegalStateException("the model takes " + noun
                    + ", which don't stand in files of their own; expected one of pictures, signals or texts,"
                    + " the engine local embeds the others");
        }
        return endings;
    }

    static Location of(Row row) {
        return new Location(
                row.getString(0),
                row.isNullAt(1) ? null : row.getString(1),
                row.getString(2),
                row.getLong(3),
                row.getLong(4));
    }

    Row row() {
        return RowFactory.create(path, label, file, offset, length);
    }

    /** The part of a name behind its last dot, in small letters; empty where there is none. */
    static String ending(String name) {
        return name.substring(name.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT);
    }

    /** The last of the folders of a name; null at the top. */
    static @Nullable String className(String name) {
        String[] parts = name.split("/", -1);
        return parts.length > 1 ? parts[parts.length - 2] : null;
    }

    /** Whether a name is one that data sets leave out. */
    static boolean isHidden(String name) {
        return name.startsWith(".") || name.contains("/.") || name.startsWith("__MACOSX/");
    }

    @Override
    public String toString() {
        return Objects.requireNonNull(path);
    }
}
