package dev.vicreg.training.data.source;

import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Files of a data set that nobody reads. */
public final class LeftOut {
    private static final Logger log = LoggerFactory.getLogger(LeftOut.class);
    private static final int LISTED = 6;

    private LeftOut() {}

    /** Those whose names end so, in capitals or small letters. */
    public static List<DataFile> among(List<DataFile> files, List<String> endings) {
        return files.stream()
                .filter(file -> endings.stream().anyMatch(file::endsWith))
                .toList();
    }

    /** How many there are of each ending, the most frequent first: {@code 3 .heic, 1 .avif}. */
    public static String counts(List<DataFile> files) {
        Map<String, Long> counts =
                files.stream().collect(Collectors.groupingBy(LeftOut::ending, TreeMap::new, Collectors.counting()));
        String listed = counts.entrySet().stream()
                .sorted(Map.Entry.comparingByValue(Comparator.reverseOrder()))
                .limit(LISTED)
                .map(count -> count.getValue() + " " + count.getKey())
                .collect(Collectors.joining(", "));
        return counts.size() > LISTED ? listed + ", …" : listed;
    }

    private static String ending(DataFile file) {
        String name = file.baseName();
        int dot = name.lastIndexOf('.');
        return dot < 0 ? "without ending" : name.substring(dot).toLowerCase(Locale.ROOT);
    }

    /**
     * Warns of files that hold samples in a form that isn't read, if there are any.
     *
     * @param endings of such files
     * @param remedy what to do with them
     */
    public static void warn(String where, List<DataFile> files, List<String> endings, String remedy) {
        List<DataFile> leftOut = among(files, endings);
        if (!leftOut.isEmpty()) {
            log.warn("left out of {}: {}; {}", where, counts(leftOut), remedy);
        }
    }
}
