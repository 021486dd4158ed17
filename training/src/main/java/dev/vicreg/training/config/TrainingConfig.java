package dev.vicreg.training.config;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.vicreg.runtime.natives.CudaOptions;
import dev.vicreg.runtime.natives.Device;
import dev.vicreg.training.data.Augmentations;
import dev.vicreg.training.data.view.Augmentation;
import dev.vicreg.training.optim.Schedule;
import dev.vicreg.training.step.Side;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Every resolved setting of a run: what config.json holds.
 *
 * @param graph what shapes the graphs
 * @param data the data set's name, as {@link dev.vicreg.training.data.Kinds} tells and opens it
 * @param pairs what belongs together where the views of a pair are not of one sample; null, and absent in JSON, else
 * @param limit most samples used; 0 for all
 * @param limitPerClass most samples used of each class; 0 for all
 * @param augment both views' augmentation, as {@link Augmentation#settings()} gives it
 * @param augmentB the second view's augmentation where it has one of its own, likewise; null, and absent in JSON, else
 * @param epochs passes over the data; 0 where {@code steps} is given instead
 * @param steps steps of the run; 0 where {@code epochs} is given instead
 * @param lr peak learning rate
 * @param baseLr the same per 256 samples: {@code lr · 256 / batchSize}
 * @param warmupEpochs length of the warm-up in epochs; fractions count
 * @param warmupStart rate at which the warm-up starts
 * @param schedule {@code cosine} or {@code constant}
 * @param finalLrFactor end of the cosine as a share of the peak
 * @param seed of initial weights, order and augmentation
 * @param threads of the step; part of what makes runs bitwise equal
 * @param workers threads that load pictures
 * @param device {@code auto}, {@code cpu}, {@code cuda:0}
 * @param cuda how CUDA works where it is used; null, as in runs of versions that knew none, for the defaults
 * @param checkpointEvery steps between checkpoints; 0 for one an epoch
 * @param keep checkpoints kept, the newest ones
 */
public record TrainingConfig(
        GraphConfig graph,
        String data,
        @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable PairConfig pairs,
        int limit,
        int limitPerClass,
        Map<String, Object> augment,
        @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable Map<String, Object> augmentB,
        int epochs,
        long steps,
        double lr,
        double baseLr,
        double warmupEpochs,
        double warmupStart,
        String schedule,
        double finalLrFactor,
        long seed,
        int threads,
        int workers,
        String device,
        CudaOptions cuda,
        long checkpointEvery,
        int keep) {

    /** Checks what no part of the run checks itself. */
    public TrainingConfig {
        cuda = Objects.requireNonNullElse(cuda, CudaOptions.DEFAULTS);
        if ((epochs > 0) == (steps > 0) || epochs < 0 || steps < 0) {
            throw new IllegalArgumentException(
                    "Length of the run: expected either epochs or steps, found " + epochs + " and " + steps);
        }
        if (!(warmupEpochs >= 0) || !(finalLrFactor >= 0 && finalLrFactor <= 1)) {
            throw new IllegalArgumentException(
                    "Schedule: expected warm-up epochs of 0 or more and a final factor of 0 to" + " 1, found "
                            + warmupEpochs + " and " + finalLrFactor);
        }
        if (threads < 1 || workers < 1 || checkpointEvery < 0 || keep < 1) {
            throw new IllegalArgumentException("Threads, workers and checkpoints kept: expected 1 or more, found "
                    + threads + ", " + workers + " and " + keep);
        }
    }

    /** The same run, with the copies that {@code run} has of the files that encoders came in. */
    public TrainingConfig in(Path run) {
        return with(graph.in(run.resolve("artifacts")));
    }

    /** The same run with other graphs. */
    public TrainingConfig with(GraphConfig other) {
        return new TrainingConfig(
                other,
                data,
                pairs,
                limit,
                limitPerClass,
                augment,
                augmentB,
                epochs,
                steps,
                lr,
                baseLr,
                warmupEpochs,
                warmupStart,
                schedule,
                finalLrFactor,
                seed,
                threads,
                workers,
                device,
                cuda,
                checkpointEvery,
                keep);
    }

    /** Where the run computes, and how. */
    public Device computeDevice() {
        return Device.parse(device).with(cuda);
    }

    /** How the views of a side are made. */
    public Augmentation augmentation(Side side) {
        return Augmentations.fromSettings(side == Side.A || augmentB == null ? augment : augmentB);
    }

    /** Steps of the run over a data set with that many steps an epoch. */
    public long totalSteps(long stepsPerEpoch) {
        return steps > 0 ? steps : Math.multiplyExact(epochs, stepsPerEpoch);
    }

    /** The learning rates of the run. */
    public Schedule schedule(long stepsPerEpoch) {
        Schedule.Kind kind = switch (schedule.toLowerCase(Locale.ROOT)) {
            case "cosine" -> Schedule.Kind.COSINE;
            case "constant" -> Schedule.Kind.CONSTANT;
            default ->
                throw new IllegalArgumentException("Unknown schedule " + schedule + ": expected cosine or constant");
        };
        long total = totalSteps(stepsPerEpoch);
        long warmup = Math.min(total, Math.round(warmupEpochs * stepsPerEpoch));
        return new Schedule(kind, lr, warmup, warmupStart, lr * finalLrFactor, total);
    }
}
