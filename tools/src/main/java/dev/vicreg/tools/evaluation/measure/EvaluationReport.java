package dev.vicreg.tools.evaluation.measure;

import dev.vicreg.tools.evaluation.SampleForm;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * What was measured in each space, for a person and for programs.
 *
 * @param form of the samples
 * @param ks numbers of neighbours that voted
 * @param temperatures of their votes
 * @param labels classes of the samples
 * @param measured in each space
 */
public record EvaluationReport(
        SampleForm<?, ?> form, List<Integer> ks, List<Double> temperatures, Labels labels, Measurements measured) {
    /** What was measured, and a table with a column for each space. */
    public String text() {
        Map<String, List<Figure>> columns = new LinkedHashMap<>();
        measured.figures().forEach((space, own) -> columns.put(space.name(), own));
        String noun = form.kind().noun();
        String what = labels.known() || !labels.target().isEmpty()
                ? String.format(
                        Locale.ROOT,
                        "%d test %s by %d training %s%s%n",
                        labels.test().length,
                        noun,
                        labels.train().length,
                        noun,
                        labels.known() ? " of " + labels.classes().size() + " classes" : ", target " + labels.target())
                : String.format(Locale.ROOT, "%d test %s, their labels unknown%n", labels.test().length, noun);
        boolean compared = measured.figures().keySet().stream()
                .anyMatch(space -> space.key().equals("baseline"));
        return what
                + new FigureTable(columns).text()
                + missing()
                + (compared
                        ? ""
                        : "before training left out: no encoder-initial.onnx beside the model, and no --baseline"
                                + System.lineSeparator())
                + note();
    }

    /** What the table has not, in words. */
    private String missing() {
        StringBuilder text = new StringBuilder();
        measured.collapses()
                .forEach((space, words) ->
                        text.append(space.name()).append(": ").append(words).append(System.lineSeparator()));
        measured.reasons().forEach(reason -> text.append(reason).append(System.lineSeparator()));
        return text.toString();
    }

    private String note() {
        boolean intervals = measured.figures().values().stream()
                .flatMap(List::stream)
                .anyMatch(figure -> figure.interval() != null);
        return intervals
                ? "± of an accuracy or R²: half the interval in which it lies with 95 %, as far as that hangs on the test samples"
                        + System.lineSeparator()
                : "";
    }

    /** How well each class was recognised. */
    public String perClass(Predictions predictions) {
        StringBuilder text = new StringBuilder(String.format("%n%-24s  samples  recall  precision      F1%n", "class"));
        Predictions.Tally[] tallies = predictions.tallies();
        for (int label = 0; label < tallies.length; label++) {
            Predictions.Tally tally = tallies[label];
            text.append(String.format(
                    Locale.ROOT,
                    "%-24s  %7d  %s  %s  %s%n",
                    labels.classes().get(label),
                    tally.samples(),
                    percent(6, tally.recall()),
                    percent(9, tally.precision()),
                    percent(6, tally.f1())));
        }
        text.append(String.format(
                Locale.ROOT,
                "%-24s  %7d  %s%n",
                "mean over classes",
                predictions.actual().length,
                percent(6, predictions.balancedAccuracy())));
        return text.toString();
    }

    /** The same for programs: each class with its samples, recall, precision and F1, 0 to 1, null where there is none. */
    public List<Map<String, @Nullable Object>> classes(Predictions predictions) {
        Predictions.Tally[] tallies = predictions.tallies();
        return IntStream.range(0, tallies.length)
                .mapToObj(label -> {
                    Map<String, @Nullable Object> json = new LinkedHashMap<>();
                    json.put("class", labels.classes().get(label));
                    json.put("samples", tallies[label].samples());
                    json.put("recall", number(tallies[label].recall()));
                    json.put("precision", number(tallies[label].precision()));
                    json.put("f1", number(tallies[label].f1()));
                    return json;
                })
                .toList();
    }

    private static @Nullable Double number(double share) {
        return Double.isNaN(share) ? null : (Double) share;
    }

    private static String percent(int width, double share) {
        return Double.isNaN(share)
                ? " ".repeat(width - 1) + "-"
                : String.format(Locale.ROOT, "%" + width + ".1f", 100 * share);
    }

    /**
     * The same for programs, with keys that are the same whatever the samples are: figures of each space by key; and as
     * {@code train} has them, {@code encoder}, {@code baseline} and {@code raw}, accuracies of kNN with the first k and T.
     */
    public Map<String, @Nullable Object> json() {
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        json.put("train_samples", labels.train().length);
        json.put("test_samples", labels.test().length);
        json.put("classes", labels.classes().size());
        if (!labels.target().isEmpty()) {
            json.put("target", labels.target());
        }
        String knn = Knn.key(ks.get(0), temperatures.get(0));
        boolean hasKnn = measured.figures().values().stream()
                .flatMap(List::stream)
                .anyMatch(figure -> figure.key().equals(knn));
        if (hasKnn) {
            json.put("k", ks.get(0));
            json.put("temperature", temperatures.get(0));
            json.put("baseline", null); // where no such space is measured
            measured.figures()
                    .forEach((space, own) -> own.stream()
                            .filter(figure -> figure.key().equals(knn)
                                    && List.of("encoder", "baseline", "raw").contains(space.key()))
                            .forEach(figure -> json.put(space.key(), figure.value())));
        }
        Map<String, Object> spaces = new LinkedHashMap<>();
        measured.figures().forEach((space, own) -> {
            Map<String, Object> values = values(own);
            String collapse = measured.collapses().get(space);
            if (collapse != null) {
                values.put("collapse", collapse);
            }
            spaces.put(space.key(), values);
        });
        json.put("spaces", spaces);
        if (!measured.reasons().isEmpty()) {
            json.put("left_out", measured.reasons());
        }
        return json;
    }

    private static Map<String, Object> values(List<Figure> figures) {
        Map<String, Object> values = new LinkedHashMap<>();
        for (Figure figure : figures) {
            values.put(figure.key(), figure.value());
            Figure.Interval interval = figure.interval();
            if (interval != null) {
                values.put(figure.key() + "_interval", List.of(interval.low(), interval.high()));
            }
        }
        return values;
    }
}
