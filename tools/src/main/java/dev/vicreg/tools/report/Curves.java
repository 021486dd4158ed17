package dev.vicreg.tools.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * What a run's metrics.jsonl holds, in so few points that a page can draw it: of long runs, means over equal numbers of
 * steps with the least and the greatest value beside them. Reads the file once, in memory that doesn't depend on its length.
 *
 * <p>Lines with a loss are steps. Lines with a {@code finding} are remarks. Others that have a step are evaluations, each of
 * whose numbers is a curve. Not thread-safe.
 */
final class Curves {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String STEP = "step";
    private static final String LOSS = "loss";
    private static final String FINDING = "finding";
    private static final Set<String> NO_CURVE = Set.of(STEP, "epoch");
    private static final String RATE = "pairs_per_second";

    private final int most;
    private final Set<String> names = new LinkedHashSet<>();
    private final List<Point> points = new ArrayList<>();
    private final List<Map<String, Object>> evaluations = new ArrayList<>();
    private final List<Map<String, Object>> findings = new ArrayList<>();
    private long width = 1; // steps in a point
    private long lastStep;
    private int lastEpoch;
    private double invested; // sum of 1 / pairs per second

    /** Some steps that follow one another: of each curve the sum, the least and the greatest value, and how many there are. */
    private record Point(long[] end, Map<String, double[]> values) {
        Point(long end) {
            this(new long[] {end}, new LinkedHashMap<>());
        }

        void add(String name, double sum, double least, double greatest, double count) {
            double[] all = values.computeIfAbsent(
                    name, key -> new double[] {0, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY, 0});
            all[0] += sum;
            all[1] = Math.min(all[1], least);
            all[2] = Math.max(all[2], greatest);
            all[3] += count;
        }

        void add(Point later) {
            end[0] = later.end[0];
            later.values.forEach((name, all) -> add(name, all[0], all[1], all[2], all[3]));
        }
    }

    private Curves(int most) {
        this.most = most;
    }

    /**
     * Reads the file; without one there are no points. A last line that is being written is left out.
     *
     * @param most points of a curve; there are more than half as many where there are so many steps
     */
    static Curves read(Path metrics, int most) throws IOException {
        Curves curves = new Curves(most);
        if (Files.exists(metrics)) {
            try (BufferedReader lines = Files.newBufferedReader(metrics)) {
                for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                    JsonNode json = parsed(line);
                    if (json != null && json.path(STEP).isIntegralNumber()) {
                        curves.add(json.path(STEP).asLong(), json);
                    }
                }
            }
        }
        return curves;
    }

    /** The line; null for one that was cut off when the run was killed, or is still being written. */
    private static @Nullable JsonNode parsed(String line) {
        try {
            return JSON.readTree(line);
        } catch (JsonProcessingException e) {
            return null;
        }
    }

    private void add(long step, JsonNode line) {
        if (line.has(FINDING)) {
            Map<String, Object> finding = new LinkedHashMap<>();
            line.properties().forEach(field -> finding.put(field.getKey(), field.getValue()));
            findings.add(finding);
        } else if (!line.has(LOSS)) {
            Map<String, Object> evaluation = new LinkedHashMap<>(Map.of(STEP, step));
            collect("", line, evaluation);
            if (evaluation.size() > 1) {
                evaluations.add(evaluation);
            }
        } else if (step > lastStep) {
            addStep(step, line);
        }
    }

    /** Numbers of nested objects, their names joined by dots. */
    private static void collect(String prefix, JsonNode object, Map<String, Object> into) {
        object.properties().forEach(field -> {
            String name = prefix + field.getKey();
            if (field.getValue().isObject()) {
                collect(name + ".", field.getValue(), into);
            } else if (field.getValue().isNumber() && !NO_CURVE.contains(name)) {
                into.put(name, Figures.rounded(field.getValue().asDouble()));
            }
        });
    }

    private void addStep(long step, JsonNode line) {
        while ((step - 1) / width >= most) {
            halve();
        }
        int place = (int) ((step - 1) / width);
        if (points.isEmpty() || place > (points.get(points.size() - 1).end[0] - 1) / width) {
            points.add(new Point(step));
        }
        Point point = points.get(points.size() - 1);
        point.end[0] = step;
        lastStep = step;
        lastEpoch = line.path("epoch").asInt();
        line.properties().forEach(field -> {
            if (!NO_CURVE.contains(field.getKey()) && field.getValue().isNumber()) {
                double value = field.getValue().asDouble();
                names.add(field.getKey());
                point.add(field.getKey(), value, value, value, 1);
                invested += field.getKey().equals(RATE) && value > 0 ? 1 / value : 0;
            }
        });
    }

    private void halve() {
        width *= 2;
        List<Point> merged = new ArrayList<>();
        for (Point point : points) {
            Point last = merged.isEmpty() ? null : merged.get(merged.size() - 1);
            if (last != null && (last.end[0] - 1) / width == (point.end[0] - 1) / width) {
                last.add(point);
            } else {
                merged.add(point);
            }
        }
        points.clear();
        points.addAll(merged);
    }

    /** The last step that has a line; 0 where none has. */
    long lastStep() {
        return lastStep;
    }

    /** That step's epoch, from 1; 0 where there is no step. */
    int lastEpoch() {
        return lastEpoch;
    }

    /**
     * Seconds that the steps took, from their pairs per second.
     *
     * @param batch pairs of a step
     */
    double seconds(int batch) {
        return batch * invested;
    }

    /** The mean of a curve's last point; NaN where it has none. */
    double last(String name) {
        for (int i = points.size() - 1; i >= 0; i--) {
            double[] all = points.get(i).values.get(name);
            if (all != null) {
                return all[0] / all[3];
            }
        }
        return Double.NaN;
    }

    /** Names of all curves of steps, in the file's order. */
    Set<String> names() {
        return names;
    }

    /**
     * For the page: {@code steps}, {@code width}, {@code series} by name with {@code mean} and, of long runs, {@code low} and
     * {@code high}; {@code evaluations} and {@code findings}.
     */
    Map<String, Object> json() {
        Map<String, Object> series = new LinkedHashMap<>();
        for (String name : names) {
            Map<String, Object> one = new LinkedHashMap<>();
            one.put("mean", column(name, all -> all[0] / all[3]));
            if (width > 1) {
                one.put("low", column(name, all -> all[1]));
                one.put("high", column(name, all -> all[2]));
            }
            series.put(name, one);
        }
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("steps", points.stream().map(point -> point.end[0]).toList());
        json.put("width", width);
        json.put("series", series);
        json.put("evaluations", evaluations);
        json.put("findings", findings);
        return json;
    }

    private interface Statistic {
        double of(double[] all);
    }

    private List<@Nullable Double> column(String name, Statistic statistic) {
        List<@Nullable Double> column = new ArrayList<>();
        IntStream.range(0, points.size()).forEach(i -> {
            double[] all = points.get(i).values.get(name);
            column.add(all == null ? null : Figures.rounded(statistic.of(all)));
        });
        return column;
    }
}
