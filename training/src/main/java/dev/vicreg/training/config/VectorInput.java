package dev.vicreg.training.config;

import dev.vicreg.models.encoder.Encoders;
import dev.vicreg.models.setting.Codec;
import dev.vicreg.models.setting.Group;
import dev.vicreg.models.setting.Option;
import dev.vicreg.models.setting.Schema;
import dev.vicreg.models.setting.SettingException;
import dev.vicreg.models.setting.Variant;
import dev.vicreg.runtime.input.Input;
import dev.vicreg.training.data.kind.Kind;
import dev.vicreg.training.data.source.DataOptions;
import dev.vicreg.training.data.source.Dataset;
import dev.vicreg.training.data.source.Moments;
import dev.vicreg.training.data.vector.VectorDataset;
import dev.vicreg.training.data.vector.VectorKind;
import dev.vicreg.training.data.vector.VectorViews;
import dev.vicreg.training.data.view.Augmentation;
import dev.vicreg.training.data.view.ViewSource;
import dev.vicreg.training.step.ViewInput;
import java.io.IOException;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Rows of a table.
 *
 * @param columns the values' names, in their order
 * @param label the column of classes, for evaluation alone; null for none
 * @param mean of each column in the training set, taken off inside the graph
 * @param std standard deviation of each column in the training set, divided by inside the graph
 */
@Variant("vector")
public record VectorInput(
        @Option(
                help = "vectors: columns that are used, by name; without it all whose values are numbers, but `label`",
                argument = "A,B,C",
                group = Group.DATA,
                codec = Names.class)
        List<String> columns,

        @Option(
                help = "vectors: column of classes, for evaluation alone; never trained on",
                argument = "COLUMN",
                group = Group.DATA)
        @Nullable
        String label,

        List<Float> mean,
        List<Float> std)
        implements InputConfig {
    /** Copies the lists. */
    public VectorInput {
        columns = List.copyOf(columns);
        mean = List.copyOf(mean);
        std = List.copyOf(std);
        if (columns.size() != mean.size()) {
            throw new SettingException(
                    "Columns: expected as many as means, " + mean.size() + ", found " + columns.size());
        }
    }

    /** The first line of a CSV file, so to say: names with commas stand in quotes. */
    static final class Names implements Codec<List<String>> {
        @Override
        public List<String> parse(String text) {
            return Arrays.stream(text.split(",(?=(?:[^\"]*\"[^\"]*\")*[^\"]*$)", -1))
                    .map(String::strip)
                    .map(name -> name.startsWith("\"") && name.endsWith("\"") && name.length() > 1
                            ? name.substring(1, name.length() - 1).replace("\"\"", "\"")
                            : name)
                    .toList();
        }

        @Override
        public String text(List<String> names) {
            return names.stream().map(Names::quoted).collect(Collectors.joining(","));
        }

        private static String quoted(String name) {
            return name.contains(",") || name.contains("\"") ? '"' + name.replace("\"", "\"\"") + '"' : name;
        }
    }

    /** What options say; columns and moments are the data's. */
    static VectorInput of(Schema.Source options, InputKind.Source source) throws IOException {
        String label = options.<String>find("label").orElse(null);
        List<String> columns = options.<List<String>>find("columns").orElse(List.of());
        VectorDataset data = VectorKind.VECTORS.require(source.read(new DataOptions(columns, label, 0, 1)));
        Moments moments = data.moments();
        return new VectorInput(data.columns(), label, moments.mean(), moments.deviation());
    }

    /** What a model takes. */
    static VectorInput of(Input.Vectors input) {
        return new VectorInput(input.columns(), null, input.mean(), input.deviation());
    }

    @Override
    public Kind<?> kind() {
        return VectorKind.VECTORS;
    }

    @Override
    public String encoder() {
        return "mlp";
    }

    @Override
    public String remedy() {
        return "; choose that many with `columns`";
    }

    @Override
    public DataOptions reading() {
        return new DataOptions(columns, label, 0, 1);
    }

    @Override
    public ViewInput view(Encoders.Input takes) {
        require(takes == Encoders.Input.VECTORS, takes);
        return new ViewInput.Vectors(mean, std);
    }

    @Override
    public ViewSource views(Dataset<?> data, Augmentation augmentation) {
        return new VectorViews(VectorKind.VECTORS.require(data), augmentation, std);
    }

    @Override
    public Input<?> served() {
        return Input.vectors(columns, mean, std);
    }

    /** Values as they are: the file standardises or doesn't. */
    @Override
    public Input<?> served(String name, EncoderInput file) {
        return new Input.Vectors(
                name,
                Input.Vectors.KIND,
                columns,
                Collections.nCopies(columns.size(), 0f),
                Collections.nCopies(columns.size(), 1f));
    }
}
