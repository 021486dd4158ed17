package dev.vicreg.tools.evaluation;

import dev.vicreg.models.setting.SettingException;
import dev.vicreg.training.data.Datasets;
import dev.vicreg.training.data.source.DataOptions;
import dev.vicreg.training.data.source.Dataset;
import dev.vicreg.training.data.source.Selection;
import dev.vicreg.training.data.vector.VectorDataset;
import dev.vicreg.training.data.vector.VectorKind;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;

/**
 * Numbers that are to be predicted of samples.
 *
 * @param name what they are: a column, or {@link #LABEL}
 * @param values by the sample's place in its data set; NaN where it has none
 */
public record EvaluationTargets(String name, double[] values) {
    /** Names the labels of samples that are no rows of a table: folders, or lines of {@code NAME.labels.txt}. */
    public static final String LABEL = "label";

    /**
     * The targets of a data set: a column of a table; of any other kind the samples' labels, if they are numbers.
     *
     * @param spec the data set's name
     * @param data the same, opened with {@code selection}
     * @param datasets opens the column
     * @throws SettingException if they are no numbers, or these data have none of that name: says where
     */
    public static EvaluationTargets of(
            String name, String spec, Dataset<?> data, Selection selection, Datasets datasets) throws IOException {
        return data.noun().equals(VectorKind.VECTORS.noun())
                ? ofColumn(name, spec, data, selection, datasets)
                : ofLabels(name, spec, data);
    }

    private static EvaluationTargets ofColumn(
            String name, String spec, Dataset<?> data, Selection selection, Datasets datasets) throws IOException {
        VectorDataset column;
        try {
            DataOptions options = new DataOptions(List.of(name), null, 0, 1);
            column = VectorKind.VECTORS.require(datasets.open(spec, options, selection));
        } catch (IOException e) {
            throw new SettingException(
                    "`target` " + name + ": "
                            + String.valueOf(e.getMessage()).replace(", or choose other `columns`", ""),
                    e);
        }
        if (column.size() != data.size()) {
            throw new IllegalStateException(
                    spec + " has " + data.size() + " rows, its column " + name + " has " + column.size());
        }
        double[] values = new double[column.size()];
        Arrays.setAll(values, row -> column.value(row, 0));
        return new EvaluationTargets(name, values);
    }

    private static EvaluationTargets ofLabels(String name, String spec, Dataset<?> data) {
        if (!name.equals(LABEL)) {
            throw new SettingException("`target` " + name + " would be a column of a table, " + spec + " holds "
                    + data.noun() + ": their labels are a target, by the name " + LABEL);
        }
        double[] numbers = new double[data.labelNames().size()];
        for (int label = 0; label < numbers.length; label++) {
            numbers[label] = number(data.labelNames().get(label), spec);
        }
        double[] values = new double[data.size()];
        Arrays.setAll(values, index -> data.label(index) < 0 ? Double.NaN : numbers[data.label(index)]);
        return new EvaluationTargets(name, values);
    }

    private static double number(String text, String spec) {
        try {
            double number = Double.parseDouble(text);
            if (Double.isFinite(number)) {
                return number;
            }
        } catch (NumberFormatException e) {
            // told below, as any other text
        }
        throw new SettingException("`target` " + LABEL + ": " + spec + " has the label " + text
                + ", expected finite numbers alone; classes are measured without `target`");
    }

    /** Whether a sample has one: 0 if so, else -1, as of a label. */
    public int label(int index) {
        return Double.isNaN(values[index]) ? -1 : 0;
    }

    /** Those of some samples, by their places. */
    public double[] of(int[] indices) {
        return Arrays.stream(indices).mapToDouble(index -> values[index]).toArray();
    }
}
