package dev.vicreg.tools.evaluation.measure;

import dev.vicreg.tools.evaluation.SampleForm;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What was measured in each space, for a person and for programs.
 *
 * @param form of the samples
 * @param ks numbers of neighbours that voted
 * @param temperatures of their votes
 * @param labels classes of the samples
 * @param figures of each space, the encoder's first
 */
public record EvaluationReport(
        SampleForm<?, ?> form,
        List<Integer> ks,
        List<Double> temperatures,
        Labels labels,
        Map<Space, List<Figure>> figures) {
    /** What was measured, and a table with a column for each space. */
    public String text() {
        Map<String, List<Figure>> columns = new LinkedHashMap<>();
        figures.forEach((space, own) -> columns.put(space.name(), own));
        String noun = form.kind().noun();
        String what = labels.known()
                ? String.format(
                        Locale.ROOT,
                        "%d test %s by %d training %s of %d classes%n",
                        labels.test().length,
                        noun,
                        labels.train().length,
                        noun,
                        labels.classes().size())
                : String.format(Locale.ROOT, "%d test %s, their labels unknown%n", labels.test().length, noun);
        boolean compared =
                figures.keySet().stream().anyMatch(space -> space.key().equals("baseline"));
        return what
                + new FigureTable(columns).text()
                + (compared
                        ? ""
                        : "before training left out: no encoder-initial.onnx beside the model, and no --baseline"
                                + System.lineSeparator())
                + note();
    }

    private String note() {
        boolean intervals =
                figures.values().stream().flatMap(List::stream).anyMatch(figure -> figure.interval() != null);
        return intervals
                ? "± of an accuracy: half the interval in which it lies with 95 %, as far as that hangs on the test samples"
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
        String knn = Knn.key(ks.get(0), temperatures.get(0));
        boolean hasKnn = figures.values().stream()
                .flatMap(List::stream)
                .anyMatch(figure -> figure.key().equals(knn));
        if (hasKnn) {
            json.put("k", ks.get(0));
            json.put("temperature", temperatures.get(0));
            json.put("baseline", null); // where no such space is measured
            figures.forEach((space, own) -> own.stream()
                    .filter(figure -> figure.key().equals(knn)
                            && List.of("encoder", "baseline", "raw").contains(space.key()))
                    .forEach(figure -> json.put(space.key(), figure.value())));
        }
        Map<String, Object> spaces = new LinkedHashMap<>();
        figures.forEach((space, own) -> spaces.put(space.key(), values(own)));
        json.put("spaces", spaces);
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
