package dev.vicreg.training.loop;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vicreg.models.setting.SettingException;
import dev.vicreg.training.config.BranchConfig;
import dev.vicreg.training.config.GraphConfig;
import dev.vicreg.training.config.ObjectiveConfig;
import dev.vicreg.training.config.PrecisionConfig;
import dev.vicreg.training.config.UpdateConfig;
import dev.vicreg.training.step.TrainingGraph;
import dev.vicreg.training.step.pass.Recomputation;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

final class StepMemoryTest {
    @Test
    void aStepThatOnlyRecomputationFitsIsRefusedWithoutItAlone() throws IOException {
        List<Float> half = List.of(0.5f, 0.5f, 0.5f);
        GraphConfig graph = new GraphConfig(
                new BranchConfig("resnet18", 4, 8, 3, half, half, "8-8"),
                null,
                new ObjectiveConfig("official", 25, 25, 1),
                new UpdateConfig(4, "adamw", 0.9f, 1e-4f, "none"),
                PrecisionConfig.FLOAT32);
        TrainingGraph.Built built = TrainingGraph.build(graph.spec());
        long all = StepMemory.kept(built, Recomputation.NONE);
        String message = assertThrows(
                        SettingException.class, () -> StepMemory.require(built, graph, Recomputation.NONE, all - 1))
                .getMessage();
        assertTrue(message.endsWith(", or `recompute` blocks"), message);
        StepMemory.require(built, graph, Recomputation.BLOCKS, all - 1);
        String anyway = assertThrows(
                        SettingException.class, () -> StepMemory.require(built, graph, Recomputation.BLOCKS, 1))
                .getMessage();
        assertFalse(anyway.contains("recompute"), anyway);
    }
}
