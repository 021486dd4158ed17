package dev.vicreg.training.step;

import dev.vicreg.models.encoder.Encoder;
import dev.vicreg.models.graph.Dim;
import dev.vicreg.models.graph.Region;
import dev.vicreg.models.graph.TensorType;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.nn.Layers;
import dev.vicreg.models.setting.SettingException;
import dev.vicreg.training.objective.Projector;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What one view goes through: its preparation, an encoder and a projector. The two branches of a training graph either
 * are the same one, which shares weights and running statistics, or have different scopes and share nothing; their
 * inputs and encoders may then differ in every respect but the width of the projection.
 *
 * @param input how the view enters
 * @param encoder from view to representation; says itself below which scope its parameters lie
 * @param projector from representation to projection
 * @param predictor from projection to prediction, of objectives that compare those; null for none
 * @param views how many views of a sample go through it in a step, at least one. They are one batch, so that its batch norms
 *     see all of them: [views·n,…], the first view of all samples first
 * @param scope what the names of the parameters start with, before a dot: empty, or {@value #SECOND} for the second of
 *     two branches with weights of their own
 */
public record Branch(
        ViewInput input,
        Encoder encoder,
        Projector projector,
        @Nullable Projector predictor,
        int views,
        String scope) {
    /** Scope of a second branch with weights of its own. */
    public static final String SECOND = "b";

    private static final String INPUT = "input";
    private static final String PROJECTOR = "projector";
    private static final String PREDICTOR = "predictor";

    /** The first branch, or both where they share weights. */
    public static Branch first(ViewInput input, Encoder encoder, Projector projector) {
        return new Branch(input, encoder, projector, null, 1, "");
    }

    /** The second branch, with weights of its own. */
    public static Branch second(ViewInput input, Encoder encoder, Projector projector) {
        return new Branch(input, encoder, projector, null, 1, SECOND);
    }

    /** Whether two branches of one scope can go through the same weights: they differ in their views at most. */
    boolean isLike(Branch other) {
        return encoder.getClass().equals(other.encoder.getClass())
                && projector.equals(other.projector)
                && Objects.equals(predictor, other.predictor);
    }

    /** The type of this branch's views, for so many samples. */
    TensorType views(int samples) {
        return input.type(Dim.of((long) views * samples));
    }

    /**
     * views → representations [N,D].
     *
     * @throws SettingException if the encoder cannot be made for views of that size
     */
    Value encode(Layers layers, Value view) {
        Layers own = layers.scope(scope);
        Value prepared = input.prepare(own.scope(INPUT).ops().in(Region.INPUT), view);
        try {
            return encoder.build(own.scope(encoder.scope()), prepared);
        } catch (SettingException e) {
            throw e;
        } catch (IllegalArgumentException e) { // sizes that do not fit, or a file's own nodes
            throw new SettingException(e.getMessage(), e);
        }
    }

    /** representation [N,D] → projection. */
    Value project(Layers layers, Value representation) {
        return projector.build(layers.scope(scope).scope(PROJECTOR), representation);
    }

    /** projection → prediction of the same shape; the projection itself without a predictor. */
    Value predict(Layers layers, Value projection) {
        return predictor == null
                ? projection
                : predictor.build(layers.scope(scope).scope(PREDICTOR), projection);
    }
}
