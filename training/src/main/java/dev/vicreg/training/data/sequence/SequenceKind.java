package dev.vicreg.training.data.sequence;

import dev.vicreg.training.data.kind.Kind;
import dev.vicreg.training.data.source.DataFile;
import dev.vicreg.training.data.source.DataFiles;
import dev.vicreg.training.data.source.DataOptions;
import dev.vicreg.training.data.source.Dataset;
import dev.vicreg.training.data.source.FileSamples;
import dev.vicreg.training.data.source.NpyFile;
import dev.vicreg.training.data.source.Selection;
import dev.vicreg.training.data.view.Augmentation;
import java.io.IOException;
import java.util.List;
import java.util.Map;

/** Texts, and other sequences of ids. */
public final class SequenceKind implements Kind<int[]> {
    static final String NOUN = "sequences";
    private static final String IDS = ".ids";
    private static final String TEXT = ".txt";

    /** The kind. */
    public static final SequenceKind SEQUENCES = new SequenceKind();

    private SequenceKind() {}

    @Override
    public String noun() {
        return NOUN;
    }

    @Override
    public String files() {
        return ".txt with a text a line, a folder or archive of .txt files, .ids with whole numbers in each line,"
                + " .npy of int64 [N,T]";
    }

    @Override
    public Map<String, Augmentation> presets() {
        return Map.of(NOUN, Augmentation.same(SequencePolicy.standard()));
    }

    @Override
    public List<String> endings() {
        return List.of(IDS, TEXT);
    }

    @Override
    public String arrays() {
        return "whole numbers [N,T] for ids";
    }

    @Override
    public boolean isArray(NpyFile.Header array) {
        return array.shape().length == 2 && array.holdsIds();
    }

    /** Texts lie beside much else, so they count as one file where there is nothing but them, and else not. */
    @Override
    public int filesAmong(List<DataFile> files) {
        return !files.isEmpty() && files.stream().allMatch(file -> file.endsWith(TEXT)) ? 1 : 0;
    }

    @Override
    public SequenceDataset open(DataFiles data, DataOptions options, Selection selection) throws IOException {
        if (data.isFile(".npy")) {
            return SequenceFiles.npy(data.array(), options, selection);
        }
        if (data.isFile(IDS)) {
            return SequenceFiles.ids(data.path(), options, selection);
        }
        if (data.isFile(TEXT)) {
            return SequenceFiles.texts(data.path(), selection);
        }
        try (FileSamples<String> texts = new FileSamples<>(data, data.files(), SequenceFiles.TEXT)) {
            data.warnOfMixture(texts);
            return SequenceFiles.texts(data.spec(), texts, selection);
        }
    }

    @Override
    public SequenceDataset require(Dataset<?> data) {
        return (SequenceDataset) Kind.super.require(data);
    }

    @Override
    public String whereLabelsAre() {
        return "the folder of a text is its label; those of one file stand in NAME.labels.txt beside it";
    }
}
