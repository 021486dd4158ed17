package dev.vicreg.training.loop;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class LabelledRowsTest {
    /** Of numbers that are all different, of the class by another number, and of a few values that have nothing to do with it. */
    @Test
    void theColumnThatWasMadeOfTheClassTellsIt() {
        Random random = new Random(0);
        LabelledRows rows = new LabelledRows();
        for (int i = 0; i < 200; i++) {
            rows.add(new float[] {random.nextFloat(), 10 - i % 5, i % 3}, i % 5);
        }
        assertEquals(Map.of("column_tells", 1f, "column", 2f, "by_guess", 0.2f), rows.values());
    }

    /** Where a value is a row's alone, it is no sign of a class. */
    @Test
    void numbersThatAreAllDifferentTellNothing() {
        LabelledRows rows = new LabelledRows();
        for (int i = 0; i < 100; i++) {
            rows.add(new float[] {i, -i}, i / 10);
        }
        assertEquals(0f, rows.values().get("column_tells"));
    }

    @Test
    void rowsOfAValueThatAreOfTwoClassesInEqualPartsAreNotTold() {
        LabelledRows rows = new LabelledRows();
        for (int i = 0; i < 100; i++) {
            rows.add(new float[] {i < 50 ? 0 : 1}, i % 2);
        }
        assertEquals(0f, rows.values().get("column_tells"));
    }

    @Test
    void rowsWithoutLabelsSayNothing() {
        LabelledRows rows = new LabelledRows();
        rows.add(new float[] {1}, -1);
        assertEquals(Map.of(), rows.values());
    }
}
