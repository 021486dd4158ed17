package dev.vicreg.tools.evaluation;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * One row of the paper's ablations: what is taken away or added, and what came of it there (Bardes, Ponce, LeCun, ICLR 2022:
 * linear accuracy on ImageNet after 100 epochs, ResNet-50).
 *
 * @param name of the row's folder
 * @param group the question that it belongs to
 * @param what is done, for a table
 * @param paper the figure or word of the paper, with its table; empty where it has none
 * @param options those of {@code train} that make it so, by name
 */
public record Ablation(String name, String group, String what, String paper, Map<String, String> options) {
    private static final String TERMS = "terms of the loss";
    private static final String OTHERS = "variance term in other methods";
    private static final String NORMS = "batch norm";
    private static final String WEIGHTS = "weights of the branches";

    /** The rows, in the table's order. */
    public static final List<Ablation> ALL = List.of(
            vicreg("invariance", "invariance alone", "collapse (table 7)", 1, 0, 0),
            vicreg("invariance-covariance", "with covariance", "collapse (table 7)", 25, 0, 1),
            vicreg("variance-covariance", "variance with covariance", "collapse (table 7)", 0, 25, 1),
            vicreg("invariance-variance", "invariance with variance", "57.5 (table 7)", 1, 1, 0),
            vicreg("all", "all three", "68.6 (table 7)", 25, 25, 1),
            other("simsiam", "SimSiam", "67.9 (table 4)", "simsiam"),
            other(
                    "simsiam-no-predictor",
                    "… without predictor",
                    "collapse (SimSiam, table 1)",
                    "simsiam",
                    "predictor",
                    "none"),
            other(
                    "simsiam-no-stop",
                    "… without stop-gradient",
                    "collapse (SimSiam, figure 2)",
                    "simsiam,stop-gradient=0"),
            other(
                    "simsiam-no-stop-variance",
                    "… without stop-gradient, with the variance term",
                    "",
                    "simsiam,stop-gradient=0",
                    "variance-term",
                    "1"),
            other("simsiam-variance", "… with the variance term", "68.1 (table 4)", "simsiam", "variance-term", "1"),
            other("byol", "BYOL", "69.3 (table 4)", "byol"),
            other("byol-no-target", "… whose target is the network itself", "0.3 (BYOL, table 5a)", "byol,momentum=0"),
            other("byol-no-predictor", "… without predictor", "0.2 (BYOL, table 5b)", "byol", "predictor", "none"),
            other("byol-variance", "… with the variance term", "70.2 (table 4)", "byol", "variance-term", "1"),
            new Ablation(
                    "no-norm", NORMS, "VICReg, none in the projector", "67.4 (table 4)", Map.of("head-norm", "none")),
            new Ablation("no-norm-encoder", NORMS, "… none in the encoder", "", Map.of("encoder-norm", "none")),
            new Ablation(
                    "no-norm-at-all",
                    NORMS,
                    "… none in either",
                    "",
                    Map.of("head-norm", "none", "encoder-norm", "none")),
            new Ablation(
                    "simsiam-no-norm",
                    NORMS,
                    "SimSiam, none in its heads",
                    "35.1 (table 4)",
                    published("simsiam", "head-norm", "none")),
            new Ablation(
                    "simsiam-no-norm-variance",
                    NORMS,
                    "SimSiam, none in its heads, with the variance term",
                    "67.3 (table 4)",
                    published("simsiam", "head-norm", "none", "variance-term", "1")),
            new Ablation(
                    "unshared", WEIGHTS, "VICReg, not shared", "66.5 (table 5)", Map.of("share-weights", "false")));

    private static Ablation vicreg(
            String name, String what, String paper, int invariance, int variance, int covariance) {
        return new Ablation(
                name,
                TERMS,
                what + " (" + invariance + ", " + variance + ", " + covariance + ")",
                paper,
                Map.of(
                        "invariance", String.valueOf(invariance),
                        "variance", String.valueOf(variance),
                        "covariance", String.valueOf(covariance)));
    }

    private static Ablation other(String name, String what, String paper, String objective, String... more) {
        return new Ablation(name, OTHERS, what, paper, published(objective, more));
    }

    /** An objective with SimSiam's optimizer, SGD at 0.05 per 256 samples (Chen and He 2021, section 3), and options. */
    private static Map<String, String> published(String objective, String... more) {
        Map<String, String> options =
                new TreeMap<>(Map.of("objective", objective, "optimizer", "sgd", "base-lr", "0.05"));
        for (int i = 0; i < more.length; i += 2) {
            options.put(more[i], more[i + 1]);
        }
        return options;
    }
}
