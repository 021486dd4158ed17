package dev.vicreg.tools.evaluation.probe;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class FewShotTest {
    private final ProbeData data = ProbeData.clustered(900);
    private final ProbeData train = data.part(0, 600);
    private final ProbeData test = data.part(600, 900);

    private Optional<FewShot.Accuracy> accuracy(FewShot of, ProbeData from) {
        return of.accuracy(from.x(), from.labels(), test.x(), test.labels(), 10);
    }

    @Test
    void everyDrawHasTheCountOfEveryClass() {
        FewShot five = FewShot.of(5);
        int[] rows = five.drawn(train.labels(), 10, 0);
        assertEquals(50, Arrays.stream(rows).distinct().count());
        for (int label = 0; label < 10; label++) {
            int own = label;
            assertEquals(
                    5,
                    Arrays.stream(rows)
                            .filter(row -> train.labels()[row] == own)
                            .count());
        }
        assertFalse(Arrays.equals(rows, five.drawn(train.labels(), 10, 1)));
    }

    @Test
    void accuracyIsThatOfProbesOnTheDrawnRows() {
        FewShot two = new FewShot(2, 3, 8);
        FewShot.Accuracy found = accuracy(two, train).orElseThrow();
        double[] expected = new double[3];
        for (int draw = 0; draw < 3; draw++) {
            int[] rows = two.drawn(train.labels(), 10, draw);
            expected[draw] = LinearProbe.fit(HeldOut.rows(train.x(), rows), HeldOut.labels(train.labels(), rows), 10, 1)
                    .classifier()
                    .accuracy(test.x(), test.labels());
        }
        assertArrayEquals(expected, found.draws());
        double mean = (expected[0] + expected[1] + expected[2]) / 3;
        double squares =
                Arrays.stream(expected).map(each -> Math.pow(each - mean, 2)).sum();
        assertEquals(mean, found.mean(), 1e-12);
        assertEquals(Math.sqrt(squares / 2), found.deviation(), 1e-12);
    }

    @Test
    void moreLabelsDoBetter() {
        double one = accuracy(FewShot.of(1), train).orElseThrow().mean();
        double fifty = accuracy(FewShot.of(50), train).orElseThrow().mean();
        assertTrue(one > 0.1 && fifty > one + 0.1, one + " and " + fifty);
    }

    @Test
    void aCountThatAClassDoesNotHaveGivesNothing() {
        ProbeData few = train.part(0, 49); // four rows of the last class, five of the others
        assertTrue(accuracy(FewShot.of(4), few).isPresent());
        assertTrue(accuracy(FewShot.of(5), few).isEmpty());
    }

    @Test
    void aClassWithoutRowsIsLeftOut() {
        int[] labels = train.labels().clone();
        for (int i = 0; i < labels.length; i++) {
            labels[i] = labels[i] == 9 ? 8 : labels[i];
        }
        double mean = new FewShot(5, 2, 0)
                .accuracy(train.x(), labels, test.x(), test.labels(), 10)
                .orElseThrow()
                .mean();
        assertTrue(mean > 0.2 && mean <= 0.9, "a tenth of the test rows is of that class: " + mean);
    }
}
