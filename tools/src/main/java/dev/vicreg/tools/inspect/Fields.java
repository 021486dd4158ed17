package dev.vicreg.tools.inspect;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** JSON as rows of a table: names of nested fields joined by dots, and their values. */
final class Fields {
    private static final ObjectMapper JSON = new ObjectMapper();

    private Fields() {}

    /** The object in {@code text}; empty if it is none. */
    static Optional<JsonNode> parse(String text) {
        try {
            return Optional.of(JSON.readTree(text)).filter(JsonNode::isObject);
        } catch (JsonProcessingException e) {
            return Optional.empty();
        }
    }

    static List<List<String>> rows(JsonNode object) {
        List<List<String>> rows = new ArrayList<>();
        collect("", object, rows);
        return rows;
    }

    private static void collect(String prefix, JsonNode object, List<List<String>> rows) {
        object.properties().forEach(field -> {
            String name = prefix + field.getKey();
            JsonNode value = field.getValue();
            if (value.isObject()) {
                collect(name + ".", value, rows);
            } else {
                rows.add(List.of(name, value.isTextual() ? value.asText() : value.toString()));
            }
        });
    }
}
