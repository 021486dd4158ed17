package dev.vicreg.tools.sample;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.GradientPaint;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.Shape;
import java.awt.geom.AffineTransform;
import java.awt.geom.Ellipse2D;
import java.awt.geom.Line2D;
import java.awt.geom.Path2D;
import java.awt.geom.Rectangle2D;
import java.awt.image.BufferedImage;
import java.util.SplittableRandom;

/** Draws one picture of a class: a shape filled with the class's texture before a cluttered ground. */
final class SamplePainter {
    private static final int OVERSAMPLING = 4;
    private static final double MIN_PERIOD = 0.17; // of the picture's side: about 5.5 pixels of 32
    private static final double MAX_PERIOD = 0.27;
    // Weak tints: two crops of a strongly coloured picture share its colours, which then is what a short training
    // finds.
    private static final int MAX_TINT = 40;
    private static final int MIN_CONTRAST = 70; // in lightness: the texture must survive greyscale

    private SamplePainter() {}

    static BufferedImage paint(SampleClass sampleClass, int size, SplittableRandom random) {
        int large = size * OVERSAMPLING;
        BufferedImage canvas = new BufferedImage(large, large, BufferedImage.TYPE_INT_RGB);
        Graphics2D g = canvas.createGraphics();
        g.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
        g.setRenderingHint(RenderingHints.KEY_STROKE_CONTROL, RenderingHints.VALUE_STROKE_PURE);
        g.scale(large, large);
        paintGround(g, random);
        paintShape(g, sampleClass, random);
        g.dispose();
        return reduce(canvas, size, random);
    }

    private static void paintGround(Graphics2D g, SplittableRandom random) {
        g.setPaint(new GradientPaint(0, 0, anyColor(random), 1, (float) random.nextDouble(-0.5, 1), anyColor(random)));
        g.fill(new Rectangle2D.Double(0, 0, 1, 1));
        int pieces = random.nextInt(2, 6);
        for (int i = 0; i < pieces; i++) {
            g.setPaint(anyColor(random));
            double x = random.nextDouble();
            double y = random.nextDouble();
            double extent = random.nextDouble(0.05, 0.2);
            if (random.nextInt(3) == 0) {
                g.setStroke(new BasicStroke((float) random.nextDouble(0.01, 0.05)));
                g.draw(new Line2D.Double(x, y, random.nextDouble(), random.nextDouble()));
            } else {
                g.fill(outline(random.nextInt(6), x, y, extent, random.nextDouble(2 * Math.PI)));
            }
        }
    }

    private static void paintShape(Graphics2D g, SampleClass sampleClass, SplittableRandom random) {
        double radius = random.nextDouble(0.4, 0.58);
        double slack = 0.6 * (0.62 - radius); // the larger, the nearer to the centre
        double x = random.nextDouble(0.5 - slack, 0.5 + slack);
        double y = random.nextDouble(0.5 - slack, 0.5 + slack);
        Shape shape = outline(random.nextInt(6), x, y, radius, random.nextDouble(2 * Math.PI));
        Color base = anyColor(random);
        Color ink = contrasting(base, random);
        g.setPaint(base);
        g.fill(shape);
        Shape clip = g.getClip();
        AffineTransform transform = g.getTransform();
        g.clip(shape);
        g.translate(x + random.nextDouble(-0.05, 0.05), y + random.nextDouble(-0.05, 0.05));
        g.rotate(random.nextDouble(2 * Math.PI));
        g.setPaint(ink);
        sampleClass.paint(g, random.nextDouble(MIN_PERIOD, MAX_PERIOD));
        g.setTransform(transform);
        g.setClip(clip);
    }

    /** Circle, square, triangle, pentagon, star or capsule within {@code radius} of a centre. */
    private static Shape outline(int kind, double x, double y, double radius, double angle) {
        Shape shape = switch (kind) {
            case 0 -> new Ellipse2D.Double(-1, -1, 2, 2);
            case 1 -> polygon(4, 1);
            case 2 -> polygon(3, 1);
            case 3 -> polygon(5, 1);
            case 4 -> polygon(10, 0.62);
            default -> new Ellipse2D.Double(-1, -0.7, 2, 1.4);
        };
        AffineTransform place = AffineTransform.getTranslateInstance(x, y);
        place.rotate(angle);
        place.scale(radius, radius);
        return place.createTransformedShape(shape);
    }

    private static Shape polygon(int corners, double oddRadius) {
        Path2D path = new Path2D.Double();
        for (int i = 0; i < corners; i++) {
            double radius = i % 2 == 0 ? 1 : oddRadius;
            double angle = 2 * Math.PI * i / corners;
            if (i == 0) {
                path.moveTo(radius, 0);
            } else {
                path.lineTo(radius * Math.cos(angle), radius * Math.sin(angle));
            }
        }
        path.closePath();
        return path;
    }

    private static Color anyColor(SplittableRandom random) {
        int light = random.nextInt(30, 226);
        return new Color(tinted(light, random), tinted(light, random), tinted(light, random));
    }

    private static int tinted(int light, SplittableRandom random) {
        return Math.max(0, Math.min(255, light + random.nextInt(-MAX_TINT, MAX_TINT + 1)));
    }

    private static Color contrasting(Color base, SplittableRandom random) {
        while (true) {
            Color color = anyColor(random);
            if (Math.abs(lightness(color) - lightness(base)) > MIN_CONTRAST) {
                return color;
            }
        }
    }

    private static double lightness(Color c) {
        return 0.299 * c.getRed() + 0.587 * c.getGreen() + 0.114 * c.getBlue();
    }

    /** Averages blocks of the large canvas and adds a little noise, so that no area is flat. */
    private static BufferedImage reduce(BufferedImage canvas, int size, SplittableRandom random) {
        BufferedImage picture = new BufferedImage(size, size, BufferedImage.TYPE_INT_RGB);
        for (int y = 0; y < size; y++) {
            for (int x = 0; x < size; x++) {
                int red = 0;
                int green = 0;
                int blue = 0;
                for (int dy = 0; dy < OVERSAMPLING; dy++) {
                    for (int dx = 0; dx < OVERSAMPLING; dx++) {
                        int rgb = canvas.getRGB(x * OVERSAMPLING + dx, y * OVERSAMPLING + dy);
                        red += rgb >> 16 & 0xff;
                        green += rgb >> 8 & 0xff;
                        blue += rgb & 0xff;
                    }
                }
                picture.setRGB(x, y, noisy(red, random) << 16 | noisy(green, random) << 8 | noisy(blue, random));
            }
        }
        return picture;
    }

    private static int noisy(int sum, SplittableRandom random) {
        int value = sum / (OVERSAMPLING * OVERSAMPLING) + random.nextInt(-6, 7);
        return Math.max(0, Math.min(255, value));
    }
}
