package dev.vicreg.tools.evaluation.advice;

import dev.vicreg.runtime.Embedder;
import dev.vicreg.runtime.EmbeddingModel;
import dev.vicreg.tools.evaluation.Neighbours;
import dev.vicreg.tools.evaluation.SampleForm;
import dev.vicreg.tools.evaluation.VectorRows;
import dev.vicreg.tools.evaluation.diagnosis.Alignment;
import dev.vicreg.tools.evaluation.diagnosis.Diagnosis;
import dev.vicreg.tools.evaluation.diagnosis.Lidar;
import dev.vicreg.training.data.view.ViewKey;
import dev.vicreg.training.data.view.ViewSource;
import dev.vicreg.training.data.view.ViewType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What a short run gave, measured without labels.
 *
 * @param figures by their keys; those of {@link Diagnosis}, and of views {@code lidar} and {@code alignment}: of views as
 *     the run made them after {@code own_}, of views that are the same for all runs after {@code same_}
 * @param neighbours of each of some samples the nearest others, by their places in the set, nearest first
 */
public record Trial(Map<String, Double> figures, int[][] neighbours) {
    private static final int MOST_VECTORS = 1000;
    private static final int MOST_VIEWED = 300;
    private static final int VIEWS = 4;
    private static final int NEIGHBOURS = 10;

    /** The places of the samples whose vectors are measured, ascending; always the same. */
    public static int[] places(int samples) {
        return VectorRows.draw(samples, MOST_VECTORS);
    }

    /**
     * Measures an encoder.
     *
     * @param vectors its vectors of the samples at {@link #places}
     * @param own views as the run made them
     * @param same views that are the same for all runs
     */
    public static <S> Trial of(
            SampleForm<S, ?> form, EmbeddingModel model, float[][] vectors, ViewSource own, ViewSource same)
            throws IOException {
        Map<String, Double> figures = new LinkedHashMap<>(Diagnosis.of(vectors).figures());
        ofViews("own", views(form, model, own), figures);
        ofViews("same", views(form, model, same), figures);
        return new Trial(figures, neighbours(vectors));
    }

    /** The same with further figures. */
    public Trial with(Map<String, Double> more) {
        Map<String, Double> all = new LinkedHashMap<>(figures);
        all.putAll(more);
        return new Trial(all, neighbours);
    }

    private static void ofViews(String whose, float[][][] views, Map<String, Double> figures) {
        figures.put(whose + "_lidar", Lidar.of(views));
        figures.put(whose + "_alignment", Alignment.of(views));
    }

    /** [samples][views][D]. */
    private static <S> float[][][] views(SampleForm<S, ?> form, EmbeddingModel model, ViewSource source)
            throws IOException {
        Embedder<S> embedder = form.embedder(model);
        ViewType type = source.type();
        ByteBuffer view = ByteBuffer.allocateDirect(type.bytes()).order(ByteOrder.nativeOrder());
        int[] places = VectorRows.draw(source.data().size(), MOST_VIEWED);
        float[][][] views = new float[places.length][][];
        for (int i = 0; i < places.length; i++) {
            ViewSource.Sample sample = source.sample(places[i]);
            List<S> drawn = new ArrayList<>();
            for (int v = 0; v < VIEWS; v++) {
                sample.write(new ViewKey(0, 0, places[i], v), view, 0);
                drawn.add(embedder.prepare(form.ofView(type, view, model)));
            }
            views[i] = embedder.embed(drawn);
        }
        return views;
    }

    /** The nearest others of each vector, by cosine. */
    public static int[][] neighbours(float[][] vectors) {
        int k = Math.min(NEIGHBOURS, vectors.length - 1);
        int[][] found = Neighbours.find(vectors, vectors, k + 1, 1).indices();
        int[][] others = new int[vectors.length][];
        for (int i = 0; i < vectors.length; i++) {
            int self = i;
            others[i] = Arrays.stream(found[i]).filter(j -> j != self).limit(k).toArray();
        }
        return others;
    }

    /** Share of the neighbours that two have in common, 0 to 1. */
    public static double agreement(int[][] a, int[][] b) {
        long common = 0;
        long all = 0;
        for (int i = 0; i < a.length; i++) {
            int[] other = b[i];
            common += Arrays.stream(a[i])
                    .filter(j -> Arrays.stream(other).anyMatch(k -> k == j))
                    .count();
            all += a[i].length;
        }
        return (double) common / all;
    }
}
