package dev.vicreg.tools.output;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.vicreg.runtime.natives.DoctorReport;
import dev.vicreg.tools.evaluation.measure.Advantage;
import dev.vicreg.tools.evaluation.measure.Evaluation;
import dev.vicreg.tools.evaluation.measure.Figure;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class JsonTest {
    private record Nested(int maxHeapBytes, Map<String, Integer> byName) {}

    @Test
    void recordsBecomeSnakeCaseAndMapsKeepTheirKeys() {
        assertEquals(
                "{\"max_heap_bytes\":1,\"by_name\":{\"libX.so\":2}}", Json.line(new Nested(1, Map.of("libX.so", 2))));
    }

    @Test
    void namesOfTheReportAreSnakeCase() throws Exception {
        JsonNode report = new ObjectMapper().readTree(Json.line(DoctorReport.collect()));
        report.fieldNames().forEachRemaining(name -> assertEquals(name, name.replaceAll("[^a-z_]", "")));
    }

    @Test
    void figuresHaveTheSameKeysForEveryKindOfData() {
        Set<List<String>> keys = new HashSet<>();
        for (String noun : List.of("pictures", "vectors", "signals", "sequences")) {
            Evaluation evaluation = new Evaluation(
                    20,
                    0.07,
                    noun,
                    "raw " + noun,
                    3,
                    2,
                    2,
                    0.5,
                    null,
                    0.25,
                    null,
                    new Advantage(0.25, new Figure.Interval(0.1, 0.4)));
            keys.add(new ArrayList<>(evaluation.figures().keySet()));
        }
        assertEquals(
                Set.of(List.of(
                        "k",
                        "temperature",
                        "train_samples",
                        "test_samples",
                        "classes",
                        "encoder",
                        "baseline",
                        "raw",
                        "over_raw",
                        "over_baseline")),
                keys);
    }
}
