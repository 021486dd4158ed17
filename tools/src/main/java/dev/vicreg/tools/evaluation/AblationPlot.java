package dev.vicreg.tools.evaluation;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.awt.FontMetrics;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.util.Locale;

/** Horizontal bars with the accuracy of each row, grouped, the paper's figure behind them. */
final class AblationPlot extends Plot {
    private static final int WIDTH = 1000;
    private static final int LABELS = 360;
    private static final int PAPER = 190;
    private static final int ROW = 24;
    private static final int MARGIN = 16;
    private static final int TEXT = 13;
    private static final Color BAR = new Color(0x4C72B0);
    private static final Color BELOW = new Color(0xC44E52);
    private static final Color QUIET = new Color(0x777777);

    private final AblationTable table;

    AblationPlot(AblationTable table) {
        this.table = table;
    }

    @Override
    protected BufferedImage draw() {
        long groups = table.rows().stream()
                .map(row -> row.ablation().group())
                .distinct()
                .count();
        int height = (int) (2 * MARGIN + ROW * (table.rows().size() + 1.5 * groups + 2));
        BufferedImage picture = new BufferedImage(WIDTH, height, BufferedImage.TYPE_INT_RGB);
        Graphics2D g = picture.createGraphics();
        g.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
        g.setRenderingHint(RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
        g.setColor(Color.WHITE);
        g.fillRect(0, 0, WIDTH, height);
        int y = MARGIN;
        String group = "";
        for (AblationTable.Row row : table.rows()) {
            if (!row.ablation().group().equals(group)) {
                group = row.ablation().group();
                y += ROW / 2;
                g.setFont(new Font(Font.SANS_SERIF, Font.BOLD, TEXT));
                g.setColor(Color.BLACK);
                g.drawString(group, MARGIN, y + TEXT);
                g.setColor(QUIET);
                g.drawString("paper", WIDTH - PAPER, y + TEXT);
                y += ROW;
            }
            row(g, row, y);
            y += ROW;
        }
        untrained(g, y);
        g.dispose();
        return picture;
    }

    private static int x(double share) {
        return (int) Math.round(LABELS + share * (WIDTH - LABELS - PAPER - 60));
    }

    private void row(Graphics2D g, AblationTable.Row row, int y) {
        g.setFont(new Font(Font.SANS_SERIF, Font.PLAIN, TEXT));
        FontMetrics metrics = g.getFontMetrics();
        g.setColor(Color.BLACK);
        String what = row.ablation().what();
        g.drawString(what, LABELS - 8 - metrics.stringWidth(what), y + TEXT + 2);
        g.setColor(row.knn() < table.untrained() ? BELOW : BAR);
        g.fillRect(LABELS, y + 3, x(row.knn()) - LABELS, ROW - 8);
        g.setColor(Color.BLACK);
        int end = x(row.knn() + row.deviation());
        if (row.deviation() > 0) {
            g.drawLine(x(row.knn() - row.deviation()), y + ROW / 2 - 1, end, y + ROW / 2 - 1);
        }
        g.drawString(String.format(Locale.ROOT, "%.1f", 100 * row.knn()), end + 6, y + TEXT + 2);
        g.setColor(QUIET);
        g.drawString(row.ablation().paper(), WIDTH - PAPER, y + TEXT + 2);
    }

    private void untrained(Graphics2D g, int bottom) {
        int x = x(table.untrained());
        g.setColor(QUIET);
        g.setStroke(new BasicStroke(1, BasicStroke.CAP_BUTT, BasicStroke.JOIN_MITER, 1, new float[] {4, 4}, 0));
        g.drawLine(x, MARGIN, x, bottom);
        g.drawString(
                String.format(Locale.ROOT, "kNN %%; before training %.1f, red below that", 100 * table.untrained()),
                x,
                bottom + ROW);
    }
}
