package dev.vicreg.runtime;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.vicreg.runtime.input.Input;
import dev.vicreg.runtime.sequence.ByteIds;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What a manifest says of ids, and how they are brought to it. */
class SequenceInputTest {
    private static Input.Sequences input(boolean cut) {
        return new Input.Sequences("ids", "sequence", 5, "ids", 100, 0, 4, List.of(1, 2), cut);
    }

    @Test
    void shortSequencesArePaddedAndLongOnesLoseWhatIsNotSpecial() {
        assertArrayEquals(new long[] {7, 8, 0, 0, 0}, input(false).fitted(7, 8));
        assertArrayEquals(new long[] {7, 0, 8, 9, 9}, input(false).fitted(7, 0, 8, 9, 9, 0, 0, 0));
        assertArrayEquals(new long[] {1, 7, 8, 9, 2}, input(true).fitted(1, 7, 8, 9, 10, 11, 2));
        assertArrayEquals(new long[] {1, 1, 1, 1, 1}, input(true).fitted(1, 1, 1, 1, 1, 1, 7));
    }

    @Test
    void whatDoesNotFitIsTold() {
        assertEquals("a sequence of 6 ids, expected 1 to 5", message(1, 7, 8, 9, 10, 2));
        assertEquals("a sequence of 0 ids, expected 1 to 5", message(0, 0));
        assertEquals("id 100 at place 1 is not one of 0 to 99", message(7, 100));
        assertEquals("id -1 at place 0 is not one of 0 to 99", message(-1));
    }

    private static String message(long... ids) {
        return assertThrows(IllegalArgumentException.class, () -> input(false).fitted(ids))
                .getMessage();
    }

    @Test
    void manifestComesBackAsItWas() throws IOException {
        Manifest manifest = new Manifest(2, "1", "textcnn", input(true), 8, 9, "hash", Map.of());
        assertEquals(2, Manifest.formatVersion(input(true)));
        assertEquals(manifest, Manifest.parse(manifest.toJson(), "test"));
    }

    @Test
    void textsAreBytesAsByT5HasThem() {
        assertArrayEquals(new int[] {'H' + 3, 'i' + 3, 1}, ByteIds.of("Hi"));
        assertArrayEquals(new int[] {0xE2 + 3, 0x82 + 3, 0xAC + 3, 1}, ByteIds.of("\u20AC"));
        assertArrayEquals(new int[] {1}, ByteIds.of(""));
        assertEquals("\u20AC 5", ByteIds.text(0xE2 + 3, 0x82 + 3, 2, 0xAC + 3, ' ' + 3, '5' + 3, 1, 0));
    }
}
