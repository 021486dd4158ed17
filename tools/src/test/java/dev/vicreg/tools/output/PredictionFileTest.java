package dev.vicreg.tools.output;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.vicreg.runtime.Classification;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PredictionFileTest {
    private static final Classification FOUND =
            new Classification(List.of("a,b", "c"), new float[] {0.25f, 0.75f}, new float[] {1});

    @TempDir
    Path folder;

    private String written(String name, int top) throws IOException {
        Path target = folder.resolve(name);
        try (PredictionFile file = PredictionFile.create(target, top)) {
            file.add("x/\"1\".png", FOUND);
            assertFalse(Files.exists(target));
            file.publish();
        }
        return Files.readString(target);
    }

    @Test
    void csvQuotesWhatNeedsIt() throws IOException {
        assertEquals(
                "path,label,probability,label-2,probability-2\n\"x/\"\"1\"\".png\",c,0.75,\"a,b\",0.25\n",
                written("p.csv", 2));
    }

    @Test
    void jsonHasAnObjectALine() throws IOException {
        assertEquals(
                "{\"path\":\"x/\\\"1\\\".png\",\"label\":\"c\",\"probability\":0.75,\"top\":[{\"label\":\"c\",\"probability\":0.75}]}\n",
                written("p.jsonl", 1));
    }

    @Test
    void whatIsNotPublishedLeavesNothing() throws IOException {
        try (PredictionFile file = PredictionFile.create(folder.resolve("p.csv"), 1)) {
            file.add("x", FOUND);
        }
        try (Stream<Path> left = Files.list(folder)) {
            assertEquals(List.of(), left.toList());
        }
    }
}
