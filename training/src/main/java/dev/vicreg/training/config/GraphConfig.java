package dev.vicreg.training.config;

import dev.vicreg.models.setting.Option;
import dev.vicreg.models.setting.SettingException;
import dev.vicreg.runtime.input.PictureSize;
import dev.vicreg.training.objective.Heads;
import dev.vicreg.training.objective.Objective;
import dev.vicreg.training.objective.Projector;
import dev.vicreg.training.step.Branch;
import dev.vicreg.training.step.Side;
import dev.vicreg.training.step.TrainingGraph;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Every setting that shapes the graphs, as config.json and the command line have them.
 *
 * @param a the first view's branch, or both views' where they share weights
 * @param b the second view's branch with weights of its own; null where they share weights
 * @param objective what is minimised
 * @param multiView how many views
 * @param update how a step updates the parameters
 * @param precision in which numbers it computes
 */
public record GraphConfig(
        BranchConfig a,
        @Option(secondBranch = true) @Nullable BranchConfig b,
        ObjectiveConfig objective,
        MultiViewConfig multiView,
        UpdateConfig update,
        PrecisionConfig precision) {
    private static final int GIVEN_SHARE = 10;
    private static final int GIVEN_ATTENTION_SHARE = 100;

    /** Two views. */
    public GraphConfig(
            BranchConfig a,
            @Nullable BranchConfig b,
            ObjectiveConfig objective,
            UpdateConfig update,
            PrecisionConfig precision) {
        this(a, b, objective, MultiViewConfig.PAIR, update, precision);
    }

    /** Checks that local views can be had. */
    public GraphConfig {
        if (multiView.hasLocal()) {
            if (b != null) {
                throw new SettingException(
                        "`local-views` go through the weights that all views share, found two networks;"
                                + " leave `local-views` out, or what gives the second network weights of its own");
            }
            multiView = a.sized(multiView);
        }
    }

    /**
     * What these settings mean.
     *
     * @throws IllegalArgumentException naming the first setting that is wrong
     * @throws IOException if the file of an imported encoder cannot be read
     */
    public TrainingGraph.Spec spec() throws IOException {
        Objective loss = objective.minimised();
        Heads heads = loss.heads();
        List<Integer> predictor = objective.predictor(heads, Projector.parse(a.projector()));
        return new TrainingGraph.Spec(
                a.branch("", multiView.of(Side.A), heads, predictor),
                viewed(Side.B).branch(b == null ? "" : Branch.SECOND, multiView.of(Side.B), heads, predictor),
                loss,
                update.update(),
                update.undecayed(),
                update.fineTuning(),
                update.batchSize(),
                update.options(),
                precision.lossScaling());
    }

    /**
     * The peak learning rate where none is asked for: what is usual for the optimizer, but a {@value #GIVEN_SHARE}th of it
     * where an encoder's weights are given, and a {@value #GIVEN_ATTENTION_SHARE}th where that is a transformer. By
     * measurement: docs/measured.md.
     *
     * @throws IOException if the file of an encoder cannot be read
     */
    public double usualRate() throws IOException {
        int share = 1;
        for (Side side : sides()) {
            OnnxConfig file = branch(side).onnx();
            if (file != null) {
                share = Math.max(share, file.encoder().attends() ? GIVEN_ATTENTION_SHARE : GIVEN_SHARE);
            }
        }
        return update.usualRate() / share;
    }

    /** The settings of a side: {@link #a} for both where they share weights. */
    public BranchConfig branch(Side side) {
        return side == Side.A || b == null ? a : b;
    }

    /** The settings of what a side's views go through: its branch, which sees local views in their own size. */
    public BranchConfig viewed(Side side) throws IOException {
        return side == Side.B && multiView.hasLocal()
                ? a.seeing(PictureSize.square(multiView.localSize()))
                : branch(side);
    }

    /** The sizes that pictures grow through while it trains; empty where they don't. */
    public Optional<PictureSizes> growth() {
        return a.growth().or(() -> branch(Side.B).growth());
    }

    /**
     * The same in one of the stages of {@link #growth}.
     *
     * @throws IOException if the file of an imported encoder cannot be read
     */
    public GraphConfig at(int stage) throws IOException {
        return with(a.at(stage), b == null ? null : b.at(stage));
    }

    /** The sides whose encoders differ: both, or the first for both. */
    public List<Side> sides() {
        return b == null ? List.of(Side.A) : List.of(Side.A, Side.B);
    }

    /** These settings, with the copies that a run has of the files that the sides' encoders came in. */
    public GraphConfig from(Function<Side, Path> copies) {
        return with(a.from(copies.apply(Side.A)), b == null ? null : b.from(copies.apply(Side.B)));
    }

    /** These settings, with what a run recorded of the files that it has copies of. */
    public GraphConfig adopting(GraphConfig recorded, Function<Side, Path> copies) {
        return with(
                a.adopting(recorded.a, copies.apply(Side.A)),
                b == null || recorded.b == null ? b : b.adopting(recorded.b, copies.apply(Side.B)));
    }

    /** The same in another precision. */
    public GraphConfig with(PrecisionConfig other) {
        return new GraphConfig(a, b, objective, multiView, update, other);
    }

    private GraphConfig with(BranchConfig first, @Nullable BranchConfig second) {
        return new GraphConfig(first, second, objective, multiView, update, precision);
    }

    /** Whether both views go through the same weights. */
    public boolean sharesWeights() {
        return b == null;
    }
}
