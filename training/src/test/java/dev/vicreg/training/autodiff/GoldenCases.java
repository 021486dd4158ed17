package dev.vicreg.training.autodiff;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.vicreg.models.graph.Attributes;
import java.io.IOException;
import java.io.InputStream;
import java.util.Map;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Named;

/** Cases of one operator each that PyTorch computed, as its scripts here write them. */
final class GoldenCases {
    private GoldenCases() {}

    /** The cases of a file beside this class, named after operator and case. */
    static Stream<Named<JsonNode>> read(String file) throws IOException {
        try (InputStream in = GoldenCases.class.getResourceAsStream(file)) {
            JsonNode cases = new ObjectMapper().readTree(in).get("cases");
            return StreamSupport.stream(cases.spliterator(), false)
                    .map(each -> Named.of(
                            each.get("op").asText() + " " + each.get("name").asText(), each));
        }
    }

    static Attributes attributes(JsonNode golden) {
        Attributes attributes = Attributes.NONE;
        for (Map.Entry<String, JsonNode> each : golden.properties()) {
            JsonNode value = each.getValue();
            attributes = value.isTextual()
                    ? attributes.with(each.getKey(), value.asText())
                    : value.isIntegralNumber()
                            ? attributes.with(each.getKey(), value.asLong())
                            : attributes.with(each.getKey(), (float) value.asDouble());
        }
        return attributes;
    }

    static long[] longs(JsonNode golden) {
        return StreamSupport.stream(golden.spliterator(), false)
                .mapToLong(JsonNode::asLong)
                .toArray();
    }

    static float[] floats(JsonNode golden) {
        float[] values = new float[golden.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) golden.get(i).asDouble();
        }
        return values;
    }
}
