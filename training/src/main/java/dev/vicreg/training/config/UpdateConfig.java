package dev.vicreg.training.config;

import dev.vicreg.models.setting.Codec;
import dev.vicreg.models.setting.Group;
import dev.vicreg.models.setting.Nearest;
import dev.vicreg.models.setting.Option;
import dev.vicreg.training.optim.AdamW;
import dev.vicreg.training.optim.FineTuning;
import dev.vicreg.training.optim.Lars;
import dev.vicreg.training.optim.Optimizer;
import dev.vicreg.training.optim.Sgd;
import dev.vicreg.training.step.TrainingGraph.NoDecay;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;

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
        List<String> lrScale) {
    private static final float ADAM_BETA2 = 0.999f;
    private static final float ADAM_EPSILON = 1e-8f;
    private static final float LARS_OFFICIAL_ETA = 0.001f;
    private static final float LARS_SOLO_ETA = 0.02f;
    private static final int RATE_SAMPLES = 256;

    /**
     * An optimizer by its name.
     *
     * @param rate usual peak learning rate
     * @param scaled whether that is per 256 samples
     * @param noDecay what usually isn't decayed
     */
    private record Entry(double rate, boolean scaled, String noDecay, Function<UpdateConfig, Optimizer> maker) {}

    private static final String LARS = "lars";
    private static final String LARS_OFFICIAL = "lars-official";
    private static final Map<String, Entry> OPTIMIZERS = new LinkedHashMap<>();

    static {
        Entry official = new Entry(0.3, true, "1d", c -> c.lars(Lars.Variant.OFFICIAL, LARS_OFFICIAL_ETA));
        OPTIMIZERS.put("adamw", new Entry(2e-3, false, "none", UpdateConfig::adamW));
        OPTIMIZERS.put("sgd", new Entry(0.03, true, "none", c -> new Sgd(c.momentum, c.weightDecay)));
        OPTIMIZERS.put(LARS, official);
        OPTIMIZERS.put(LARS_OFFICIAL, official);
        OPTIMIZERS.put("lars-solo", new Entry(0.3, true, "1d", c -> c.lars(Lars.Variant.SOLO, LARS_SOLO_ETA)));
    }

    private AdamW adamW() {
        return new AdamW(momentum, ADAM_BETA2, ADAM_EPSILON, weightDecay);
    }

    private Lars lars(Lars.Variant variant, float eta) {
        return new Lars(variant, momentum, weightDecay, eta);
    }

    /** Names of the optimizers. */
    static final class Name implements Codec<String> {
        @Override
        public String parse(String text) {
            return Nearest.require(text, words());
        }

        @Override
        public List<String> words() {
            return List.copyOf(OPTIMIZERS.keySet());
        }
    }

    /** Checks what no part of the graph checks itself. */
    public UpdateConfig {
        optimizer = optimizer.equals(LARS) ? LARS_OFFICIAL : optimizer;
        noDecay = noDecay.isEmpty() ? entry(optimizer).noDecay : noDecay;
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
        Entry entry = entry(optimizer);
        return entry.scaled ? entry.rate * samples() : entry.rate;
    }

    /**
     * What {@link #optimizer} means.
     *
     * @throws IllegalArgumentException for an unknown one
     */
    Optimizer update() {
        return entry(optimizer).maker.apply(this);
    }

    private static Entry entry(String optimizer) {
        Entry entry = OPTIMIZERS.get(optimizer);
        if (entry == null) {
            throw new IllegalArgumentException(
                    "Unknown optimizer " + optimizer + ": expected one of " + OPTIMIZERS.keySet());
        }
        return entry;
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
