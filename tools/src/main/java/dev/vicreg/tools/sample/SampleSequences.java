package dev.vicreg.tools.sample;

import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Random;
import java.util.StringJoiner;
import java.util.stream.IntStream;

/**
 * Labelled sequences of a made-up language. In each class every id has a successor of its own, which follows it two times
 * of five, while any id may come otherwise. In every class each id is the successor of one other, so all of them are equally
 * frequent everywhere: the class shows in what follows what, and in counts only as far as ids come together. The same seed
 * gives the same sequences; train and test share the successors.
 *
 * @param seed which language
 */
public record SampleSequences(long seed) {
    private static final int CLASSES = SampleSet.CLASSES;
    private static final int IDS = 40; // 1 to 40; 0 is left for padding
    private static final int SHORTEST = 24;
    private static final int LONGEST = 48;
    private static final double ORDERED = 0.4;

    /**
     * Writes {@code out/train.ids} and {@code out/test.ids}, a sequence a line, with {@code train.labels.txt} and
     * {@code test.labels.txt} beside them.
     *
     * @return how many sequences were written
     * @throws IOException if {@code out} holds anything, or cannot be written
     */
    public int write(Path out, int trainPerClass, int testPerClass) throws IOException {
        Random language = new Random(SampleSet.random(seed, 0).nextLong());
        int[][] successors =
                IntStream.range(0, CLASSES).mapToObj(label -> cycle(language)).toArray(int[][]::new);
        SampleSet.whole(out, folder -> {
            write(folder, "train", successors, trainPerClass, 1);
            write(folder, "test", successors, testPerClass, 2);
        });
        return CLASSES * (trainPerClass + testPerClass);
    }

    /** One cycle through all ids, so that none comes back soon and shows by its number (Sattolo 1986). */
    private static int[] cycle(Random random) {
        int[] order = IntStream.range(0, IDS).toArray();
        for (int i = IDS - 1; i > 0; i--) {
            int j = random.nextInt(i);
            int swapped = order[i];
            order[i] = order[j];
            order[j] = swapped;
        }
        return order;
    }

    private void write(Path out, String name, int[][] successors, int perClass, int part) throws IOException {
        Random random = new Random(SampleSet.random(seed, part).nextLong());
        try (BufferedWriter ids = Files.newBufferedWriter(out.resolve(name + ".ids"), StandardOpenOption.CREATE_NEW);
                BufferedWriter labels =
                        Files.newBufferedWriter(out.resolve(name + ".labels.txt"), StandardOpenOption.CREATE_NEW)) {
            for (int i = 0; i < perClass * CLASSES; i++) {
                int label = i % CLASSES;
                ids.write(sequence(successors[label], random) + "\n");
                labels.write("c" + label + "\n");
            }
        }
    }

    private static String sequence(int[] successors, Random random) {
        StringJoiner line = new StringJoiner(" ");
        int id = random.nextInt(IDS);
        for (int left = SHORTEST + random.nextInt(LONGEST - SHORTEST + 1); left > 0; left--) {
            line.add(Integer.toString(id + 1));
            id = random.nextDouble() < ORDERED ? successors[id] : random.nextInt(IDS);
        }
        return line.toString();
    }
}
