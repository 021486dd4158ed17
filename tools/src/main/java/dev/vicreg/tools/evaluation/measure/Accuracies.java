package dev.vicreg.tools.evaluation.measure;

import java.util.ArrayList;
import java.util.List;

/** The figures that every classifier has. */
final class Accuracies {
    private Accuracies() {}

    /** Accuracy with its interval, and balanced accuracy where classes have different numbers of samples. */
    static List<Figure> of(String key, String name, Predictions predictions) {
        List<Figure> figures = new ArrayList<>();
        figures.add(new Figure(key, name, predictions.accuracy(), true, predictions.interval()));
        if (!predictions.isBalanced()) {
            figures.add(
                    Figure.share(key + "_balanced", "… each class weighing the same", predictions.balancedAccuracy()));
        }
        return figures;
    }
}
