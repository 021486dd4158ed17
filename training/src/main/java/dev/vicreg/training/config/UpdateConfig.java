package dev.vicreg.training.config;

import dev.vicreg.models.setting.Codec;
import dev.vicreg.models.setting.Group;
import dev.vicreg.models.setting.Nearest;
import dev.vicreg.models.setting.Option;
import dev.vicreg.models.setting.SettingException;
import dev.vicreg.training.optim.FineTuning;
import dev.vicreg.training.optim.Optimizer;
import dev.vicreg.training.optim.Optimizers;
import dev.vicreg.training.step.TrainingGraph.NoDecay;
import dev.vicreg.training.step.UpdateOptions;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * How a step updates the parameters.
 *
 * @param batchSize pairs per step
 * @param optimizer {@code sgd}, {@code adamw}, {@code lars-official} or {@code lars-solo}; of {@code lars} the first
 * @param momentum of sgd and lars; β₁ of adamw
 * @param weightDecay 0 to 1
 * @param noDecay {@code none}, {@code norm-bias} or {@code 1d}; of an empty one what is usual for the optimizer
 * @param freeze patterns of parameters that stay as they are
 * @param lrScale {@code pattern=factor}: parameters that learn at so many times the rate
 * @param options what an update does whichever the optimizer
 */
public record UpdateConfig(
        @Option(help = "pairs a step", group = Group.OPTIMIZATION, fallback = "128", min = 2, max = 1 << 20)
        int batchSize,

        @Option(
                help = "how parameters are updated; lars is lars-official",
                group = Group.OPTIMIZATION,
                codec = Name.class,
                fallback = "adamw")
        String optimizer,

        @Option(
                help = "of sgd and lars; the first beta of adamw",
                group = Group.OPTIMIZATION,
                fallback = "0.9",
                min = 0,
                max = 0.9999)
        float momentum,

        @Option(help = "share taken off parameters", group = Group.OPTIMIZATION, fallback = "1e-4", min = 0, max = 1)
        float weightDecay,

        @Option(
                help = "parameters left undecayed; without it 1d for lars, none for the others",
                group = Group.OPTIMIZATION,
                choices = {"none", "norm-bias", "1d"})
        String noDecay,

        @Option(
                help = "parameters that are not trained, by patterns such as 'encoder.layer1.*'",
                argument = "PATTERN,…",
                group = Group.OPTIMIZATION)
        List<String> freeze,

        @Option(
                help = "parameters that learn at X times the rate; of several that fit the last counts",
                argument = "PATTERN=X,…",
                group = Group.OPTIMIZATION)
        List<String> lrScale,

        UpdateOptions options) {
    private static final int RATE_SAMPLES = 256;
    private static final String LARS = "lars"; // short for:
    private static final String LARS_OFFICIAL = "lars-official";

    /** Names of the optimizers. */
    static final class Name implements Codec<String> {
        @Override
        public String parse(String text) {
            return Nearest.require(text, words());
        }

        @Override
        public List<String> words() {
            List<String> words = new ArrayList<>(Optimizers.names());
            words.add(words.indexOf(LARS_OFFICIAL), LARS);
            return words;
        }
    }

    /** Checks what no part of the graph checks itself. */
    public UpdateConfig {
        optimizer = optimizer.equals(LARS) ? LARS_OFFICIAL : optimizer;
        noDecay = noDecay.isEmpty() ? (Optimizers.usuallyDecaysVectors(optimizer) ? "none" : "1d") : noDecay;
        freeze = List.copyOf(freeze);
        lrScale = List.copyOf(lrScale);
        if (!(momentum >= 0 && momentum < 1)) {
            throw new SettingException("Momentum: expected 0 or more and less than 1, found " + momentum);
        }
        if (!(weightDecay >= 0 && weightDecay <= 1)) {
            throw new SettingException("Weight decay: expected 0 to 1, found " + weightDecay);
        }
    }

    /** Everything trained at one rate. */
    public UpdateConfig(int batchSize, String optimizer, float momentum, float weightDecay, String noDecay) {
        this(batchSize, optimizer, momentum, weightDecay, noDecay, List.of(), List.of(), UpdateOptions.NONE);
    }

    /**
     * Refuses data that fill no batch.
     *
     * @param samples how many there are, or pairs of them
     * @param noun what they are called, in the plural
     * @param data what the user calls the data
     * @throws IllegalArgumentException if they are too few
     */
    public void requireBatch(int samples, String noun, String data) {
        if (samples < batchSize) {
            throw new SettingException("Batch size " + batchSize + " is larger than the data set: expected at most "
                    + samples + ", the " + noun + " in " + data);
        }
    }

    /** Pairs that an update is for. */
    private int pairs() {
        return Math.multiplyExact(batchSize, options.accumulate());
    }

    /** What an update is for as a multiple of the 256 samples that a base rate is for. */
    public double samples() {
        return (double) pairs() / RATE_SAMPLES;
    }

    /** The peak learning rate where none is asked for, of a network that starts anew: see {@link GraphConfig#usualRate}. */
    double usualRate() {
        return Optimizers.usualRate(optimizer, pairs());
    }

    /**
     * What {@link #optimizer} means.
     *
     * @throws IllegalArgumentException for an unknown one
     */
    Optimizer update() {
        return Optimizers.of(optimizer, momentum, weightDecay);
    }

    /** Which parameters aren't decayed. */
    NoDecay undecayed() {
        return switch (noDecay.toLowerCase(Locale.ROOT)) {
            case "none" -> NoDecay.NONE;
            case "norm-bias" -> NoDecay.NORM_BIAS;
            case "1d" -> NoDecay.ONE_DIMENSIONAL;
            default -> throw new SettingException("Unknown `no-decay` " + noDecay + ": expected none, norm-bias or 1d");
        };
    }

    /** How much of the rate each parameter gets. */
    FineTuning fineTuning() {
        return new FineTuning(freeze, lrScale);
    }
}
