package dev.vicreg.models.setting;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class NearestTest {
    private static final List<String> WORDS = List.of("batch-size", "epochs", "seed", "steps");

    @Test
    void oneEditIsOneLetterOrOneSwap() {
        assertEquals(0, Nearest.distance("epochs", "epochs"));
        assertEquals(1, Nearest.distance("epohcs", "epochs"));
        assertEquals(1, Nearest.distance("epoch", "epochs"));
        assertEquals(3, Nearest.distance("kitten", "sitting"));
    }

    @Test
    void farWordsHaveNoNearest() {
        assertEquals(Optional.of("batch-size"), Nearest.of("batchsize", WORDS));
        assertEquals(Optional.of("batch-size"), Nearest.of("batch", WORDS));
        assertEquals(Optional.empty(), Nearest.of("colour", WORDS));
    }
}
