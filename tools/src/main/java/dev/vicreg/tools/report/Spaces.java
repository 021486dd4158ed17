package dev.vicreg.tools.report;

import dev.vicreg.runtime.search.PrincipalComponents;
import dev.vicreg.tools.evaluation.Neighbours;
import dev.vicreg.tools.evaluation.VectorRows;
import dev.vicreg.tools.evaluation.diagnosis.Diagnosis;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** What a page shows of vectors: a map, nearest neighbours, how they fill their space. */
final class Spaces {
    private static final int QUERIES = 10;
    private static final int NEIGHBOURS = 8;
    private static final int NEAR = 14; // others that UMAP asks for: with the sample itself its usual 15
    private static final int LEAST = 3; // samples of which a map says anything

    private Spaces() {}

    /** Each of a gallery's spaces, for the page; empty with fewer than {@value #LEAST} samples. */
    static List<Map<String, Object>> json(Gallery gallery) {
        if (gallery.size() < LEAST) {
            return List.of();
        }
        List<Integer> queries = queries(gallery);
        return gallery.vectors().keySet().parallelStream()
                .map(name -> json(name, gallery.rows(name), queries))
                .toList();
    }

    /** The first sample of each class, or some that are spread evenly: none is chosen by hand. */
    private static List<Integer> queries(Gallery gallery) {
        List<Integer> first = new ArrayList<>();
        Set<Integer> seen = new LinkedHashSet<>();
        for (int i = 0; i < gallery.size() && first.size() < QUERIES; i++) {
            if (gallery.labels().get(i) >= 0 && seen.add(gallery.labels().get(i))) {
                first.add(i);
            }
        }
        int count = Math.min(QUERIES, gallery.size());
        for (int i = 0; i < count && seen.size() < 2; i++) { // no classes, or one
            int even = (int) ((long) i * gallery.size() / count);
            if (!first.contains(even)) {
                first.add(even);
            }
        }
        return first.subList(0, Math.min(QUERIES, first.size()));
    }

    private static Map<String, Object> json(String name, float[][] vectors, List<Integer> queries) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("name", name);
        json.put("dimension", vectors[0].length);
        Diagnosis diagnosis;
        try {
            diagnosis = Diagnosis.of(vectors);
        } catch (IllegalStateException e) { // not finite: the page says so, and shows no more
            json.put("verdict", e.getMessage());
            return json;
        }
        json.put("verdict", diagnosis.verdict());
        json.put("collapsed", diagnosis.collapsed());
        json.put("figures", rounded(diagnosis.figures()));
        json.put("spectrum", spectrum(diagnosis.spectrum().eigenvalues()));
        float[][] unit = VectorRows.unit(vectors);
        putMap(json, unit);
        Neighbours found = Neighbours.find(vectors, vectors, Math.min(NEAR + 1, vectors.length), 1);
        json.put("near", near(unit, found));
        json.put("neighbours", neighbours(found, queries));
        return json;
    }

    private static Map<String, @Nullable Double> rounded(Map<String, Double> figures) {
        Map<String, @Nullable Double> rounded = new LinkedHashMap<>();
        figures.forEach((name, value) -> rounded.put(name, Figures.rounded(value)));
        return rounded;
    }

    /** Shares of the variance, the largest first. */
    private static List<@Nullable Double> spectrum(double[] eigenvalues) {
        double sum = Arrays.stream(eigenvalues).sum();
        return sum == 0
                ? List.of()
                : Figures.rounded(
                        Arrays.stream(eigenvalues).map(value -> value / sum).toArray());
    }

    /** Places by the two directions of largest variance of vectors of length 1, and the share of the variance in them. */
    private static void putMap(Map<String, Object> json, float[][] unit) {
        PrincipalComponents components = PrincipalComponents.of(unit);
        json.put(
                "places",
                Arrays.stream(components.places(unit)).map(Figures::rounded).toList());
        json.put("share", Figures.rounded(components.share()));
    }

    /** Of each sample the nearest others, [samples, distances] of vectors of length 1: all that UMAP asks of vectors. */
    private static List<List<List<?>>> near(float[][] unit, Neighbours found) {
        return IntStream.range(0, unit.length)
                .mapToObj(sample -> {
                    int[] others = others(found, sample);
                    double[] distances = Arrays.stream(others)
                            .mapToDouble(other -> Math.sqrt(VectorRows.squaredDistance(unit[sample], unit[other])))
                            .toArray();
                    return List.<List<?>>of(Arrays.stream(others).boxed().toList(), Figures.rounded(distances));
                })
                .toList();
    }

    /** The others that were found for a sample, the nearest first: one fewer than were asked for. */
    private static int[] others(Neighbours found, int sample) {
        return Arrays.stream(found.indices()[sample])
                .filter(other -> other != sample)
                .limit(found.indices()[sample].length - 1)
                .toArray();
    }

    private static List<Map<String, Object>> neighbours(Neighbours found, List<Integer> queries) {
        List<Map<String, Object>> rows = new ArrayList<>();
        for (int query : queries) {
            List<Integer> samples = new ArrayList<>();
            List<@Nullable Double> cosines = new ArrayList<>();
            for (int i = 0; i < found.indices()[query].length && samples.size() < NEIGHBOURS; i++) {
                if (found.indices()[query][i] != query) {
                    samples.add(found.indices()[query][i]);
                    cosines.add(Figures.rounded(found.similarities()[query][i]));
                }
            }
            rows.add(Map.of("query", query, "found", samples, "cosines", cosines));
        }
        return rows;
    }
}
