package dev.vicreg.tools.evaluation.measure;

import dev.vicreg.tools.evaluation.diagnosis.Collapse;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * What was measured in each space, and what could not be.
 *
 * @param figures of each space, the encoder's first
 * @param collapses in words, of spaces whose vectors are all one or hold no numbers: they have no accuracies
 * @param reasons why a measure gave nothing, a line each
 */
public record Measurements(Map<Space, List<Figure>> figures, Map<Space, String> collapses, List<String> reasons) {
    /** Why a measure gave nothing. */
    private record Failure(String measure, String reason) {
        /** @param in names of the spaces where it is so, of {@code spaces} in all */
        String text(List<String> in, int spaces) {
            String where = in.size() == spaces ? "" : " of " + String.join(", ", in);
            return measure + where + " left out: " + reason;
        }
    }

    /**
     * Takes all measures that can be taken.
     *
     * @param progress told of each space's name, after each measure in it
     * @throws IllegalStateException if nothing can be measured in any space: says why
     */
    public static Measurements of(
            List<Measure> measures, List<Space> spaces, Labels labels, Consumer<String> progress) {
        Map<Space, List<Figure>> figures = new LinkedHashMap<>();
        Map<Space, String> collapses = new LinkedHashMap<>();
        Map<Failure, List<String>> failures = new LinkedHashMap<>(); // the spaces where they are
        for (Space space : spaces) {
            Optional<String> collapse = Collapse.of(space.test()).or(() -> Collapse.of(space.train()));
            collapse.ifPresent(words -> collapses.put(space, words));
            List<Figure> own = new ArrayList<>();
            for (Measure measure : measures) {
                try {
                    if (collapse.isEmpty() || isLeft(measure, space)) {
                        own.addAll(measure.of(space, labels));
                    }
                } catch (IllegalStateException e) {
                    Failure failure = new Failure(measure.name(), String.valueOf(e.getMessage()));
                    failures.computeIfAbsent(failure, key -> new ArrayList<>()).add(space.name());
                }
                progress.accept(space.name());
            }
            figures.put(space, own);
        }
        List<String> reasons = new ArrayList<>();
        failures.forEach((failure, in) -> reasons.add(failure.text(in, spaces.size())));
        if (figures.values().stream().allMatch(List::isEmpty) && collapses.isEmpty() && !reasons.isEmpty()) {
            throw new IllegalStateException(reasons.get(0));
        }
        return new Measurements(figures, collapses, reasons);
    }

    /** Whether a measure still says something of vectors that are all one. */
    private static boolean isLeft(Measure measure, Space space) {
        return measure.needs() == Measure.Needs.NOTHING
                && space.test().length > 1
                && !Collapse.isNotFinite(space.test());
    }
}
