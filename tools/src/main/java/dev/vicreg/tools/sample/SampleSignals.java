package dev.vicreg.tools.sample;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * A labelled set of synthetic sounds: ten instruments, told by the strengths of their partials and how these rise, fade
 * and tremble, at random pitch, loudness and start, in noise. The same seed gives the same sounds.
 *
 * @param seed which set
 */
public record SampleSignals(long seed) {
    private static final int RATE = 8000;
    private static final int LENGTH = 10_000;
    private static final int HEADER = 44;

    /**
     * An instrument.
     *
     * @param partials amplitudes, the fundamental's first
     * @param stretch how far partial n lies above n times the fundamental, as a factor n^stretch
     * @param attack seconds until it is at its loudest
     * @param decay seconds in which it fades to 1/e; infinite where it holds
     * @param vibrato deviation of its pitch, as a share
     * @param tremolo deviation of its loudness, as a share
     * @param breath noise beside the tone
     */
    private record Instrument(
            String name,
            double[] partials,
            double stretch,
            double attack,
            double decay,
            double vibrato,
            double tremolo,
            double breath) {}

    private static final double HELD = Double.POSITIVE_INFINITY;

    private static final List<Instrument> INSTRUMENTS = List.of(
            new Instrument("bell", p(1, 0, 0.6, 0, 0, 0.5, 0, 0, 0.4), 0.12, 0.003, 0.5, 0, 0, 0),
            new Instrument("brass", p(0.6, 0.8, 1, 0.9, 0.7, 0.5, 0.4, 0.3), 0, 0.08, HELD, 0.002, 0, 0.01),
            new Instrument("flute", p(1, 0.15, 0.05), 0, 0.06, HELD, 0.004, 0.1, 0.15),
            new Instrument("marimba", p(1, 0, 0, 0.5), 0, 0.003, 0.08, 0, 0, 0.02),
            new Instrument("organ", p(1, 0.7, 0, 0.6, 0, 0, 0, 0.5), 0, 0.02, HELD, 0, 0, 0),
            new Instrument("piano", p(1, 0.5, 0.35, 0.25, 0.15, 0.1), 0.02, 0.004, 0.35, 0, 0, 0),
            new Instrument("pluck", p(1, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3), 0.005, 0.002, 0.15, 0, 0, 0.01),
            new Instrument("reed", p(1, 0, 0.75, 0, 0.5, 0, 0.3), 0, 0.03, HELD, 0.002, 0.05, 0.03),
            new Instrument("strings", p(1, 0.6, 0.5, 0.4, 0.3, 0.25, 0.2), 0, 0.2, HELD, 0.01, 0.1, 0.03),
            new Instrument("whistle", p(1), 0, 0.03, HELD, 0.03, 0.3, 0.05));

    private static double[] p(double... partials) {
        return partials;
    }

    /**
     * Writes {@code out/train/INSTRUMENT/NNNNN.wav} and {@code out/test/INSTRUMENT/NNNNN.wav}, 16 bits, 8 kHz, mono.
     *
     * @return how many files were written
     * @throws IOException if {@code out} holds anything, or cannot be written
     */
    public int write(Path out, int trainPerClass, int testPerClass) throws IOException {
        SampleSet.whole(out, folder -> {
            for (String part : List.of("train", "test")) {
                for (Instrument instrument : INSTRUMENTS) {
                    Files.createDirectories(folder.resolve(part).resolve(instrument.name));
                }
            }
            Stream.concat(
                            jobs(folder.resolve("train"), trainPerClass, 0),
                            jobs(folder.resolve("test"), testPerClass, 1))
                    .parallel()
                    .forEach(Runnable::run);
        });
        return INSTRUMENTS.size() * (trainPerClass + testPerClass);
    }

    private Stream<Runnable> jobs(Path folder, int perClass, long part) {
        return IntStream.range(0, perClass * INSTRUMENTS.size()).mapToObj(i -> () -> {
            Instrument instrument = INSTRUMENTS.get(i % INSTRUMENTS.size());
            String name = String.format(Locale.ROOT, "%05d.wav", i / INSTRUMENTS.size());
            SplittableRandom random = SampleSet.random(seed, part, i);
            try {
                Files.write(
                        folder.resolve(instrument.name).resolve(name),
                        wav(play(instrument, random)),
                        StandardOpenOption.CREATE_NEW);
            } catch (IOException e) {
                throw new UncheckedIOException(folder + "/" + name + ": " + e.getMessage(), e);
            }
        });
    }

    private static double[] play(Instrument instrument, SplittableRandom random) {
        double pitch = 180 * Math.pow(2, random.nextDouble() * 1.5); // Hz; an octave and a half
        double start = random.nextDouble() * 0.2;
        double loudness = 0.1 + 0.4 * random.nextDouble();
        double ground = 0.003 + 0.02 * random.nextDouble();
        double wobble = 4 + 3 * random.nextDouble(); // Hz
        int count = instrument.partials.length;
        double[] phases = random.doubles(count, 0, 2 * Math.PI).toArray();
        double[] strengths = random.doubles(count, 0.7, 1.3).toArray();
        double total = 0;
        for (double partial : instrument.partials) {
            total += partial;
        }
        double[] sound = new double[LENGTH];
        for (int i = 0; i < LENGTH; i++) {
            double time = i / (double) RATE - start;
            sound[i] = ground * (2 * random.nextDouble() - 1);
            if (time < 0) {
                continue;
            }
            double wave = Math.sin(2 * Math.PI * wobble * time);
            double tone = 0;
            for (int n = 0; n < count; n++) {
                double frequency = pitch * (n + 1) * Math.pow(n + 1, instrument.stretch);
                phases[n] += 2 * Math.PI * frequency * (1 + instrument.vibrato * wave) / RATE;
                if (frequency < RATE / 2.0) {
                    tone += instrument.partials[n] / total * strengths[n] * Math.sin(phases[n]);
                }
            }
            double envelope = Math.min(1, time / instrument.attack) * Math.exp(-time / instrument.decay);
            double noise = instrument.breath * (2 * random.nextDouble() - 1);
            sound[i] += loudness * envelope * (1 + instrument.tremolo * wave) * (tone + noise);
        }
        return sound;
    }

    /** A header of 44 bytes and integers of 16 bits. */
    private static byte[] wav(double[] sound) {
        ByteBuffer file = ByteBuffer.allocate(HEADER + 2 * sound.length).order(ByteOrder.LITTLE_ENDIAN);
        file.put("RIFF".getBytes(StandardCharsets.US_ASCII)).putInt(file.capacity() - 8);
        file.put("WAVEfmt ".getBytes(StandardCharsets.US_ASCII)).putInt(16);
        file.putShort((short) 1).putShort((short) 1).putInt(RATE).putInt(2 * RATE);
        file.putShort((short) 2).putShort((short) 16);
        file.put("data".getBytes(StandardCharsets.US_ASCII)).putInt(2 * sound.length);
        for (double value : sound) {
            file.putShort((short) Math.round(32767 * Math.max(-1, Math.min(1, value))));
        }
        return file.array();
    }
}
