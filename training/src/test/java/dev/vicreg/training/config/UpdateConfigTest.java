package dev.vicreg.training.config;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.vicreg.models.setting.Schema;
import org.junit.jupiter.api.Test;

final class UpdateConfigTest {
    /** As solo-learn scales rates: by all samples that an update is for. */
    @Test
    void ratesAreForTheSamplesOfAnUpdate() {
        UpdateConfig one = new UpdateConfig(128, "sgd", 0.9f, 0, "none");
        UpdateConfig three = Schema.with(one, "accumulate", 3);
        assertEquals(0.5, one.samples());
        assertEquals(1.5, three.samples());
        assertEquals(3 * one.usualRate(), three.usualRate(), 1e-12);
    }
}
