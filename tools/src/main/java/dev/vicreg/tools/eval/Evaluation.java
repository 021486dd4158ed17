package dev.vicreg.tools.eval;

import dev.vicreg.tools.eval.Vectors.Moments;
import org.jspecify.annotations.Nullable;

/**
 * kNN accuracies of one encoder and of what it is compared with, each 0 to 1.
 *
 * @param k neighbours that voted
 * @param temperature of their votes
 * @param trainPictures labelled pictures that voted
 * @param testPictures pictures that were classified
 * @param classes among the training pictures
 * @param encoder accuracy of the encoder's vectors
 * @param baseline the same encoder before training; null where there is none
 * @param pixels the pixels themselves, normalised by mean and standard deviation of the training pictures
 */
public record Evaluation(
        int k,
        double temperature,
        int trainPictures,
        int testPictures,
        int classes,
        double encoder,
        @Nullable Double baseline,
        double pixels) {

    /** Classifies the test pictures by the training pictures, in each of the spaces. */
    public static Evaluation of(KnnClassifier knn, LabelledVectors train, LabelledVectors test, int classes) {
        Moments moments = Moments.of(train.thumbnails());
        float[][] trainPixels = Vectors.pixels(train.thumbnails(), moments);
        float[][] testPixels = Vectors.pixels(test.thumbnails(), moments);
        float[][] trainBefore = train.baseline();
        float[][] testBefore = test.baseline();
        int[] trainLabels = train.labels();
        int[] testLabels = test.labels();
        return new Evaluation(
                knn.k(),
                knn.temperature(),
                train.size(),
                test.size(),
                classes,
                knn.accuracy(train.encoder(), trainLabels, test.encoder(), testLabels, classes),
                trainBefore == null || testBefore == null
                        ? null
                        : knn.accuracy(trainBefore, trainLabels, testBefore, testLabels, classes),
                knn.accuracy(trainPixels, trainLabels, testPixels, testLabels, classes));
    }
}
