package dev.vicreg.tools.evaluation.measure;

import dev.vicreg.models.setting.SettingException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
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
        ALL.put("label-free", (k, t) -> new LabelFree());
    }

    /** Those that take seconds. */
    public static final String USUAL = "knn,linear,label-free";

    private Measures() {}

    /** Their names. */
    public static List<String> names() {
        return List.copyOf(ALL.keySet());
    }

    /**
     * Measures in the order of their table.
     *
     * @param names separated by commas, or {@code all}
     * @param ks numbers of neighbours that vote in kNN
     * @param temperatures of kNN
     * @throws SettingException if there is none of a name
     */
    public static List<Measure> of(String names, List<Integer> ks, List<Double> temperatures) {
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
            if (asked.contains(name)) {
                measures.add(make.apply(ks, temperatures));
            }
        });
        return measures;
    }
}
