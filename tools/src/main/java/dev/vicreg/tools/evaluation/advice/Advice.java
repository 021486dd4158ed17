package dev.vicreg.tools.evaluation.advice;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * What came of the candidates, the best first.
 *
 * @param ranked best first
 * @param correlations of each figure with kNN accuracy over the candidates: Spearman's; empty where classes aren't known
 */
public record Advice(List<Tried> ranked, Map<String, Double> correlations) {
    /** The figure by which candidates are ranked. */
    public static final String SCORE = "consensus";

    /** Accuracy of kNN, where classes are known. */
    public static final String KNN = "knn";

    private static final int BATCH = 128;
    private static final int STEPS = 1500;
    private static final int USUAL_EPOCHS = 30;

    /** A candidate with what its run gave. */
    public record Tried(Candidate candidate, Trial trial) {
        double figure(String key) {
            return trial.figures().getOrDefault(key, Double.NaN);
        }
    }

    /** Ranks one or more candidates. */
    public static Advice of(List<Tried> tried) {
        List<Tried> scored = new ArrayList<>();
        for (Tried each : tried) {
            Map<String, Double> figures = new LinkedHashMap<>(each.trial.figures());
            figures.put(SCORE, consensus(each, tried));
            scored.add(new Tried(each.candidate, new Trial(figures, each.trial.neighbours())));
        }
        scored.sort(Comparator.comparingDouble((Tried each) -> -each.figure(SCORE))); // stable: earlier ones are likelier
        return new Advice(List.copyOf(scored), correlations(scored));
    }

    /** How many of its neighbours are those that the others find: the mean over the others. */
    private static double consensus(Tried one, List<Tried> all) {
        return all.stream()
                .filter(other -> other != one)
                .mapToDouble(other ->
                        Trial.agreement(one.trial.neighbours(), other.trial.neighbours()))
                .average()
                .orElse(0);
    }

    private static Map<String, Double> correlations(List<Tried> tried) {
        Map<String, Double> correlations = new TreeMap<>();
        boolean known = tried.stream().allMatch(each -> each.trial.figures().containsKey(KNN));
        if (known && tried.size() > 2) {
            for (String key : tried.get(0).trial.figures().keySet()) {
                double correlation = RankCorrelation.spearman(column(tried, key), column(tried, KNN));
                if (!Double.isNaN(correlation) && !key.equals(KNN)) {
                    correlations.put(key, correlation);
                }
            }
        }
        return correlations;
    }

    private static double[] column(List<Tried> tried, String key) {
        return tried.stream().mapToDouble(each -> each.figure(key)).toArray();
    }

    /** Samples of a batch that so many samples go with: a quarter of them at most, 128 at most, a power of two. */
    public static int batch(int samples) {
        return Math.max(2, Math.min(BATCH, Integer.highestOneBit(samples / 4)));
    }

    /** Options that follow from the number of samples: smaller batches and more epochs for few. */
    public static Map<String, String> amount(int samples) {
        Map<String, String> options = new LinkedHashMap<>();
        int batch = batch(samples);
        if (batch < BATCH) {
            options.put("batch-size", String.valueOf(batch));
        }
        int epochs = (int) Math.ceil((double) STEPS / Math.max(1, samples / batch));
        if (epochs > USUAL_EPOCHS) {
            options.put("epochs", String.valueOf(epochs));
        }
        return options;
    }

    /** The candidate that is advised. */
    public Candidate best() {
        return ranked.get(0).candidate;
    }

    /** For a terminal: a line each, best first. */
    public String text() {
        int width = ranked.stream()
                .mapToInt(each -> each.candidate.what().length())
                .max()
                .orElse(0);
        boolean known = !correlations.isEmpty();
        StringBuilder text = new StringBuilder(String.format(
                Locale.ROOT, "  %-" + width + "s  score  RankMe  LiDAR%s%n", "", known ? "   kNN" : ""));
        for (Tried each : ranked) {
            text.append(String.format(
                            Locale.ROOT,
                            "  %-" + width + "s  %5.3f  %6.1f  %5.1f",
                            each.candidate.what(),
                            each.figure(SCORE),
                            each.figure("rankme"),
                            each.figure("own_lidar")))
                    .append(known ? String.format(Locale.ROOT, "  %4.1f", 100 * each.figure(KNN)) : "")
                    .append(System.lineSeparator());
        }
        return text.toString();
    }
}
