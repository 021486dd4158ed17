package dev.vicreg.tools.sample;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.imageio.ImageIO;

/**
 * A labelled set of drawn pictures: ten textures on shapes of random outline, colour, place, size and turn, before
 * clutter. The same seed gives the same pictures; no picture of the test part occurs in the training part.
 *
 * @param imageSize side in pixels
 * @param seed which set
 */
public record SampleSet(int imageSize, long seed) {
    /** How many classes there are, each with a folder of its own. */
    public static final int CLASSES = SampleClass.values().length;

    /** Where a set is made. */
    private static final String PART = ".part";

    private static final long GOLDEN = 0x9E3779B97F4A7C15L; // SplittableRandom's own increment: spreads near numbers

    /** The two parts; each draws from seeds of its own. */
    private enum Part {
        TRAIN,
        TEST
    }

    private record Job(Part part, SampleClass sampleClass, int index) {}

    /**
     * Writes {@code out/train/CLASS/NNNNN.png} and {@code out/test/CLASS/NNNNN.png}.
     *
     * @return how many pictures were written
     * @throws IOException if {@code out} holds anything, or cannot be written
     */
    public int write(Path out, int trainPerClass, int testPerClass) throws IOException {
        List<Job> jobs = Stream.concat(jobs(Part.TRAIN, trainPerClass), jobs(Part.TEST, testPerClass))
                .toList();
        whole(out, folder -> {
            for (Part part : Part.values()) {
                for (SampleClass sampleClass : SampleClass.values()) {
                    Files.createDirectories(folder(folder, part, sampleClass));
                }
            }
            jobs.parallelStream().forEach(job -> write(folder, job));
        });
        return jobs.size();
    }

    /** Fills a folder. */
    interface Making {
        void into(Path folder) throws IOException;
    }

    /**
     * Makes a set in a hidden folder of {@code out}, and moves it to its place once all of it is there: a part of a set,
     * left by who was stopped, must not look like all of it.
     *
     * @throws IOException if {@code out} holds anything but such a part, which is removed
     */
    static void whole(Path out, Making making) throws IOException {
        if (!isEmpty(out)) {
            throw new IOException(out + " is not empty; name a new folder, so that no two sets mix");
        }
        Files.createDirectories(out);
        Path part = out.resolve(PART);
        delete(part);
        Files.createDirectory(part);
        try {
            making.into(part);
            try (Stream<Path> made = Files.list(part)) {
                for (Path each : made.sorted().toList()) { // test, then train
                    Files.move(each, out.resolve(each.getFileName()));
                }
            }
        } finally {
            delete(part);
        }
    }

    /** Whether there is no such folder, or nothing in it but what a killed process has left of a set. */
    public static boolean isEmpty(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            return true;
        }
        try (Stream<Path> entries = Files.list(folder)) {
            return entries.allMatch(entry -> entry.endsWith(PART));
        }
    }

    private static void delete(Path folder) throws IOException {
        if (!Files.exists(folder, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        try (Stream<Path> all = Files.walk(folder)) {
            for (Path each : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(each);
            }
        }
    }

    /** A random source for each list of keys. */
    static SplittableRandom random(long seed, long... keys) {
        long mixed = seed;
        for (long key : keys) {
            mixed = new SplittableRandom(mixed * GOLDEN + key).nextLong();
        }
        return new SplittableRandom(mixed);
    }

    private static Stream<Job> jobs(Part part, int perClass) {
        return Stream.of(SampleClass.values())
                .flatMap(c -> IntStream.range(0, perClass).mapToObj(i -> new Job(part, c, i)));
    }

    private void write(Path out, Job job) {
        Path file = folder(out, job.part, job.sampleClass).resolve(String.format(Locale.ROOT, "%05d.png", job.index));
        try (OutputStream png = Files.newOutputStream(file, StandardOpenOption.CREATE_NEW)) {
            ImageIO.write(picture(job), "png", png);
        } catch (IOException e) {
            throw new UncheckedIOException(file + ": " + e.getMessage(), e);
        }
    }

    private BufferedImage picture(Job job) {
        SplittableRandom random =
                random(seed, job.part.name().hashCode(), job.sampleClass.name().hashCode(), job.index);
        return SamplePainter.paint(job.sampleClass, imageSize, random);
    }

    private static Path folder(Path out, Part part, SampleClass sampleClass) {
        return out.resolve(part.name().toLowerCase(Locale.ROOT)).resolve(sampleClass.folder());
    }
}
