package dev.vicreg.training.config;

import dev.vicreg.models.setting.Group;
import dev.vicreg.models.setting.Option;
import dev.vicreg.models.setting.SettingException;
import dev.vicreg.runtime.natives.Device;

/**
 * Every resolved setting of a run: what config.json holds.
 *
 * @param graph what shapes the graphs
 * @param data what it learns from
 * @param views how views are made
 * @param schedule learning rates and length
 * @param seed of initial weights, order and augmentation
 * @param machine where and how it computes
 * @param output what it keeps
 */
public record TrainingConfig(
        GraphConfig graph,
        DataConfig data,
        ViewsConfig views,
        ScheduleConfig schedule,

        @Option(help = "of first weights, order and augmentation", group = Group.OPTIMIZATION, fallback = "0")
        long seed,

        MachineConfig machine,
        OutputConfig output) {

    /** Checks that all is resolved. */
    public TrainingConfig {
        if (machine.threads() < 1 || machine.workers() < 1 || output.checkpointEvery() < 0 || output.keep() < 1) {
            throw new SettingException("Threads, workers and checkpoints kept: expected 1 or more, found "
                    + machine.threads() + ", " + machine.workers() + " and " + output.keep());
        }
    }

    /** The same run with other graphs. */
    public TrainingConfig with(GraphConfig other) {
        return new TrainingConfig(other, data, views, schedule, seed, machine, output);
    }

    /** The same run on other data, or on the same that lie elsewhere. */
    public TrainingConfig with(DataConfig other) {
        return new TrainingConfig(graph, other, views, schedule, seed, machine, output);
    }

    /** The same run with what another, which goes on with it, decides for good: its length, and what it is measured on. */
    public TrainingConfig goingOnAs(TrainingConfig other) {
        return new TrainingConfig(
                graph,
                data.measuredOn(other.data.evalData()),
                views,
                schedule.with(other.schedule.length()),
                seed,
                machine,
                output.measuredAs(other.output));
    }

    /** Where the run computes, and how. */
    public Device computeDevice() {
        return machine.computeDevice(graph.precision());
    }
}
