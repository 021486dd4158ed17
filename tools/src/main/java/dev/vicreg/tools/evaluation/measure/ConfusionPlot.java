package dev.vicreg.tools.evaluation.measure;

import dev.vicreg.tools.evaluation.Plot;
import java.awt.Color;
import java.awt.Font;
import java.awt.FontMetrics;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * A confusion matrix: a row for each class, a column for what its samples were taken for, darker the larger the share of the
 * row. Up to {@value #MOST_NUMBERS} classes have their shares in per cent written into the cells.
 */
public final class ConfusionPlot extends Plot {
    private static final int MOST_NUMBERS = 30;
    private static final int MARGIN = 16;
    private static final int LARGEST = 44;
    private static final int SMALLEST = 6;
    private static final int MOST_WIDTH = 900;

    private final int[][] counts;
    private final List<String> classes;

    /**
     * A picture of counts.
     *
     * @param counts [own class][class that was given]
     * @param classes their names
     */
    public ConfusionPlot(int[][] counts, List<String> classes) {
        this.counts = Arrays.stream(counts).map(int[]::clone).toArray(int[][]::new);
        this.classes = List.copyOf(classes);
    }

    @Override
    protected BufferedImage draw() {
        int cell = Math.max(SMALLEST, Math.min(LARGEST, MOST_WIDTH / classes.size()));
        Font font = new Font(Font.SANS_SERIF, Font.PLAIN, Math.max(6, Math.min(13, cell - 4)));
        int names = width(font) + 10;
        int side = names + cell * classes.size() + MARGIN;
        BufferedImage picture = new BufferedImage(side + MARGIN, side + MARGIN + 24, BufferedImage.TYPE_INT_RGB);
        Graphics2D g = picture.createGraphics();
        g.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
        g.setRenderingHint(RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
        g.setColor(Color.WHITE);
        g.fillRect(0, 0, picture.getWidth(), picture.getHeight());
        g.setFont(font);
        for (int own = 0; own < classes.size(); own++) {
            row(g, own, names, cell);
        }
        g.setColor(Color.DARK_GRAY);
        g.setFont(new Font(Font.SANS_SERIF, Font.PLAIN, 13));
        g.drawString("rows: own class; columns: class given by kNN; per cent of a row", MARGIN, side + 20);
        g.dispose();
        return picture;
    }

    private int width(Font font) {
        Graphics2D g = new BufferedImage(1, 1, BufferedImage.TYPE_INT_RGB).createGraphics();
        FontMetrics metrics = g.getFontMetrics(font);
        int width = classes.stream().mapToInt(metrics::stringWidth).max().orElse(0);
        g.dispose();
        return MARGIN + width;
    }

    private void row(Graphics2D g, int own, int names, int cell) {
        FontMetrics metrics = g.getFontMetrics();
        int middle = (cell + metrics.getAscent() - metrics.getDescent()) / 2;
        int y = names + own * cell;
        int x = names + own * cell;
        g.setColor(Color.BLACK);
        String name = classes.get(own);
        g.drawString(name, names - 6 - metrics.stringWidth(name), y + middle);
        Graphics2D turned = (Graphics2D) g.create();
        turned.rotate(-Math.PI / 2, x + middle, names - 6.0);
        turned.drawString(name, x + middle, names - 6);
        turned.dispose();
        int samples = Arrays.stream(counts[own]).sum();
        for (int given = 0; given < classes.size(); given++) {
            double share = samples == 0 ? 0 : (double) counts[own][given] / samples;
            cell(g, names + given * cell, y, cell, share, own == given);
        }
    }

    private void cell(Graphics2D g, int x, int y, int cell, double share, boolean right) {
        Color full = right ? new Color(0x2E, 0x6F, 0xB5) : new Color(0xC4, 0x4E, 0x52);
        g.setColor(new Color(
                (int) (255 + share * (full.getRed() - 255)), (int) (255 + share * (full.getGreen() - 255)), (int)
                        (255 + share * (full.getBlue() - 255))));
        g.fillRect(x, y, cell - 1, cell - 1);
        if (classes.size() > MOST_NUMBERS || share == 0) {
            return;
        }
        FontMetrics metrics = g.getFontMetrics();
        String text = String.format(Locale.ROOT, "%.0f", 100 * share);
        g.setColor(share > 0.55 ? Color.WHITE : Color.BLACK);
        g.drawString(
                text,
                x + (cell - metrics.stringWidth(text)) / 2,
                y + (cell + metrics.getAscent() - metrics.getDescent()) / 2);
    }
}
