package dev.vicreg.tools.command;

import dev.vicreg.models.encoder.Pooling;
import dev.vicreg.models.setting.Group;
import dev.vicreg.models.setting.Schema;
import dev.vicreg.models.setting.SettingException;
import dev.vicreg.tools.cli.Setting;
import dev.vicreg.tools.cli.Settings;
import dev.vicreg.training.config.BranchConfig;
import dev.vicreg.training.config.DataConfig;
import dev.vicreg.training.config.GraphConfig;
import dev.vicreg.training.config.InputConfig;
import dev.vicreg.training.config.MachineConfig;
import dev.vicreg.training.config.MultiViewConfig;
import dev.vicreg.training.config.ObjectiveConfig;
import dev.vicreg.training.config.OnnxConfig;
import dev.vicreg.training.config.OutputConfig;
import dev.vicreg.training.config.PairConfig;
import dev.vicreg.training.config.PictureSizes;
import dev.vicreg.training.config.PrecisionConfig;
import dev.vicreg.training.config.ScheduleConfig;
import dev.vicreg.training.config.TrainingConfig;
import dev.vicreg.training.config.UpdateConfig;
import dev.vicreg.training.config.ViewsConfig;
import dev.vicreg.training.data.Augmentations;
import dev.vicreg.training.step.LossScaling;
import dev.vicreg.training.step.Side;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * The options that shape graphs and runs, as the records of {@code training.config} declare them, and how what was given
 * becomes a configuration: where it leaves something open, that follows from data or from other settings.
 */
final class RunOptions {
    static final Setting<String> RECIPE = Setting.choice(
            "recipe", Recipes.NAMES, Group.GENERAL, "start from a recipe's options instead of the defaults", null);
    static final Setting<Long> SEED = Setting.of(TrainingConfig.class, "seed");
    static final Setting<String> DATA_B = Setting.of(PairConfig.class, "data-b");

    /** What shapes the graphs. */
    static final List<Setting<?>> GRAPH = joined(
            InputOptions.ALL,
            Networks.ALL,
            Setting.of(ObjectiveConfig.class),
            Setting.of(MultiViewConfig.class),
            Setting.of(UpdateConfig.class),
            Setting.of(PrecisionConfig.class));

    /** The rest of a run, but for its data. */
    static final List<Setting<?>> RUN = joined(
            Setting.of(ScheduleConfig.class),
            List.of(SEED),
            Setting.of(ViewsConfig.class),
            Setting.of(MachineConfig.class),
            Setting.of(OutputConfig.class));

    /** Options that say the same in two ways: the given one silences the other of a recipe or a run. */
    private static final List<List<String>> EITHER =
            List.of(List.of("lr", "base-lr"), List.of("epochs", "steps"), List.of("deterministic", "cudnn-search"));

    private static final List<String> OF_VICREG = List.of("loss", "invariance", "variance", "covariance");

    private static final List<Setting<?>> LOSS_SCALING = Setting.of(LossScaling.class);

    private RunOptions() {}

    @SafeVarargs
    private static List<Setting<?>> joined(List<Setting<?>>... parts) {
        List<Setting<?>> all = new ArrayList<>();
        for (List<Setting<?>> part : parts) {
            all.addAll(part);
        }
        return Setting.joined(all);
    }

    /**
     * The settings with a recipe's and, for a run that goes on, the run's own beneath those that were given.
     *
     * @param run configuration of the run that goes on, null for a new one
     */
    static Settings complete(Settings settings, @Nullable TrainingConfig run) throws IOException {
        Settings complete = InputOptions.preprocessed(settings);
        if (settings.find(RECIPE).isPresent()) {
            String recipe = settings.get(RECIPE);
            complete = over(complete, Recipes.texts(recipe), "recipe " + recipe);
        }
        return run == null ? complete : asBegun(over(complete, texts(run), "run"), run);
    }

    /** The options that began a run are no other settings: {@code mean} was over padding too in runs of that time. */
    private static Settings asBegun(Settings settings, TrainingConfig run) {
        Settings begun = settings;
        for (Side side : run.graph().sides()) {
            OnnxConfig file = run.graph().branch(side).onnx();
            String pool = side == Side.A ? "pool" : "pool-b";
            if (file != null
                    && file.pool() == Pooling.PADDED_MEAN
                    && "mean".equals(String.valueOf(settings.value(pool)))) {
                begun = begun.with(pool, "padded-mean");
            }
        }
        return begun;
    }

    private static Settings over(Settings settings, Map<String, String> texts, String origin) {
        Map<String, String> beneath = new HashMap<>(texts);
        for (List<String> pair : EITHER) {
            if (pair.stream().anyMatch(settings::isGiven)) {
                pair.forEach(beneath::remove);
            }
        }
        if (settings.isGiven("precision")
                && !settings.read(PrecisionConfig.class).isHalf()) {
            LOSS_SCALING.forEach(setting -> beneath.remove(setting.name()));
        }
        return settings.over(beneath, origin);
    }

    /**
     * Where the value of each option of a run came from, by the option's name: {@code option}, {@code file NAME}, {@code
     * recipe NAME}, {@code default}, or {@code derived}, from data, other settings or the machine.
     */
    static Map<String, String> origins(Settings settings, TrainingConfig config) {
        Map<String, String> origins = new LinkedHashMap<>();
        Schema.texts(config)
                .forEach((option, text) -> origins.put(
                        option,
                        settings.origin(option).orElse(settings.isDefault(option, text) ? "default" : "derived")));
        return origins;
    }

    /** A run's configuration as the options that give it. */
    static Map<String, String> texts(TrainingConfig run) {
        Map<String, String> texts = new HashMap<>(Schema.texts(run));
        texts.remove("base-lr"); // it has become the rate
        GraphConfig graph = run.graph();
        texts.put("share-weights", String.valueOf(graph.sharesWeights()));
        for (Side side : graph.sides()) {
            OnnxConfig file = graph.branch(side).onnx();
            if (file != null) {
                texts.put(side == Side.A ? "encoder" : "encoder-b", file.path());
            }
        }
        if (!graph.objective().isVicReg()) {
            OF_VICREG.forEach(texts::remove); // they say nothing
        }
        if (graph.sides().stream().anyMatch(side -> tookItsOwnLength(graph.branch(side)))) {
            texts.remove("length"); // nobody asked for one: what the other side has is its own too
        }
        return texts;
    }

    private static boolean tookItsOwnLength(BranchConfig branch) {
        return branch.input() instanceof Schema.Inferring input && input.isInferred("length");
    }

    /** What shapes the graphs. */
    static GraphConfig graph(Settings settings, SideInputs inputs) throws IOException {
        BranchConfig first = Networks.first(settings, inputs.a());
        BranchConfig second = Networks.second(settings, inputs);
        Networks.requireUses(settings, first, second);
        return new GraphConfig(
                first,
                second,
                objective(settings),
                settings.read(MultiViewConfig.class),
                settings.read(UpdateConfig.class),
                precision(settings));
    }

    private static ObjectiveConfig objective(Settings settings) throws IOException {
        ObjectiveConfig objective = settings.read(ObjectiveConfig.class);
        Recipes.refuse(
                settings,
                !objective.isVicReg(),
                "belongs to --objective vicreg, found " + objective.objective()
                        + ", whose own settings follow its name (./vicreg help objectives)",
                OF_VICREG);
        return objective;
    }

    private static PrecisionConfig precision(Settings settings) {
        String precision = String.valueOf(settings.value("precision"));
        for (Setting<?> setting : LOSS_SCALING) {
            if (settings.isGiven(setting) && !new PrecisionConfig(precision, null).isHalf()) {
                throw new SettingException("--" + setting.name() + " belongs to --precision fp16, found --precision "
                        + precision + "; leave it out");
            }
        }
        return settings.read(PrecisionConfig.class);
    }

    /** The whole run on some data. */
    static TrainingConfig training(Settings settings, DataConfig data, SideInputs inputs) throws IOException {
        GraphConfig graph = graph(settings, inputs);
        return new TrainingConfig(
                graph,
                data,
                views(settings, graph.a().input(), graph.branch(Side.B).input()),
                schedule(settings, graph),
                settings.get(SEED),
                settings.read(MachineConfig.class).resolved(),
                settings.read(OutputConfig.class));
    }

    /** How views of two sides are made that take this. */
    static ViewsConfig views(Settings settings, InputConfig first, InputConfig second) {
        ViewsConfig asked = settings.read(ViewsConfig.class);
        boolean usual = asked.augmentB().isEmpty() && second.kind() != first.kind();
        return new ViewsConfig(
                asked.augment().isEmpty() ? augmentationOf(first) : asked.augment(),
                usual ? augmentationOf(second) : asked.augmentB());
    }

    private static Map<String, Object> augmentationOf(InputConfig input) {
        return Augmentations.parse(input.kind().preset()).settings();
    }

    private static ScheduleConfig schedule(Settings settings, GraphConfig graph) throws IOException {
        if (settings.isGiven("lr") && settings.isGiven("base-lr")) {
            throw new SettingException("--lr and --base-lr both give the learning rate; leave one out");
        }
        boolean inSteps = settings.isGiven("steps");
        OptionalInt grown = graph.growth().map(PictureSizes::epochs).orElse(OptionalInt.empty());
        Object epochs = inSteps
                ? Integer.valueOf(0)
                : settings.isGiven("epochs") || grown.isEmpty() ? settings.value("epochs") : grown.getAsInt();
        if (settings.isGiven("epochs") && inSteps) {
            throw new SettingException("--epochs and --steps both give the run's length; leave one out");
        }
        ScheduleConfig asked = Schema.read(ScheduleConfig.class, false, new Schema.Source() {
            @Override
            public @Nullable Object value(String name) {
                return name.equals("epochs") ? epochs : settings.value(name);
            }

            @Override
            public boolean isGiven(String name) {
                return settings.isGiven(name);
            }
        });
        double samples = graph.update().samples();
        double rate = asked.lr() > 0 ? asked.lr() : asked.baseLr() > 0 ? asked.baseLr() * samples : graph.usualRate();
        return Schema.with(Schema.with(asked, "lr", rate), "base-lr", rate / samples);
    }

    /** Whether the learning rate was left to what is usual. */
    static boolean isUsualRate(Settings settings) {
        return !settings.isGiven("lr") && !settings.isGiven("base-lr");
    }
}
