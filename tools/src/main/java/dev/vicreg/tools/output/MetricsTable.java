package dev.vicreg.tools.output;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import org.apache.commons.csv.CSVFormat;
import org.apache.commons.csv.CSVPrinter;

/**
 * The metrics of a run as CSV: a row for each line, a column for each name in any of them, as they first come. Findings, which
 * are texts, and lists of layers are left out.
 */
public final class MetricsTable {
    private static final String FINDING = "finding";
    private static final String LAYERS = "layers";

    private MetricsTable() {}

    /**
     * Writes the table with a header; reads the file twice, and keeps no line in memory.
     *
     * @param metrics the run's metrics.jsonl
     * @throws IOException if it can't be read, or {@code out} can't be written
     */
    public static void write(Path metrics, Appendable out) throws IOException {
        Set<String> columns = new LinkedHashSet<>();
        new MetricLines(metrics).forEach(line -> {
            if (!line.has(FINDING)) {
                columns.addAll(MetricLines.values(line).keySet());
            }
        });
        columns.remove(LAYERS);
        CSVFormat format = CSVFormat.DEFAULT
                .builder()
                .setHeader(columns.toArray(new String[0]))
                .setRecordSeparator('\n')
                .get();
        CSVPrinter table = new CSVPrinter(out, format);
        new MetricLines(metrics).forEach(line -> {
            if (line.has(FINDING)) {
                return;
            }
            Map<String, JsonNode> values = MetricLines.values(line);
            for (String column : columns) {
                JsonNode value = values.get(column);
                table.print(
                        value == null || value.isNull() ? "" : value.isValueNode() ? value.asText() : value.toString());
            }
            table.println();
        });
        table.flush();
    }
}
