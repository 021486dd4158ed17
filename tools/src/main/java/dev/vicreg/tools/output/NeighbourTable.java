package dev.vicreg.tools.output;

import dev.vicreg.runtime.search.SearchIndex;
import java.nio.file.Path;
import java.util.List;
import org.apache.commons.csv.CSVFormat;

/** What searches found as CSV, with a header line. */
public final class NeighbourTable {
    private static final CSVFormat FORM =
            CSVFormat.DEFAULT.builder().setRecordSeparator("\n").get();

    private NeighbourTable() {}

    /** Query, rank from 1, path and score: a line for each that was found. */
    public static String csv(List<Path> queries, List<List<SearchIndex.Match>> found) {
        StringBuilder table = new StringBuilder("query,rank,path,score\n");
        for (int i = 0; i < queries.size(); i++) {
            int rank = 1;
            for (SearchIndex.Match match : found.get(i)) {
                table.append(line(queries.get(i), rank++, match.path(), match.score()));
            }
        }
        return table.toString();
    }

    /** A line with its end. */
    public static String line(Object... values) {
        return FORM.format(values) + "\n";
    }
}
