package dev.vicreg.tools.command;

import dev.vicreg.export.LinearHead;
import dev.vicreg.export.RunExport;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.setting.Schema;
import dev.vicreg.models.setting.SettingException;
import dev.vicreg.runtime.EmbeddingModel;
import dev.vicreg.tools.cli.Console;
import dev.vicreg.tools.cli.Version;
import dev.vicreg.tools.evaluation.SampleForms;
import dev.vicreg.tools.evaluation.classifier.LabelledEmbeddings;
import dev.vicreg.tools.evaluation.probe.HeldOut;
import dev.vicreg.tools.output.Progress;
import dev.vicreg.training.config.MachineConfig;
import dev.vicreg.training.config.PrecisionConfig;
import dev.vicreg.training.config.SupervisedConfig;
import dev.vicreg.training.data.pair.PairedViews;
import dev.vicreg.training.data.source.Dataset;
import dev.vicreg.training.data.view.Augmentation;
import dev.vicreg.training.loop.SupervisedTraining;
import dev.vicreg.training.objective.Criterion;
import dev.vicreg.training.run.Artifacts;
import dev.vicreg.training.run.CheckpointFile;
import dev.vicreg.training.run.RunFolder;
import dev.vicreg.training.session.MachineLowering;
import dev.vicreg.training.step.SupervisedGraph;
import dev.vicreg.training.step.TrainingGraph;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Trains an encoder and a head behind it on labelled samples. Now and then what was learnt is exported, as it would be at the
 * end, and measured on held-out samples; what they liked best is the result.
 */
final class FineTune {
    /**
     * How it is done.
     *
     * @param config resolved
     * @param augmentation of the samples that are learnt from
     * @param seed of order and views, and of first weights
     * @param machine resolved
     */
    record Plan(SupervisedConfig config, Augmentation augmentation, long seed, MachineConfig machine) {
        /** All that decides what comes of it, by the option's name; others may add to it. */
        Map<String, String> decisive(Beginning beginning) {
            Map<String, String> texts = new TreeMap<>(Schema.texts(config));
            texts.put("augment", augmentation.settings().toString());
            texts.put("seed", Long.toString(seed));
            texts.put("model", beginning.identity());
            return texts;
        }
    }

    /**
     * What is to be learnt.
     *
     * @param targets what is to be said of each labelled sample, [samples][outputs]
     * @param parts which of those are learnt from, and which are held out
     * @param scoring how good outputs of those held out are
     */
    record Task(float[][] targets, HeldOut parts, Scoring scoring) {}

    /** How good outputs are; more is better. */
    @FunctionalInterface
    interface Scoring {
        /**
         * The score of outputs.
         *
         * @param outputs of the held-out samples in their order, [samples][outputs]
         */
        double of(double[][] outputs);
    }

    /**
     * What came of it.
     *
     * @param encoder the best one's file, in the folder of the work
     * @param epochs that were done
     * @param best the epoch that it is of, 0 for the start
     */
    record Tuned(Path encoder, LinearHead head, long epochs, long best) {
        /** {@code epoch 3 of 10}. */
        String epoch() {
            return "epoch " + best + " of " + epochs;
        }

        /**
         * Adds to figures for programs what it began with, and its epochs.
         *
         * @param name of the encoder that it began with, in a word
         * @param heldOut figures of that one on the samples held out
         * @param test the same on test samples; null where there are none
         */
        void describe(Map<String, @Nullable Object> figures, String name, Object heldOut, @Nullable Object test) {
            Map<String, @Nullable Object> then = new LinkedHashMap<>();
            then.put("held_out", heldOut);
            then.put("test", test);
            figures.put(name, then);
            figures.put("epochs", epochs);
            figures.put("best_epoch", best);
        }
    }

    private final Beginning beginning;
    private final Plan plan;
    private final TuningFolder folder;
    private final TrainingGraph.Built built;
    private final Artifacts artifacts;

    /**
     * Prepares it: writes the graphs, and the encoder that it begins with, to {@link TuningFolder#encoder} of step 0.
     *
     * @param outputs of the head
     * @param anew whether weights are drawn instead of those that the network has
     */
    FineTune(Beginning beginning, Plan plan, int outputs, Criterion criterion, boolean anew, TuningFolder folder)
            throws IOException {
        this.beginning = beginning;
        this.plan = plan;
        this.folder = folder;
        built = SupervisedGraph.build(plan.config.spec(beginning.branch(), outputs, criterion));
        Map<String, Tensor> state = built.initialState(plan.seed);
        if (!anew) {
            beginning.replace(built.parameters(), state);
        }
        artifacts = Artifacts.write(
                folder.artifacts(),
                built,
                state,
                MachineLowering.of(plan.machine.computeDevice(PrecisionConfig.FLOAT32), plan.machine.threads())
                        .with(plan.machine.recompute()));
        export(artifacts.checkpoint(), folder.encoder(0));
    }

    private void export(Path checkpoint, Path target) throws IOException {
        RunExport.export(artifacts, beginning.branch(), checkpoint, Version.TEXT, beginning.configHash(), target);
    }

    /**
     * Trains.
     *
     * @param data that the samples are of
     * @param samples as the first encoder sees them
     * @param start head to begin with; null for what was drawn
     * @return empty if it was stopped
     */
    Optional<Tuned> train(
            Dataset<?> data, LabelledEmbeddings samples, Task task, @Nullable LinearHead start, Console console)
            throws IOException, InterruptedException {
        int[] learned = HeldOut.labels(samples.indices(), task.parts.kept());
        SupervisedTraining training = new SupervisedTraining(
                built,
                new PairedViews(beginning.branch().views(data, plan.augmentation), learned, data.fingerprint()),
                HeldOut.rows(task.targets, task.parts.kept()),
                plan.config,
                plan.seed,
                plan.machine);
        if (training.stepsPerEpoch() == 0) { // fewer could be decoded than have labels
            throw new SettingException("--batch-size " + plan.config.batchSize() + ": only " + learned.length + " "
                    + data.noun() + " can be learnt from; choose a smaller one");
        }
        TuningFolder.State state = folder.state();
        if (state.step() == 0) {
            state = begin(samples, task, start);
        }
        try (Console.Hold hold = console.hold();
                Progress progress = new Progress(console, "fine-tune", state.step(), training.totalSteps())) {
            Looks looks = new Looks(data, samples, task, training, state, progress, hold);
            boolean hasLooked = state.step() % training.stepsPerLook() == 0
                    || state.step() >= training.totalSteps(); // else it was stopped between two looks
            if (!hasLooked || !looks.isOver()) {
                training.run(
                        artifacts.trainingModel(),
                        new RunFolder.Saved(state.step(), folder.checkpoint(state.step())),
                        folder.path(),
                        looks);
            }
            state = looks.state;
            if (hold.isStopRequested()) {
                return Optional.empty();
            }
        }
        if (state.best() < 0) {
            throw new IllegalStateException(
                    "The outputs for the samples held out are no finite numbers after any epoch:"
                            + " try a lower --encoder-lr and --head-lr");
        }
        long perEpoch = training.stepsPerEpoch();
        return Optional.of(new Tuned(
                folder.encoder(state.best()),
                head(folder.checkpoint(state.best())),
                state.step() / perEpoch,
                state.best() / perEpoch));
    }

    /** Saves what it begins with, which is the best so far if it has a head. */
    private TuningFolder.State begin(LabelledEmbeddings samples, Task task, @Nullable LinearHead start)
            throws IOException {
        Map<String, Tensor> state = new LinkedHashMap<>(CheckpointFile.read(artifacts.checkpoint()));
        TuningFolder.State begun = TuningFolder.State.NONE;
        if (start != null) {
            state.put(SupervisedGraph.HEAD_WEIGHT, weights(start));
            state.put(SupervisedGraph.HEAD_BIAS, Tensor.of(Shape.of(start.classes()), start.bias()));
            float[][] held = HeldOut.rows(samples.vectors(), task.parts.held());
            begun = new TuningFolder.State(0, 0, task.scoring.of(start.outputs(held)));
        }
        CheckpointFile.write(folder.checkpoint(0), state);
        return begun;
    }

    private static Tensor weights(LinearHead head) {
        float[] all = new float[head.classes() * head.dimension()];
        for (int row = 0; row < head.classes(); row++) {
            System.arraycopy(head.weights()[row], 0, all, row * head.dimension(), head.dimension());
        }
        return Tensor.of(Shape.of(head.classes(), head.dimension()), all);
    }

    private static LinearHead head(Path checkpoint) throws IOException {
        Map<String, Tensor> state = CheckpointFile.read(checkpoint);
        Tensor weight = Objects.requireNonNull(state.get(SupervisedGraph.HEAD_WEIGHT));
        float[] all = weight.floats();
        int width = Math.toIntExact(weight.shape().size(1));
        float[][] rows = new float[all.length / width][];
        for (int row = 0; row < rows.length; row++) {
            rows[row] = Arrays.copyOfRange(all, row * width, (row + 1) * width);
        }
        return new LinearHead(
                rows,
                Objects.requireNonNull(state.get(SupervisedGraph.HEAD_BIAS)).floats());
    }

    /** Measures what was learnt on the held-out samples, and keeps the best. */
    private final class Looks implements SupervisedTraining.Watch {
        private final Dataset<?> data;
        private final Task task;
        private final SupervisedTraining training;
        private final Progress progress;
        private final Console.Hold hold;
        private final BitSet held = new BitSet();
        private TuningFolder.State state;

        Looks(
                Dataset<?> data,
                LabelledEmbeddings samples,
                Task task,
                SupervisedTraining training,
                TuningFolder.State state,
                Progress progress,
                Console.Hold hold) {
            this.data = data;
            this.task = task;
            this.training = training;
            this.state = state;
            this.progress = progress;
            this.hold = hold;
            Arrays.stream(HeldOut.labels(samples.indices(), task.parts.held())).forEach(held::set);
        }

        /** Whether nothing better has come for so long that nothing is expected to. */
        boolean isOver() {
            long since = state.step() - Math.max(0, state.best());
            return state.step() >= training.totalSteps() || since >= plan.config.patience() * training.stepsPerEpoch();
        }

        @Override
        public void step(long step, float loss) {
            progress.at(step, String.format(Locale.ROOT, "loss %.3f", loss));
        }

        @Override
        public boolean look(RunFolder.Saved saved) throws IOException {
            export(saved.file(), folder.encoder(saved.step()));
            double score = score(saved);
            boolean better = score > state.score();
            state = new TuningFolder.State(
                    saved.step(), better ? saved.step() : state.best(), better ? score : state.score());
            folder.record(state);
            return !isOver();
        }

        private double score(RunFolder.Saved saved) throws IOException {
            int threads = plan.machine.threads();
            try (EmbeddingModel encoder =
                    EmbeddingModel.load(folder.encoder(saved.step()), training.device(), threads)) {
                LabelledEmbeddings found = LabelledEmbeddings.of(
                        SampleForms.of(data), data, index -> held.get(index) ? 0 : -1, encoder, done -> {});
                return task.scoring.of(head(saved.file()).outputs(found.vectors()));
            }
        }

        @Override
        public void stopped(RunFolder.Saved saved) throws IOException {
            state = new TuningFolder.State(saved.step(), state.best(), state.score());
            folder.record(state);
        }

        @Override
        public boolean isStopRequested() {
            return hold.isStopRequested();
        }
    }
}
