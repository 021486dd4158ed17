package dev.vicreg.training.finding;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vicreg.models.setting.SettingException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongFunction;
import org.junit.jupiter.api.Test;

class FindingsTest {
    private static final LossShape SHAPE = new LossShape(128, false, false);

    /** Terms of projections whose dimensions deviate, are correlated and differ between views so much. */
    private static Map<String, Float> terms(double deviation, double correlation, double unlikeness) {
        double square = deviation * deviation;
        double invariance = unlikeness * 2 * square;
        double covariance = 2 * correlation * square * square * 127;
        double loss = 25 * invariance + 25 * (1 - deviation) + covariance;
        return Map.of(
                "loss", (float) loss,
                "invariance", (float) invariance,
                "variance", (float) (1 - deviation),
                "covariance", (float) covariance);
    }

    private static List<Finding> of(long warmup, int steps, LongFunction<Map<String, Float>> values) {
        return of(SHAPE, warmup, steps, values);
    }

    private static List<Finding> of(LossShape shape, long warmup, int steps, LongFunction<Map<String, Float>> values) {
        Findings findings = new Findings(shape, warmup);
        List<Finding> found = new ArrayList<>();
        for (long step = 1; step <= steps; step++) {
            found.addAll(findings.see(step, values.apply(step)));
        }
        return found;
    }

    private static void requireOne(Fault fault, long since, List<Finding> found) {
        assertEquals(List.of(fault), found.stream().map(Finding::fault).toList(), found.toString());
        assertEquals(since, found.get(0).since());
    }

    @Test
    void aRunThatLearnsHasNoFindings() {
        List<Finding> found = of(20, 300, step -> terms(0.33 + 0.0005 * step, 0.1, Math.max(0.3, 0.9 - 0.01 * step)));
        assertEquals(List.of(), found);
    }

    @Test
    void deviationsThatVanishAreACollapse() {
        List<Finding> found = of(0, 60, step -> terms(step < 30 ? 0.33 : 0.15, 0.1, 0.9 - 0.01 * step));
        requireOne(Fault.COLLAPSE, 30, found);
        assertEquals(34, found.get(0).step());
        assertTrue(
                found.get(0)
                        .text()
                        .startsWith(
                                "collapse since step 30: all samples get nearly the same projection (deviation 0.15"),
                found.get(0).text());
    }

    /** Such as one whose projector's last layer begins with small weights. */
    @Test
    void aNetworkThatBeginsWithSmallDeviationsHasNotCollapsed() {
        assertEquals(List.of(), of(0, 60, step -> terms(0.04 + 0.002 * step, 0.1, 0.9 - 0.01 * step)));
    }

    @Test
    void dimensionsThatMoveTogetherAreADimensionalCollapse() {
        List<Finding> found = of(0, 60, step -> terms(0.4, step < 20 ? 0.3 : 0.8, 0.9 - 0.01 * step));
        requireOne(Fault.DIMENSIONAL_COLLAPSE, 20, found);
    }

    @Test
    void viewsThatStayAsTheyWereAreToldOnceTheRateIsUp() {
        List<Finding> found = of(50, 200, step -> terms(0.4, 0.1, 0.8));
        requireOne(Fault.FLAT_INVARIANCE, 51, found);
        assertEquals(90, found.get(0).step());
        requireOne(Fault.VIEWS_UNLIKE, 51, of(50, 200, step -> terms(0.4, 0.1, 1)));
    }

    /** LARS on vectors has learnt but a thirtieth when its rate has been up for 40 steps, and goes on learning. */
    @Test
    void aSlowStartIsNotFlat() {
        LongFunction<Double> slow = step -> step < 100 ? 0.79 : Math.max(0.55, 0.79 - 0.0014 * (step - 100));
        assertEquals(List.of(), of(93, 400, step -> terms(0.4, 0.1, slow.apply(step))));
        requireOne(Fault.FLAT_INVARIANCE, 94, of(93, 400, step -> terms(0.4, 0.1, step < 100 ? 0.79 : 0.785)));
    }

    /** The paper sums the distance between views over dimensions, and adds the variances of both branches. */
    @Test
    void termsOfThePaperTellTheSameWhereTheWidthIsKnown() {
        LongFunction<Map<String, Float>> paper = step -> {
            Map<String, Float> values = new HashMap<>(terms(0.4, 0.1, 0.8));
            values.replace("invariance", values.get("invariance") * 128);
            values.replace("variance", values.get("variance") * 2);
            return values;
        };
        requireOne(Fault.FLAT_INVARIANCE, 51, of(new LossShape(128, true, true), 50, 200, paper));
        assertEquals(List.of(), of(new LossShape(0, true, true), 50, 200, paper));
    }

    @Test
    void aLossThatRisesIsAHighRate() {
        List<Finding> found = of(0, 30, step -> {
            Map<String, Float> values = new HashMap<>(terms(0.9, 0.1, 0.8 - 0.01 * step));
            values.put("loss", step < 10 ? 20f : 45f);
            values.put("lr", 0.5f);
            return values;
        });
        requireOne(Fault.HIGH_RATE, 10, found);
        assertEquals(Map.of("loss", 45f, "lr", 0.5f), found.get(0).evidence());
    }

    /** Such as SimSiam's, which falls from near 0 to -1. */
    @Test
    void lossesOfOtherObjectivesMayRiseForAWhile() {
        assertEquals(List.of(), of(0, 60, step -> Map.of("loss", 0.01f * step, "similarity", 0.1f)));
    }

    /** A scale that is too high at first halves until it fits, which is as it should be. */
    @Test
    void skippedStepsAreAnOverflowOnlyWhereTheyGoOn() {
        assertEquals(
                List.of(), of(0, 200, step -> Map.of("loss_scale", 64f, "skipped_steps", (float) Math.min(step, 12))));
        requireOne(
                Fault.OVERFLOW,
                60,
                of(0, 200, step -> Map.of("loss_scale", 64f, "skipped_steps", (float) Math.max(0, step - 50))));
        requireOne(Fault.OVERFLOW, 1, of(0, 9, step -> Map.of("loss_scale", 1f, "skipped_steps", 0f)));
    }

    @Test
    void whatIsKnownBeforeTheFirstStepIsToldThen() {
        Findings findings = new Findings(null, 0);
        Map<String, Float> known = Map.of(
                "steps",
                10f,
                "warmup_steps",
                10f,
                "samples",
                100f,
                "width",
                128f,
                "copies",
                1f,
                "looked_at",
                64f,
                "view_distance",
                0f,
                "pairs_of_one_name",
                1f,
                "by_chance",
                0.1f);
        List<Fault> found = findings.see(0, known).stream().map(Finding::fault).toList();
        assertEquals(
                List.of(Fault.SHORT_WARMUP, Fault.FEW_SAMPLES, Fault.DUPLICATES, Fault.LABEL_LEAK, Fault.VIEWS_ALIKE),
                found);
        assertEquals(List.of(), findings.see(0, known), "told once");
        assertEquals(
                List.of(),
                new Findings(null, 0)
                        .see(
                                0,
                                Map.of(
                                        "steps",
                                        10f,
                                        "warmup_steps",
                                        3f,
                                        "samples",
                                        128f,
                                        "width",
                                        128f,
                                        "copies",
                                        0f,
                                        "looked_at",
                                        64f,
                                        "view_distance",
                                        0.4f)));
    }

    @Test
    void aColumnThatTellsTheLabelIsAFindingUnlessGuessingDoes() {
        Map<String, Float> told = Map.of("column_tells", 1f, "column", 3f, "by_guess", 0.1f);
        List<Finding> found = new Findings(null, 0).see(0, told);
        assertEquals(
                "label-column: a column tells the label by itself, so that the label reaches the training if that column"
                        + " was made of it (column tells 1, column 3, by guess 0.100)",
                found.get(0).text());
        for (Map<String, Float> good : List.of(
                Map.of("column_tells", 1f, "column", 3f, "by_guess", 0.97f),
                Map.of("column_tells", 0.96f, "column", 3f, "by_guess", 0.1f))) {
            assertEquals(List.of(), new Findings(null, 0).see(0, good));
        }
    }

    @Test
    void measurementsTellOfDeadNormsAndOfLostDirections() {
        Findings findings = new Findings(null, 0);
        assertEquals(
                List.of(),
                findings.see(
                        20,
                        Map.of(
                                "dead_norm",
                                0.1f,
                                "update_ratio",
                                0.01f,
                                "projection_rankme",
                                40f,
                                "projection_spread",
                                1f)));
        List<Finding> found = findings.see(
                40,
                Map.of("dead_norm", 0.9f, "update_ratio", 0.4f, "projection_rankme", 3f, "projection_spread", 0.01f));
        assertEquals(
                List.of(
                        Fault.DEAD_NORM,
                        Fault.HIGH_RATE,
                        Fault.COLLAPSE), // which is told instead of the lost directions
                found.stream().map(Finding::fault).toList());
    }

    /** Figures of SimSiam without predictor, whose projector ends in a batch norm, and of VICReg without covariance. */
    @Test
    void lostDirectionsAreACollapseWhereTheRestBunchTogether() {
        List<List<Map<String, Float>>> runs = List.of(
                List.of(directions(13.5f, 0.98f), directions(3.66f, 0.81f), directions(1.93f, 0.57f)),
                List.of(directions(13.2f, 0.78f), directions(9.2f, 0.8f), directions(2.97f, 0.93f)),
                List.of(directions(13.1f, 0.77f), directions(11.2f, 0.55f), directions(10.1f, 0.61f)));
        List<List<Fault>> expected = List.of(List.of(Fault.COLLAPSE), List.of(Fault.DIMENSIONAL_COLLAPSE), List.of());
        for (int i = 0; i < runs.size(); i++) {
            List<Map<String, Float>> probes = runs.get(i);
            List<Finding> found = of(null, 0, 3, step -> probes.get((int) step - 1));
            assertEquals(expected.get(i), found.stream().map(Finding::fault).toList());
        }
    }

    private static Map<String, Float> directions(float rankMe, float spread) {
        return Map.of("projection_rankme", rankMe, "projection_spread", spread);
    }

    @Test
    void lossesThatAreNoNumbersSayNothing() {
        Map<String, Float> spoilt = Map.of(
                "loss",
                Float.NaN,
                "invariance",
                Float.NaN,
                "variance",
                Float.NaN,
                "covariance",
                Float.POSITIVE_INFINITY);
        assertEquals(List.of(), of(0, 100, step -> spoilt));
    }

    @Test
    void unknownNamesAreRefusedWithTheKnownOnes() {
        Fault.Names names = new Fault.Names();
        assertEquals(List.of("collapse", "any"), names.parse("collapse,any"));
        String message = assertThrows(SettingException.class, () -> names.parse("collapse,colapse"))
                .getMessage();
        assertTrue(message.startsWith("must be one of collapse, dimensional-collapse, "), message);
        assertTrue(message.endsWith("found \"colapse\"; did you mean collapse?"), message);
        assertTrue(Fault.Names.include(List.of("any"), Fault.OVERFLOW));
    }
}
