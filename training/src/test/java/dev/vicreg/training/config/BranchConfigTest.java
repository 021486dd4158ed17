package dev.vicreg.training.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.vicreg.models.encoder.EncoderOptions;
import dev.vicreg.training.run.RunConfig;
import java.util.List;
import org.junit.jupiter.api.Test;

class BranchConfigTest {
    private static BranchConfig config(String encoder, int width, EncoderOptions options) {
        List<Float> half = List.of(0.5f, 0.5f, 0.5f);
        return new BranchConfig(encoder, width, new InputConfig.Pictures(32, 3, half, half), "8-8", options);
    }

    private static GraphConfig graph(BranchConfig a, BranchConfig b) {
        return new GraphConfig(a, b, 4, "official", 25, 25, 1, "sgd", 0.9f, 0, "none");
    }

    @Test
    void optionsOfTheEncoderComeBackFromJson() throws JsonProcessingException {
        GraphConfig graph = graph(
                config("resnet18", 16, EncoderOptions.NONE.with("stem", "strided").with("zero-init-residual", true)),
                config("vit-tiny", 12, EncoderOptions.NONE.with("patch-size", 8).with("pool", "mean")));
        String json = RunConfig.JSON.writeValueAsString(graph);
        assertEquals(graph, RunConfig.JSON.readValue(json, GraphConfig.class));
        assertTrue(json.contains("\"stem\" : \"strided\""), json);
    }

    @Test
    void optionsThatWereNotAskedForAreNotInJson() throws JsonProcessingException {
        GraphConfig graph = graph(config("resnet18", 16, EncoderOptions.NONE), null);
        String json = RunConfig.JSON.writeValueAsString(graph);
        assertEquals(graph, RunConfig.JSON.readValue(json, GraphConfig.class));
        assertFalse(json.contains("stem") || json.contains("patchSize"), json);
    }

    @Test
    void optionsReachTheEncoder() {
        BranchConfig wrong = config("resnet18", 16, EncoderOptions.NONE.with("patch-size", 8));
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class, () -> wrong.branch("", false));
        assertEquals(
                "Encoder resnet18 takes no --patch-size: it is for convnext-tiny, vit-base, vit-small, vit-tiny; leave"
                        + " it out",
                e.getMessage());
    }
}
