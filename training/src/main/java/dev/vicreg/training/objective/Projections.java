package dev.vicreg.training.objective;

import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Value;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What an objective sees of a step. Every value is float32 [n,d]; row i of each belongs to sample i. The lists are in the
 * order of the views.
 *
 * @param views projections of each view, at least two; those of the full size come first
 * @param fullViews how many are of the full size, all or at least one: the others are local views
 * @param predictions what the predictor makes of each; empty unless {@link Heads#predictor} asks for one
 * @param targets projections of each view by the averaged networks; empty unless {@link Heads#target} asks for them. They
 *     are given: no gradient flows into them
 * @param directions random unit vectors, the columns of [d, {@link Heads#directions}], others in every step; null unless
 *     asked for
 */
public record Projections(
        List<Value> views,
        int fullViews,
        List<Value> predictions,
        List<Value> targets,
        @Nullable Value directions) {
    /** Checks the shapes. */
    public Projections {
        views = List.copyOf(views);
        predictions = List.copyOf(predictions);
        targets = List.copyOf(targets);
        Shape shape = views.isEmpty() ? Shape.of() : views.get(0).shape();
        if (views.size() < 2
                || fullViews < 1
                || fullViews > views.size()
                || shape.rank() != 2
                || shape.size(0) < 2
                || !fit(views, shape)
                || !fit(predictions, shape)
                || !fit(targets, shape)) {
            throw new IllegalArgumentException(
                    "Expected projections of two or more views, one of them of full size, of at least 2 samples and"
                            + " equal shape [n,d], found "
                            + views.stream().map(Value::shape).toList()
                            + ", predictions "
                            + predictions.stream().map(Value::shape).toList()
                            + " and targets "
                            + targets.stream().map(Value::shape).toList());
        }
    }

    /** Of objectives that want nothing but the projections. */
    public Projections(Value... views) {
        this(List.of(views), views.length, List.of(), List.of(), null);
    }

    /** Projections of the views of full size: of all where there are no local ones. */
    List<Value> full() {
        return views.subList(0, fullViews);
    }

    private static boolean fit(List<Value> values, Shape shape) {
        return values.stream().allMatch(value -> value.shape().equals(shape));
    }

    /** Number of samples. */
    long samples() {
        return views.get(0).shape().size(0);
    }

    /** Width of a projection. */
    long width() {
        return views.get(0).shape().size(1);
    }
}
