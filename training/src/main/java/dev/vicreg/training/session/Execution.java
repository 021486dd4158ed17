package dev.vicreg.training.session;

import dev.vicreg.models.setting.SettingException;
import dev.vicreg.runtime.natives.Device;
import dev.vicreg.runtime.natives.OrtSessions;
import dev.vicreg.training.step.TrainingGraph;
import dev.vicreg.training.step.lowering.Lowering;
import dev.vicreg.training.step.pass.Branches;
import dev.vicreg.training.step.pass.Recomputation;
import dev.vicreg.training.step.pass.StepGraph;
import dev.vicreg.training.step.pass.StepParts;
import java.util.Optional;

/**
 * How steps are carried out. None of it changes what is computed, up to rounding; the same execution gives the same bits.
 *
 * @param device where
 * @param threads of all that runs at a time, 1 or more
 * @param recomputation what isn't held for the backward pass
 * @param branches in which order their passes are done
 */
public record Execution(Device device, int threads, Recomputation recomputation, Branches branches) {
    /**
     * The most bytes that parts hand over where nothing else is asked for. What one part holds for another it holds to the end,
     * so that a step in parts takes about a third more; the larger a network, the less it gains: docs/measured.md.
     */
    private static final long MOST_HANDED_OVER = 768L << 20;

    /** The least share of heavy operators that must be in passes of one branch for a cut to pay where it isn't asked for. */
    private static final double LEAST_SHARE = 0.8;

    /** A step in parts, and the lowering that chose its kernels. */
    record Parted(StepParts parts, Lowering lowering) {}

    /**
     * The lowering of a step as one graph.
     *
     * @throws IllegalStateException if CUDA is asked for and can't be used: says what is missing
     */
    public Lowering lowering() {
        return MachineLowering.of(device, threads).with(recomputation);
    }

    /**
     * Refuses what can't be done side by side though it is asked for.
     *
     * @param step before kernels are chosen
     * @throws SettingException says why
     */
    public void require(StepGraph step) {
        if (branches == Branches.SIDE_BY_SIDE) {
            parted(step);
        }
    }

    /** The step in parts that run side by side; nothing where it runs as one graph. */
    Optional<Parted> parted(StepGraph step) {
        boolean asked = branches == Branches.SIDE_BY_SIDE;
        boolean onCpu = OrtSessions.resolve(device).kind() == Device.Kind.CPU;
        if (branches == Branches.IN_TURN || (!asked && (!onCpu || threads == 1))) {
            return Optional.empty();
        }
        if (!onCpu || threads == 1) {
            throw new SettingException("`branches` side-by-side: expected the CPU and 2 `threads` or more, found "
                    + (onCpu ? "1 thread" : OrtSessions.resolve(device).toString()) + "; leave it out");
        }
        Lowering lowering = MachineLowering.of(device, threads / 2).with(recomputation);
        Optional<StepParts> parts =
                StepParts.of(lowering.applyWithoutWrites(step), TrainingGraph.VIEW_A, TrainingGraph.VIEW_B);
        if (asked && parts.isEmpty()) {
            throw new SettingException("`branches` side-by-side: expected branches that are computed apart but for the"
                    + " objective, found one whose passes wait for the other's; leave it out");
        }
        return parts.filter(found -> asked || (found.handedOver() <= MOST_HANDED_OVER && found.share() >= LEAST_SHARE))
                .map(found -> new Parted(found, lowering));
    }
}
