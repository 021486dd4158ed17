package dev.vicreg.training.objective;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What an objective wants besides the encoder. All want a {@link Projector}, whose widths a run sets.
 *
 * @param ending how the projector's last layer ends
 * @param predictor which network follows the projector
 * @param target how the averaged copy of encoder and projector moves; null for none
 * @param directions how many random unit vectors a step is fed; 0 for none
 */
public record Heads(
        Projector.Ending ending,
        Predictor predictor,
        @Nullable TargetMomentum target,
        int directions) {
    /** A projector, and nothing else. */
    public Heads(Projector.Ending ending) {
        this(ending, Predictor.NONE, null, 0);
    }

    /** The network between projection and prediction, where none is asked for by its widths. Its last width is the projection's. */
    public enum Predictor {
        /** None. */
        NONE,
        /** A hidden layer of a quarter of the projection's width, as SimSiam has it (Chen, He 2021, section 4.2). */
        BOTTLENECK,
        /** A hidden layer as wide as the projector's, as BYOL has it (Grill et al. 2020, section 3.3). */
        WIDE;

        private static final int SHARE = 4;

        /**
         * Widths of its layers; empty for no predictor.
         *
         * @param projector widths of the projector's layers, at least one
         */
        public List<Integer> widths(List<Integer> projector) {
            int width = projector.get(projector.size() - 1);
            List<Integer> widths = new ArrayList<>();
            if (this != NONE) {
                widths.add(this == BOTTLENECK ? Math.max(1, width / SHARE) : projector.get(0));
                widths.add(width);
            }
            return widths;
        }
    }
}
