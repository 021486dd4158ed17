package dev.vicreg.tools.evaluation.advice;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vicreg.training.data.picture.PictureKind;
import dev.vicreg.training.data.vector.VectorKind;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class AdviceTest {
    @Test
    void neighboursAreTheOthersByCosine() {
        int[][] found = Trial.neighbours(new float[][] {{1, 0}, {10, 1}, {0, 1}, {1, 1}});
        assertArrayEquals(new int[] {1, 3, 2}, found[0]);
        assertArrayEquals(new int[] {0, 3, 2}, found[1]);
    }

    @Test
    void agreementIsTheShareOfCommonNeighbours() {
        int[][] a = {{1, 2}, {0, 2}, {0, 1}};
        int[][] b = {{1, 3}, {2, 0}, {3, 4}};
        assertEquals(3.0 / 6, Trial.agreement(a, b), 1e-12);
    }

    private static Advice.Tried tried(String name, double rawAgreement, int[]... neighbours) {
        Map<String, Double> figures = Map.of(Advice.RAW_AGREEMENT, rawAgreement);
        return new Advice.Tried(new Candidate(name, name, Map.of()), new Trial(figures, neighbours));
    }

    /** Neighbours of one sample each; b agrees with both others by half, a and c with none but b. */
    @Test
    void theFirstIsLeftForWhatIsAsGoodByBothFiguresAlone() {
        int[] a = {1, 2};
        int[] b = {2, 3};
        int[] c = {3, 4};
        assertEquals(
                "b",
                Advice.of(List.of(tried("a", 0.4, a), tried("b", 0.5, b), tried("c", 0.9, c)))
                        .best()
                        .name());
        Advice kept = Advice.of(List.of(tried("b", 0.5, b), tried("a", 0.4, a), tried("c", 0.9, c)));
        assertEquals("b", kept.best().name(), "c agrees more with raw samples, but less with the others");
        assertEquals("c", kept.ranked().get(1).candidate().name(), "then by score");
    }

    @Test
    void viewsLeaveOutWhatIsStrangeToTheSetAlone() {
        Candidate digits = Candidates.of(PictureKind.PICTURES, Map.of("flip", 1.4, "solarise", 5.4, "crop", 2.2))
                .get(0);
        assertEquals("cifar,flip=0,solarise=0,crop-min=0.6", digits.options().get("augment"));
        List<Candidate> photographs =
                Candidates.of(PictureKind.PICTURES, Map.of("flip", 1.0, "solarise", 1.05, "crop", 0.97));
        assertTrue(photographs.get(0).options().isEmpty(), "as usual: " + photographs.get(0));
    }

    @Test
    void noTwoCandidatesAreOne() {
        for (List<Candidate> candidates : List.of(
                Candidates.of(PictureKind.PICTURES, Map.of("grey", 1.0, "crop", 2.0)),
                Candidates.of(PictureKind.PICTURES, Map.of()),
                Candidates.of(VectorKind.VECTORS, Map.of()))) {
            Set<Object> seen = new HashSet<>();
            candidates.forEach(candidate -> assertTrue(seen.add(candidate.options()), "twice: " + candidate));
        }
        assertFalse(
                Candidates.of(PictureKind.PICTURES, Map.of("grey", 1.0)).stream()
                        .anyMatch(candidate -> candidate.name().equals("light")),
                "other hues of grey pictures");
    }

    @Test
    void fewSamplesGetSmallBatchesAndMoreEpochs() {
        assertEquals(Map.of("batch-size", "16", "epochs", "143"), Advice.amount(119));
        assertEquals(Map.of(), Advice.amount(5000));
        assertEquals(2, Advice.batch(3));
    }
}
