package dev.vicreg.training.autodiff;

import dev.vicreg.training.autodiff.GradientCheckTest.Case;
import java.util.stream.Stream;

/** Numeric checks of operators along axes: reductions, softmax, cumulative sums, the largest k. */
final class AxisCases {
    private AxisCases() {}

    static Stream<Case> cases() {
        return Stream.of();
    }
}
