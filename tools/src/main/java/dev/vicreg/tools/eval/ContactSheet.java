package dev.vicreg.tools.eval;

import dev.vicreg.runtime.picture.Picture;
import dev.vicreg.training.loop.AtomicFile;
import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import javax.imageio.ImageIO;

/**
 * A picture of queries and their nearest neighbours: one row a query, the query at the left, its neighbours after a gap,
 * nearest first. A neighbour of the query's class has a green frame; another one a red frame and a red corner, so that
 * the two differ without colour. There is no text on it: it needs no fonts.
 */
public final class ContactSheet {
    private static final int NEIGHBOURS = 8;
    private static final int MAX_ROWS = 20;

    private static final int CELL = 96;
    private static final int MARGIN = 10;
    private static final int GAP = 24;
    private static final float FRAME = 4;
    private static final Color RIGHT = new Color(0x2E, 0x9E, 0x4F);
    private static final Color WRONG = new Color(0xD0, 0x34, 0x2C);

    private final List<Row> rows;

    private record Row(Picture query, List<Neighbour> neighbours) {}

    private record Neighbour(Picture picture, boolean right) {}

    private ContactSheet(List<Row> rows) {
        this.rows = rows;
    }

    /** The first test picture of each class, none chosen by hand, with its neighbours among the training pictures. */
    public static ContactSheet of(LabelledVectors train, LabelledVectors test) {
        List<Integer> queries = firstOfEachClass(test.labels());
        float[][] vectors = queries.stream().map(query -> test.encoder()[query]).toArray(float[][]::new);
        int shown = Math.min(NEIGHBOURS, train.size());
        Neighbours found = Neighbours.find(train.encoder(), vectors, shown, 0);
        List<Row> rows = new ArrayList<>();
        for (int i = 0; i < queries.size(); i++) {
            int query = queries.get(i);
            List<Neighbour> neighbours = new ArrayList<>();
            for (int index : found.indices()[i]) {
                boolean right = train.labels()[index] == test.labels()[query];
                neighbours.add(new Neighbour(train.thumbnails().get(index), right));
            }
            rows.add(new Row(test.thumbnails().get(query), neighbours));
        }
        return new ContactSheet(rows);
    }

    private static List<Integer> firstOfEachClass(int[] labels) {
        List<Integer> first = new ArrayList<>();
        Set<Integer> seen = new TreeSet<>();
        for (int i = 0; i < labels.length && first.size() < MAX_ROWS; i++) {
            if (seen.add(labels[i])) {
                first.add(i);
            }
        }
        return first;
    }

    /** Writes the sheet as PNG. */
    public void write(Path file) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        ImageIO.write(draw(), "png", bytes);
        AtomicFile.write(file, ByteBuffer.wrap(bytes.toByteArray()));
    }

    private BufferedImage draw() {
        int columns = rows.stream().mapToInt(row -> row.neighbours.size()).max().orElse(0);
        int pitch = CELL + MARGIN;
        int width = MARGIN + pitch + GAP + columns * pitch;
        BufferedImage sheet = new BufferedImage(width, MARGIN + rows.size() * pitch, BufferedImage.TYPE_INT_RGB);
        Graphics2D g = sheet.createGraphics();
        g.setRenderingHint(RenderingHints.KEY_INTERPOLATION, RenderingHints.VALUE_INTERPOLATION_BICUBIC);
        g.setColor(Color.WHITE);
        g.fillRect(0, 0, sheet.getWidth(), sheet.getHeight());
        for (int r = 0; r < rows.size(); r++) {
            int y = MARGIN + r * pitch;
            drawPicture(g, rows.get(r).query, MARGIN, y);
            List<Neighbour> neighbours = rows.get(r).neighbours;
            for (int c = 0; c < neighbours.size(); c++) {
                drawNeighbour(g, neighbours.get(c), MARGIN + pitch + GAP + c * pitch, y);
            }
        }
        g.dispose();
        return sheet;
    }

    private static void drawPicture(Graphics2D g, Picture picture, int x, int y) {
        g.drawImage(picture.toBufferedImage(), x, y, CELL, CELL, null);
    }

    private static void drawNeighbour(Graphics2D g, Neighbour neighbour, int x, int y) {
        drawPicture(g, neighbour.picture, x, y);
        g.setColor(neighbour.right ? RIGHT : WRONG);
        g.setStroke(new BasicStroke(FRAME));
        g.drawRect(x, y, CELL, CELL);
        if (!neighbour.right) {
            int corner = CELL / 4;
            g.fillPolygon(new int[] {x + CELL - corner, x + CELL, x + CELL}, new int[] {y, y, y + corner}, 3);
        }
    }
}
