package dev.vicreg.tools.evaluation.measure;

import dev.vicreg.tools.evaluation.probe.FewShot;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Accuracy of a linear probe that sees 1, 5, 10 and 50 labels a class, the mean of ten draws; its interval is one standard
 * deviation of these to each side. Counts that no class set has enough samples for are left out: {@link FewShot}.
 */
record FewLabels() implements Measure {
    @Override
    public String name() {
        return "few labels";
    }

    @Override
    public List<Figure> of(Space space, Labels labels) {
        int classes = labels.classes().size();
        List<Figure> figures = new ArrayList<>();
        for (int count : FewShot.COUNTS) {
            Optional<FewShot.Accuracy> found =
                    FewShot.of(count).accuracy(space.train(), labels.train(), space.test(), labels.test(), classes);
            found.ifPresent(accuracy -> figures.add(new Figure(
                    "few_shot_" + count,
                    count + (count == 1 ? " label" : " labels") + " a class, ± over draws",
                    accuracy.mean(),
                    true,
                    new Figure.Interval(
                            accuracy.mean() - accuracy.deviation(), accuracy.mean() + accuracy.deviation()))));
        }
        return figures;
    }
}
