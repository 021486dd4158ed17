package dev.vicreg.runtime.picture;

import static java.nio.file.StandardCopyOption.ATOMIC_MOVE;
import static java.nio.file.StandardCopyOption.REPLACE_EXISTING;
import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.DSYNC;
import static java.nio.file.StandardOpenOption.TRUNCATE_EXISTING;
import static java.nio.file.StandardOpenOption.WRITE;

import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.imageio.ImageIO;
import org.jspecify.annotations.Nullable;

/**
 * A contact sheet: pictures in rows and columns, each with an optional frame and caption, as a PNG to look at.
 *
 * <p>Filled row by row through {@link #add}; {@link #newRow} starts a row early. Not thread-safe.
 */
public final class PictureGrid {
    private static final int GAP = 4;
    private static final int FRAME = 3;
    private static final int CAPTION = 14;
    private static final Color PAPER = new Color(0xF4, 0xF4, 0xF2);
    private static final Color INK = new Color(0x30, 0x30, 0x30);

    private final int columns;
    private final int cellSize;
    private final List<List<Cell>> rows = new ArrayList<>();
    private boolean captioned;

    /**
     * An empty sheet.
     *
     * @param columns cells in a row
     * @param cellSize longest side of each picture on the sheet, in pixels
     */
    public PictureGrid(int columns, int cellSize) {
        if (columns < 1 || cellSize < 8) {
            throw new IllegalArgumentException(
                    "a sheet needs a column and cells of 8 pixels, found " + columns + " columns of " + cellSize);
        }
        this.columns = columns;
        this.cellSize = cellSize;
        newRow();
    }

    private record Cell(
            Picture picture, String caption, @Nullable Color frame) {}

    /** A picture without caption and frame. */
    public PictureGrid add(Picture picture) {
        return add(picture, "", null);
    }

    /**
     * The next cell.
     *
     * @param caption written below in one line and cut to the cell's width; may be empty
     * @param frame colour around the picture, or null for none
     */
    public PictureGrid add(Picture picture, String caption, @Nullable Color frame) {
        if (rows.get(rows.size() - 1).size() == columns) {
            newRow();
        }
        rows.get(rows.size() - 1).add(new Cell(picture, caption, frame));
        captioned |= !caption.isEmpty();
        return this;
    }

    /** What is added next begins a row. */
    public PictureGrid newRow() {
        rows.add(new ArrayList<>());
        return this;
    }

    /** The sheet as a picture. */
    public BufferedImage draw() {
        int pitchX = cellSize + 2 * FRAME + GAP;
        int pitchY = pitchX + (captioned ? CAPTION : 0);
        BufferedImage sheet =
                new BufferedImage(columns * pitchX + GAP, rows.size() * pitchY + GAP, BufferedImage.TYPE_INT_RGB);
        Graphics2D g = sheet.createGraphics();
        g.setColor(PAPER);
        g.fillRect(0, 0, sheet.getWidth(), sheet.getHeight());
        for (int row = 0; row < rows.size(); row++) {
            for (int column = 0; column < rows.get(row).size(); column++) {
                draw(g, rows.get(row).get(column), GAP + column * pitchX, GAP + row * pitchY);
            }
        }
        g.dispose();
        return sheet;
    }

    /** Writes the sheet as PNG; the file is complete or not there. */
    public void write(Path png) throws IOException {
        ByteArrayOutputStream encoded = new ByteArrayOutputStream();
        if (!ImageIO.write(draw(), "png", encoded)) {
            throw new IOException("cannot write " + png + ": this Java has no PNG writer");
        }
        Path part = png.resolveSibling(png.getFileName() + ".part");
        try {
            Files.write(part, encoded.toByteArray(), CREATE, TRUNCATE_EXISTING, WRITE, DSYNC);
            Files.move(part, png, ATOMIC_MOVE, REPLACE_EXISTING);
        } finally {
            Files.deleteIfExists(part);
        }
    }

    private void draw(Graphics2D g, Cell cell, int x, int y) {
        int outer = cellSize + 2 * FRAME;
        if (cell.frame != null) {
            g.setColor(cell.frame);
            g.fillRect(x, y, outer, outer);
        }
        Picture scaled = scaled(cell.picture);
        g.drawImage(
                scaled.toBufferedImage(), x + (outer - scaled.width()) / 2, y + (outer - scaled.height()) / 2, null);
        if (!cell.caption.isEmpty()) {
            g.setColor(INK);
            g.setFont(new Font(Font.SANS_SERIF, Font.PLAIN, CAPTION - 3));
            g.setRenderingHint(RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
            g.setClip(x, y + outer, outer, CAPTION);
            g.drawString(cell.caption, x, y + outer + CAPTION - 4);
            g.setClip(null);
        }
    }

    /** Small pictures grow by whole factors, so that their pixels can be told. */
    private Picture scaled(Picture picture) {
        int longest = Math.max(picture.width(), picture.height());
        int factor = cellSize / longest;
        if (factor >= 2) {
            return enlarged(picture, factor);
        }
        int width = Math.max(1, Math.round((float) picture.width() * cellSize / longest));
        int height = Math.max(1, Math.round((float) picture.height() * cellSize / longest));
        return picture.resize(width, height, Interpolation.BICUBIC);
    }

    private static Picture enlarged(Picture picture, int factor) {
        int width = picture.width() * factor;
        int height = picture.height() * factor;
        byte[] rgb = new byte[width * height * 3];
        int to = 0;
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                int from = (y / factor * picture.width() + x / factor) * 3;
                rgb[to++] = picture.rgb()[from];
                rgb[to++] = picture.rgb()[from + 1];
                rgb[to++] = picture.rgb()[from + 2];
            }
        }
        return new Picture(width, height, rgb);
    }
}
