package dev.vicreg.training.autodiff;

import dev.vicreg.training.autodiff.GradientCheckTest.Case;
import java.util.stream.Stream;

/** Numeric checks of LSTM and GRU. */
final class RecurrentCases {
    private RecurrentCases() {}

    static Stream<Case> cases() {
        return Stream.of();
    }
}
