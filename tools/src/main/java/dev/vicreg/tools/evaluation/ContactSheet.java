package dev.vicreg.tools.evaluation;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Queries and their nearest neighbours, pictures, the curves of signals or the texts of sequences: one row a query, the
 * query at the left, its neighbours after a gap, nearest first. A neighbour of the query's class has a green frame;
 * another one a red frame and a red corner, so that the two differ without colour. But for sequences there is no text on it.
 */
public final class ContactSheet extends Plot {
    private static final int NEIGHBOURS = 8;
    private static final int MAX_ROWS = 20;

    private static final int MARGIN = 10;
    private static final int GAP = 24;
    private static final float FRAME = 4;
    private static final Color RIGHT = new Color(0x2E, 0x9E, 0x4F);
    private static final Color WRONG = new Color(0xD0, 0x34, 0x2C);

    private final int width; // of a cell
    private final int height;
    private final List<Row> rows;

    private record Row(BufferedImage query, List<Neighbour> neighbours) {}

    /** @param right whether it is of the query's class; null where classes aren't known */
    private record Neighbour(
            BufferedImage picture, @Nullable Boolean right) {}

    private ContactSheet(int width, int height, List<Row> rows) {
        this.width = width;
        this.height = height;
        this.rows = rows;
    }

    /** The first test sample of each class, none chosen by hand, with its neighbours among the training samples. */
    public static <R> ContactSheet of(LabelledVectors<R> train, LabelledVectors<R> test) {
        SampleForm<?, R> form = train.form();
        List<Integer> queries = firstOfEachClass(test.labels(), MAX_ROWS);
        float[][] vectors = queries.stream().map(query -> test.encoder()[query]).toArray(float[][]::new);
        int shown = Math.min(NEIGHBOURS, train.size());
        Neighbours found = Neighbours.find(train.encoder(), vectors, shown, 0);
        List<Row> rows = new ArrayList<>();
        for (int i = 0; i < queries.size(); i++) {
            int query = queries.get(i);
            List<Neighbour> neighbours = new ArrayList<>();
            for (int index : found.indices()[i]) {
                boolean right = train.labels()[index] == test.labels()[query];
                neighbours.add(new Neighbour(form.cell(train.raw().get(index)), right));
            }
            rows.add(new Row(form.cell(test.raw().get(query)), neighbours));
        }
        return new ContactSheet(form.cellWidth(), form.cellHeight(), rows);
    }

    /** The first picture of each row, and the others after a gap, without frames; all keep their proportions. */
    public static ContactSheet of(List<List<BufferedImage>> rows) {
        return new ContactSheet(
                Look.SIDE,
                Look.SIDE,
                rows.stream()
                        .map(row -> new Row(
                                row.get(0),
                                row.stream()
                                        .skip(1)
                                        .map(picture -> new Neighbour(picture, null))
                                        .toList()))
                        .toList());
    }

    @Override
    protected BufferedImage draw() {
        int columns = rows.stream().mapToInt(row -> row.neighbours.size()).max().orElse(0);
        int pitch = width + MARGIN;
        int down = height + MARGIN;
        BufferedImage sheet = new BufferedImage(
                MARGIN + pitch + GAP + columns * pitch, MARGIN + rows.size() * down, BufferedImage.TYPE_INT_RGB);
        Graphics2D g = sheet.createGraphics();
        g.setRenderingHint(RenderingHints.KEY_INTERPOLATION, RenderingHints.VALUE_INTERPOLATION_BICUBIC);
        g.setColor(Color.WHITE);
        g.fillRect(0, 0, sheet.getWidth(), sheet.getHeight());
        for (int r = 0; r < rows.size(); r++) {
            int y = MARGIN + r * down;
            drawPicture(g, rows.get(r).query, MARGIN, y);
            List<Neighbour> neighbours = rows.get(r).neighbours;
            for (int c = 0; c < neighbours.size(); c++) {
                drawNeighbour(g, neighbours.get(c), MARGIN + pitch + GAP + c * pitch, y);
            }
        }
        g.dispose();
        return sheet;
    }

    private void drawPicture(Graphics2D g, BufferedImage picture, int x, int y) {
        double scale = Math.min((double) width / picture.getWidth(), (double) height / picture.getHeight());
        int across = (int) Math.round(scale * picture.getWidth());
        int down = (int) Math.round(scale * picture.getHeight());
        g.drawImage(picture, x + (width - across) / 2, y + (height - down) / 2, across, down, null);
    }

    private void drawNeighbour(Graphics2D g, Neighbour neighbour, int x, int y) {
        drawPicture(g, neighbour.picture, x, y);
        if (neighbour.right == null) {
            return;
        }
        g.setColor(neighbour.right ? RIGHT : WRONG);
        g.setStroke(new BasicStroke(FRAME));
        g.drawRect(x, y, width, height);
        if (!neighbour.right) {
            int corner = height / 4;
            g.fillPolygon(new int[] {x + width - corner, x + width, x + width}, new int[] {y, y, y + corner}, 3);
        }
    }
}
