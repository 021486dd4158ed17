package dev.vicreg.training.optim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vicreg.models.setting.Schema;
import dev.vicreg.models.setting.SettingException;
import dev.vicreg.training.config.LengthConfig;
import dev.vicreg.training.config.ScheduleConfig;
import java.util.Arrays;
import java.util.List;
import java.util.stream.DoubleStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class ScheduleTest {
    private static ScheduleConfig config(String schedule, int steps, List<Double> milestones, double gamma) {
        return new ScheduleConfig(0.8, 0.8, new LengthConfig(0, steps), 0.5, 0, schedule, 0, milestones, gamma);
    }

    private static double[] rates(ScheduleConfig config, int steps) {
        Schedule schedule = config.over(4); // the warm-up is of two steps
        return DoubleStream.iterate(0, step -> step + 1)
                .limit(steps)
                .map(step -> schedule.rate((long) step))
                .toArray();
    }

    /** torch.optim.lr_scheduler.MultiStepLR with milestones 5 and 8 and gamma 0.5, after the warm-up. */
    @Test
    void theRateFallsAtMilestones() {
        double[] expected = {0.4, 0.8, 0.8, 0.8, 0.8, 0.4, 0.4, 0.4, 0.2, 0.2};
        double[] found = rates(config("step", 10, List.of(0.5, 0.8), 0.5), 10);
        for (int i = 0; i < expected.length; i++) {
            assertEquals(expected[i], found[i], 1e-12, "step " + i);
        }
    }

    @Test
    void aStretchedRunKeepsTheShares() {
        ScheduleConfig stretched = config("step", 10, List.of(0.5, 0.8), 0.5).with(new LengthConfig(0, 20));
        double[] found = rates(stretched, 20);
        assertEquals(0.8, found[9], 1e-12);
        assertEquals(0.4, found[10], 1e-12);
        assertEquals(0.4, found[15], 1e-12);
        assertEquals(0.2, found[16], 1e-12);
    }

    @Test
    void withoutMilestonesThereAreTheUsualOnes() {
        ScheduleConfig usual = config("step", 10, List.of(), 0);
        assertEquals(List.of(0.6, 0.8), usual.lrMilestones());
        assertEquals(0.1, usual.lrGamma());
        assertEquals("0.6,0.8", Schema.texts(usual).get("lr-milestones"));
        assertEquals(usual, Schema.of(ScheduleConfig.class, Schema.json(usual)));
        ScheduleConfig cosine = config("cosine", 10, List.of(), 0);
        assertEquals(cosine, Schema.of(ScheduleConfig.class, Schema.json(cosine)));
        assertTrue(Schema.texts(cosine).keySet().stream().noneMatch(name -> name.startsWith("lr-")));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "step | 0.8,0.6 | 0.1 | lr-milestones`: expected shares of the run between 0 and 1",
                "step | 0,0.6 | 0.1 | lr-milestones",
                "step | 1 | 0.1 | lr-milestones",
                "step | NaN | 0.1 | lr-milestones",
                "step | 0.5 | 1.5 | lr-gamma`: expected more than 0 and at most 1, found 1.5",
                "step | 0.5 | -1 | lr-gamma",
                "cosine | 0.5 | 0 | belong to `schedule` step, found cosine",
                "steps | '' | 0 | expected cosine, constant or step"
            })
    void whatMakesNoSenseIsRefused(String schedule, String milestones, double gamma, String expected) {
        List<Double> shares = milestones.isEmpty()
                ? List.of()
                : Arrays.stream(milestones.split(",", -1)).map(Double::valueOf).toList();
        SettingException e = assertThrows(
                SettingException.class,
                () -> config(schedule, 10, shares, gamma).over(4));
        assertTrue(String.valueOf(e.getMessage()).contains(expected), e.getMessage());
    }
}
