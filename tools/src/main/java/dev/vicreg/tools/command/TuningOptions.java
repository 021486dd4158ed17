package dev.vicreg.tools.command;

import dev.vicreg.models.setting.Group;
import dev.vicreg.models.setting.SettingException;
import dev.vicreg.tools.cli.Setting;
import dev.vicreg.tools.cli.Settings;
import dev.vicreg.training.config.MachineConfig;
import dev.vicreg.training.config.SupervisedConfig;
import dev.vicreg.training.config.TrainingConfig;
import dev.vicreg.training.config.ViewsConfig;
import dev.vicreg.training.data.Augmentations;
import dev.vicreg.training.data.view.Augmentation;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** The options that say how an encoder is trained on labelled samples. */
final class TuningOptions {
    /** What becomes of the encoder. */
    enum Mode {
        /** It stays as it is. */
        FROZEN,
        /** It is trained on from the weights that it has. */
        FINETUNE,
        /** It is trained from weights that are drawn. */
        FROM_SCRATCH
    }

    private static final Setting<Boolean> FINETUNE = Setting.flag(
            "finetune",
            Group.MODEL,
            "train the encoder too, from its own weights and the head that was fitted to them");
    private static final Setting<Boolean> FROM_SCRATCH = Setting.flag(
            "from-scratch",
            Group.MODEL,
            "train the run's network from new weights on these labels alone, to compare with --finetune");
    private static final Setting<String> RECIPE = Setting.choice(
            "recipe",
            List.of("semi-1", "semi-10"),
            Group.GENERAL,
            "the paper's semi-supervised evaluation, with 1 or 10 percent of the labels",
            null);
    private static final Setting<Map<String, Object>> AUGMENT = augment();
    /** Of draws, too. */
    static final Setting<Long> SEED = Setting.of(TrainingConfig.class, "seed");

    private static final List<Setting<?>> TRAINING = Stream.of(
                    Setting.of(SupervisedConfig.class),
                    List.<Setting<?>>of(AUGMENT, Setting.of(MachineConfig.class, "workers")))
            .flatMap(List::stream)
            .toList();

    static final List<Setting<?>> ALL = Stream.of(List.<Setting<?>>of(FINETUNE, FROM_SCRATCH, RECIPE, SEED), TRAINING)
            .flatMap(List::stream)
            .toList();

    private TuningOptions() {}

    private static Setting<Map<String, Object>> augment() {
        Setting<Map<String, Object>> views = Setting.of(ViewsConfig.class, "augment");
        return new Setting<>(
                views.name(),
                views.argument(),
                views.group(),
                "how samples are varied while the encoder is trained; without it as in the run, of an encoder file as is"
                        + " usual for the data; ./vicreg help augmentations lists all settings",
                null,
                views.parser());
    }

    /**
     * The settings with a recipe's beneath those that were given.
     *
     * @param either options that say the same in several ways: one that is given silences the recipe's
     */
    static Settings withRecipe(Settings settings, Setting<?>... either) throws IOException {
        if (settings.find(RECIPE).isEmpty()) {
            return settings;
        }
        Map<String, String> texts = new HashMap<>(Recipes.texts(settings.get(RECIPE)));
        if (Stream.of(either).anyMatch(settings::isGiven)) {
            Stream.of(either).map(Setting::name).forEach(texts::remove);
        }
        if (settings.on(FROM_SCRATCH)) {
            texts.remove(FINETUNE.name());
        }
        return settings.over(texts, "recipe " + settings.get(RECIPE));
    }

    /** What becomes of the encoder; refuses options of training where nothing trains. */
    static Mode mode(Settings settings) {
        if (settings.on(FINETUNE) && settings.on(FROM_SCRATCH)) {
            throw new SettingException("--finetune and --from-scratch exclude each other; leave one out");
        }
        boolean trains = settings.on(FINETUNE) || settings.on(FROM_SCRATCH);
        for (Setting<?> setting : TRAINING) {
            if (!trains && settings.isGiven(setting)) {
                throw new SettingException(
                        "--" + setting.name() + " is for --finetune and --from-scratch; add one, or leave it out");
            }
        }
        return !trains ? Mode.FROZEN : settings.on(FINETUNE) ? Mode.FINETUNE : Mode.FROM_SCRATCH;
    }

    /**
     * How it is trained.
     *
     * @param learned samples that are learnt from
     */
    static FineTune.Plan plan(Settings settings, int learned, boolean anew, Beginning beginning) {
        Augmentation augmentation =
                settings.find(AUGMENT).map(Augmentations::fromSettings).orElse(beginning.augmentation());
        return new FineTune.Plan(
                settings.read(SupervisedConfig.class).resolved(learned, anew),
                augmentation.withUnrelatedViews(false),
                settings.get(SEED),
                settings.read(MachineConfig.class).resolved());
    }
}
