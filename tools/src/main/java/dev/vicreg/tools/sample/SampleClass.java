package dev.vicreg.tools.sample;

import java.awt.BasicStroke;
import java.awt.Graphics2D;
import java.awt.geom.Arc2D;
import java.awt.geom.Ellipse2D;
import java.awt.geom.Line2D;
import java.awt.geom.Path2D;
import java.awt.geom.Rectangle2D;
import java.util.Locale;

/**
 * The ten classes of the sample set: each is a texture, painted in one ink over the square −1 … 1.
 *
 * <p>None changes into another under a flip, a turn, a crop, a change of colours or ink swapped with ground, so that
 * every view which training makes of a picture still belongs to the picture's class. {@code period} is the distance
 * after which the texture repeats.
 */
enum SampleClass {
    STRIPES((g, period) -> {
        for (double x = -1; x < 1; x += period) {
            g.fill(new Rectangle2D.Double(x, -1, period / 2, 2));
        }
    }),
    CHECKS((g, period) -> onGrid(period, (x, y, odd) -> {
        if (odd) {
            g.fill(new Rectangle2D.Double(x, y, period, period));
        }
    })),
    DOTS((g, period) ->
            onGrid(period, (x, y, odd) -> g.fill(new Ellipse2D.Double(x, y, 0.62 * period, 0.62 * period)))),
    CIRCLES((g, period) -> {
        g.setStroke(new BasicStroke((float) (period / 6)));
        onGrid(1.35 * period, (x, y, odd) -> g.draw(new Ellipse2D.Double(x, y, period, period)));
    }),
    MESH((g, period) -> {
        g.setStroke(new BasicStroke((float) (period / 4)));
        for (double x = -1; x < 1; x += period) {
            g.draw(new Line2D.Double(x, -1, x, 1));
            g.draw(new Line2D.Double(-1, x, 1, x));
        }
    }),
    ZIGZAG((g, period) -> {
        g.setStroke(new BasicStroke((float) (period / 2.6), BasicStroke.CAP_BUTT, BasicStroke.JOIN_MITER));
        for (double y = -1 - period; y < 1 + period; y += 1.1 * period) {
            Path2D line = new Path2D.Double();
            line.moveTo(-1, y);
            int teeth = 0;
            for (double x = -1; x < 1; x += 0.75 * period) {
                line.lineTo(x, y + (teeth++ % 2) * 0.8 * period);
            }
            g.draw(line);
        }
    }),
    RINGS((g, period) -> {
        g.setStroke(new BasicStroke((float) (period / 2)));
        for (double r = 0.1 * period; r < 1.5; r += period) {
            g.draw(new Ellipse2D.Double(-r, -r, 2 * r, 2 * r));
        }
    }),
    RAYS((g, period) -> {
        int rays = (int) Math.round(3.2 / period);
        for (int i = 0; i < rays; i++) {
            g.fill(new Arc2D.Double(-1.5, -1.5, 3, 3, 360.0 * i / rays, 180.0 / rays, Arc2D.PIE));
        }
    }),
    BRICKS((g, period) -> {
        double height = 0.75 * period;
        int row = 0;
        for (double y = -1; y < 1; y += height, row++) {
            for (double x = -1 - (row % 2) * period; x < 1; x += 2 * period) {
                g.fill(new Rectangle2D.Double(x, y, 1.68 * period, 0.62 * height));
            }
        }
    }),
    CROSSES((g, period) -> {
        double arm = 0.27 * period;
        onGrid(1.15 * period, (x, y, odd) -> {
            g.fill(new Rectangle2D.Double(x + arm, y, arm, 3 * arm));
            g.fill(new Rectangle2D.Double(x, y + arm, 3 * arm, arm));
        });
    });

    private interface Texture {
        void paint(Graphics2D g, double period);
    }

    private interface Cell {
        void paint(double x, double y, boolean odd);
    }

    @SuppressWarnings("ImmutableEnumChecker") // a lambda without state
    private final Texture texture;

    SampleClass(Texture texture) {
        this.texture = texture;
    }

    /** Paints the texture with the graphics' present ink over the square −1 … 1. */
    void paint(Graphics2D g, double period) {
        texture.paint(g, period);
    }

    /** Name of the class's folder. */
    String folder() {
        return name().toLowerCase(Locale.ROOT);
    }

    private static void onGrid(double period, Cell cell) {
        int cells = (int) Math.ceil(2 / period);
        for (int row = 0; row < cells; row++) {
            for (int column = 0; column < cells; column++) {
                cell.paint(-1 + column * period, -1 + row * period, (row + column) % 2 == 1);
            }
        }
    }
}
