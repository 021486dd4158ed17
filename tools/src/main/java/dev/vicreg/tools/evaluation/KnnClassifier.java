package dev.vicreg.tools.evaluation;

import dev.vicreg.models.setting.SettingException;

/**
 * The usual measure of self-supervised vectors: a picture gets the class that its k nearest labelled neighbours vote
 * for, each with weight exp(cosine / temperature). Nothing is trained.
 *
 * @param k neighbours that vote
 * @param temperature small values let the nearest decide
 * @see <a href="https://arxiv.org/abs/1805.01978">Wu et al., Unsupervised feature learning, section 3.4</a>
 */
public record KnnClassifier(int k, double temperature) {
    /** The setting that published figures use. */
    public static final KnnClassifier STANDARD = new KnnClassifier(20, 0.07);

    public KnnClassifier {
        if (k < 1 || !(temperature > 0)) {
            throw new SettingException(
                    "kNN: expected k of 1 or more and a temperature above 0, found " + k + " and " + temperature);
        }
    }

    /**
     * The class of every query, 0 … classes − 1; of classes with equal votes the first.
     *
     * @param labels class of every vector of the bank in which the neighbours were found
     */
    public int[] classify(Neighbours neighbours, int[] labels, int classes) {
        int[] predicted = new int[neighbours.indices().length];
        for (int query = 0; query < predicted.length; query++) {
            int[] indices = neighbours.indices()[query];
            float[] similarities = neighbours.similarities()[query];
            double[] votes = new double[classes];
            for (int i = 0; i < k; i++) {
                votes[labels[indices[i]]] += Math.exp((similarities[i] - 1) / temperature); // −1: no overflow
            }
            for (int label = 1; label < classes; label++) {
                if (votes[label] > votes[predicted[query]]) {
                    predicted[query] = label;
                }
            }
        }
        return predicted;
    }

    /** Share of the queries that get their own class, 0 to 1. */
    public double accuracy(float[][] bank, int[] bankLabels, float[][] queries, int[] queryLabels, int classes) {
        int[] predicted = classify(Neighbours.find(bank, queries, k, 0), bankLabels, classes);
        int right = 0;
        for (int i = 0; i < predicted.length; i++) {
            right += predicted[i] == queryLabels[i] ? 1 : 0;
        }
        return (double) right / predicted.length;
    }
}
