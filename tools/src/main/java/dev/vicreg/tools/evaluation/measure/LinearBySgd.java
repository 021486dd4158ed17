package dev.vicreg.tools.evaluation.measure;

import dev.vicreg.tools.evaluation.probe.SgdProbe;
import java.util.List;

/** Accuracy of a linear probe trained as the papers do: {@link SgdProbe}. */
record LinearBySgd() implements Measure {
    @Override
    public String name() {
        return "linear probe by SGD";
    }

    @Override
    public List<Figure> of(Space space, Labels labels) {
        int classes = labels.classes().size();
        int[] predicted =
                SgdProbe.STANDARD.fit(space.train(), labels.train(), classes).predict(space.test());
        return Accuracies.of("sgd", "linear probe by SGD", new Predictions(predicted, labels.test(), classes));
    }
}
