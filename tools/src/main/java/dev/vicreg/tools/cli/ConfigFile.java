package dev.vicreg.tools.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Options in a YAML file: one {@code name: value} a line, names as on the command line without the dashes. */
final class ConfigFile {
    private ConfigFile() {}

    /**
     * Texts by option name, in the file's order.
     *
     * @throws IllegalArgumentException if the file is missing, is not such YAML, or names an unknown option
     */
    static Map<String, String> read(String name, Command command) throws IOException {
        Path file = Path.of(name);
        if (!Files.isRegularFile(file)) {
            throw new IllegalArgumentException("--config " + name + ": no such file");
        }
        JsonNode root = parse(file);
        Map<String, String> values = new LinkedHashMap<>();
        if (root.isMissingNode() || root.isNull()) {
            return values;
        }
        if (!root.isObject()) {
            throw new IllegalArgumentException(file + ": expected lines of the form name: value");
        }
        List<String> known = command.settings().stream()
                .filter(setting -> setting != Command.CONFIG && setting != Command.HELP)
                .map(Setting::name)
                .toList();
        for (Map.Entry<String, JsonNode> entry : root.properties()) {
            String key = entry.getKey();
            if (!known.contains(key)) {
                throw new IllegalArgumentException(
                        file + ": unknown key " + key + Nearest.suggestion(key, known, ""));
            }
            if (!entry.getValue().isValueNode() || entry.getValue().isNull()) {
                throw new IllegalArgumentException(file + ": " + key + " must have one value");
            }
            values.put(key, entry.getValue().asText());
        }
        return values;
    }

    private static JsonNode parse(Path file) throws IOException {
        YAMLMapper yaml = YAMLMapper.builder()
                .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                .build();
        try {
            return yaml.readTree(Files.readString(file));
        } catch (JsonProcessingException e) {
            String at = e.getLocation() == null ? "" : " line " + e.getLocation().getLineNr();
            throw new IllegalArgumentException(file + at + ": " + e.getOriginalMessage(), e);
        }
    }
}
