package dev.vicreg.tools.command;

import dev.vicreg.tools.cli.Setting;
import dev.vicreg.tools.cli.Setting.Group;
import dev.vicreg.tools.cli.Settings;
import dev.vicreg.training.config.GraphConfig;
import dev.vicreg.training.config.InputConfig;
import dev.vicreg.training.config.PairConfig;
import dev.vicreg.training.config.TrainingConfig;
import dev.vicreg.training.data.source.Selection;
import dev.vicreg.training.data.Augmentations;
import dev.vicreg.training.step.Side;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.StringJoiner;
import org.jspecify.annotations.Nullable;

/** The options that describe a run beside {@link GraphSettings}, and how they become its configuration. */
final class TrainSettings {
    private static final int RATE_SAMPLES = 256; // a base rate is given per so many samples

    static final Setting<String> RECIPE = Setting.choice(
            "recipe", Recipes.NAMES, Group.GENERAL, "start from a recipe's options instead of the defaults", null);
    static final Setting<Double> LR = Setting.decimal(
            "lr",
            "X",
            Group.OPTIMIZATION,
            "peak learning rate as it is used; without it and --base-lr, by optimizer: adamw 0.002,"
                    + " sgd 0.03 and lars 0.3 per 256 samples",
            null,
            1e-12,
            100);
    static final Setting<Double> BASE_LR = Setting.decimal(
            "base-lr",
            "X",
            Group.OPTIMIZATION,
            "the same per 256 samples: lr = X · batch size / 256",
            null,
            1e-12,
            100);
    static final Setting<Integer> EPOCHS =
            Setting.integer("epochs", "N", Group.OPTIMIZATION, "passes over the data", 30, 1, 1_000_000);
    static final Setting<Integer> STEPS = Setting.integer(
            "steps", "N", Group.OPTIMIZATION, "length of the run in steps instead", null, 1, Integer.MAX_VALUE);
    static final Setting<Double> WARMUP_EPOCHS =
            Setting.decimal("warmup-epochs", "X", Group.OPTIMIZATION, "epochs of rising rate", "3", 0, 1_000_000);
    static final Setting<Double> WARMUP_START =
            Setting.decimal("warmup-start", "X", Group.OPTIMIZATION, "rate from which it rises", "0", 0, 100);
    static final Setting<String> SCHEDULE = Setting.choice(
            "schedule", List.of("cosine", "constant"), Group.OPTIMIZATION, "rate after the warm-up", "cosine");
    static final Setting<Double> FINAL_LR_FACTOR = Setting.decimal(
            "final-lr-factor", "X", Group.OPTIMIZATION, "end of the cosine as a share of the peak", "0", 0, 1);

    static final Setting<String> AUGMENT = new Setting<>(
            "augment",
            "PRESET[,NAME=X...]",
            Group.AUGMENTATION,
            "how views are made: " + String.join(", ", Augmentations.presets())
                    + ", then settings such as hue=0.2, mask=0.4 or view-a.blur=1; without it cifar, vectors, signals or"
                    + " sequences",
            null,
            TrainSettings::checkAugmentation);
    static final Setting<String> AUGMENT_B = new Setting<>(
            "augment-b",
            "PRESET[,NAME=X...]",
            Group.AUGMENTATION,
            "how view b is made where it has an augmentation of its own; without it as --augment says, and where the"
                    + " second side's data are of another kind, as is usual for those",
            null,
            TrainSettings::checkAugmentation);
    static final Setting<Long> SEED =
            Setting.seed("seed", Group.OPTIMIZATION, "of first weights, order and augmentation", 0);
    static final Setting<Integer> WORKERS = Setting.integer(
            "workers", "N", Group.MACHINE, "threads that make views; 0 for half the processors", 0, 0, 4096);
    static final Setting<Integer> CHECKPOINT_EVERY =
            Setting.integer("checkpoint-every", "STEPS", Group.OUTPUT, "0 for one an epoch", 0, 0, Integer.MAX_VALUE);
    static final Setting<Integer> KEEP =
            Setting.integer("keep", "N", Group.OUTPUT, "newest checkpoints that are kept", 2, 1, 1_000_000);

    /** The rest of a run. */
    static final List<Setting<?>> RUN = List.of(
            LR,
            BASE_LR,
            EPOCHS,
            STEPS,
            WARMUP_EPOCHS,
            WARMUP_START,
            SCHEDULE,
            FINAL_LR_FACTOR,
            SEED,
            AUGMENT,
            AUGMENT_B,
            SharedSettings.DEVICE,
            DeviceSettings.GPU_MEMORY,
            DeviceSettings.DETERMINISTIC,
            DeviceSettings.STRICT,
            DeviceSettings.CUDNN_SEARCH,
            SharedSettings.THREADS,
            WORKERS,
            CHECKPOINT_EVERY,
            KEEP);

    private TrainSettings() {}

    private static String checkAugmentation(String text) {
        try {
            Augmentations.parse(text);
            return text;
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("cannot be used: " + e.getMessage(), e);
        }
    }

    /**
     * The settings with a recipe's and, for a run that goes on, the run's own beneath those that were given.
     *
     * @param run configuration of the run that goes on, null for a new one
     */
    static Settings complete(Settings settings, @Nullable TrainingConfig run) throws IOException {
        Settings complete = settings;
        if (settings.find(RECIPE).isPresent()) {
            complete = over(complete, Recipes.texts(settings.get(RECIPE)));
        }
        return run == null ? complete : over(complete, texts(run));
    }

    /** Of two options that say the same in two ways, the given one silences the other. */
    private static Settings over(Settings settings, Map<String, String> texts) {
        Map<String, String> beneath = new HashMap<>(texts);
        for (List<Setting<?>> pair : List.<List<Setting<?>>>of(
                List.of(LR, BASE_LR),
                List.of(EPOCHS, STEPS),
                List.of(DeviceSettings.DETERMINISTIC, DeviceSettings.CUDNN_SEARCH))) {
            if (pair.stream().anyMatch(settings::isGiven)) {
                pair.forEach(setting -> beneath.remove(setting.name()));
            }
        }
        if (!settings.get(GraphSettings.PRECISION).equals("fp16") && settings.isGiven(GraphSettings.PRECISION)) {
            beneath.remove(GraphSettings.LOSS_SCALE.name());
            beneath.remove(GraphSettings.LOSS_SCALE_INTERVAL.name());
        }
        return settings.over(beneath);
    }

    /** The whole run on some data. */
    static TrainingConfig training(
            Settings settings, String data, @Nullable PairConfig pairs, Selection selection, SideInputs inputs)
            throws IOException {
        GraphConfig graph = GraphSettings.graph(settings, inputs);
        double samples = (double) graph.batchSize() / RATE_SAMPLES;
        double rate = rate(settings, graph.optimizer(), samples);
        if (settings.isGiven(EPOCHS) && settings.isGiven(STEPS)) {
            throw new IllegalArgumentException("--epochs and --steps both give the run's length; leave one out");
        }
        boolean inSteps = settings.isGiven(STEPS);
        return new TrainingConfig(
                graph,
                data,
                pairs,
                selection.limit(),
                selection.limitPerClass(),
                Augmentations.parse(settings.find(AUGMENT).orElseGet(() -> inputs.a().kind().preset()))
                        .settings(),
                augmentationB(settings, graph),
                inSteps ? 0 : settings.get(EPOCHS),
                inSteps ? settings.get(STEPS) : 0,
                rate,
                rate / samples,
                settings.get(WARMUP_EPOCHS),
                settings.get(WARMUP_START),
                settings.get(SCHEDULE),
                settings.get(FINAL_LR_FACTOR),
                settings.get(SEED),
                threads(settings),
                workers(settings),
                settings.get(SharedSettings.DEVICE).toString(),
                DeviceSettings.cuda(settings),
                settings.get(CHECKPOINT_EVERY),
                settings.get(KEEP));
    }

    /** The second side's own augmentation; null where it has the first's. */
    private static @Nullable Map<String, Object> augmentationB(Settings settings, GraphConfig graph) {
        InputConfig second = graph.branch(Side.B).input();
        boolean alike = second.kind() == graph.a().input().kind();
        String text = settings.find(AUGMENT_B).orElse(alike ? null : second.kind().preset());
        return text == null ? null : Augmentations.parse(text).settings();
    }

    /** Threads of the step, resolved. */
    static int threads(Settings settings) {
        int threads = settings.get(SharedSettings.THREADS);
        return threads == 0 ? Runtime.getRuntime().availableProcessors() : threads;
    }

    private static int workers(Settings settings) {
        int workers = settings.get(WORKERS);
        return workers == 0 ? Math.max(1, Runtime.getRuntime().availableProcessors() / 2) : workers;
    }

    /** @param samples batch size as a multiple of the samples that a base rate is for */
    private static double rate(Settings settings, String optimizer, double samples) {
        if (settings.isGiven(LR) && settings.isGiven(BASE_LR)) {
            throw new IllegalArgumentException("--lr and --base-lr both give the learning rate; leave one out");
        }
        if (settings.isGiven(BASE_LR)) {
            return settings.get(BASE_LR) * samples;
        }
        if (settings.find(LR).isPresent()) {
            return settings.get(LR);
        }
        return switch (optimizer) {
            case "adamw" -> 2e-3;
            case "sgd" -> 0.03 * samples;
            default -> 0.3 * samples;
        };
    }

    /** A run's configuration as the options that give it. */
    private static Map<String, String> texts(TrainingConfig run) {
        Map<Setting<?>, Object> values = new HashMap<>(GraphSettings.values(run.graph()));
        values.putAll(PairSettings.values(run.pairs()));
        values.put(SharedSettings.DATA, run.data());
        values.put(SharedSettings.LIMIT, run.limit());
        values.put(SharedSettings.LIMIT_PER_CLASS, run.limitPerClass());
        values.put(AUGMENT, augmentation(run.augment()));
        if (run.augmentB() != null) {
            values.put(AUGMENT_B, augmentation(run.augmentB()));
        }
        values.put(run.steps() > 0 ? STEPS : EPOCHS, run.steps() > 0 ? run.steps() : run.epochs());
        values.put(LR, run.lr());
        values.put(WARMUP_EPOCHS, run.warmupEpochs());
        values.put(WARMUP_START, run.warmupStart());
        values.put(SCHEDULE, run.schedule());
        values.put(FINAL_LR_FACTOR, run.finalLrFactor());
        values.put(SEED, run.seed());
        values.put(SharedSettings.THREADS, run.threads());
        values.put(WORKERS, run.workers());
        values.putAll(DeviceSettings.values(run.device(), run.cuda()));
        values.put(CHECKPOINT_EVERY, run.checkpointEvery());
        values.put(KEEP, run.keep());
        Map<String, String> texts = new HashMap<>();
        values.forEach((setting, value) -> texts.put(setting.name(), value.toString()));
        return texts;
    }

    /** Every setting of both views as one text, which names a preset only because the first place is a preset's. */
    private static String augmentation(Map<String, Object> settings) {
        StringJoiner text = new StringJoiner(",");
        text.add(String.valueOf(settings.getOrDefault("preset", "official")));
        settings.forEach((name, value) -> {
            if (name.equals("preset")) {
                return;
            }
            if (value instanceof Map<?, ?> view) {
                view.forEach((setting, number) -> text.add(name + "." + setting + "=" + number));
            } else {
                text.add(name + "=" + value);
            }
        });
        return text.toString();
    }
}
