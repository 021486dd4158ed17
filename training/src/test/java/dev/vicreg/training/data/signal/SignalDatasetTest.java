package dev.vicreg.training.data.signal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vicreg.training.data.Augmentations;
import dev.vicreg.training.data.Kinds;
import dev.vicreg.training.data.TestArrays;
import dev.vicreg.training.data.picture.PictureKind;
import dev.vicreg.training.data.source.DataFiles;
import dev.vicreg.training.data.source.DataOptions;
import dev.vicreg.training.data.source.Selection;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import javax.sound.sampled.AudioFileFormat;
import javax.sound.sampled.AudioFormat;
import javax.sound.sampled.AudioInputStream;
import javax.sound.sampled.AudioSystem;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SignalDatasetTest {
    @TempDir
    Path folder;

    /** 16 bits; frame i holds 256·i/32768 in the first channel and its negative in the second. */
    private Path wav(String name, int rate, int channels, int frames) throws IOException {
        byte[] data = new byte[2 * channels * frames];
        for (int i = 0; i < frames; i++) {
            for (int c = 0; c < channels; c++) {
                data[2 * (i * channels + c) + 1] = (byte) (c == 0 ? i % 100 : -(i % 100));
            }
        }
        Path file = folder.resolve(name);
        Files.createDirectories(file.getParent());
        AudioFormat format = new AudioFormat(rate, 16, channels, true, false);
        AudioSystem.write(
                new AudioInputStream(new ByteArrayInputStream(data), format, frames),
                AudioFileFormat.Type.WAVE,
                file.toFile());
        return file;
    }

    private SignalDataset open(int rate, int channels) throws IOException {
        return (SignalDataset)
                Kinds.open(folder.toString(), new DataOptions(List.of(), null, rate, channels), Selection.ALL);
    }

    private String refusal(int rate, int channels) {
        return String.valueOf(
                assertThrows(IOException.class, () -> open(rate, channels)).getMessage());
    }

    @Test
    void foldersAreLabelsAndLengthsAreKnown() throws IOException {
        wav("horn/a.wav", 8000, 1, 50);
        wav("horn/b.wav", 8000, 1, 80);
        wav("bell/c.wav", 8000, 1, 60);
        Files.write(folder.resolve("readme.txt"), new byte[20]);
        assertEquals(SignalKind.SIGNALS, Kinds.of(DataFiles.at(folder.toString())));
        try (SignalDataset set = open(0, 1)) {
            assertEquals(List.of("bell", "horn"), set.labelNames());
            assertEquals("bell/c.wav", set.name(0));
            SignalDataset.Summary summary = set.summary();
            assertEquals(
                    List.of(8000, 1, 50, 80),
                    List.of(summary.rate(), summary.channels(), summary.shortest(), summary.longest()));
            // The mean of 0 … n-1, weighted by lengths.
            double mean = (50 * 24.5 + 80 * 39.5 + 60 * 29.5) / 190 * 256 / 32768;
            assertEquals(mean, summary.moments().mean().get(0), 1e-7);
        }
    }

    @Test
    void channelsAreMixedOrKept() throws IOException {
        wav("a.wav", 8000, 2, 30);
        try (SignalDataset mixed = open(0, 1);
                SignalDataset kept = open(0, 2)) {
            assertEquals(1, mixed.sample(0).channels());
            assertEquals(0, mixed.sample(0).samples()[0][7]);
            assertEquals(-7 * 256 / 32768f, kept.sample(0).samples()[1][7]);
        }
        assertTrue(refusal(0, 3).contains("a.wav has 2 channels, expected 3; `channels` 1 mixes"));
    }

    @Test
    void mixedRatesNeedOneToBeChosen() throws IOException {
        wav("a.wav", 8000, 1, 800);
        wav("b.wav", 16000, 1, 800);
        String message = refusal(0, 1);
        assertTrue(message.contains("8000 (a.wav), 16000 (b.wav); choose one with `rate`"), message);
        try (SignalDataset set = open(4000, 1)) {
            assertEquals(400, set.sample(0).length());
            assertEquals(200, set.sample(1).length());
            assertEquals(4000, set.summary().rate());
        }
    }

    @Test
    void damagedRecordingsAreNamedAndTooManyAreAnError() throws IOException {
        for (int i = 0; i < 100; i++) {
            wav("%03d.wav".formatted(i), 8000, 1, 10);
        }
        Files.write(folder.resolve("broken.wav"), new byte[100]);
        try (SignalDataset set = open(0, 1)) {
            assertEquals(100, set.size());
        }
        Files.write(folder.resolve("worse.wav"), new byte[100]);
        String message = refusal(0, 1);
        assertTrue(message.contains("2 of the 102 signals in") && message.contains("broken.wav is no WAV"), message);
    }

    @Test
    void arraysHoldSignalsOfOneLength() throws IOException {
        Path file = folder.resolve("series.npy");
        TestArrays.write(file, "<f8", false, new int[] {2, 2, 3}, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12);
        try (SignalDataset set = (SignalDataset) Kinds.open(file.toString(), DataOptions.DEFAULT, Selection.ALL)) {
            assertArrayEquals(
                    new float[][] {{7, 8, 9}, {10, 11, 12}}, set.sample(1).samples());
            assertEquals(0, set.summary().rate());
            assertEquals(List.of(5f, 8f), set.summary().moments().mean());
        }
        TestArrays.write(file, "<f4", false, new int[] {1, 1, 2}, 1, Double.POSITIVE_INFINITY);
        String message = String.valueOf(
                assertThrows(IOException.class, () -> Kinds.open(file.toString(), DataOptions.DEFAULT, Selection.ALL))
                        .getMessage());
        assertTrue(message.contains("[0, 0, 1] is Infinity"), message);
    }

    @Test
    void viewsLongerThanEverySignalAreRefused() throws IOException {
        wav("a.wav", 8000, 1, 30);
        wav("b.wav", 8000, 1, 50);
        try (SignalDataset set = open(0, 1)) {
            new SignalViews(set, Augmentations.parse("signals"), List.of(0f), 50);
            String message = assertThrows(
                            IllegalArgumentException.class,
                            () -> new SignalViews(set, Augmentations.parse("signals"), List.of(0f), 51))
                    .getMessage();
            assertTrue(message.contains("51 is more than the longest signal has, 50"), message);
            assertThrows(
                    IllegalArgumentException.class, () -> new SignalViews(set, PictureKind.cifar(), List.of(0f), 20));
        }
    }
}
