package dev.vicreg.tools.evaluation.measure;

import dev.vicreg.tools.evaluation.KnnClassifier;
import dev.vicreg.tools.evaluation.Neighbours;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * Accuracy of k nearest neighbours: {@link KnnClassifier}, for every pair of a number and a temperature.
 *
 * @param ks numbers of neighbours that vote, not empty
 * @param temperatures of their votes, not empty
 */
record Knn(List<Integer> ks, List<Double> temperatures) implements Measure {
    @Override
    public String name() {
        return "kNN";
    }

    @Override
    public List<Figure> of(Space space, Labels labels) {
        int most = Collections.max(ks);
        if (space.train().length < most) {
            throw new IllegalStateException("needs at least " + most + " labelled training samples, found "
                    + space.train().length + "; give a smaller --k");
        }
        Neighbours neighbours = Neighbours.find(space.train(), space.test(), most, 0);
        int classes = labels.classes().size();
        List<Figure> figures = new ArrayList<>();
        for (int k : ks) {
            for (double temperature : temperatures) {
                int[] predicted = new KnnClassifier(k, temperature).classify(neighbours, labels.train(), classes);
                figures.addAll(Accuracies.of(
                        key(k, temperature),
                        "kNN, k = " + k + ", T = " + temperature,
                        new Predictions(predicted, labels.test(), classes)));
            }
        }
        return figures;
    }

    /** The key of its accuracy. */
    static String key(int k, double temperature) {
        return "knn_" + k + "_" + temperature;
    }
}
