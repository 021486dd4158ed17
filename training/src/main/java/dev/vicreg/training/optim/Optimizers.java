package dev.vicreg.training.optim;

import dev.vicreg.models.setting.SettingException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The optimizers by name: one line each. */
public final class Optimizers {
    private static final int SAMPLES = 256;

    private interface Maker {
        Optimizer of(float momentum, float weightDecay);
    }

    /** The rate at which one starts without being told otherwise. */
    private interface Rate {
        double of(int batchSize);
    }

    private record Entry(boolean decaysVectors, Rate rate, Maker maker) {}

    private static final Map<String, Entry> ENTRIES = new LinkedHashMap<>();

    static {
        add("adamw", true, batch -> 2e-3, (beta1, decay) -> new AdamW(beta1, 0.999f, 1e-8f, decay));
        add("sgd", true, scaled(0.03), Sgd::new);
        add("lars-official", false, scaled(0.3), (m, decay) -> new Lars(Lars.Variant.OFFICIAL, m, decay, 0.001f));
        add("lars-solo", false, scaled(0.3), (m, decay) -> new Lars(Lars.Variant.SOLO, m, decay, 0.02f));
    }

    private Optimizers() {}

    private static void add(String name, boolean decaysVectors, Rate rate, Maker maker) {
        if (ENTRIES.put(name, new Entry(decaysVectors, rate, maker)) != null) {
            throw new IllegalStateException("Two optimizers are named " + name);
        }
    }

    private static Rate scaled(double rate) {
        return batch -> rate * batch / SAMPLES;
    }

    /** Their names. */
    public static List<String> names() {
        return List.copyOf(ENTRIES.keySet());
    }

    /**
     * The optimizer of that name.
     *
     * @param momentum of AdamW β₁
     * @throws IllegalArgumentException if there is none of that name
     */
    public static Optimizer of(String name, float momentum, float weightDecay) {
        return entry(name).maker.of(momentum, weightDecay);
    }

    /** The usual peak of the learning rate for batches of that size. */
    public static double usualRate(String name, int batchSize) {
        return entry(name).rate.of(batchSize);
    }

    /** Whether weight decay usually holds for parameters of one dimension, too. */
    public static boolean usuallyDecaysVectors(String name) {
        return entry(name).decaysVectors;
    }

    private static Entry entry(String name) {
        Entry entry = ENTRIES.get(name);
        if (entry == null) {
            throw new SettingException("Unknown optimizer " + name + ": expected one of " + names());
        }
        return entry;
    }
}
