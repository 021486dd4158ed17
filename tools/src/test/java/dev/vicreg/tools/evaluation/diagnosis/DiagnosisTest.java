package dev.vicreg.tools.evaluation.diagnosis;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.vicreg.tools.evaluation.GoldenVectors;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Against NumPy, SciPy and scikit-learn in float64: golden/diagnosis. */
class DiagnosisTest {
    @Test
    void measuresOfManyVectorsAreThePublishedOnes() throws IOException {
        check("tall", Diagnosis.of(GoldenVectors.vectors(300, 24, 1)));
        check("long", Diagnosis.of(GoldenVectors.vectors(400, 128, 3)));
    }

    @Test
    void fewerVectorsThanDimensionsGiveTheSameMeasures() throws IOException {
        check("wide", Diagnosis.of(GoldenVectors.vectors(20, 40, 2)));
    }

    /** Products of so many rows are ONNX Runtime's; of so few as in the test above, loops'. */
    @Test
    void manyRowsThatAreLongerStillHaveTheSpectrumOfTheirColumns() {
        float[][] vectors = GoldenVectors.vectors(130, 260, 4);
        Spectrum rows = Spectrum.ofRows(vectors);
        Spectrum columns = Spectrum.of(Covariance.of(vectors));
        for (int i = 0; i < 129; i++) {
            assertEquals(columns.eigenvalues()[i], rows.eigenvalues()[i], 1e-9);
            assertEquals(columns.singularValues()[i], rows.singularValues()[i], 1e-9);
        }
    }

    @Test
    void theBriefMeasuresAreThoseOfAll() {
        float[][] wide = GoldenVectors.vectors(20, 40, 2);
        wide[0][7] = wide[1][7] = 0;
        for (float[][] vectors : List.of(wide, GoldenVectors.vectors(60, 16, 5), new float[9][8])) {
            Map<String, Double> all = Diagnosis.of(vectors).figures();
            all.keySet().retainAll(Set.of("constant_dimensions", "rankme", "spread"));
            assertEquals(all, Diagnosis.brief(vectors));
        }
    }

    @Test
    void constantDimensionsAreCountedAndCorrelateWithNone() throws IOException {
        float[][] vectors = GoldenVectors.vectors(60, 16, 5);
        for (float[] vector : vectors) {
            vector[3] = 0;
            vector[9] = 2.5f;
        }
        Diagnosis diagnosis = Diagnosis.of(vectors);
        check("dead", diagnosis);
        assertEquals(2.0 / 16, diagnosis.figures().get("constant_dimensions"));
        assertEquals("2 of 16 dimensions are constant", diagnosis.verdict());
        assertFalse(diagnosis.collapsed());
    }

    private static void check(String name, Diagnosis diagnosis) throws IOException {
        JsonNode golden = GoldenVectors.figures().get("diagnosis").get(name);
        Map<String, Double> figures = diagnosis.figures();
        golden.properties().forEach(figure -> {
            if (figure.getValue().isNumber()) {
                double expected = figure.getValue().asDouble();
                assertEquals(
                        expected,
                        figures.get(figure.getKey()),
                        1e-6 * Math.abs(expected),
                        name + ' ' + figure.getKey());
            }
        });
        for (int i = 0; i < 5; i++) {
            double eigenvalue = golden.get("eigenvalues").get(i).asDouble();
            double singularValue = golden.get("singular_values").get(i).asDouble();
            assertEquals(eigenvalue, diagnosis.spectrum().eigenvalues()[i], 1e-9);
            assertEquals(singularValue, diagnosis.spectrum().singularValues()[i], 1e-9);
        }
    }

    @Test
    void vectorsThatAreAllOneAreCollapsed() {
        float[][] same = new float[50][8];
        for (float[] vector : same) {
            Arrays.fill(vector, 1.1f);
        }
        same[7][2] = Math.nextUp(same[7][2]); // rounding
        Diagnosis diagnosis = Diagnosis.of(same);
        assertTrue(diagnosis.collapsed());
        assertEquals("complete collapse: all 50 vectors are the same", diagnosis.verdict());
        Diagnosis zeros = Diagnosis.of(new float[50][8]);
        assertEquals("complete collapse: all 50 vectors are zeros", zeros.verdict());
        assertEquals(
                Set.of("vectors", "dimensions", "constant_dimensions", "collapsed"),
                zeros.figures().keySet());
        assertEquals(1, zeros.figures().get("collapsed"));
    }

    @Test
    void shortSpectraHaveNoDecay() {
        Map<String, Double> figures =
                Diagnosis.of(GoldenVectors.vectors(30, 9, 1)).figures();
        assertFalse(figures.containsKey("alpha_req"));
        assertTrue(figures.containsKey("rankme"));
        assertFalse(Diagnosis.of(new float[][] {{1}, {2}}).figures().containsKey("mean_absolute_correlation"));
    }

    @Test
    void moreVectorsThanNeededAreSampled() {
        Diagnosis diagnosis = Diagnosis.of(GoldenVectors.vectors(26_000, 2, 1));
        assertEquals(25_600, diagnosis.vectors());
        assertEquals(
                diagnosis.figures(),
                Diagnosis.of(GoldenVectors.vectors(26_000, 2, 1)).figures());
    }

    @Test
    void vectorsThatCannotBeMeasuredAreNamed() {
        assertMessage("Cannot measure so few vectors: found 1, expected 2 or more", new float[1][4]);
        assertMessage("Vector 1 has 2 values; expected 3, as vector 0", new float[][] {{1, 2, 3}, {1, 2}});
        assertMessage("Vector 1 holds a value that is not a finite number", new float[][] {
            {1, 2}, {1, Float.POSITIVE_INFINITY}
        });
    }

    private static void assertMessage(String expected, float[][] vectors) {
        assertEquals(
                expected,
                assertThrows(IllegalStateException.class, () -> Diagnosis.of(vectors))
                        .getMessage());
    }
}
