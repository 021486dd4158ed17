package dev.vicreg.tools.command;

import dev.vicreg.tools.cli.Settings;
import dev.vicreg.training.config.GraphConfig;
import dev.vicreg.training.config.InputConfig;
import dev.vicreg.training.data.Datasets;
import dev.vicreg.training.data.source.Selection;
import dev.vicreg.training.step.Side;
import java.io.IOException;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;

/** What the two sides of a run take, found out from options and data. */
public record SideInputs(InputConfig a, InputConfig b) {
    /** Both sides see the same samples in the same way. */
    public static SideInputs same(InputConfig input) {
        return new SideInputs(input, input);
    }

    /** Whether one network can take both: samples are of one kind, and of sequences both are texts or both are ids. */
    boolean alike() {
        return a.kind() == b.kind() && a.noun().equals(b.noun());
    }

    /** As a run has them. */
    static SideInputs of(GraphConfig graph) {
        return new SideInputs(graph.branch(Side.A).input(), graph.branch(Side.B).input());
    }

    /** What the options and the data say that they name, which are read for this alone. */
    static SideInputs of(Settings settings) throws IOException {
        try (Datasets datasets = new Datasets()) {
            return of(settings, Selection.ALL, datasets);
        }
    }

    /**
     * What the options say of {@code --data}, if there are any, and of {@code --data-b}.
     *
     * @param datasets opens data
     * @throws IllegalArgumentException if an option is for a kind of data that neither side has
     */
    static SideInputs of(Settings settings, Selection selection, Datasets datasets) throws IOException {
        Optional<String> first = settings.find(SharedSettings.DATA);
        Optional<String> second = settings.find(RunOptions.DATA_B);
        if (second.isEmpty()) {
            return same(InputOptions.of(settings, first.orElse(null), selection, datasets));
        }
        String dataA = settings.get(SharedSettings.DATA);
        String dataB = second.get();
        InputOptions.requireUses(settings, new HashSet<>(List.of(datasets.kind(dataA), datasets.kind(dataB))));
        // A selection is one of pairs, so what is measured is measured on all samples.
        return new SideInputs(
                InputOptions.read(settings, dataA, Selection.ALL, datasets),
                InputOptions.read(settings, dataB, Selection.ALL, datasets));
    }
}
