package dev.vicreg.integration;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.engine.Engine;
import dev.vicreg.runtime.EmbeddingModel;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Why docs/library.md says that DJL's engine comes first; if this fails, DJL has changed, and that page may be shorter. */
class EmbeddingModelFirstTest {
    @TempDir
    Path folder;

    @Test
    void djlRefusesAnEnvironmentThatIsThereAndTheModelGoesOn() throws Exception {
        Path picture = TestEncoders.pictures(folder).get(0);
        try (EmbeddingModel model = EmbeddingModel.load(TestEncoders.own(folder))) {
            float[] vector = model.embed(picture);
            Throwable cause = assertThrows(Throwable.class, () -> Engine.getEngine("OnnxRuntime"));
            while (cause.getCause() != null) {
                cause = cause.getCause();
            }
            assertTrue(String.valueOf(cause.getMessage()).contains("one already exists"), cause.toString());
            assertArrayEquals(vector, model.embed(picture));
        }
    }
}
