package dev.vicreg.training.data.vector;

import dev.vicreg.training.data.kind.Kind;
import dev.vicreg.training.data.source.DataFiles;
import dev.vicreg.training.data.source.DataOptions;
import dev.vicreg.training.data.source.Dataset;
import dev.vicreg.training.data.source.NpyFile;
import dev.vicreg.training.data.source.Selection;
import dev.vicreg.training.data.view.Augmentation;
import java.io.IOException;
import java.util.List;
import java.util.Map;

/** Rows of a table, every one with a value in each column. */
public final class VectorKind implements Kind<float[]> {
    static final String NOUN = "vectors";
    private static final List<String> TABLES = List.of(".csv", ".tsv", ".csv.gz", ".tsv.gz");

    /** The kind. */
    public static final VectorKind VECTORS = new VectorKind();

    private VectorKind() {}

    @Override
    public String noun() {
        return NOUN;
    }

    @Override
    public String files() {
        return ".csv with a header, .npy of [N,D]";
    }

    @Override
    public Map<String, Augmentation> presets() {
        return Map.of(NOUN, Augmentation.same(VectorPolicy.standard()));
    }

    @Override
    public List<String> endings() {
        return TABLES;
    }

    @Override
    public String arrays() {
        return "[N,D] for vectors";
    }

    @Override
    public boolean isArray(NpyFile.Header array) {
        return array.shape().length == 2 && !array.holdsIds();
    }

    @Override
    public VectorDataset open(DataFiles data, DataOptions options, Selection selection) throws IOException {
        return TABLES.stream().anyMatch(data::isFile)
                ? VectorFiles.csv(data.path(), options, selection)
                : VectorFiles.npy(data.array(), options, selection);
    }

    @Override
    public VectorDataset require(Dataset<?> data) {
        return (VectorDataset) Kind.super.require(data);
    }

    @Override
    public String whereLabelsAre() {
        return "name the column of labels with `label`, or put NAME.labels.txt beside NAME.npy";
    }
}
