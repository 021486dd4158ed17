package dev.vicreg.tools.report;

import dev.vicreg.tools.evaluation.Look;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What samples look like, as the page's script draws it. Not thread-safe. */
final class Looks {
    private static final int CURVE_COLUMNS = 96;
    private static final int FULL_SCALE = 100;
    private static final int MOST_CHARACTERS = 240;
    private static final int MOST_CELLS = 32;

    private final SpriteSheet sheet;
    private final List<Map<String, Object>> looks = new ArrayList<>();

    /**
     * None so far.
     *
     * @param side of the largest picture, in pixels
     * @param limit bytes of all pictures together
     */
    Looks(int side, int limit) {
        sheet = new SpriteSheet(side, limit);
    }

    /** Adds one; returns its place, from 0. */
    int add(Look look) {
        looks.add(json(look));
        return looks.size() - 1;
    }

    /** For the page: {@code sheet} with the pictures, and {@code all} in their order. */
    Map<String, Object> json() throws IOException {
        return new LinkedHashMap<>(Map.of("sheet", sheet.json(), "all", looks));
    }

    private Map<String, Object> json(Look look) {
        if (look instanceof Look.Pixels pixels) {
            return Map.of("cell", sheet.add(pixels.image()));
        }
        if (look instanceof Look.Curve curve) {
            return Map.of("curve", outline(curve.values()));
        }
        if (look instanceof Look.Cells cells) {
            int shown = Math.min(MOST_CELLS, cells.values().length);
            List<@Nullable Double> values = new ArrayList<>();
            for (int i = 0; i < shown; i++) {
                values.add(Figures.rounded(cells.values()[i]));
            }
            return Map.of(
                    "values",
                    values,
                    "names",
                    cells.names().subList(0, Math.min(shown, cells.names().size())),
                    "more",
                    cells.values().length - shown);
        }
        String text = ((Look.Words) look).text();
        return Map.of("text", shortened(text));
    }

    /** Never ends inside a pair of surrogates. */
    private static String shortened(String text) {
        if (text.length() <= MOST_CHARACTERS) {
            return text;
        }
        int end = Character.isHighSurrogate(text.charAt(MOST_CHARACTERS - 1)) ? MOST_CHARACTERS - 1 : MOST_CHARACTERS;
        return text.substring(0, end) + "…";
    }

    /** The least and the greatest value of each column, one after the other, as hundredths of the largest magnitude. */
    private static List<Integer> outline(float[] values) {
        double largest = 1e-12;
        for (float value : values) {
            largest = Math.max(largest, Math.abs(value));
        }
        int columns = Math.min(CURVE_COLUMNS, values.length);
        List<Integer> outline = new ArrayList<>();
        for (int column = 0; column < columns; column++) {
            int from = (int) ((long) column * values.length / columns);
            int to = Math.max(from + 1, (int) ((column + 1L) * values.length / columns));
            double low = values[from];
            double high = low;
            for (int i = from; i < to; i++) {
                low = Math.min(low, values[i]);
                high = Math.max(high, values[i]);
            }
            outline.add((int) Math.round(FULL_SCALE * low / largest));
            outline.add((int) Math.round(FULL_SCALE * high / largest));
        }
        return outline;
    }
}
