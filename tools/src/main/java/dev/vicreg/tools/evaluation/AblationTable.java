package dev.vicreg.tools.evaluation;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * What came of the rows of an ablation, beside the paper's figures.
 *
 * @param rows in the order of {@link Ablation#ALL}
 * @param untrained accuracy of the network before training, the mean over seeds
 */
public record AblationTable(List<Row> rows, double untrained) {
    /**
     * One run.
     *
     * @param row its name
     * @param knn accuracy of the encoder's vectors, 0 to 1
     * @param spread of the test samples' projections: {@link dev.vicreg.tools.evaluation.diagnosis.Spread}
     * @param untrained accuracy before training
     */
    public record Result(String row, long seed, double knn, double spread, double untrained) {}

    /**
     * A row over all seeds.
     *
     * @param knn mean accuracy
     * @param deviation standard deviation of the accuracies; 0 of one seed
     * @param spread mean
     */
    public record Row(Ablation ablation, int seeds, double knn, double deviation, double spread) {}

    /** Gathers runs by row. */
    public static AblationTable of(List<Result> results) {
        Map<String, List<Result>> byRow = new LinkedHashMap<>();
        results.forEach(result ->
                byRow.computeIfAbsent(result.row, row -> new ArrayList<>()).add(result));
        List<Row> rows = Ablation.ALL.stream()
                .filter(ablation -> byRow.containsKey(ablation.name()))
                .map(ablation -> row(ablation, byRow.getOrDefault(ablation.name(), List.of())))
                .toList();
        return new AblationTable(
                rows, results.stream().mapToDouble(Result::untrained).average().orElse(0));
    }

    private static Row row(Ablation ablation, List<Result> results) {
        double mean = results.stream().mapToDouble(Result::knn).average().orElse(0);
        double squares = results.stream()
                .mapToDouble(result -> (result.knn - mean) * (result.knn - mean))
                .sum();
        return new Row(
                ablation,
                results.size(),
                mean,
                results.size() < 2 ? 0 : Math.sqrt(squares / (results.size() - 1)),
                results.stream().mapToDouble(Result::spread).average().orElse(0));
    }

    private String accuracy(Row row) {
        String mean = String.format(Locale.ROOT, "%.1f", 100 * row.knn);
        return row.seeds < 2 ? mean : mean + String.format(Locale.ROOT, " ± %.1f", 100 * row.deviation);
    }

    /** For a terminal. */
    public String text() {
        return table("%n%-46s        kNN %%  spread  paper%n", "  %-44s %12s %7.2f  %s%n")
                + String.format(
                        Locale.ROOT,
                        "%nBefore training kNN is %.1f %%. Spread, of projections: 0 where all are one, 1 where they point%n"
                                + "everywhere. The paper's figures are linear accuracies on ImageNet (ResNet-50, 100 epochs).%n",
                        100 * untrained);
    }

    /** The same as Markdown. */
    public String markdown() {
        return "| | kNN % | spread | paper |\n|---|---|---|---|\n"
                + table("| **%s** | | | |%n", "| %s | %s | %.2f | %s |%n")
                + String.format(
                        Locale.ROOT,
                        "%nBefore training kNN is %.1f %%. The paper's figures are linear accuracies on ImageNet (ResNet-50, 100"
                                + " epochs).%n",
                        100 * untrained);
    }

    /**
     * The rows under their groups.
     *
     * @param heading format of a group's name
     * @param line format of what is done, accuracy, spread and the paper's figure
     */
    private String table(String heading, String line) {
        StringBuilder text = new StringBuilder();
        String group = "";
        for (Row row : rows) {
            if (!row.ablation.group().equals(group)) {
                group = row.ablation.group();
                text.append(String.format(Locale.ROOT, heading, group));
            }
            text.append(String.format(
                    Locale.ROOT, line, row.ablation.what(), accuracy(row), row.spread, row.ablation.paper()));
        }
        return text.toString();
    }

    /** A bar for each row, and a line where an untrained network is. */
    public Plot plot() {
        return new AblationPlot(this);
    }
}
