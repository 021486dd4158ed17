package dev.vicreg.tools.evaluation.advice;

import dev.vicreg.training.data.kind.Kind;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * What came of the candidates, the best first. Two figures count, {@link #CONSENSUS} and {@link #RAW_AGREEMENT}. The first
 * candidate, which is the likeliest, is advised unless others are at least as good by both; of these the one with the
 * highest score. That is this project's own rule, chosen on sets with labels among published measures and others of its
 * own: docs/advise.md.
 *
 * @param ranked best first; those that are worse than the first candidate by a figure come last
 * @param correlations of each figure with kNN accuracy over the candidates: Spearman's; empty where classes aren't known
 */
public record Advice(List<Tried> ranked, Map<String, Double> correlations) {
    /** Share of the others that are worse, from 0 to 1: a mean over both figures. */
    public static final String SCORE = "score";

    /** Share of a sample's nearest neighbours that other candidates find too, a mean over them. */
    public static final String CONSENSUS = "consensus";

    /** Share of a sample's nearest neighbours that are so in raw samples too. */
    public static final String RAW_AGREEMENT = "raw_agreement";

    /** Accuracy of kNN, where classes are known. */
    public static final String KNN = "knn";

    private static final int BATCH = 128;
    private static final int STEPS = 1000;
    private static final int USUAL_EPOCHS = 30; // of as many samples as short runs see at most these are more steps

    /** A candidate with what its run gave. */
    public record Tried(Candidate candidate, Trial trial) {
        double figure(String key) {
            return trial.figures().getOrDefault(key, Double.NaN);
        }

        private boolean isAsGoodAs(Tried other) {
            return figure(CONSENSUS) >= other.figure(CONSENSUS) && figure(RAW_AGREEMENT) >= other.figure(RAW_AGREEMENT);
        }

        private Tried with(String key, double value) {
            return new Tried(candidate, trial.with(Map.of(key, value)));
        }
    }

    /** Ranks one or more candidates, of which the first is the likeliest; of equals the first stays before. */
    public static Advice of(List<Tried> tried) {
        List<Tried> all = tried.stream()
                .map(each -> each.with(CONSENSUS, consensus(each, tried)))
                .toList();
        double[] consensus = RankCorrelation.ranks(column(all, CONSENSUS));
        double[] agreement = RankCorrelation.ranks(column(all, RAW_AGREEMENT));
        List<Tried> scored = new ArrayList<>();
        for (int i = 0; i < all.size(); i++) {
            double places = consensus[i] + agreement[i] - 1; // 0 for the worst by both
            scored.add(all.get(i).with(SCORE, places / (2.0 * Math.max(1, all.size() - 1))));
        }
        Tried first = scored.get(0);
        scored.sort(Comparator.comparing((Tried each) -> !each.isAsGoodAs(first))
                .thenComparing(each -> -each.figure(SCORE)));
        return new Advice(List.copyOf(scored), correlations(scored));
    }

    private static double consensus(Tried one, List<Tried> all) {
        return all.stream()
                .filter(other -> !other.equals(one))
                .mapToDouble(other -> Trial.agreement(one.trial.neighbours(), other.trial.neighbours()))
                .average()
                .orElse(0);
    }

    private static Map<String, Double> correlations(List<Tried> tried) {
        Map<String, Double> correlations = new TreeMap<>();
        boolean known = tried.stream().allMatch(each -> each.trial.figures().containsKey(KNN));
        if (known && tried.size() > 2) {
            for (String key : tried.get(0).trial.figures().keySet()) {
                double correlation = RankCorrelation.spearman(column(tried, key), column(tried, KNN));
                boolean everywhere = tried.stream().noneMatch(each -> Double.isNaN(each.figure(key)));
                if (everywhere && !Double.isNaN(correlation) && !key.equals(KNN)) {
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

    /**
     * Why, a sentence each.
     *
     * @param strangeness of each change, by its name
     */
    public List<String> reasons(Kind<?> kind, Map<String, Double> strangeness, int samples) {
        List<String> reasons = new ArrayList<>();
        for (Change change : Change.of(kind)) {
            double value = strangeness.getOrDefault(change.name(), 1.0);
            if (change.isStrange(value) && best().options().containsKey("augment")) {
                reasons.add(String.format(
                        Locale.ROOT,
                        "%s: %.2f times as far from the nearest other as unchanged, so views do without",
                        change.what(),
                        value));
            }
        }
        reasons.add(best().what() + ": of " + ranked.size()
                + " tried, none finds neighbours that agree more with those of the others and of raw samples");
        Map<String, String> amount = amount(samples);
        if (amount.containsKey("epochs")) {
            reasons.add(samples + " " + kind.noun() + " are few: " + amount.get("epochs") + " epochs make " + STEPS
                    + " steps");
        }
        return reasons;
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
        boolean known = !Double.isNaN(ranked.get(0).figure(KNN));
        StringBuilder text = new StringBuilder(String.format(
                Locale.ROOT, "  %-" + width + "s  score  consensus  as raw  RankMe%s%n", "", known ? "  kNN %" : ""));
        for (Tried each : ranked) {
            text.append(String.format(
                            Locale.ROOT,
                            "  %-" + width + "s  %5.2f  %9.3f  %6.3f  %6.1f",
                            each.candidate.what(),
                            each.figure(SCORE),
                            each.figure(CONSENSUS),
                            each.figure(RAW_AGREEMENT),
                            each.figure("rankme")))
                    .append(known ? String.format(Locale.ROOT, "  %5.1f", 100 * each.figure(KNN)) : "")
                    .append(System.lineSeparator());
        }
        if (!correlations.isEmpty()) {
            text.append(String.format(
                    Locale.ROOT,
                    "  the score's rank correlation with kNN: %.2f%n",
                    correlations.getOrDefault(SCORE, Double.NaN)));
        }
        return text.toString();
    }
}
