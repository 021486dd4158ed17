package dev.vicreg.training.data.view;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vicreg.training.data.Augmentations;
import dev.vicreg.training.data.sequence.SequenceDataset;
import dev.vicreg.training.data.sequence.SequencePolicy;
import dev.vicreg.training.data.sequence.SequenceTable;
import dev.vicreg.training.data.sequence.SequenceViews;
import dev.vicreg.training.data.sequence.SpecialIds;
import dev.vicreg.training.data.signal.SignalPolicy;
import dev.vicreg.training.data.source.Selection;
import dev.vicreg.training.data.vector.VectorDataset;
import dev.vicreg.training.data.vector.VectorPolicy;
import dev.vicreg.training.data.vector.VectorTable;
import dev.vicreg.training.data.vector.VectorViews;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Views of vectors, signals and sequences. */
class ViewPolicyTest {
    private static final int ROWS = 50;
    private static final int COLUMNS = 200;

    /** Value of row r and column c is 1000·r + c. */
    private static VectorDataset numbered() {
        float[] values = new float[ROWS * COLUMNS];
        for (int i = 0; i < values.length; i++) {
            values[i] = 1000 * (i / COLUMNS) + i % COLUMNS;
        }
        List<String> names = IntStream.range(0, COLUMNS).mapToObj(i -> "c" + i).toList();
        return new VectorTable(names, values, List.of(), Selection.ALL);
    }

    private static float[] vector(VectorPolicy policy, long seed, int row) {
        return policy.draw(new SampleRandom(seed), numbered(), row, Collections.nCopies(COLUMNS, 2f));
    }

    @Test
    void vectorWithoutChangesIsItself() {
        assertArrayEquals(numbered().sample(7), vector(new VectorPolicy(0, 0, 0), 1, 7));
    }

    @Test
    void maskedValuesComeFromTheSameColumnOfOtherRows() {
        int replaced = 0;
        for (int seed = 0; seed < 20; seed++) {
            float[] view = vector(new VectorPolicy(0.3, 0, 0), seed, 7);
            for (int c = 0; c < COLUMNS; c++) {
                assertEquals(c, view[c] % 1000);
                replaced += view[c] == 7000 + c ? 0 : 1;
            }
        }
        // 4000 values, of which 0.3·49/50 change: 1176 ± 29
        assertEquals(1176, replaced, 4 * 29);
    }

    @Test
    void noiseHasTheDeviationAskedForInUnitsOfTheColumn() {
        double sum = 0;
        double squares = 0;
        for (int seed = 0; seed < 20; seed++) {
            float[] view = vector(new VectorPolicy(0, 0.5, 0), seed, 0);
            for (int c = 0; c < COLUMNS; c++) {
                sum += view[c] - c;
                squares += (view[c] - c) * (view[c] - c);
            }
        }
        assertEquals(0, sum / 4000, 4 / Math.sqrt(4000));
        assertEquals(1, squares / 4000, 0.09); // four deviations of a variance of 4000 values
    }

    @Test
    void mixingMovesTheWholeRowTowardsOneOther() {
        float[] view = vector(new VectorPolicy(0, 0, 0.5), 3, 10);
        double moved = view[0] - 10_000;
        assertTrue(moved != 0 && Math.abs(moved) <= 0.5 * 40_000, "moved " + moved);
        for (int c = 0; c < COLUMNS; c++) {
            assertEquals(moved, view[c] - 10_000 - c, 0.01);
        }
    }

    @Test
    void viewsOfVectorsDependOnTheKeyAlone() {
        VectorViews views =
                new VectorViews(numbered(), Augmentations.parse("vectors"), Collections.nCopies(COLUMNS, 1f));
        assertEquals(List.of(COLUMNS), views.type().shape());
        ByteBuffer first = view(views, new ViewKey(1, 2, 3, 0));
        assertEquals(first, view(views, new ViewKey(1, 2, 3, 0)));
        for (ViewKey other : List.of(
                new ViewKey(9, 2, 3, 0), new ViewKey(1, 9, 3, 0), new ViewKey(1, 2, 9, 0), new ViewKey(1, 2, 3, 1))) {
            assertFalse(first.equals(view(views, other)), other.toString());
        }
    }

    private static ByteBuffer view(VectorViews views, ViewKey key) {
        ByteBuffer into = ByteBuffer.allocateDirect(2 * views.type().bytes()).order(ByteOrder.nativeOrder());
        views.sample(3).write(key, into, views.type().bytes());
        assertEquals(0, into.getInt(0)); // only its own place is written
        return into.slice(views.type().bytes(), views.type().bytes());
    }

    private static final SignalPolicy STILL = new SignalPolicy(0, 0, 0, 0, 0, 0, 0, 0, 0);

    private static float[][] ramp(int length) {
        float[][] ramp = new float[2][length];
        for (int i = 0; i < length; i++) {
            ramp[0][i] = i + 1;
            ramp[1][i] = -i - 1;
        }
        return ramp;
    }

    private static float[][] signal(SignalPolicy policy, long seed, int from, int length) {
        return policy.draw(new SampleRandom(seed), ramp(from), new float[] {0, 0}, length);
    }

    private static SignalPolicy with(double shift, double speed, double gain, double polarity, double mask) {
        return new SignalPolicy(shift, speed, gain, polarity, 0, 0, 0, mask, 0.5);
    }

    @Test
    void signalWithoutChangesIsAStretchOfItself() {
        assertArrayEquals(ramp(30), signal(STILL, 1, 30, 30));
        boolean[] starts = new boolean[21];
        for (int seed = 0; seed < 500; seed++) {
            float[][] view = signal(STILL, seed, 30, 10);
            starts[(int) view[0][0] - 1] = true;
            for (int i = 0; i < 10; i++) {
                assertEquals(view[0][0] + i, view[0][i]);
                assertEquals(-view[0][i], view[1][i]);
            }
        }
        assertFalse(Arrays.toString(starts).contains("false"), Arrays.toString(starts));
    }

    @Test
    void beyondTheEndsStandsTheRest() {
        float[] rest = {5, 6};
        float[][] view = STILL.draw(new SampleRandom(4), ramp(10), rest, 16);
        int start = 0;
        while (view[0][start] == 5) {
            start++;
        }
        assertEquals(1, view[0][start]);
        assertEquals(10, view[0][start + 9]);
        assertTrue(start == 6 || view[0][start + 10] == 5);
        boolean outside = false;
        for (int seed = 0; seed < 50; seed++) {
            outside |= signal(with(0.3, 0, 0, 0, 0), seed, 30, 30)[0][0] == 0;
        }
        assertTrue(outside, "no view began before the signal");
    }

    @Test
    void gainAndPolarityScaleTheDistanceFromTheRest() {
        boolean turned = false;
        for (int seed = 0; seed < 20; seed++) {
            float[][] view = signal(with(0, 0, 6, 0.5, 0), seed, 20, 20);
            double factor = view[0][0];
            assertTrue(Math.abs(factor) >= 0.5011 && Math.abs(factor) <= 1.9954, "factor " + factor); // ±6 dB
            assertEquals(20 * factor, view[0][19], 1e-4);
            assertEquals(-20 * factor, view[1][19], 1e-4);
            turned |= factor < 0;
        }
        assertTrue(turned);
    }

    @Test
    void speedKeepsStraightLinesStraight() {
        for (int seed = 0; seed < 20; seed++) {
            float[] view = signal(with(0, 1, 0, 0, 0), seed, 100, 20)[0];
            double step = view[10] - view[9];
            assertTrue(step >= 0.499 && step <= 2.001, "step " + step);
            for (int i = 6; i < 14; i++) {
                assertEquals(step, view[i] - view[i - 1], 1e-3);
            }
        }
    }

    @Test
    void gapsHoldTheRestAndNoiseHasItsPower() {
        int gaps = 0;
        for (int seed = 0; seed < 40; seed++) {
            float[] view = signal(with(0, 0, 0, 0, 1), seed, 100, 100)[0];
            int zeros = 0;
            for (float value : view) {
                zeros += value == 0 ? 1 : 0;
            }
            assertTrue(zeros <= 50, "a gap of " + zeros);
            gaps += zeros;
        }
        assertEquals(25, gaps / 40.0, 10); // half of the largest, with room for 40 draws

        SignalPolicy noisy = new SignalPolicy(0, 0, 0, 0, 1, 20, 20, 0, 0);
        float[][] tone = {new float[4000]};
        for (int i = 0; i < 4000; i++) {
            tone[0][i] = (float) Math.sin(i * 0.1);
        }
        float[][] view = noisy.draw(new SampleRandom(2), tone, new float[] {0}, 4000);
        double power = 0;
        for (int i = 0; i < 4000; i++) {
            power += Math.pow(view[0][i] - tone[0][i], 2) / 4000;
        }
        assertEquals(0.5 / 100, power, 0.0005); // 20 dB below a sine's power of a half
    }

    @Test
    void settingsOfEachKindAreReadWrittenAndKeptApart() {
        Augmentation vectors = Augmentations.parse("vectors,mask=0.6,view-b.noise=0");
        assertEquals(new VectorPolicy(0.6, 0.1, 0.1), vectors.viewA());
        assertEquals(new VectorPolicy(0.6, 0, 0.1), vectors.viewB());
        assertEquals(vectors, Augmentations.fromSettings(vectors.settings()));
        Augmentation signals = Augmentations.parse("signals,snr-min=3,mask-max=0.4,views=different");
        assertEquals(signals, Augmentations.fromSettings(signals.settings()));
        String message = assertThrows(IllegalArgumentException.class, () -> Augmentations.parse("vectors,hue=0.1"))
                .getMessage();
        assertTrue(
                message.contains("unknown augmentation setting 'hue' of vectors; known are mask, noise, mix"), message);
        assertThrows(IllegalArgumentException.class, () -> Augmentations.parse("signals,snr-min=50,snr-max=20"));
        assertThrows(IllegalArgumentException.class, () -> Augmentations.parse("vectors,mask=1.5"));
    }

    private static final int SEQUENCES = 50;
    private static final int IDS = 100;
    private static final SpecialIds SPECIAL = new SpecialIds(0, 1, List.of(2, 3));

    /** Each is 2, then 100 ids of its own number, 1000·s + i, then 3. */
    private static SequenceDataset sequences() {
        List<int[]> all = IntStream.range(0, SEQUENCES)
                .mapToObj(s -> IntStream.concat(
                                IntStream.concat(
                                        IntStream.of(2), IntStream.range(0, IDS).map(i -> 1000 * (s + 1) + i)),
                                IntStream.of(3))
                        .toArray())
                .toList();
        List<String> names =
                IntStream.range(0, SEQUENCES).mapToObj(s -> "s" + s).toList();
        return new SequenceTable(names, all, List.of(), false, 0, Selection.ALL);
    }

    private static int[] sequence(SequencePolicy policy, long seed, int length) {
        return policy.draw(new SampleRandom(seed), sequences(), 6, length, SPECIAL);
    }

    @Test
    void sequenceWithoutChangesIsItselfWithPadding() {
        int[] view = sequence(new SequencePolicy(1, 0, 0, 0, 0), 1, 110);
        assertArrayEquals(Arrays.copyOf(sequences().sample(6), 110), view);
    }

    @Test
    void longerSequencesGiveAStretchBetweenTheirSpecialIds() {
        boolean[] started = new boolean[IDS];
        for (int seed = 0; seed < 500; seed++) {
            int[] view = sequence(new SequencePolicy(1, 0, 0, 0, 0), seed, 42);
            assertEquals(2, view[0]);
            assertEquals(3, view[41]);
            started[view[1] - 7000] = true;
            for (int i = 1; i < 41; i++) {
                assertEquals(view[1] + i - 1, view[i]);
            }
        }
        // 61 starts: one of them is missed with a probability below 61·(60/61)^500 = 0.016, for these seeds none
        assertEquals(61, IntStream.range(0, IDS).filter(i -> started[i]).count());
    }

    @Test
    void cropsHaveTheSharesAskedFor() {
        int shortest = IDS;
        int longest = 0;
        for (int seed = 0; seed < 500; seed++) {
            int[] view = sequence(new SequencePolicy(0.3, 0, 0, 0, 0), seed, 110);
            int kept = (int) Arrays.stream(view).filter(id -> id >= 1000).count();
            shortest = Math.min(shortest, kept);
            longest = Math.max(longest, kept);
            assertEquals(3, view[kept + 1]);
            assertEquals(0, view[kept + 2]);
        }
        assertTrue(shortest >= 30 && shortest <= 32 && longest >= 99, shortest + " to " + longest);
    }

    @Test
    void idsAreDeletedMaskedAndReplacedAsOftenAsAskedFor() {
        int deleted = 0;
        int masked = 0;
        int replaced = 0;
        for (int seed = 0; seed < 100; seed++) {
            int[] view = sequence(new SequencePolicy(1, 0.2, 0, 0, 0), seed, 110);
            assertEquals(2, view[0]);
            deleted += IDS + 2 - (int) Arrays.stream(view).filter(id -> id != 0).count();
            view = sequence(new SequencePolicy(1, 0, 0, 0.3, 0), seed, 110);
            masked += (int) Arrays.stream(view).filter(id -> id == 1).count();
            view = sequence(new SequencePolicy(1, 0, 0, 0, 0.4), seed, 110);
            replaced += (int) Arrays.stream(view)
                    .filter(id -> id >= 1000 && id / 1000 != 7)
                    .count();
            assertEquals(3, view[IDS + 1]);
        }
        // of 10,000 ids: 2000 ± 40, 3000 ± 46, and of those replaced 49/50 by another sequence's ordinary ids
        assertEquals(2000, deleted, 4 * 40);
        assertEquals(3000, masked, 4 * 46);
        assertEquals(4000 * (49.0 / 50) * (100.0 / 102), replaced, 4 * 49);
    }

    @Test
    void swapsKeepAllIdsAndOneIdIsAlwaysLeft() {
        int[] view = sequence(new SequencePolicy(1, 0, 0.1, 0, 0), 5, 102);
        int[] before = sequences().sample(6);
        long moved = IntStream.range(0, 102).filter(i -> view[i] != before[i]).count();
        assertTrue(moved >= 12 && moved <= 20, moved + " moved by 10 swaps");
        assertArrayEquals(
                Arrays.stream(before).sorted().toArray(),
                Arrays.stream(view).sorted().toArray());
        int[] least = sequence(new SequencePolicy(0.5, 1, 0, 0, 0), 5, 102);
        assertEquals(1, Arrays.stream(least).filter(id -> id >= 1000).count());
    }

    @Test
    void viewsOfSequencesDependOnTheKeyAlone() {
        SequenceViews views = new SequenceViews(sequences(), Augmentations.parse("sequences"), 40, SPECIAL);
        assertEquals(40 * Long.BYTES, views.type().bytes());
        ByteBuffer first = view(views, new ViewKey(1, 2, 3, 0));
        assertEquals(first, view(views, new ViewKey(1, 2, 3, 0)));
        assertEquals(2, first.order(ByteOrder.nativeOrder()).getLong(0));
        for (ViewKey other : List.of(
                new ViewKey(9, 2, 3, 0), new ViewKey(1, 9, 3, 0), new ViewKey(1, 2, 9, 0), new ViewKey(1, 2, 3, 1))) {
            assertFalse(first.equals(view(views, other)), other.toString());
        }
        assertThrows(
                IllegalArgumentException.class,
                () -> new SequenceViews(sequences(), Augmentations.parse("vectors"), 40, SPECIAL));
        assertThrows(IllegalArgumentException.class, () -> Augmentations.parse("sequences,mask=1.5"));
        Augmentation settings = Augmentations.parse("sequences,mask=0.4,view-b.swap=0.2");
        assertEquals(settings, Augmentations.fromSettings(settings.settings()));
    }

    private static ByteBuffer view(SequenceViews views, ViewKey key) {
        ByteBuffer into = ByteBuffer.allocateDirect(2 * views.type().bytes()).order(ByteOrder.nativeOrder());
        views.sample(3).write(key, into, views.type().bytes());
        assertEquals(0, into.getLong(0)); // only its own place is written
        return into.slice(views.type().bytes(), views.type().bytes());
    }
}
