package dev.vicreg.tools.sample;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

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

    /** A kill while it draws leaves a part of a set, which must neither be taken for one nor stand in the way. */
    @Test
    void setIsThereAsAWholeOrNotAtAll() throws IOException {
        Path left = folder.resolve(".part/train/stripes/00000.png");
        Files.createDirectories(left.getParent());
        Files.writeString(left, "half a pict");
        assertTrue(SampleSet.isEmpty(folder));
        new SampleSet(32, 0).write(folder, 2, 1);
        assertEquals(30, pictures(folder).size());
        assertFalse(Files.exists(folder.resolve(".part")));

        Path other = folder.resolve("other");
        assertThrows(
                IOException.class,
                () -> SampleSet.whole(other, part -> {
                    Files.createDirectories(part.resolve("train"));
                    throw new IOException("the disk is full");
                }));
        try (Stream<Path> nothing = Files.list(other)) {
            assertEquals(0, nothing.count());
        }
    }

    private static List<Path> pictures(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(Files::isRegularFile).toList();
        }
    }
}
