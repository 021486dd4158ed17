package dev.vicreg.tools.report;

import dev.vicreg.tools.evaluation.Look;
import dev.vicreg.tools.evaluation.SampleForm;
import dev.vicreg.tools.evaluation.SampleForms;
import dev.vicreg.training.config.GraphConfig;
import dev.vicreg.training.config.TrainingConfig;
import dev.vicreg.training.data.pair.PairBatch;
import dev.vicreg.training.data.pair.PairLoader;
import dev.vicreg.training.data.pair.PairedData;
import dev.vicreg.training.data.view.ViewBatch;
import dev.vicreg.training.data.view.ViewSource;
import dev.vicreg.training.data.view.ViewType;
import dev.vicreg.training.step.Side;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * The first samples of a run's first batch, and their views as the network gets them.
 *
 * @param names of the samples
 * @param originals of each sample: itself, or both where a pair is of two
 * @param views of each sample: those of side a, then those of side b
 */
record ViewRows(List<String> names, List<List<Look>> originals, List<List<Look>> views) {
    /** Views of each side that are shown. */
    private static final int MOST_VIEWS = 4;

    /**
     * Draws them anew: they depend on the settings and the samples alone.
     *
     * @param settings with pictures of one size
     * @param most samples
     */
    static ViewRows of(TrainingConfig settings, PairedData data, int most) throws IOException, InterruptedException {
        GraphConfig graph = settings.graph();
        int count = Math.min(most, data.size());
        int viewsA = Math.min(MOST_VIEWS, graph.multiView().of(Side.A));
        int viewsB = Math.min(MOST_VIEWS, graph.multiView().of(Side.B));
        ViewRows rows = new ViewRows(new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
        try (PairLoader loader = new PairLoader(data.a(), data.b(), viewsA, viewsB, count, settings.seed(), 1, 0)) {
            PairBatch batch = loader.next();
            for (int row = 0; row < count; row++) {
                int index = batch.indices()[row];
                List<Look> originals = new ArrayList<>(List.of(original(data.a(), index)));
                if (data.a().origin() != data.b().origin()) {
                    originals.add(original(data.b(), index));
                }
                List<Look> views = new ArrayList<>();
                for (int view = 0; view < viewsA; view++) {
                    views.add(seen(data.a(), batch.viewA(), view * count + row));
                }
                for (int view = 0; view < viewsB; view++) {
                    views.add(seen(data.b(), batch.viewB(), view * count + row));
                }
                rows.names.add(data.name(index));
                rows.originals.add(originals);
                rows.views.add(views);
            }
        }
        return rows;
    }

    private static Look original(ViewSource side, int index) throws IOException {
        return original(SampleForms.of(side.data()), side, index);
    }

    @SuppressWarnings("unchecked") // of the kind that the form is of
    private static <S> Look original(SampleForm<S, ?> form, ViewSource side, int index) throws IOException {
        return form.look((S) side.data().sample(index), side.origin());
    }

    private static Look seen(ViewSource side, ViewBatch batch, int place) {
        return seen(SampleForms.of(side.data()), side, batch, place);
    }

    private static <S> Look seen(SampleForm<S, ?> form, ViewSource side, ViewBatch batch, int place) {
        ViewType type = batch.type();
        ByteBuffer view =
                batch.values().slice(place * type.bytes(), type.bytes()).order(ByteOrder.nativeOrder());
        return form.look(form.seen(type, view), side.origin());
    }
}
