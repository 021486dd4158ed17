package dev.vicreg.tools.evaluation;

import java.awt.Color;
import java.awt.Font;
import java.awt.FontMetrics;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;

/** Draws the beginning of a text, or of the ids of a sequence. */
final class TextCell {
    private static final Color GROUND = new Color(0xF3, 0xF4, 0xF6);
    private static final Color INK = new Color(0x22, 0x26, 0x2E);
    private static final Font FONT = new Font(Font.MONOSPACED, Font.PLAIN, 11);
    private static final int MARGIN = 6;

    private TextCell() {}

    /** As many lines as there is room for, broken between words where they are short; what is left over is not shown. */
    static BufferedImage draw(String text, int width, int height) {
        BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        Graphics2D g = image.createGraphics();
        g.setColor(GROUND);
        g.fillRect(0, 0, width, height);
        g.setColor(INK);
        g.setFont(FONT);
        g.setRenderingHint(RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
        FontMetrics metrics = g.getFontMetrics();
        String rest = text.replaceAll("\\s+", " ");
        for (int y = MARGIN + metrics.getAscent(); y < height - MARGIN && !rest.isEmpty(); y += metrics.getHeight()) {
            int count = rest.length();
            while (count > 1 && metrics.stringWidth(rest.substring(0, count)) > width - 2 * MARGIN) {
                count = Math.min(count - 1, width); // no character is narrower than a pixel
            }
            count = lineBreak(rest, count);
            g.drawString(rest.substring(0, count), MARGIN, y);
            rest = rest.substring(count).stripLeading();
        }
        g.dispose();
        return image;
    }

    /** Where a line ends that has room for so many of the text's characters; never inside a pair of surrogates. */
    static int lineBreak(String text, int room) {
        if (room >= text.length()) {
            return text.length();
        }
        int space = text.lastIndexOf(' ', room);
        if (space > 0) {
            return space;
        }
        boolean inPair = Character.isSurrogatePair(text.charAt(room - 1), text.charAt(room));
        return !inPair ? room : room == 1 ? 2 : room - 1;
    }
}
