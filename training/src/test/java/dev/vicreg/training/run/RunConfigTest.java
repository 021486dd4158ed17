package dev.vicreg.training.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RunConfigTest {
    @TempDir
    Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"{}", "null", "{\"format\": 2}", "{\"settings\": 1}"})
    void whatIsMissingIsNamed(String json) throws IOException {
        Path file = Files.writeString(folder.resolve("config.json"), json);
        IOException e = assertThrows(IOException.class, () -> RunConfig.read(file));
        assertEquals(file + " is not the configuration of a run: it has no settings", e.getMessage());
    }

    @ParameterizedTest
    @ValueSource(strings = {"{\"format\": 4, \"settings\": {}}", "{\"format\": \"2\", \"settings\": {}}"})
    void otherFormatsAreRefused(String json) throws IOException {
        Path file = Files.writeString(folder.resolve("config.json"), json);
        IOException e = assertThrows(IOException.class, () -> RunConfig.read(file));
        assertTrue(String.valueOf(e.getMessage()).endsWith("reads up to 3; take the version that began the run"));
    }
}
