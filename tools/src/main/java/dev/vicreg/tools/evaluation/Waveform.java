package dev.vicreg.tools.evaluation;

import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;

/** Draws signals small: for each column of pixels a line from the least to the greatest value that falls on it. */
final class Waveform {
    private static final Color GROUND = new Color(0xF3, 0xF4, 0xF6);
    private static final Color LINE = new Color(0x24, 0x4C, 0x8F);

    private Waveform() {}

    /** The values over the whole width; the largest magnitude reaches the edges. */
    static BufferedImage draw(float[] values, int width, int height) {
        BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        Graphics2D g = image.createGraphics();
        g.setColor(GROUND);
        g.fillRect(0, 0, width, height);
        g.setColor(LINE);
        double largest = 1e-12;
        for (float value : values) {
            largest = Math.max(largest, Math.abs(value));
        }
        for (int x = 0; x < width; x++) {
            int from = (int) ((long) x * values.length / width);
            int to = Math.max(from + 1, Math.min(values.length, (int) ((x + 1L) * values.length / width) + 1));
            double low = values[from];
            double high = low;
            for (int i = from; i < Math.min(to, values.length); i++) {
                low = Math.min(low, values[i]);
                high = Math.max(high, values[i]);
            }
            g.drawLine(x, row(high / largest, height), x, row(low / largest, height));
        }
        g.dispose();
        return image;
    }

    private static int row(double value, int height) {
        return (int) Math.round((1 - value) / 2 * (height - 1));
    }
}
