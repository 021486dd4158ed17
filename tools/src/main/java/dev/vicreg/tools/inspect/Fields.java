package dev.vicreg.tools.inspect;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** JSON as rows of a table: names of nested fields joined by dots, and their values. */
final class Fields {
    private static final ObjectMapper JSON = new ObjectMapper();
    /** Entries of a list that are shown, if there are rather more. */
    private static final int SHOWN = 4;

    private Fields() {}

    /** The object in {@code text}; empty if it is none. */
    static Optional<JsonNode> parse(String text) {
        try {
            return Optional.of(JSON.readTree(text)).filter(JsonNode::isObject);
        } catch (JsonProcessingException e) {
            return Optional.empty();
        }
    }

    /** @param all whether long lists, such as the columns of a table, are written out */
    static List<List<String>> rows(JsonNode object, boolean all) {
        List<List<String>> rows = new ArrayList<>();
        collect("", object, all, rows);
        return rows;
    }

    private static void collect(String prefix, JsonNode object, boolean all, List<List<String>> rows) {
        object.properties().forEach(field -> {
            String name = prefix + field.getKey();
            JsonNode value = field.getValue();
            if (value.isObject()) {
                collect(name + ".", value, all, rows);
            } else if (value.isArray() && !all && value.size() > 2 * SHOWN) {
                rows.add(List.of(name, shortened(value)));
            } else {
                rows.add(List.of(name, value.isTextual() ? value.asText() : value.toString()));
            }
        });
    }

    private static String shortened(JsonNode list) {
        String first =
                IntStream.range(0, SHOWN).mapToObj(i -> list.get(i).toString()).collect(Collectors.joining(","));
        return "[" + first + ", … " + (list.size() - SHOWN) + " more, listed by --all]";
    }
}
