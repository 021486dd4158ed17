package dev.vicreg.tools.evaluation;

import dev.vicreg.runtime.Embeddings;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.List;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.Styler;
import org.knowm.xchart.style.XYStyler;
import org.knowm.xchart.style.markers.SeriesMarkers;

/**
 * Two maps of the same labelled samples, each by its own two directions of largest variance: at the left the samples as
 * they are, at the right the encoder's vectors of length 1, which is how kNN compares them. A colour is a class.
 */
public final class VectorPlot extends Plot {
    private static final int SIDE = 640;
    private static final int MAX_POINTS = 4000;
    private static final int MARKER = 5;

    private final XYChart raw;
    private final XYChart encoded;

    private VectorPlot(XYChart raw, XYChart encoded) {
        this.raw = raw;
        this.encoded = encoded;
    }

    /** Of at most {@value #MAX_POINTS} samples, evenly spaced. */
    public static VectorPlot of(LabelledVectors<float[]> samples, List<String> classes) {
        int shown = Math.min(MAX_POINTS, samples.size());
        int[] labels = new int[shown];
        float[][] raw = new float[shown][];
        float[][] encoded = new float[shown][];
        for (int i = 0; i < shown; i++) {
            int index = (int) ((long) i * samples.size() / shown);
            labels[i] = samples.labels()[index];
            raw[i] = samples.raw().get(index);
            encoded[i] = Embeddings.normalised(samples.encoder()[index]);
        }
        return new VectorPlot(
                chart("raw " + samples.form().rawNoun(), raw, labels, classes),
                chart("encoder", encoded, labels, classes));
    }

    private static XYChart chart(String title, float[][] vectors, int[] labels, List<String> classes) {
        XYChart chart =
                new XYChartBuilder().width(SIDE).height(SIDE).title(title).build();
        XYStyler style = chart.getStyler();
        style.setDefaultSeriesRenderStyle(XYSeries.XYSeriesRenderStyle.Scatter);
        style.setMarkerSize(MARKER);
        style.setPlotGridLinesVisible(false);
        style.setAxisTicksVisible(false);
        style.setLegendPosition(Styler.LegendPosition.OutsideS);
        style.setLegendLayout(Styler.LegendLayout.Horizontal);
        style.setChartBackgroundColor(Color.WHITE);
        double[][] places = Pca.twoDirections(vectors);
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
        BufferedImage both = new BufferedImage(2 * SIDE, SIDE, BufferedImage.TYPE_INT_RGB);
        Graphics2D g = both.createGraphics();
        g.drawImage(BitmapEncoder.getBufferedImage(raw), 0, 0, null);
        g.drawImage(BitmapEncoder.getBufferedImage(encoded), SIDE, 0, null);
        g.dispose();
        return both;
    }
}
