package dev.vicreg.training.config;

import dev.vicreg.models.setting.Group;
import dev.vicreg.models.setting.Option;

/**
 * What a run keeps of itself.
 *
 * @param checkpointEvery steps between checkpoints; 0 for one an epoch
 * @param keep checkpoints kept, the newest ones
 */
public record OutputConfig(
        @Option(
                help = "0 for one an epoch",
                argument = "STEPS",
                group = Group.OUTPUT,
                fallback = "0",
                min = 0,
                max = Integer.MAX_VALUE,
                free = true)
        long checkpointEvery,

        @Option(
                help = "newest checkpoints that are kept",
                group = Group.OUTPUT,
                fallback = "2",
                min = 1,
                max = 1_000_000,
                free = true)
        int keep) {}
