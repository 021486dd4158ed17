package dev.vicreg.tools.report;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import dev.vicreg.tools.cli.OptionNames;
import dev.vicreg.tools.output.MetricLines;
import java.io.IOException;
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
    private static final String STEP = "step";
    private static final String LOSS = "loss";
    private static final String FINDING = "finding";
    private static final String LAYERS = "layers";
    private static final Set<String> NO_CURVE = Set.of(STEP, "epoch");
    private static final int MOST_FINDINGS = 50;
    private static final String RATE = "pairs_per_second";

    private final MetricLines lines;
    private final int most;
    private final Set<String> names = new LinkedHashSet<>();
    private final List<Point> points = new ArrayList<>();
    private final List<Map<String, Object>> evaluations = new ArrayList<>();
    private final List<Map<String, Object>> findings = new ArrayList<>();
    private JsonNode layers = MissingNode.getInstance(); // of the last probe
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

    private Curves(Path metrics, int most) {
        lines = new MetricLines(metrics);
        this.most = most;
    }

    /**
     * Reads the file; without one there are no points.
     *
     * @param most points of a curve; there are more than half as many where there are so many steps
     */
    static Curves of(Path metrics, int most) throws IOException {
        Curves curves = new Curves(metrics, most);
        curves.readOn();
        return curves;
    }

    /** Reads what was added to the file since; all of it where it is another one. */
    void readOn() throws IOException {
        lines.forEach(new MetricLines.Sink() {
            @Override
            public void accept(JsonNode line) {
                if (line.path(STEP).isIntegralNumber()) {
                    add(line.path(STEP).asLong(), line);
                }
            }

            @Override
            public void clear() {
                forget();
            }
        });
    }

    /** Is as before the first line: the run went back, and its file is another one. */
    private void forget() {
        names.clear();
        points.clear();
        evaluations.clear();
        findings.clear();
        layers = MissingNode.getInstance();
        width = 1;
        lastStep = 0;
        lastEpoch = 0;
        invested = 0;
    }

    private void add(long step, JsonNode line) {
        if (line.has(FINDING)) {
            Map<String, Object> finding = new LinkedHashMap<>();
            line.properties()
                    .forEach(field -> finding.put(
                            field.getKey(),
                            field.getValue().isTextual()
                                    ? OptionNames.in(field.getValue().asText(), name -> true)
                                    : field.getValue()));
            findings.add(finding);
        } else if (!line.has(LOSS)) {
            layers = line.has(LAYERS) ? line.path(LAYERS) : layers;
            Map<String, Object> evaluation = new LinkedHashMap<>(Map.of(STEP, step));
            MetricLines.values(line).forEach((name, value) -> {
                if (value.isNumber() && !NO_CURVE.contains(name)) {
                    evaluation.put(name, Figures.rounded(value.asDouble()));
                }
            });
            if (evaluation.size() > 1) {
                evaluations.add(evaluation);
            }
        } else if (step > lastStep) {
            addStep(step, line);
        }
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

    /**
     * For the page: {@code steps}, {@code width}, {@code series} by name with {@code mean} and, of long runs, {@code low} and
     * {@code high}; {@code evaluations}, {@code findings}, and {@code layers} as the last probe saw
     * them.
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
        json.put("evaluations", spread(evaluations));
        json.put("layers", layers.isMissingNode() ? List.of() : layers);
        json.put("findings", findings.subList(Math.max(0, findings.size() - MOST_FINDINGS), findings.size()));
        return json;
    }

    /** All, or as many as a curve has points, evenly spread and the last among them. */
    private List<Map<String, Object>> spread(List<Map<String, Object>> all) {
        int count = Math.min(most, all.size());
        return IntStream.range(0, count)
                .mapToObj(i -> all.get((int) ((i + 1L) * all.size() / count) - 1))
                .toList();
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
