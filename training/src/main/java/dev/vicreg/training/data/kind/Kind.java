package dev.vicreg.training.data.kind;

import dev.vicreg.models.setting.SettingException;
import dev.vicreg.training.data.source.DataFile;
import dev.vicreg.training.data.source.DataFiles;
import dev.vicreg.training.data.source.DataOptions;
import dev.vicreg.training.data.source.Dataset;
import dev.vicreg.training.data.source.NpyFile;
import dev.vicreg.training.data.source.Selection;
import dev.vicreg.training.data.view.Augmentation;
import java.io.IOException;
import java.util.List;
import java.util.Map;

/**
 * A kind of data: how it is told and opened, and how its views are drawn. One constant each, in a package of its own;
 * {@link dev.vicreg.training.data.Kinds} lists them.
 *
 * @param <S> a decoded sample
 */
public interface Kind<S> {
    /** What the samples are called, in the plural: {@code pictures}. No two kinds share it. */
    String noun();

    /** Where samples are read from, in words. */
    String files();

    /** Augmentations by name; no two kinds share one. */
    Map<String, Augmentation> presets();

    /** The one of them that is used unless another is asked for. */
    default String preset() {
        return noun();
    }

    /** Endings of single files that are of this kind, in small letters; those of folders and archives are not among them. */
    default List<String> endings() {
        return List.of();
    }

    /** Which arrays in NumPy's format are of this kind, in words; empty for none. */
    default String arrays() {
        return "";
    }

    /** Whether an array is. */
    default boolean isArray(NpyFile.Header array) {
        return false;
    }

    /**
     * How much speaks for this kind in a folder or an archive: the number of files that are of it. Of two kinds the one with
     * more of them is meant.
     */
    default int filesAmong(List<DataFile> files) {
        return 0;
    }

    /** The number of files that would be of this kind if their format were read. It decides where no file is of any kind. */
    default int unreadAmong(List<DataFile> files) {
        return 0;
    }

    /**
     * Opens the selected samples.
     *
     * @param data of this kind; passed on to the data set, which closes it
     * @throws IOException if there are none, or they are damaged
     */
    Dataset<S> open(DataFiles data, DataOptions options, Selection selection) throws IOException;

    /**
     * Data that are known to be of this kind.
     *
     * @throws IllegalArgumentException if they are of another
     */
    @SuppressWarnings("unchecked") // every data set of this noun has this kind's samples
    default Dataset<S> require(Dataset<?> data) {
        if (!data.noun().equals(noun())) {
            throw new SettingException(
                    "The data are " + data.noun() + ", expected " + noun() + " as the run's settings say");
        }
        return (Dataset<S>) data;
    }

    /** Where classes of samples are looked for, in words. */
    default String whereLabelsAre() {
        return "the folder of a file is its label";
    }
}
