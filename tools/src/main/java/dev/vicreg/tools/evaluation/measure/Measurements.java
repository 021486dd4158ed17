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
        Map<String, List<String>> failures = new LinkedHashMap<>(); // the spaces, by measure and reason
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
                    failures.computeIfAbsent(measure.name() + "\0" + e.getMessage(), key -> new ArrayList<>())
                            .add(space.name());
                }
                progress.accept(space.name());
            }
            figures.put(space, own);
        }
        List<String> reasons = new ArrayList<>();
        failures.forEach((key, names) -> reasons.add(reason(key, names, spaces.size())));
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

    private static String reason(String key, List<String> names, int spaces) {
        int end = key.indexOf('\0');
        return key.substring(0, end) + (names.size() == spaces ? "" : " of " + String.join(", ", names)) + " left out: "
                + key.substring(end + 1);
    }
}
