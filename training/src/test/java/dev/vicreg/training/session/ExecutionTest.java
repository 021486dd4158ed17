package dev.vicreg.training.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vicreg.models.setting.SettingException;
import dev.vicreg.runtime.natives.Device;
import dev.vicreg.training.optim.Sgd;
import dev.vicreg.training.step.GoldenNet;
import dev.vicreg.training.step.TrainingGraph;
import dev.vicreg.training.step.pass.Branches;
import dev.vicreg.training.step.pass.Recomputation;
import dev.vicreg.training.step.pass.StepGraph;
import org.junit.jupiter.api.Test;

final class ExecutionTest {
    private static final StepGraph STEP = TrainingGraph.build(
                    GoldenNet.spec(new Sgd(0.9f, 1e-4f), TrainingGraph.NoDecay.NONE))
            .step();

    private static Execution execution(int threads, Branches branches) {
        return new Execution(Device.CPU, threads, Recomputation.NONE, branches);
    }

    @Test
    void branchesRunSideBySideWhereThereAreThreadsForBoth() {
        assertTrue(execution(2, Branches.AUTO).parted(STEP).isPresent());
        assertFalse(execution(1, Branches.AUTO).parted(STEP).isPresent());
        assertFalse(execution(2, Branches.IN_TURN).parted(STEP).isPresent());
    }

    @Test
    void oneThreadCannotDoBothSideBySide() {
        SettingException e = assertThrows(
                SettingException.class,
                () -> execution(1, Branches.SIDE_BY_SIDE).require(STEP));
        assertEquals(
                "`branches` side-by-side: expected the CPU and 2 `threads` or more, found 1 thread; leave it out",
                e.getMessage());
    }
}
