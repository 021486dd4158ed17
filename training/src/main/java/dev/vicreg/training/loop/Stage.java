package dev.vicreg.training.loop;

import dev.vicreg.models.graph.TensorType;
import dev.vicreg.models.setting.SettingException;
import dev.vicreg.training.config.BranchConfig;
import dev.vicreg.training.config.GraphConfig;
import dev.vicreg.training.config.PictureSizes;
import dev.vicreg.training.config.TrainingConfig;
import dev.vicreg.training.step.TrainingGraph;
import dev.vicreg.training.step.pass.StepGraph;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A part of a run that sees pictures of one size. Most runs are one; where pictures grow, each of their sizes is one, with a
 * training graph of its own, and parameters, statistics and optimizer state go on from one to the next.
 *
 * @param settings the run's, with the stage's size of pictures
 * @param built graphs of these settings
 */
record Stage(TrainingConfig settings, TrainingGraph.Built built) {
    /**
     * All stages of a run, at least one.
     *
     * @throws SettingException if the sizes don't fit the encoder
     */
    static List<Stage> of(TrainingConfig settings) throws IOException {
        GraphConfig graph = settings.graph();
        Optional<PictureSizes> growth = graph.growth();
        if (growth.isEmpty()) {
            return List.of(new Stage(settings, TrainingGraph.build(graph.spec())));
        }
        List<Stage> stages = new ArrayList<>();
        for (int i = 0; i < growth.get().stages().size(); i++) {
            GraphConfig seen = graph.at(i);
            Stage stage = new Stage(settings.with(seen), TrainingGraph.build(seen.spec()));
            if (!stages.isEmpty()) {
                requireSameState(stages.get(0).built, stage.built, graph.a(), growth.get());
            }
            stages.add(stage);
        }
        return stages;
    }

    /**
     * One stage of a run, without building the others.
     *
     * @param index from 0
     * @throws SettingException if the run has no such stage
     */
    static Stage of(TrainingConfig settings, int index) throws IOException {
        Optional<PictureSizes> growth = settings.graph().growth();
        int count = growth.map(sizes -> sizes.stages().size()).orElse(1);
        if (index < 0 || index >= count) {
            throw new SettingException("The run has no stage " + index + ": expected 0 to " + (count - 1)
                    + ", one for each size of pictures");
        }
        GraphConfig seen =
                growth.isEmpty() ? settings.graph() : settings.graph().at(index);
        return new Stage(settings.with(seen), TrainingGraph.build(seen.spec()));
    }

    /**
     * The step that each stage ends with, counted from 1; the last one's is the run's last.
     *
     * @throws SettingException if the run ends before its last stage
     */
    static List<Long> ends(TrainingConfig settings, long stepsPerEpoch) {
        long total = settings.schedule().totalSteps(stepsPerEpoch);
        return settings.graph()
                .growth()
                .map(sizes -> sizes.ends(stepsPerEpoch, total))
                .orElse(List.of(total));
    }

    /** One step, which shows its representations where the encoder is measured on the way. */
    StepGraph step() {
        return settings.output().evalEvery() > 0 ? built.watchedStep() : built.step();
    }

    /** Where a run stands after {@code step} steps: the index of the next step's stage, or of the last one. */
    static int at(long step, List<Long> ends) {
        int index = 0;
        while (index < ends.size() - 1 && ends.get(index) <= step) {
            index++;
        }
        return index;
    }

    private static void requireSameState(
            TrainingGraph.Built first, TrainingGraph.Built other, BranchConfig branch, PictureSizes sizes) {
        Map<String, TensorType> expected = first.parameterTypes();
        other.parameterTypes().forEach((name, type) -> {
            if (!type.equals(expected.get(name))) {
                throw new SettingException("`image-size` " + sizes + ": `encoder` " + branch.encoder()
                        + " takes pictures of one size, its parameter " + name + " is " + expected.get(name)
                        + " for one and " + type + " for another; expected one size, or a convolutional encoder");
            }
        });
    }
}
