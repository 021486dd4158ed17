package dev.vicreg.training.config;

import dev.vicreg.models.setting.Group;
import dev.vicreg.models.setting.Option;
import dev.vicreg.training.objective.Criterion;
import dev.vicreg.training.objective.Heads;
import dev.vicreg.training.objective.Projector;
import dev.vicreg.training.optim.LayerRates;
import dev.vicreg.training.optim.Optimizers;
import dev.vicreg.training.optim.Schedule;
import dev.vicreg.training.step.SupervisedGraph;
import dev.vicreg.training.step.TrainingGraph.NoDecay;
import java.io.IOException;
import java.util.List;

/**
 * How an encoder and a head are trained on labelled samples.
 *
 * @param epochs passes over the samples; 0 where it follows from their number
 * @param patience epochs after which training stops if held-out samples were no better since; 0 for a half of them
 * @param batchSize samples a step; 0 where it follows from their number
 * @param update how a step updates the parameters
 */
public record SupervisedConfig(
        @Option(
                help = "passes over the labelled samples; without it as many as make 600 steps, 20 to 100",
                group = Group.OPTIMIZATION,
                min = 1,
                max = 1_000_000)
        int epochs,

        @Option(
                help =
                        "epochs without a better result on held-out samples after which it stops; without it half of them",
                group = Group.OPTIMIZATION,
                min = 1,
                max = 1_000_000)
        int patience,

        @Option(
                help = "samples a step; without it a quarter of them, 8 to 64",
                group = Group.OPTIMIZATION,
                min = 2,
                max = 1 << 20)
        int batchSize,

        Update update) {
    private static final int STEPS = 600;
    private static final int LEAST_EPOCHS = 20;
    private static final int MOST_EPOCHS = 100;
    private static final int BATCHES = 4;
    private static final double LAYER_DECAY = 0.5;
    private static final int LEAST_BATCH = 8;
    private static final int MOST_BATCH = 64;

    /**
     * How a step updates the parameters.
     *
     * @param optimizer a name of {@link Optimizers}
     * @param momentum of adamw the first beta
     * @param weightDecay of every parameter but norms and biases
     * @param headLr peak rate of the head
     * @param encoderLr peak rate of the encoder's last layer
     * @param layerDecay rate of its first layer, as a share of the last one's
     * @param labelSmoothing share of the targets that all classes have alike
     */
    public record Update(
            @Option(
                    help = "how parameters are updated",
                    group = Group.OPTIMIZATION,
                    choices = {"adamw", "sgd"},
                    fallback = "adamw")
            String optimizer,

            @Option(
                    help = "of sgd; the first beta of adamw",
                    group = Group.OPTIMIZATION,
                    fallback = "0.9",
                    min = 0,
                    max = 0.9999)
            float momentum,

            @Option(
                    help = "share taken off weights, not of norms or biases",
                    group = Group.OPTIMIZATION,
                    fallback = "1e-4",
                    min = 0,
                    max = 1)
            float weightDecay,

            @Option(
                    help = "peak learning rate of the head",
                    group = Group.OPTIMIZATION,
                    fallback = "2e-3",
                    min = 1e-12,
                    max = 100)
            double headLr,

            @Option(
                    help = "peak learning rate of the encoder's last layer; without it 1e-3, from scratch the head's",
                    group = Group.OPTIMIZATION,
                    min = 1e-12,
                    max = 100)
            double encoderLr,

            @Option(
                    help =
                            "rate of its first layer as a share of the last one's, between them by equal factors; without it "
                                    + LAYER_DECAY + ", from scratch 1",
                    group = Group.OPTIMIZATION,
                    min = 1e-6,
                    max = 1)
            double layerDecay,

            @Option(
                    help = "share of the targets that all classes have alike",
                    group = Group.OPTIMIZATION,
                    fallback = "0.1",
                    min = 0,
                    max = 0.9)
            float labelSmoothing) {}

    /**
     * The same with numbers where they follow from others.
     *
     * @param samples that are learnt from
     * @param fromScratch whether the encoder starts anew
     */
    public SupervisedConfig resolved(int samples, boolean fromScratch) {
        int batch = batchSize == 0 ? Math.max(LEAST_BATCH, Math.min(MOST_BATCH, samples / BATCHES)) : batchSize;
        int fitting = Math.max(2, Math.min(batch, samples));
        int wanted = STEPS / Math.max(1, samples / fitting);
        int passes = epochs == 0 ? Math.max(LEAST_EPOCHS, Math.min(MOST_EPOCHS, wanted)) : epochs;
        double usual = fromScratch ? update.headLr : 1e-3;
        return new SupervisedConfig(
                passes,
                patience == 0 ? Math.max(1, passes / 2) : patience,
                fitting,
                new Update(
                        update.optimizer,
                        update.momentum,
                        update.weightDecay,
                        update.headLr,
                        update.encoderLr == 0 ? usual : update.encoderLr,
                        update.layerDecay == 0 ? (fromScratch ? 1 : LAYER_DECAY) : update.layerDecay,
                        update.labelSmoothing));
    }

    /**
     * The graph's specification, of settings that are {@link #resolved}.
     *
     * @param branch whose encoder it is
     * @param outputs of the head
     * @throws IOException if the file of an imported encoder cannot be read
     */
    public SupervisedGraph.Spec spec(BranchConfig branch, int outputs, Criterion criterion) throws IOException {
        return new SupervisedGraph.Spec(
                branch.encoderAlone().branch("", 1, new Heads(Projector.Ending.LINEAR), List.of()),
                outputs,
                criterion,
                Optimizers.of(update.optimizer, update.momentum, update.weightDecay),
                NoDecay.NORM_BIAS,
                new LayerRates((float) (update.encoderLr / update.headLr), (float) update.layerDecay),
                batchSize);
    }

    /** The head's rate over so many steps: half a cosine down to 0. */
    public Schedule schedule(long steps) {
        return new Schedule(Schedule.Kind.COSINE, update.headLr, 0, 0, 0, List.of(), 1, steps);
    }
}
