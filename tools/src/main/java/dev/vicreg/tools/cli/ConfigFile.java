package dev.vicreg.tools.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import dev.vicreg.models.setting.Nearest;
import dev.vicreg.models.setting.SettingException;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Options in YAML: one {@code name: value} a line, names as on the command line without the dashes. */
public final class ConfigFile {
    private ConfigFile() {}

    /**
     * Texts by option name, in the file's order.
     *
     * @throws IllegalArgumentException if the file is missing, is not such YAML in UTF-8, or names an unknown
     *     option
     */
    static Map<String, String> read(String name, Command command) throws IOException {
        Path file = Path.of(name);
        if (!Files.isRegularFile(file)) {
            throw new SettingException("--config " + name + ": no such file");
        }
        Map<String, String> texts = parse(name, text(file));
        List<String> known = command.usage().settings().stream()
                .filter(setting -> !setting.equals(Usage.CONFIG) && !setting.equals(Usage.HELP))
                .map(Setting::name)
                .toList();
        for (String key : texts.keySet()) {
            if (!known.contains(key)) {
                throw new SettingException(name + ": unknown key " + key + Nearest.suggestion(key, known, ""));
            }
        }
        return texts;
    }

    private static String text(Path file) throws IOException {
        try {
            return Files.readString(file);
        } catch (CharacterCodingException e) {
            throw new SettingException("--config " + file + ": no text in UTF-8; convert it", e);
        }
    }

    /**
     * Texts by name, whatever the names.
     *
     * @param source what messages call the YAML
     * @throws IllegalArgumentException if it is not lines of name and value
     */
    public static Map<String, String> parse(String source, String yaml) throws IOException {
        JsonNode root = tree(source, yaml);
        Map<String, String> texts = new LinkedHashMap<>();
        if (root.isMissingNode() || root.isNull()) {
            return texts;
        }
        if (!root.isObject()) {
            throw new SettingException(source + ": expected lines of the form name: value");
        }
        for (Map.Entry<String, JsonNode> entry : root.properties()) {
            if (!entry.getValue().isValueNode() || entry.getValue().isNull()) {
                throw new SettingException(source + ": " + entry.getKey() + " must have one value");
            }
            texts.put(entry.getKey(), entry.getValue().asText());
        }
        return texts;
    }

    private static JsonNode tree(String source, String yaml) throws IOException {
        YAMLMapper mapper = YAMLMapper.builder()
                .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                .build();
        try {
            return mapper.readTree(yaml);
        } catch (JsonProcessingException e) {
            String line =
                    e.getLocation() == null ? "" : " line " + e.getLocation().getLineNr();
            throw new SettingException(source + line + ": " + problem(e), e);
        }
    }

    /** The parser's message is a page: context and problem, each followed by indented marks and source. */
    private static String problem(JsonProcessingException e) {
        List<String> lines = e.getOriginalMessage()
                .lines()
                .filter(line -> !line.isBlank() && !line.startsWith(" "))
                .toList();
        return lines.isEmpty() ? "not YAML" : lines.get(lines.size() - 1);
    }
}
