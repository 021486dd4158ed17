package dev.vicreg.training.config;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonUnwrapped;
import dev.vicreg.training.objective.Objective;
import dev.vicreg.training.objective.Objectives;
import dev.vicreg.training.optim.FineTuning;
import dev.vicreg.training.optim.Optimizers;
import dev.vicreg.training.step.Branch;
import dev.vicreg.training.step.LossScaling;
import dev.vicreg.training.step.Side;
import dev.vicreg.training.step.TrainingGraph;
import dev.vicreg.training.step.TrainingGraph.NoDecay;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Every setting that shapes the graphs, as config.json and the command line have them.
 *
 * @param a the first view's branch, or both views' where they share weights; in JSON its settings stand among the others
 * @param b the second view's branch with weights of its own; null, and absent in JSON, where they share weights
 * @param batchSize pairs per step
 * @param loss {@code official}, {@code solo-learn} or {@code paper}
 * @param invariance coefficient λ
 * @param variance coefficient μ
 * @param covariance coefficient ν
 * @param optimizer {@code sgd}, {@code adamw}, {@code lars-official} or {@code lars-solo}
 * @param momentum of sgd and lars; β₁ of adamw
 * @param weightDecay 0 to 1
 * @param noDecay {@code none}, {@code norm-bias} or {@code 1d}
 * @param freeze patterns of parameters that stay as they are
 * @param lrScale {@code pattern=factor}: parameters that learn at so many times the rate
 * @param precision {@code fp32}, {@code tf32} or {@code fp16}; absent in JSON, {@code fp32}
 * @param lossScaling of fp16; null, and absent in JSON, for the others
 */
public record GraphConfig(
        @JsonUnwrapped BranchConfig a,
        @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable BranchConfig b,
        int batchSize,
        String loss,
        float invariance,
        float variance,
        float covariance,
        String optimizer,
        float momentum,
        float weightDecay,
        String noDecay,

        @JsonInclude(JsonInclude.Include.NON_EMPTY) List<String> freeze,

        @JsonInclude(JsonInclude.Include.NON_EMPTY) List<String> lrScale,
        String precision,

        @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable LossScaling lossScaling) {
    /** Names of the precisions: all in float32; so, with TF32 products on CUDA; or the network in float16. */
    public static final List<String> PRECISIONS = List.of("fp32", "tf32", "fp16");

    private static final String FP16 = "fp16";

    /** All in float32. */
    public GraphConfig(
            BranchConfig a,
            @Nullable BranchConfig b,
            int batchSize,
            String loss,
            float invariance,
            float variance,
            float covariance,
            String optimizer,
            float momentum,
            float weightDecay,
            String noDecay,
            List<String> freeze,
            List<String> lrScale) {
        this(
                a,
                b,
                batchSize,
                loss,
                invariance,
                variance,
                covariance,
                optimizer,
                momentum,
                weightDecay,
                noDecay,
                freeze,
                lrScale,
                PRECISIONS.get(0),
                null);
    }

    /** Everything trained at one rate, in float32. */
    public GraphConfig(
            BranchConfig a,
            @Nullable BranchConfig b,
            int batchSize,
            String loss,
            float invariance,
            float variance,
            float covariance,
            String optimizer,
            float momentum,
            float weightDecay,
            String noDecay) {
        this(
                a,
                b,
                batchSize,
                loss,
                invariance,
                variance,
                covariance,
                optimizer,
                momentum,
                weightDecay,
                noDecay,
                List.of(),
                List.of());
    }

    /** Checks what no part of the graph checks itself. */
    public GraphConfig {
        freeze = freeze == null ? List.of() : List.copyOf(freeze); // absent in JSON
        lrScale = lrScale == null ? List.of() : List.copyOf(lrScale);
        precision = precision == null ? PRECISIONS.get(0) : precision; // absent in JSON
        if (!PRECISIONS.contains(precision)) {
            throw new IllegalArgumentException("Precision: expected one of " + PRECISIONS + ", found " + precision);
        }
        if (!precision.equals(FP16) && lossScaling != null) {
            throw new IllegalArgumentException("Loss scaling belongs to precision " + FP16 + ", found " + precision);
        }
        lossScaling = precision.equals(FP16) && lossScaling == null ? LossScaling.DEFAULT : lossScaling;
        if (!(momentum >= 0 && momentum < 1)) {
            throw new IllegalArgumentException("Momentum: expected 0 or more and less than 1, found " + momentum);
        }
        if (!(weightDecay >= 0 && weightDecay <= 1)) {
            throw new IllegalArgumentException("Weight decay: expected 0 to 1, found " + weightDecay);
        }
    }

    /** Which parameters an optimizer leaves undecayed unless told otherwise. */
    public static String defaultNoDecay(String optimizer) {
        return Optimizers.usuallyDecaysVectors(optimizer) ? "none" : "1d";
    }

    /**
     * What these settings mean.
     *
     * @throws IllegalArgumentException naming the first setting that is wrong
     * @throws IOException if the file of an imported encoder cannot be read
     */
    public TrainingGraph.Spec spec() throws IOException {
        Objective objective =
                Objectives.of(loss, Map.of("invariance", invariance, "variance", variance, "covariance", covariance));
        boolean lastBias = objective.heads().lastBias();
        Branch first = a.branch("", lastBias);
        return new TrainingGraph.Spec(
                first,
                b == null ? first : b.branch(Branch.SECOND, lastBias),
                objective,
                Optimizers.of(optimizer, momentum, weightDecay),
                noDecay(noDecay),
                new FineTuning(freeze, lrScale),
                batchSize,
                lossScaling);
    }

    /** The settings of a side: {@link #a} for both where they share weights. */
    public BranchConfig branch(Side side) {
        return side == Side.A || b == null ? a : b;
    }

    /** The sides whose encoders differ: both, or the first for both. */
    public List<Side> sides() {
        return b == null ? List.of(Side.A) : List.of(Side.A, Side.B);
    }

    /** These settings, with the copies that a run has in {@code artifacts} of the files that encoders came in. */
    public GraphConfig in(Path artifacts) {
        return with(a.in(artifacts, Side.A), b == null ? null : b.in(artifacts, Side.B));
    }

    /** These settings, with what a run recorded of the files that it has copies of. */
    public GraphConfig adopting(GraphConfig recorded, Path artifacts) {
        return with(
                a.adopting(recorded.a, artifacts, Side.A),
                b == null || recorded.b == null ? b : b.adopting(recorded.b, artifacts, Side.B));
    }

    /**
     * The same in another precision.
     *
     * @param scaling for {@code fp16}; null for the usual one, and for the others
     */
    public GraphConfig with(String other, @Nullable LossScaling scaling) {
        return with(a, b, other, scaling);
    }

    private GraphConfig with(BranchConfig first, @Nullable BranchConfig second) {
        return with(first, second, precision, lossScaling);
    }

    private GraphConfig with(
            BranchConfig first, @Nullable BranchConfig second, String other, @Nullable LossScaling scaling) {
        return new GraphConfig(
                first,
                second,
                batchSize,
                loss,
                invariance,
                variance,
                covariance,
                optimizer,
                momentum,
                weightDecay,
                noDecay,
                freeze,
                lrScale,
                other,
                scaling);
    }

    /** Whether both views go through the same weights. */
    public boolean sharesWeights() {
        return b == null;
    }

    private static NoDecay noDecay(String name) {
        return switch (name.toLowerCase(Locale.ROOT)) {
            case "none" -> NoDecay.NONE;
            case "norm-bias" -> NoDecay.NORM_BIAS;
            case "1d" -> NoDecay.ONE_DIMENSIONAL;
            default ->
                throw new IllegalArgumentException("Unknown --no-decay " + name + ": expected none, norm-bias or 1d");
        };
    }
}
