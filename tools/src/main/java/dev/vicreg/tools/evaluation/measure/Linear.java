package dev.vicreg.tools.evaluation.measure;

import dev.vicreg.tools.evaluation.probe.LinearProbe;
import java.util.List;

/** Accuracy of a linear probe: {@link LinearProbe}, its penalty chosen on held-out training samples. */
record Linear() implements Measure {
    @Override
    public String name() {
        return "linear probe";
    }

    @Override
    public List<Figure> of(Space space, Labels labels) {
        int classes = labels.classes().size();
        LinearProbe probe = LinearProbe.fit(space.train(), labels.train(), classes);
        int[] predicted = probe.classifier().predict(space.test());
        return Accuracies.of("linear", "linear probe", new Predictions(predicted, labels.test(), classes));
    }
}
