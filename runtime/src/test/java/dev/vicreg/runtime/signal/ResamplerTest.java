package dev.vicreg.runtime.signal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ResamplerTest {
    private static float[] sine(double frequency, int rate, int length) {
        float[] sine = new float[length];
        for (int i = 0; i < length; i++) {
            sine[i] = (float) Math.sin(2 * Math.PI * frequency * i / rate);
        }
        return sine;
    }

    /** Largest difference in the middle, where the ends don't show. */
    private static double difference(float[] expected, float[] found) {
        double largest = 0;
        for (int i = found.length / 4; i < found.length * 3 / 4; i++) {
            largest = Math.max(largest, Math.abs((double) expected[i] - found[i]));
        }
        return largest;
    }

    /** Up, down, by awkward factors, and close to the end of the pass band. */
    @ParameterizedTest
    @CsvSource({
        "44100, 16000, 1000",
        "44100, 16000, 7000",
        "8000, 16000, 3300",
        "16000, 8000, 440",
        "48000, 44100, 19000",
        "22050, 16000, 60",
        "1000, 999, 100"
    })
    void sineStaysASine(int from, int to, double frequency) {
        float[] found = new Resampler(from, to).apply(sine(frequency, from, 2 * from / 5));
        // Found at most 1.0e-6, at 19 kHz.
        assertEquals(0, difference(sine(frequency, to, found.length), found), 5e-6);
    }

    @ParameterizedTest
    @CsvSource({"44100, 16000, 9000", "16000, 8000, 4500", "48000, 8000, 20000"})
    void whatTheNewRateCannotHoldIsRemoved(int from, int to, double frequency) {
        float[] found = new Resampler(from, to).apply(sine(frequency, from, from));
        assertEquals(0, difference(new float[found.length], found), 1e-6); // found at most 1.5e-7: -136 dB
    }

    @Test
    void lengthIsThatOfTheSameTime() {
        assertEquals(16000, new Resampler(44100, 16000).apply(new float[44100]).length);
        assertEquals(4, new Resampler(3, 1).apply(new float[10]).length);
        assertEquals(30, new Resampler(1, 3).apply(new float[10]).length);
    }

    @Test
    void sameRateKeepsTheVeryValues() {
        Signal signal = new Signal(new float[][] {{1, 2, 3}}, 8000);
        assertEquals(signal, signal.resampled(8000));
    }

    @Test
    void ratesWithoutCommonFactorsAreRefusedWhereTheFilterWouldBeHuge() {
        String message = assertThrows(IllegalArgumentException.class, () -> new Resampler(9_999_991, 9_999_973))
                .getMessage();
        assertTrue(message.contains("more factors in common"), message);
        assertThrows(IllegalArgumentException.class, () -> new Resampler(0, 8000));
        assertThrows(
                IllegalArgumentException.class, () -> new Resampler(16_793_664, 16_000), "half a minute for a file");
        assertEquals(48_000, new Resampler(47_999, 48_000).apply(new float[47_999]).length);
    }

    @Test
    void monoIsTheMeanOfTheChannels() {
        Signal stereo = new Signal(new float[][] {{1, 2}, {3, -2}}, 10);
        assertArrayEquals(new float[] {2, 0}, stereo.mono().samples()[0]);
    }

    @Test
    void middleIsCutOutOrPutBetweenTheRest() {
        Signal signal = new Signal(new float[][] {{1, 2, 3, 4, 5}}, 10);
        float[] rest = {9};
        assertArrayEquals(new float[] {2, 3, 4}, signal.middle(3, rest)[0]);
        assertArrayEquals(new float[] {9, 1, 2, 3, 4, 5, 9}, signal.middle(7, rest)[0]);
        assertArrayEquals(new float[] {9, 1, 2, 3, 4, 5}, signal.middle(6, rest)[0]);
    }

    @Test
    void whatWouldBecomeTooLongIsRefused() {
        Signal slow = new Signal(new float[][] {new float[60_000]}, 1);
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class, () -> slow.resampled(16_000));
        assertEquals(
                "Resampling 60000 values to 16000/1 of their rate would give 960000000, expected at most 134217728;"
                        + " cut the recording, or choose a lower rate",
                e.getMessage());
        Signal longer = new Signal(new float[][] {new float[200_000]}, 1);
        assertThrows(IllegalArgumentException.class, () -> longer.resampled(16_000));
    }
}
