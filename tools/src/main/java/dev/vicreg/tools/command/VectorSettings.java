package dev.vicreg.tools.command;

import dev.vicreg.models.setting.Group;
import dev.vicreg.runtime.input.Input;
import dev.vicreg.tools.cli.Setting;
import dev.vicreg.tools.cli.Settings;
import dev.vicreg.training.config.InputConfig;
import dev.vicreg.training.data.kind.Kind;
import dev.vicreg.training.data.source.DataOptions;
import dev.vicreg.training.data.source.Moments;
import dev.vicreg.training.data.vector.VectorDataset;
import dev.vicreg.training.data.vector.VectorKind;
import java.io.IOException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** The options for vectors; with the data they give columns and their moments. */
final class VectorSettings implements KindSettings {
    static final Setting<List<String>> COLUMNS = new Setting<>(
            "columns",
            "A,B,C",
            Group.DATA,
            "vectors: columns that are used, by name; without it all whose values are numbers, but --label",
            null,
            VectorSettings::parseColumns);
    static final Setting<String> LABEL = Setting.text(
            "label", "COLUMN", Group.DATA, "vectors: column of classes, for evaluation alone; never trained on", null);

    /** The first line of a CSV file, so to say: names with commas stand in quotes. */
    private static List<String> parseColumns(String text) {
        return Arrays.stream(text.split(",(?=(?:[^\"]*\"[^\"]*\")*[^\"]*$)", -1))
                .map(String::strip)
                .map(name -> name.startsWith("\"") && name.endsWith("\"") && name.length() > 1
                        ? name.substring(1, name.length() - 1).replace("\"\"", "\"")
                        : name)
                .toList();
    }

    @Override
    public Kind<?> kind() {
        return VectorKind.VECTORS;
    }

    @Override
    public List<Setting<?>> options() {
        return List.of(COLUMNS, LABEL);
    }

    @Override
    public InputConfig input(Settings settings, Source source) throws IOException {
        String label = settings.find(LABEL).orElse(null);
        DataOptions options = new DataOptions(settings.find(COLUMNS).orElse(List.of()), label, 0, 1);
        VectorDataset data = VectorKind.VECTORS.require(source.read(options));
        Moments moments = data.moments();
        return new InputConfig.Vectors(data.columns(), label, moments.mean(), moments.deviation());
    }

    @Override
    public Map<Setting<?>, Object> values(InputConfig input) {
        InputConfig.Vectors vectors = (InputConfig.Vectors) input;
        Map<Setting<?>, Object> values = new HashMap<>();
        values.put(
                COLUMNS, vectors.columns().stream().map(VectorSettings::quoted).collect(Collectors.joining(",")));
        if (vectors.label() != null) {
            values.put(LABEL, vectors.label());
        }
        return values;
    }

    private static String quoted(String name) {
        return name.contains(",") || name.contains("\"") ? '"' + name.replace("\"", "\"\"") + '"' : name;
    }

    @Override
    public DataOptions options(Input<?> input) {
        return new DataOptions(((Input.Vectors) input).columns(), null, 0, 1);
    }
}
