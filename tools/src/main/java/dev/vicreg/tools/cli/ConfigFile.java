package dev.vicreg.tools.cli;

import dev.vicreg.models.setting.Nearest;
import dev.vicreg.models.setting.SettingException;
import java.io.IOException;
import java.io.StringReader;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.error.Mark;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.SequenceNode;
import org.yaml.snakeyaml.nodes.Tag;

/**
 * Options in YAML: one {@code name: value} a line, names as on the command line without the dashes. Values are the text as
 * it is written, whatever type YAML would see in it: {@code out: no} names a folder. A list is its items with commas between
 * them. Flags may be written {@code yes}, {@code on}, {@code no} and {@code off} too.
 */
public final class ConfigFile {
    private static final Map<String, String> TRUTHS =
            Map.of("true", "true", "yes", "true", "on", "true", "false", "false", "no", "false", "off", "false");

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
        for (Setting<?> setting : command.usage().settings()) {
            if (setting.isFlag()) {
                texts.computeIfPresent(
                        setting.name(), (key, text) -> TRUTHS.getOrDefault(text.toLowerCase(Locale.ROOT), text));
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
    public static Map<String, String> parse(String source, String yaml) {
        Node root = tree(source, yaml);
        Map<String, String> texts = new LinkedHashMap<>();
        if (root == null || root.getTag().equals(Tag.NULL)) {
            return texts;
        }
        if (!(root instanceof MappingNode lines)) {
            throw new SettingException(source + ": expected lines of the form name: value");
        }
        for (NodeTuple line : lines.getValue()) {
            if (!(line.getKeyNode() instanceof ScalarNode key)) {
                throw new SettingException(source + ": expected lines of the form name: value");
            }
            if (texts.put(key.getValue(), value(source, key.getValue(), line.getValueNode())) != null) {
                throw new SettingException(source + at(key.getStartMark()) + ": " + key.getValue() + " is given twice");
            }
        }
        return texts;
    }

    private static String value(String source, String name, Node node) {
        if (node instanceof ScalarNode scalar && !scalar.getTag().equals(Tag.NULL)) {
            return scalar.getValue();
        }
        List<String> items = new ArrayList<>();
        if (node instanceof SequenceNode list) {
            for (Node item : list.getValue()) {
                boolean plain = item instanceof ScalarNode && !item.getTag().equals(Tag.NULL);
                String text = plain ? ((ScalarNode) item).getValue() : ",";
                if (text.contains(",")) {
                    throw new SettingException(
                            source + ": the items of " + name + " must be single values without commas");
                }
                items.add(text);
            }
        }
        if (items.isEmpty()) {
            throw new SettingException(source + ": " + name + " must have one value, or a list of them");
        }
        return String.join(",", items);
    }

    private static @Nullable Node tree(String source, String yaml) {
        try {
            return new Yaml(new LoaderOptions()).compose(new StringReader(yaml));
        } catch (MarkedYAMLException e) {
            Mark mark = e.getContextMark() == null ? e.getProblemMark() : e.getContextMark();
            String problem = String.valueOf(e.getProblem()).replaceAll("\\s+", " ");
            throw new SettingException(source + at(mark) + ": " + problem, e);
        } catch (YAMLException e) {
            throw new SettingException(
                    source + ": "
                            + String.valueOf(e.getMessage()).lines().findFirst().orElse("not YAML"),
                    e);
        } catch (IllegalArgumentException e) { // of a tag that it cannot decode
            throw new SettingException(source + ": not YAML (" + e.getMessage() + ")", e);
        }
    }

    private static String at(@Nullable Mark mark) {
        return mark == null ? "" : " line " + (mark.getLine() + 1);
    }
}
