package dev.vicreg.training.loop;

import dev.vicreg.training.config.BranchConfig;
import dev.vicreg.training.config.InputConfig;
import dev.vicreg.training.config.PairConfig;
import dev.vicreg.training.config.TrainingConfig;
import dev.vicreg.training.data.Datasets;
import dev.vicreg.training.data.pair.PairedData;
import dev.vicreg.training.data.source.Dataset;
import dev.vicreg.training.data.source.Selection;
import dev.vicreg.training.data.view.Augmentation;
import dev.vicreg.training.data.view.ViewSource;
import dev.vicreg.training.step.Side;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Objects;

/** Opens the data of a run: one set seen twice, or two sides of pairs. */
public final class TrainingData {
    private final TrainingConfig settings;
    private final Augmentation augmentationA;
    private final Augmentation augmentationB;
    private final Datasets datasets;

    private TrainingData(TrainingConfig settings, Datasets datasets) {
        this.settings = settings;
        this.datasets = datasets;
        augmentationA = settings.views().of(Side.A); // before the data: a mistake in it shows at once
        augmentationB = settings.views().of(Side.B);
    }

    /**
     * Opens the data.
     *
     * @param datasets opens them or has them open, and closes them
     * @throws IllegalArgumentException if data, encoders and augmentation are of different kinds
     * @throws IOException if data cannot be read, or the sides do not make pairs
     */
    public static PairedData open(TrainingConfig settings, Datasets datasets) throws IOException {
        return new TrainingData(settings, datasets).open();
    }

    private PairedData open() throws IOException {
        BranchConfig branchA = settings.graph().viewed(Side.A);
        BranchConfig branchB = settings.graph().viewed(Side.B);
        PairConfig pairs = settings.data().pairs();
        String nameA = settings.data().data();
        String nameB = pairs == null || pairs.data() == null ? nameA : pairs.data();
        Selection selection = settings.data().selection();
        boolean oneSet = nameA.equals(nameB) && readAlike(branchA.input(), branchB.input());

        // Pairs are selected, not samples: a limit on each side would part them.
        Selection ofSamples = pairs == null && oneSet ? selection : Selection.ALL;
        Dataset<?> setA = datasets.open(nameA, branchA.input().reading(), ofSamples);
        Dataset<?> setB = oneSet ? setA : datasets.open(nameB, branchB.input().reading(), ofSamples);
        ViewSource a = branchA.views(setA, augmentationA);
        ViewSource b = oneSet && seenAlike(branchA, branchB) ? a : branchB.views(setB, augmentationB);
        if (pairs == null && oneSet) {
            return new PairedData(a, b);
        }
        String file = pairs == null ? null : pairs.file();
        if (file != null) {
            return PairedData.of(Path.of(file), a, nameA, b, nameB, selection);
        }
        boolean byPosition = pairs != null && "position".equals(pairs.by());
        PairedData.By by = byPosition ? PairedData.By.POSITION : PairedData.By.NAME;
        return PairedData.of(by, a, nameA, b, nameB, selection);
    }

    private static boolean readAlike(InputConfig a, InputConfig b) {
        return a.kind() == b.kind() && a.reading().equals(b.reading());
    }

    /** Whether views of a sample are the same in both branches, but for what is random in them. */
    private boolean seenAlike(BranchConfig a, BranchConfig b) {
        return a.input().equals(b.input()) && Objects.equals(a.onnx(), b.onnx()) && augmentationA.equals(augmentationB);
    }
}
