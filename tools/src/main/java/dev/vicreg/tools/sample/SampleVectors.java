package dev.vicreg.tools.sample;

import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.StringJoiner;
import java.util.stream.IntStream;

/**
 * A labelled table of made-up measurements. Each class is a region of a few hidden quantities; a quarter of the columns
 * are noisy waves of those, so that they depend on one another, and the others are noise of their own, which is as loud.
 * Which column is which is not told. The same seed gives the same table; train and test share the meaning of the columns,
 * not the rows.
 *
 * @param seed which table
 */
public record SampleVectors(long seed) {
    private static final int CLASSES = SampleSet.CLASSES;
    private static final int HIDDEN = 6;
    private static final int MEASURED = 40;
    private static final int NOISE = 120;
    private static final double SPREAD = 0.5; // of a class, where the classes' centres have deviation 1
    private static final double FREQUENCY = 1;
    private static final double ERROR = 0.7; // of a measurement, whose wave has amplitude 1
    private static final String LABEL = "class";

    /** What the columns mean. */
    private record World(double[][] centres, double[][] frequencies, double[] phases, List<Integer> order) {}

    /**
     * Writes {@code out/train.csv} and {@code out/test.csv}: a header, the columns {@code m000} …, and {@code class}.
     *
     * @return how many rows were written
     * @throws IOException if {@code out} holds anything, or cannot be written
     */
    public int write(Path out, int trainPerClass, int testPerClass) throws IOException {
        World world = world(new Random(SampleSet.random(seed, 0).nextLong()));
        SampleSet.whole(out, folder -> {
            write(
                    folder.resolve("train.csv"),
                    world,
                    trainPerClass,
                    new Random(SampleSet.random(seed, 1).nextLong()));
            write(
                    folder.resolve("test.csv"),
                    world,
                    testPerClass,
                    new Random(SampleSet.random(seed, 2).nextLong()));
        });
        return CLASSES * (trainPerClass + testPerClass);
    }

    private static World world(Random random) {
        List<Integer> order =
                new ArrayList<>(IntStream.range(0, MEASURED + NOISE).boxed().toList());
        Collections.shuffle(order, random);
        return new World(
                normals(random, CLASSES, HIDDEN, 1),
                normals(random, MEASURED, HIDDEN, FREQUENCY),
                random.doubles(MEASURED, 0, 2 * Math.PI).toArray(),
                order);
    }

    private static double[][] normals(Random random, int rows, int columns, double deviation) {
        double[][] values = new double[rows][columns];
        for (double[] row : values) {
            for (int i = 0; i < columns; i++) {
                row[i] = deviation * random.nextGaussian();
            }
        }
        return values;
    }

    private static void write(Path file, World world, int perClass, Random random) throws IOException {
        try (BufferedWriter writer = Files.newBufferedWriter(file, StandardOpenOption.CREATE_NEW)) {
            StringJoiner header = new StringJoiner(",");
            for (int i = 0; i < MEASURED + NOISE; i++) {
                header.add(String.format(Locale.ROOT, "m%03d", i));
            }
            writer.write(header.add(LABEL) + "\n");
            for (int i = 0; i < perClass * CLASSES; i++) {
                int label = i % CLASSES;
                StringJoiner line = new StringJoiner(",");
                double[] row = row(world, label, random);
                for (int column : world.order) {
                    line.add(String.format(Locale.ROOT, "%.4f", row[column]));
                }
                writer.write(line.add("c" + label) + "\n");
            }
        }
    }

    private static double[] row(World world, int label, Random random) {
        double[] hidden = new double[HIDDEN];
        for (int i = 0; i < HIDDEN; i++) {
            hidden[i] = world.centres[label][i] + SPREAD * random.nextGaussian();
        }
        double[] row = new double[MEASURED + NOISE];
        for (int i = 0; i < MEASURED; i++) {
            double angle = world.phases[i];
            for (int j = 0; j < HIDDEN; j++) {
                angle += world.frequencies[i][j] * hidden[j];
            }
            row[i] = Math.sin(angle) + ERROR * random.nextGaussian();
        }
        for (int i = MEASURED; i < row.length; i++) {
            row[i] = random.nextGaussian();
        }
        return row;
    }
}
