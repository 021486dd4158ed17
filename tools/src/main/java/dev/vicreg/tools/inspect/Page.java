package dev.vicreg.tools.inspect;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Text for a screen of {@value #WIDTH} columns: labelled rows and aligned tables. */
final class Page {
    private static final int WIDTH = 80;
    private static final int LABEL = 13;
    /** Blanks before each column of a table. */
    private static final int GAP = 2;
    /** What a table's last column has at least, if it needs it. */
    private static final int LAST = 24;

    private final StringBuilder text = new StringBuilder();

    /** A line; what a terminal would obey is shown as what it is. */
    void line(String line) {
        line.stripTrailing().codePoints().forEach(this::append);
        text.append('\n');
    }

    /** Files may hold anything in their names. */
    private void append(int character) {
        int type = Character.getType(character);
        if (type == Character.CONTROL || type == Character.FORMAT) {
            text.append(String.format(Locale.ROOT, "\\u%04x", character));
        } else {
            text.appendCodePoint(character);
        }
    }

    /** A label and what belongs to it, wrapped between words. */
    void row(String label, String content) {
        String start = pad(label, LABEL);
        for (String line : wrapped(content, WIDTH - LABEL)) {
            line(start + line);
            start = " ".repeat(LABEL);
        }
    }

    /**
     * Indented rows whose columns are aligned, to the right where all of a column's cells are numbers. The last column
     * takes what is left and is wrapped; where the first is too wide, its middle is left out.
     *
     * @param rows of equal length
     */
    void table(List<List<String>> rows) {
        if (rows.isEmpty()) {
            return;
        }
        int last = rows.get(0).size() - 1;
        int[] widths = new int[last + 1];
        boolean[] numbers = new boolean[last + 1];
        for (int i = 0; i <= last; i++) {
            int column = i;
            widths[i] = rows.stream()
                    .mapToInt(row -> row.get(column).length())
                    .max()
                    .orElse(0);
            numbers[i] = rows.stream().allMatch(row -> row.get(column).matches("[0-9,]*"));
        }
        int others = GAP * (last + 1) + Math.min(widths[last], LAST);
        for (int i = 1; i < last; i++) {
            others += widths[i];
        }
        widths[0] = Math.min(widths[0], WIDTH - others);
        for (List<String> row : rows) {
            StringBuilder start = new StringBuilder();
            for (int i = 0; i < last; i++) {
                start.append(" ".repeat(GAP)).append(aligned(shortened(row.get(i), widths[i]), widths[i], numbers[i]));
            }
            start.append(" ".repeat(GAP));
            String cell = numbers[last] ? aligned(row.get(last), widths[last], true) : row.get(last);
            for (String line : wrapped(cell, WIDTH - start.length())) {
                line(start + line);
                start.replace(0, start.length(), " ".repeat(start.length()));
            }
        }
    }

    private static String aligned(String cell, int width, boolean right) {
        return right ? " ".repeat(Math.max(0, width - cell.length())) + cell : pad(cell, width);
    }

    private static String pad(String cell, int width) {
        return cell + " ".repeat(Math.max(0, width - cell.length()));
    }

    private static String shortened(String cell, int width) {
        if (cell.length() <= width || width < 5) {
            return cell;
        }
        int front = (width - 1) / 2;
        return cell.substring(0, front) + "…" + cell.substring(cell.length() - (width - 1 - front));
    }

    private static List<String> wrapped(String content, int width) {
        if (content.length() <= width) {
            return List.of(content);
        }
        List<String> lines = new ArrayList<>();
        StringBuilder line = new StringBuilder();
        for (String word : content.split(" ", -1)) {
            if (!line.isEmpty() && line.length() + 1 + word.length() > width) {
                lines.add(line.toString());
                line.setLength(0);
            }
            line.append(line.isEmpty() ? "" : " ").append(word);
            while (line.length() > width) { // a path or a list without blanks
                lines.add(line.substring(0, width));
                line.delete(0, width);
            }
        }
        lines.add(line.toString());
        return lines;
    }

    @Override
    public String toString() {
        return text.toString();
    }
}
