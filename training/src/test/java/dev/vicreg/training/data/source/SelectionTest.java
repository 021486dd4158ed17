package dev.vicreg.training.data.source;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class SelectionTest {
    private static int[] selected(int limit, int size) {
        return new Selection(limit, 0).of(size, i -> 0);
    }

    /** Whether the set's order has one class after the other or classes that take turns; 7 to 13 of 10 were measured. */
    @Test
    void limitKeepsEveryClass() {
        for (int limit : new int[] {100, 500, 1000}) {
            int[] selected = selected(limit, 5000);
            int[] turns = new int[10];
            int[] blocks = new int[10];
            Arrays.stream(selected).forEach(i -> turns[i % 10]++);
            Arrays.stream(selected).forEach(i -> blocks[i / 500]++);
            int share = limit / 10;
            assertTrue(Arrays.stream(turns).allMatch(n -> n > 0.6 * share && n < 1.4 * share), Arrays.toString(turns));
            assertTrue(Arrays.stream(blocks).allMatch(n -> n == share), Arrays.toString(blocks));
        }
    }

    @Test
    void everySampleIsTakenAtMostOnceInOrder() {
        assertArrayEquals(IntStream.range(0, 9).toArray(), selected(0, 9));
        assertArrayEquals(IntStream.range(0, 9).toArray(), selected(9, 9));
        assertArrayEquals(IntStream.range(0, 9).toArray(), selected(20, 9));
        int[] seven = selected(7, 9);
        assertEquals(7, Arrays.stream(seven).distinct().count());
        assertArrayEquals(Arrays.stream(seven).sorted().toArray(), seven);
    }
}
