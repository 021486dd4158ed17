package dev.vicreg.tools.evaluation.measure;

import dev.vicreg.models.setting.SettingException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.stream.Stream;

/** The measures by name: one line each. */
public final class Measures {
    private static final Map<String, BiFunction<List<Integer>, List<Double>, Measure>> ALL = new LinkedHashMap<>();

    static {
        ALL.put("knn", Knn::new);
        ALL.put("linear", (k, t) -> new Linear());
        ALL.put("sgd", (k, t) -> new LinearBySgd());
        ALL.put("few-shot", (k, t) -> new FewLabels());
        ALL.put("k-means", (k, t) -> new Clusters());
        ALL.put("retrieval", (k, t) -> new Ranking());
        ALL.put("ridge", (k, t) -> new Ridge());
        ALL.put("label-free", (k, t) -> new LabelFree());
        ALL.put("views", (k, t) -> new OfViews());
    }

    /** Those that take seconds. */
    public static final String USUAL = "knn,linear,label-free";

    /** Those of numbers that are to be predicted. */
    private static final Set<Measure.Needs> OF_TARGETS =
            Set.of(Measure.Needs.TARGETS, Measure.Needs.VIEWS, Measure.Needs.NOTHING);

    /** Those of classes. */
    private static final Set<Measure.Needs> OF_CLASSES =
            Set.of(Measure.Needs.CLASSES, Measure.Needs.VIEWS, Measure.Needs.NOTHING);

    private Measures() {}

    /** Whether one of them is by neighbours that vote. */
    public static boolean vote(List<Measure> measures) {
        return measures.stream().anyMatch(Knn.class::isInstance);
    }

    /** Their names. */
    public static List<String> names() {
        return List.copyOf(ALL.keySet());
    }

    /**
     * Measures in the order of their table.
     *
     * @param names separated by commas, or {@code all} that are of such samples
     * @param targets whether samples have numbers to predict, and not classes
     * @param ks numbers of neighbours that vote in kNN
     * @param temperatures of kNN
     * @throws SettingException if there is none of a name, or it is of other samples
     */
    public static List<Measure> of(String names, boolean targets, List<Integer> ks, List<Double> temperatures) {
        List<String> asked = names.equals("all")
                ? names()
                : Stream.of(names.split(",", -1)).map(String::strip).toList();
        for (String name : asked) {
            if (!ALL.containsKey(name)) {
                throw new SettingException(
                        "`measures`: expected all, or some of " + String.join(", ", names()) + ", found " + name);
            }
        }
        List<Measure> measures = new ArrayList<>();
        ALL.forEach((name, make) -> {
            Measure measure = make.apply(ks, temperatures);
            boolean fits = (targets ? OF_TARGETS : OF_CLASSES).contains(measure.needs());
            if (asked.contains(name) && !fits && !names.equals("all")) {
                throw new SettingException("`measures`: " + name
                        + (targets
                                ? " is of classes, and `target` names numbers; choose ridge or label-free"
                                : " predicts numbers: name them by `target`"));
            }
            if (asked.contains(name) && fits) {
                measures.add(measure);
            }
        });
        return measures;
    }
}
