package dev.vicreg.tools.evaluation.measure;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Figures of some spaces side by side.
 *
 * @param columns the spaces' names with their figures, the first the one that the others are compared with
 */
public record FigureTable(Map<String, List<Figure>> columns) {
    private static final String NONE = "-";

    /** For a person: a line for each figure that any space has, a column for each space. */
    public String text() {
        Map<String, String> names = new LinkedHashMap<>(); // by key, in the order in which measures give them
        columns.values().forEach(figures -> figures.forEach(figure -> names.putIfAbsent(figure.key(), figure.name())));
        List<List<String>> rows = new ArrayList<>();
        List<String> heading = new ArrayList<>(List.of(""));
        heading.addAll(columns.keySet());
        rows.add(heading);
        names.forEach((key, name) -> {
            List<String> row = new ArrayList<>(List.of(name));
            columns.values().forEach(figures -> row.add(cell(figures, key)));
            rows.add(row);
        });
        return aligned(rows);
    }

    private static String cell(List<Figure> figures, String key) {
        return figures.stream()
                .filter(figure -> figure.key().equals(key))
                .map(Figure::text)
                .findFirst()
                .orElse(NONE);
    }

    private static String aligned(List<List<String>> rows) {
        int[] widths = new int[rows.get(0).size()];
        for (List<String> row : rows) {
            for (int c = 0; c < widths.length; c++) {
                widths[c] = Math.max(widths[c], row.get(c).length());
            }
        }
        StringBuilder text = new StringBuilder();
        for (List<String> row : rows) {
            text.append("  ")
                    .append(row.get(0))
                    .append(" ".repeat(widths[0] - row.get(0).length()));
            for (int c = 1; c < widths.length; c++) {
                text.append("  ")
                        .append(" ".repeat(widths[c] - row.get(c).length()))
                        .append(row.get(c));
            }
            text.append(System.lineSeparator());
        }
        return text.toString();
    }
}
