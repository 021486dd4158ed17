package dev.vicreg.tools.command;

import dev.vicreg.tools.cli.Settings;
import dev.vicreg.training.config.GraphConfig;
import dev.vicreg.training.config.InputConfig;
import dev.vicreg.training.data.Datasets;
import dev.vicreg.training.data.source.Modality;
import dev.vicreg.training.data.source.Selection;
import dev.vicreg.training.step.Side;
import java.io.IOException;
import java.util.EnumSet;
import java.util.Optional;

/** What the two sides of a run take, found out from options and data. */
public record Inputs(InputConfig a, InputConfig b) {
    /** Both sides see the same samples in the same way. */
    public static Inputs same(InputConfig input) {
        return new Inputs(input, input);
    }

    /** Whether one network can take both: samples are of one kind, and of sequences both are texts or both are ids. */
    boolean alike() {
        return a.modality() == b.modality()
                && !(a instanceof InputConfig.Sequences one
                        && b instanceof InputConfig.Sequences other
                        && one.texts() != other.texts());
    }

    /** As a run has them. */
    static Inputs of(GraphConfig graph) {
        return new Inputs(graph.branch(Side.A).input(), graph.branch(Side.B).input());
    }

    /**
     * What the options say of {@code --data}, if there are any, and of {@code --data-b}.
     *
     * @throws IllegalArgumentException if an option is for a kind of data that neither side has
     */
    static Inputs of(Settings settings, Selection selection) throws IOException {
        Optional<String> first = settings.find(SharedSettings.DATA);
        Optional<String> second = settings.find(RunOptions.DATA_B);
        if (second.isEmpty()) {
            return same(InputSettings.of(settings, first.orElse(null), selection));
        }
        String dataA = settings.get(SharedSettings.DATA);
        String dataB = second.get();
        Modality a = Datasets.modality(dataA);
        Modality b = Datasets.modality(dataB);
        InputSettings.requireUses(settings, EnumSet.of(a, b));
        // A selection is one of pairs, so what is measured is measured on all samples.
        return new Inputs(
                InputSettings.read(settings, dataA, a, Selection.ALL),
                InputSettings.read(settings, dataB, b, Selection.ALL));
    }
}
