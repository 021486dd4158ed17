package dev.vicreg.tools.command;

import dev.vicreg.runtime.input.Input;
import dev.vicreg.tools.cli.Setting;
import dev.vicreg.tools.cli.Settings;
import dev.vicreg.training.config.InputConfig;
import dev.vicreg.training.data.kind.Kind;
import dev.vicreg.training.data.source.DataOptions;
import dev.vicreg.training.data.source.Dataset;
import java.io.IOException;
import java.util.List;
import java.util.Map;

/** The options that are for one kind of data, and what they mean. */
interface KindSettings {
    /** The kind. */
    Kind<?> kind();

    /** Options that are for this kind, perhaps among others. */
    List<Setting<?>> options();

    /** What a branch takes, before it is known what an encoder file takes: see {@link ImportedNetwork#branch}. */
    InputConfig input(Settings settings, Source source) throws IOException;

    /** The data as they are read with these options; they are read for those alone who ask for them. */
    interface Source {
        Dataset<?> read(DataOptions options) throws IOException;
    }

    /** The options that give this input, with their values. */
    Map<Setting<?>, Object> values(InputConfig input);

    /** Options of the second branch alone that give its input, with their values. */
    default Map<Setting<?>, Object> ofSecond(InputConfig input) {
        return Map.of();
    }

    /** How data are read for a model. */
    default DataOptions options(Input<?> input) {
        return DataOptions.DEFAULT;
    }

    /**
     * Refuses data that a model does not take, though they are of its kind.
     *
     * @throws IllegalArgumentException naming the first such sample
     */
    default void requireFits(Dataset<?> data, Input<?> input) {}
}
