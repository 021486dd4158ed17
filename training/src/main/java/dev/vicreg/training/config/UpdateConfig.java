package dev.vicreg.training.config;

import dev.vicreg.models.setting.Group;
import dev.vicreg.models.setting.Option;
import dev.vicreg.training.optim.AdamW;
import dev.vicreg.training.optim.FineTuning;
import dev.vicreg.training.optim.Lars;
import dev.vicreg.training.optim.Optimizer;
import dev.vicreg.training.optim.Sgd;
import dev.vicreg.training.step.TrainingGraph.NoDecay;
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
 */
public record UpdateConfig(
        @Option(help = "pairs a step", group = Group.OPTIMIZATION, fallback = "128", min = 2, max = 1 << 20)
        int batchSize,

        @Option(
                help = "how parameters are updated; lars is lars-official",
                group = Group.OPTIMIZATION,
                choices = {"adamw", "sgd", "lars", "lars-official", "lars-solo"},
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
        List<String> lrScale) {
    private static final float ADAM_BETA2 = 0.999f;
    private static final float ADAM_EPSILON = 1e-8f;
    private static final float LARS_OFFICIAL_ETA = 0.001f;
    private static final float LARS_SOLO_ETA = 0.02f;
    private static final int RATE_SAMPLES = 256;

    /** Checks what no part of the graph checks itself. */
    public UpdateConfig {
        optimizer = optimizer.equals("lars") ? "lars-official" : optimizer;
        noDecay = noDecay.isEmpty() ? optimizer.startsWith("lars") ? "1d" : "none" : noDecay;
        freeze = List.copyOf(freeze);
        lrScale = List.copyOf(lrScale);
        if (!(momentum >= 0 && momentum < 1)) {
            throw new IllegalArgumentException("Momentum: expected 0 or more and less than 1, found " + momentum);
        }
        if (!(weightDecay >= 0 && weightDecay <= 1)) {
            throw new IllegalArgumentException("Weight decay: expected 0 to 1, found " + weightDecay);
        }
    }

    /** Everything trained at one rate. */
    public UpdateConfig(int batchSize, String optimizer, float momentum, float weightDecay, String noDecay) {
        this(batchSize, optimizer, momentum, weightDecay, noDecay, List.of(), List.of());
    }

    /** The batch as a multiple of the 256 samples that a base rate is for. */
    public double samples() {
        return (double) batchSize / RATE_SAMPLES;
    }

    /** The peak learning rate where none is asked for. */
    public double usualRate() {
        return switch (optimizer) {
            case "adamw" -> 2e-3;
            case "sgd" -> 0.03 * samples();
            default -> 0.3 * samples();
        };
    }

    /**
     * What {@link #optimizer} means.
     *
     * @throws IllegalArgumentException for an unknown one
     */
    Optimizer update() {
        return switch (optimizer) {
            case "sgd" -> new Sgd(momentum, weightDecay);
            case "adamw" -> new AdamW(momentum, ADAM_BETA2, ADAM_EPSILON, weightDecay);
            case "lars-official" -> new Lars(Lars.Variant.OFFICIAL, momentum, weightDecay, LARS_OFFICIAL_ETA);
            case "lars-solo" -> new Lars(Lars.Variant.SOLO, momentum, weightDecay, LARS_SOLO_ETA);
            default ->
                throw new IllegalArgumentException(
                        "Unknown optimizer " + optimizer + ": expected one of sgd, adamw, lars-official, lars-solo");
        };
    }

    /** Which parameters aren't decayed. */
    NoDecay undecayed() {
        return switch (noDecay.toLowerCase(Locale.ROOT)) {
            case "none" -> NoDecay.NONE;
            case "norm-bias" -> NoDecay.NORM_BIAS;
            case "1d" -> NoDecay.ONE_DIMENSIONAL;
            default ->
                throw new IllegalArgumentException(
                        "Unknown --no-decay " + noDecay + ": expected none, norm-bias or 1d");
        };
    }

    /** How much of the rate each parameter gets. */
    FineTuning fineTuning() {
        return new FineTuning(freeze, lrScale);
    }
}
