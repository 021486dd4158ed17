package dev.vicreg.tools.sample;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SampleSetTest {
    @TempDir
    Path folder;

    @Test
    void sameSeedDrawsTheSamePictures() throws IOException {
        new SampleSet(32, 5).write(folder.resolve("a"), 2, 1);
        new SampleSet(32, 5).write(folder.resolve("b"), 2, 1);
        List<Path> pictures = pictures(folder.resolve("a"));
        assertEquals(30, pictures.size());
        for (Path picture : pictures) {
            Path twin = folder.resolve("b").resolve(folder.resolve("a").relativize(picture));
            assertArrayEquals(Files.readAllBytes(picture), Files.readAllBytes(twin));
        }
    }

    @Test
    void noTwoPicturesAreTheSameWithinASetOrBetweenSeeds() throws IOException {
        new SampleSet(32, 0).write(folder.resolve("0"), 5, 5);
        new SampleSet(32, 1).write(folder.resolve("1"), 5, 5);
        Set<String> contents = new HashSet<>();
        for (Path picture : pictures(folder)) {
            contents.add(new String(Files.readAllBytes(picture), StandardCharsets.ISO_8859_1));
        }
        assertEquals(200, contents.size());
    }

    @Test
    void folderWithFilesIsRefused() throws IOException {
        Files.writeString(folder.resolve("notes.txt"), "mine");
        assertThrows(IOException.class, () -> new SampleSet(32, 0).write(folder, 1, 1));
        try (Stream<Path> left = Files.list(folder)) {
            assertEquals(1, left.count());
        }
    }

    private static List<Path> pictures(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(Files::isRegularFile).toList();
        }
    }
}
