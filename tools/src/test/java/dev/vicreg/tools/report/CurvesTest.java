package dev.vicreg.tools.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CurvesTest {
    @TempDir
    Path folder;

    private Path metrics(int steps) throws IOException {
        StringBuilder lines = new StringBuilder();
        for (int step = 1; step <= steps; step++) {
            lines.append(line(step));
        }
        return Files.writeString(folder.resolve("metrics.jsonl"), lines);
    }

    private static String line(int step) {
        return "{\"epoch\":1,\"step\":" + step + ",\"loss\":" + step + ".5,\"invariance\":null,\"lr\":0.1,"
                + "\"pairs_per_second\":32}\n";
    }

    @SuppressWarnings("unchecked")
    private static Map<String, List<Double>> series(Curves curves, String name) {
        return (Map<String, List<Double>>) ((Map<?, ?>) curves.json().get("series")).get(name);
    }

    @Test
    void shortRunsAreShownStepByStep() throws IOException {
        Curves curves = Curves.of(metrics(3), 10);
        assertEquals(List.of(1L, 2L, 3L), curves.json().get("steps"));
        assertEquals(Map.of("mean", List.of(1.5, 2.5, 3.5)), series(curves, "loss"));
        assertEquals(3 * 64 / 32.0, curves.seconds(64));
    }

    @Test
    void longRunsAreShownByMeansBetweenTheLeastAndTheGreatest() throws IOException {
        Curves curves = Curves.of(metrics(10), 4);
        assertEquals(List.of(4L, 8L, 10L), curves.json().get("steps"));
        assertEquals(4L, curves.json().get("width"));
        assertEquals(List.of(3.0, 7.0, 10.0), series(curves, "loss").get("mean"));
        assertEquals(List.of(1.5, 5.5, 9.5), series(curves, "loss").get("low"));
        assertEquals(List.of(4.5, 8.5, 10.5), series(curves, "loss").get("high"));
    }

    @Test
    void whatAGrowingFileAddsIsReadOnAndHalfALineIsLeft() throws IOException {
        Path file = metrics(2);
        Files.writeString(file, line(3).substring(0, 25), StandardOpenOption.APPEND);
        Curves curves = Curves.of(file, 10);
        assertEquals(2, curves.lastStep());
        Files.writeString(file, line(3).substring(25) + line(4), StandardOpenOption.APPEND);
        curves.readOn();
        assertEquals(List.of(1L, 2L, 3L, 4L), curves.json().get("steps"));
        assertEquals(List.of(1.5, 2.5, 3.5, 4.5), series(curves, "loss").get("mean"));
    }

    /** A run that goes back puts a shorter file in its place, which may be longer again when it is read. */
    @Test
    void aFileInPlaceOfAnotherIsReadFromItsBeginning() throws IOException {
        Path file = metrics(4);
        Curves curves = Curves.of(file, 10);
        for (int steps : new int[] {2, 6}) {
            Path other = Files.writeString(folder.resolve("other"), "");
            for (int step = 1; step <= steps; step++) {
                Files.writeString(other, line(step), StandardOpenOption.APPEND);
            }
            Files.writeString(other, "{\"step\":1,\"finding\":\"x\"}\n", StandardOpenOption.APPEND);
            Files.move(other, file, StandardCopyOption.REPLACE_EXISTING);
            curves.readOn();
            assertEquals(
                    LongStream.rangeClosed(1, steps).boxed().toList(),
                    curves.json().get("steps"));
            assertEquals(1, ((List<?>) curves.json().get("findings")).size());
            assertEquals(steps * 64 / 32.0, curves.seconds(64));
        }
    }

    @Test
    void evaluationsAndFindingsAreNoSteps() throws IOException {
        Path file = metrics(1);
        Files.writeString(
                file,
                "{\"step\":1,\"eval\":{\"knn\":0.5,\"of\":\"x\"}}\n{\"step\":1,\"finding\":\"collapse\"}\n",
                StandardOpenOption.APPEND);
        Map<String, Object> json = Curves.of(file, 10).json();
        assertEquals(List.of(1L), json.get("steps"));
        assertEquals(List.of(Map.of("step", 1L, "eval.knn", 0.5)), json.get("evaluations"));
        assertTrue(json.get("findings").toString().contains("collapse"), json.toString());
    }

    @Test
    void aRunBeforeItsFirstStepHasNoCurves() throws IOException {
        assertEquals(
                List.of(), Curves.of(folder.resolve("metrics.jsonl"), 10).json().get("steps"));
    }
}
