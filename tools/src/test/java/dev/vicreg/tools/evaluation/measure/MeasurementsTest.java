package dev.vicreg.tools.evaluation.measure;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vicreg.models.setting.SettingException;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class MeasurementsTest {
    private static final int ROWS = 30;

    private static float[][] rows(int seed) {
        Random random = new Random(seed);
        float[][] rows = new float[ROWS][4];
        for (float[] row : rows) {
            for (int d = 0; d < row.length; d++) {
                row[d] = (float) random.nextGaussian();
            }
        }
        return rows;
    }

    private static Labels labels(int classes) {
        int[] labels = new int[ROWS];
        Arrays.setAll(labels, i -> i % classes);
        return new Labels(labels, labels, List.of("a", "b").subList(0, classes));
    }

    private static List<Measure> measures(String names, int k) {
        return Measures.of(names, false, List.of(k), List.of(0.07));
    }

    private static Measurements taken(List<Measure> measures, Labels labels, Space... spaces) {
        return Measurements.of(measures, List.of(spaces), labels, name -> {});
    }

    private static List<String> keys(List<Figure> figures) {
        return figures.stream().map(Figure::key).toList();
    }

    @Test
    void vectorsThatAreAllOneOrNoNumbersAreACollapseAndNoAccuracy() {
        float[][] same = new float[ROWS][4];
        for (float[] row : same) {
            Arrays.fill(row, 0.3f);
        }
        float[][] broken = rows(2);
        broken[3][1] = Float.NaN;
        Space encoder = new Space("encoder", "encoder", same, same);
        Space other = new Space("other", "other", broken, broken);
        Space raw = new Space("raw", "raw pixels", rows(0), rows(1));
        Measurements found = taken(measures("knn,linear,label-free", 20), labels(2), encoder, other, raw);
        assertEquals(List.of("constant_dimensions"), keys(found.figures().get(encoder)));
        assertEquals(List.of(), found.figures().get(other));
        assertTrue(keys(found.figures().get(raw)).containsAll(List.of("knn_20_0.07", "linear", "rankme")));
        assertEquals(
                "complete collapse: all 30 vectors are the same",
                found.collapses().get(encoder));
        assertEquals(
                "no numbers: vector 3 of 30 holds a value that is not finite",
                found.collapses().get(other));
        assertEquals(List.of(), found.reasons());
    }

    @Test
    void aMeasureThatCannotBeTakenIsLeftOutInWordsAndTheOthersStay() {
        Space space = new Space("encoder", "encoder", rows(0), rows(1));
        Measurements found = taken(measures("knn,linear", 20), labels(1), space);
        assertEquals(List.of("knn_20_0.07"), keys(found.figures().get(space)));
        assertEquals(
                List.of("linear probe left out: A probe needs training vectors of two classes or more, found one class"
                        + " (number 0) in all 30"),
                found.reasons());
        Measurements few = taken(measures("knn,label-free", 31), labels(2), space);
        assertEquals(
                List.of("kNN left out: needs at least 31 labelled training samples, found 30; give a smaller --k"),
                few.reasons());
        assertTrue(keys(few.figures().get(space)).contains("rankme"));
        IllegalStateException none =
                assertThrows(IllegalStateException.class, () -> taken(measures("linear", 20), labels(1), space));
        assertTrue(none.getMessage().startsWith("linear probe left out: "), none.getMessage());
    }

    @Test
    void numbersArePredictedByThoseOfVectors() {
        float[][] train = rows(0);
        float[][] test = rows(1);
        double[] ofTrain =
                Arrays.stream(train).mapToDouble(row -> 3 * row[0] - row[2] + 5).toArray();
        double[] ofTest =
                Arrays.stream(test).mapToDouble(row -> 3 * row[0] - row[2] + 5).toArray();
        Space space = new Space("encoder", "encoder", train, test);
        Space blind = new Space("raw", "raw", rows(5), rows(6));
        List<Measure> measures = Measures.of("all", true, List.of(20), List.of(0.07));
        Measurements found = taken(measures, Labels.ofNumbers("price", ofTrain, ofTest), space, blind);
        Figure fit = found.figures().get(space).get(0);
        assertEquals("r2", fit.key());
        assertEquals(1, fit.value(), 1e-4, "a linear target of the very columns");
        Figure unfit = found.figures().get(blind).get(0);
        assertTrue(unfit.value() < 0.3, unfit.toString());
        assertTrue(unfit.interval().low() <= unfit.value()
                && unfit.value() <= unfit.interval().high());
        Measurements same = taken(measures, Labels.ofNumbers("price", ofTrain, new double[ROWS]), space);
        assertTrue(
                same.reasons().get(0).contains("one and the same target"),
                same.reasons().toString());
    }

    @Test
    void measuresFitWhatIsKnownOfTheSamples() {
        assertTrue(assertThrows(SettingException.class, () -> measures("ridge", 20))
                .getMessage()
                .contains("ridge predicts numbers: name them by `target`"));
        assertTrue(assertThrows(SettingException.class, () -> Measures.of("knn", true, List.of(20), List.of(0.07)))
                .getMessage()
                .contains("knn is of classes"));
    }

    @Test
    void viewsAreMeasuredWhereThereAreSome() {
        float[][][] views = new float[ROWS][2][];
        for (int i = 0; i < ROWS; i++) {
            views[i] = new float[][] {rows(i)[0], rows(i)[0]};
        }
        Space space = new Space("encoder", "encoder", rows(0), rows(1), views);
        Space raw = new Space("raw", "raw", rows(0), rows(1));
        Measurements found = taken(measures("views", 20), labels(2), space, raw);
        assertEquals(List.of("alignment", "lidar"), keys(found.figures().get(space)));
        assertEquals(0, found.figures().get(space).get(0).value(), 1e-12, "of views that are one");
        assertEquals(List.of(), found.figures().get(raw));
    }
}
