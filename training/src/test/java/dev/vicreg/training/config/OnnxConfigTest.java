package dev.vicreg.training.config;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.vicreg.models.encoder.Pooling;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OnnxConfigTest {
    private static final Path FILES = Path.of("src/test/resources/golden/imported");

    @Test
    void anEncodersFileIsReadOnce(@TempDir Path folder) throws IOException {
        Path file = Files.copy(FILES.resolve("residual-training.onnx"), folder.resolve("net.onnx"));
        OnnxConfig config = OnnxConfig.of(file, "", Pooling.NONE, "train", "off", null, List.of());
        int rank = config.input().shape().rank();
        Files.delete(file); // whoever reads it once more fails
        assertEquals(rank - 1, config.encoder().sample().size());
        assertEquals(
                List.of(3L, 16L, 16L),
                config.withSample(List.of(3L, 16L, 16L)).encoder().sample());
        assertEquals(true, config.takes().channelsFirst());
    }
}
