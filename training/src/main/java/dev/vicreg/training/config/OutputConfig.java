package dev.vicreg.training.config;

import dev.vicreg.models.setting.Group;
import dev.vicreg.models.setting.Option;
import dev.vicreg.models.setting.SettingException;
import dev.vicreg.training.finding.Fault;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a run keeps of itself, and what it measures on the way.
 *
 * @param checkpointEvery steps between checkpoints; 0 for one an epoch
 * @param keep checkpoints kept, the newest ones
 * @param evalEvery steps between measurements of the encoder; 0 for none
 * @param keepBest the measure by which one more checkpoint is kept, the best so far; null for none
 * @param probeEvery steps between probes of layers and vectors; 0 for none
 * @param onNan {@code stop}, or {@code rollback}: to the last checkpoint or the one before, with half the rate, three times at most
 * @param failOn faults by their ids, or {@code any}, with which the run ends once they are found
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
        int keep,

        @Option(
                help =
                        "measure the encoder after so many steps each: by kNN and a linear probe where labels are known, and"
                                + " without labels; 0 for never",
                argument = "STEPS",
                group = Group.EVALUATION,
                fallback = "0",
                min = 0,
                max = Integer.MAX_VALUE,
                free = true)
        long evalEvery,

        @Option(
                help = "keep the checkpoint too that is the best by this measure of `eval-every`",
                group = Group.EVALUATION,
                choices = {"knn", "linear", "rankme", "spread", UNIFORMITY},
                free = true)
        @Nullable
        String keepBest,

        @Option(
                help =
                        "look into the network after so many steps each, on a few samples: gradients and updates by layer, zeros,"
                                + " spectra; 0 for never",
                argument = "STEPS",
                group = Group.OUTPUT,
                fallback = "50",
                min = 0,
                max = Integer.MAX_VALUE,
                free = true)
        long probeEvery,

        @Option(
                help =
                        "if the loss is not finite: stop, or go back to the last checkpoint and on at half the rate, up to three"
                                + " times",
                group = Group.OUTPUT,
                choices = {STOP, ROLLBACK},
                fallback = STOP,
                free = true)
        String onNan,

        @Option(
                help = "end the run, saved, with exit status 1 once one of these is found: {words} (docs/diagnosis.md)",
                argument = "FINDING,…",
                group = Group.OUTPUT,
                codec = Fault.Names.class,
                free = true)
        List<String> failOn) {
    private static final String UNIFORMITY = "uniformity";
    private static final String STOP = "stop";
    private static final String ROLLBACK = "rollback";

    /** @throws SettingException if a best checkpoint is asked for and nothing is measured */
    public OutputConfig {
        failOn = List.copyOf(failOn);
        if (keepBest != null && evalEvery == 0) {
            throw new SettingException("`keep-best` " + keepBest
                    + " needs measurements to choose by: add `eval-every` STEPS, or leave it out");
        }
    }

    /** Nothing is measured on the way, and nobody looks into the network. */
    public OutputConfig(long checkpointEvery, int keep) {
        this(checkpointEvery, keep, 0, null, 0, STOP, List.of());
    }

    /** The same, measured as another. */
    OutputConfig measuredAs(OutputConfig other) {
        return new OutputConfig(checkpointEvery, keep, other.evalEvery, other.keepBest, probeEvery, onNan, failOn);
    }

    /** Whether the run goes back where its numbers go wrong. */
    public boolean rollsBack() {
        return onNan.equals(ROLLBACK);
    }

    /** Whether a value of {@link #keepBest} is better than another: it is larger, of uniformity smaller. */
    public boolean isBetter(double value, double other) {
        return UNIFORMITY.equals(keepBest) ? value < other : value > other;
    }
}
