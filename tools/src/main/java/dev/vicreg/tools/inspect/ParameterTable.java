package dev.vicreg.tools.inspect;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Named tensors: how many there are, and which.
 *
 * @param rows in the order in which they are told
 */
record ParameterTable(List<Row> rows) {
    /** Lists that are rather longer are cut to this many rows, half of them from the end. */
    private static final int SHOWN = 20;

    /**
     * One tensor.
     *
     * @param element its type, such as {@code float}
     * @param shape in brackets
     * @param bytes as stored
     */
    record Row(String name, String element, String shape, long elements, long bytes) {}

    long elements() {
        return rows.stream().mapToLong(Row::elements).sum();
    }

    long bytes() {
        return rows.stream().mapToLong(Row::bytes).sum();
    }

    void print(Page page, String label, String note, boolean all) {
        page.row(
                label,
                rows.isEmpty()
                        ? "none"
                        : Sizes.count(rows.size(), "tensor") + note + ", " + Sizes.count(elements(), "value") + ", "
                                + Sizes.bytes(bytes()));
        boolean cut = !all && rows.size() > SHOWN + 4;
        List<List<String>> table = new ArrayList<>();
        for (int i = 0; i < rows.size(); i++) {
            Row row = rows.get(i);
            if (!cut || i < SHOWN / 2 || i >= rows.size() - SHOWN / 2) {
                table.add(List.of(row.name, row.element, row.shape, Sizes.count(row.elements)));
            } else if (i == SHOWN / 2) {
                table.add(List.of("… " + (rows.size() - SHOWN) + " more, listed by --all", "", "", ""));
            }
        }
        page.table(table);
    }

    List<Map<String, Object>> values() {
        return rows.stream()
                .map(row -> Map.<String, Object>of(
                        "name", row.name,
                        "type", row.element,
                        "shape", row.shape,
                        "elements", row.elements,
                        "bytes", row.bytes))
                .toList();
    }
}
