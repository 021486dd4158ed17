package dev.vicreg.tools.evaluation;

import dev.vicreg.runtime.Embeddings;
import dev.vicreg.runtime.search.PrincipalComponents;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.Styler;
import org.knowm.xchart.style.XYStyler;
import org.knowm.xchart.style.markers.SeriesMarkers;

/**
 * Two maps of the same samples, each by its own two directions of largest variance: at the left the samples as they are, at
 * the right the encoder's vectors of length 1, which is how kNN compares them. A colour is a group, such as a class.
 */
public final class VectorPlot extends Plot {
    private static final int SIDE = 640;
    private static final int MAX_POINTS = 4000;
    private static final int MARKER = 5;
    private static final int RANGES = 5;
    private static final int LEGEND = 140; // pixels
    private static final int MAX_LEGEND = 25; // names that have room

    private final XYChart raw;
    private final XYChart encoded;

    private VectorPlot(XYChart raw, XYChart encoded) {
        this.raw = raw;
        this.encoded = encoded;
    }

    /**
     * Of at most {@value #MAX_POINTS} samples, evenly spaced.
     *
     * @param train to whose scale raw samples are brought
     * @param groups of the samples, as {@code labels} of {@link LabelledVectors} are of classes
     * @param names of the groups, one or more
     */
    public static <R> VectorPlot of(
            LabelledVectors<R> train, LabelledVectors<R> samples, int[] groups, List<String> names) {
        int shown = Math.min(MAX_POINTS, samples.size());
        int[] labels = new int[shown];
        List<R> some = new ArrayList<>();
        float[][] encoded = new float[shown][];
        for (int i = 0; i < shown; i++) {
            int index = (int) ((long) i * samples.size() / shown);
            labels[i] = groups[index];
            some.add(samples.raw().get(index));
            encoded[i] = Embeddings.normalised(samples.encoder()[index]);
        }
        float[][] raw = samples.form().vectors(some, train.raw());
        return new VectorPlot(
                chart("raw " + samples.form().rawNoun(), raw, labels, names, false),
                chart("encoder", encoded, labels, names, names.size() <= MAX_LEGEND));
    }

    /** The same of samples with a number each: a colour is a fifth of them, from the smallest to the largest. */
    public static <R> VectorPlot of(LabelledVectors<R> train, LabelledVectors<R> samples, double[] numbers) {
        double[] sorted = Arrays.stream(numbers).sorted().toArray();
        int[] groups = new int[numbers.length];
        double[] starts = IntStream.range(0, RANGES)
                .mapToDouble(range -> sorted[range * sorted.length / RANGES])
                .distinct()
                .toArray();
        for (int i = 0; i < groups.length; i++) {
            int place = Arrays.binarySearch(starts, numbers[i]);
            groups[i] = place >= 0 ? place : -place - 2;
        }
        List<String> names = Arrays.stream(starts)
                .mapToObj(start -> String.format(Locale.ROOT, "from %.4g", start))
                .toList();
        return of(train, samples, groups, names);
    }

    /** @param legend whether it stands at the right, for both charts */
    private static XYChart chart(String title, float[][] vectors, int[] labels, List<String> classes, boolean legend) {
        XYChart chart = new XYChartBuilder()
                .width(legend ? SIDE + LEGEND : SIDE)
                .height(SIDE)
                .title(title)
                .build();
        XYStyler style = chart.getStyler();
        style.setDefaultSeriesRenderStyle(XYSeries.XYSeriesRenderStyle.Scatter);
        style.setMarkerSize(MARKER);
        style.setPlotGridLinesVisible(false);
        style.setAxisTicksVisible(false);
        style.setLegendVisible(legend);
        style.setLegendPosition(Styler.LegendPosition.OutsideE);
        style.setChartBackgroundColor(Color.WHITE);
        double[][] places = PrincipalComponents.of(vectors).places(vectors);
        for (int label = 0; label < classes.size(); label++) {
            List<Double> x = new ArrayList<>();
            List<Double> y = new ArrayList<>();
            for (int i = 0; i < labels.length; i++) {
                if (labels[i] == label) {
                    x.add(places[i][0]);
                    y.add(places[i][1]);
                }
            }
            if (!x.isEmpty()) {
                chart.addSeries(classes.get(label), x, y)
                        .setMarker(SeriesMarkers.CIRCLE)
                        .setMarkerColor(Color.getHSBColor((float) label / classes.size(), 0.8f, 0.75f));
            }
        }
        return chart;
    }

    @Override
    protected BufferedImage draw() {
        BufferedImage both = new BufferedImage(SIDE + encoded.getWidth(), SIDE, BufferedImage.TYPE_INT_RGB);
        Graphics2D g = both.createGraphics();
        g.drawImage(BitmapEncoder.getBufferedImage(raw), 0, 0, null);
        g.drawImage(BitmapEncoder.getBufferedImage(encoded), SIDE, 0, null);
        g.dispose();
        return both;
    }
}
