package dev.vicreg.tools.inspect;

import dev.vicreg.models.graph.Tensor;
import dev.vicreg.training.run.CheckpointFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** A checkpoint: parameters and statistics by name, moving averages of them, and the optimizer's state. */
record CheckpointInspection(
        Path file, long bytes, ParameterTable parameters, ParameterTable averages, ParameterTable state)
        implements Inspection {
    private static final List<String> AVERAGES = List.of("ema.", "target.");

    static CheckpointInspection of(Path file) throws IOException {
        List<ParameterTable.Row> parameters = new ArrayList<>();
        List<ParameterTable.Row> averages = new ArrayList<>();
        List<ParameterTable.Row> state = new ArrayList<>();
        for (Map.Entry<String, Tensor> entry : CheckpointFile.read(file).entrySet()) {
            Tensor tensor = entry.getValue();
            ParameterTable.Row row = new ParameterTable.Row(
                    entry.getKey(),
                    tensor.type().element().name().toLowerCase(Locale.ROOT),
                    tensor.shape().toString(),
                    tensor.shape().elements(),
                    tensor.data().length);
            boolean isAverage = AVERAGES.stream().anyMatch(row.name()::startsWith);
            (row.name().startsWith("optimizer.") ? state : isAverage ? averages : parameters).add(row);
        }
        return new CheckpointInspection(
                file,
                Files.size(file),
                new ParameterTable(parameters),
                new ParameterTable(averages),
                new ParameterTable(state));
    }

    @Override
    public String page(boolean all) {
        Page page = new Page();
        page.line(file + ": checkpoint, " + Sizes.bytes(bytes));
        print(page, all);
        return page.toString();
    }

    void print(Page page, boolean all) {
        parameters.print(page, "parameters", ", statistics among them", all);
        if (!averages.rows().isEmpty()) {
            print(page, averages, "averages", " of parameters and statistics", all);
        }
        print(page, state, "optimizer", " of state", all);
    }

    private static void print(Page page, ParameterTable table, String label, String note, boolean all) {
        if (all) {
            table.print(page, label, note, true);
        } else {
            page.row(
                    label,
                    Sizes.count(table.rows().size(), "tensor") + note + ", " + Sizes.bytes(table.bytes())
                            + (table.rows().isEmpty() ? "" : "; listed by --all"));
        }
    }

    @Override
    public Map<String, Object> values() {
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("kind", "checkpoint");
        values.put("file", file.toString());
        values.put("bytes", bytes);
        values.put("parameters", parameters.values());
        values.put("averages", averages.values());
        values.put("optimizer", state.values());
        return values;
    }
}
