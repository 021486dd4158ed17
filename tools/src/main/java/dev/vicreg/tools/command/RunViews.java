package dev.vicreg.tools.command;

import dev.vicreg.models.setting.SettingException;
import dev.vicreg.runtime.Embedder;
import dev.vicreg.runtime.EmbeddingModel;
import dev.vicreg.tools.cli.Console;
import dev.vicreg.tools.evaluation.SampleForm;
import dev.vicreg.tools.evaluation.SampleForms;
import dev.vicreg.tools.output.Progress;
import dev.vicreg.training.config.TrainingConfig;
import dev.vicreg.training.data.source.Dataset;
import dev.vicreg.training.data.source.Selection;
import dev.vicreg.training.data.view.ViewKey;
import dev.vicreg.training.data.view.ViewSource;
import dev.vicreg.training.data.view.ViewType;
import dev.vicreg.training.run.RunConfig;
import dev.vicreg.training.run.RunLayout;
import dev.vicreg.training.step.Side;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Views of test samples as the run draws them that trained an encoder: by the augmentations of both sides in turn, of the
 * first side's input.
 */
final class RunViews {
    /** Most samples that views are drawn of. */
    static final int SAMPLES = 1000;

    /** Views of each. */
    static final int VIEWS = 4;

    private static final int SAMPLES_AT_A_TIME = 32;

    private final TrainingConfig run;

    private RunViews(TrainingConfig run) {
        this.run = run;
    }

    /**
     * Of the run in whose folder a model is.
     *
     * @throws SettingException if it is in none
     */
    static RunViews beside(Path model) throws IOException {
        Path folder = model.toAbsolutePath().resolveSibling("");
        if (!Files.exists(new RunLayout(folder).config())) {
            throw new SettingException("`measures` views are of a run, whose augmentation draws them: expected " + model
                    + " in the folder that ./vicreg train wrote, found no config.json beside it; leave views out");
        }
        return new RunViews(RunConfig.settingsOf(folder));
    }

    /** Whether a model is in a run's folder. */
    static boolean isBeside(Path model) {
        return Files.exists(new RunLayout(model.toAbsolutePath().resolveSibling("")).config());
    }

    /**
     * Vectors of at most {@value #SAMPLES} samples' views by each of the models, [models][samples][{@value #VIEWS}][D].
     *
     * @throws IOException if a sample cannot be read
     */
    <S> List<float[][][]> embed(SampleForm<S, ?> form, Dataset<?> data, List<EmbeddingModel> models, Console console)
            throws IOException {
        List<ViewSource> sides = new ArrayList<>();
        for (Side side : Side.values()) {
            sides.add(run.graph().a().input().views(data, run.views().of(side)));
        }
        List<Embedder<S>> embedders =
                models.stream().map(model -> SampleForms.embedder(form, model)).toList();
        int[] some = new Selection(SAMPLES, 0).of(data.size(), index -> 0);
        List<List<float[][]>> embedded = new ArrayList<>();
        models.forEach(model -> embedded.add(new ArrayList<>()));
        try (Progress progress = new Progress(console, "views", 0, some.length)) {
            for (int from = 0; from < some.length; from += SAMPLES_AT_A_TIME) {
                int to = Math.min(some.length, from + SAMPLES_AT_A_TIME);
                List<S> views = new ArrayList<>();
                for (int i = from; i < to; i++) {
                    views.addAll(views(form, sides, some[i]));
                }
                for (int model = 0; model < embedders.size(); model++) {
                    embedded.get(model).addAll(vectors(embedders.get(model), views));
                }
                progress.at(to);
            }
        }
        return embedded.stream().map(rows -> rows.toArray(new float[0][][])).toList();
    }

    private <S> List<S> views(SampleForm<S, ?> form, List<ViewSource> sides, int index) throws IOException {
        List<ViewSource.Sample> sample = new ArrayList<>();
        for (ViewSource side : sides) {
            sample.add(side.sample(index));
        }
        List<S> views = new ArrayList<>();
        for (int view = 0; view < VIEWS; view++) {
            int side = view % sides.size();
            ViewType type = sides.get(side).type();
            ByteBuffer bytes = ByteBuffer.allocateDirect(type.bytes()).order(ByteOrder.nativeOrder());
            sample.get(side).write(new ViewKey(run.seed(), 0, index, view), bytes, 0);
            views.add(form.seen(type, bytes));
        }
        return views;
    }

    /** One sample after another, [samples][views][D]. */
    private static <S> List<float[][]> vectors(Embedder<S> embedder, List<S> views) {
        float[][] all = embedder.embed(views.stream().map(embedder::prepare).toList());
        List<float[][]> samples = new ArrayList<>();
        for (int first = 0; first < all.length; first += VIEWS) {
            float[][] own = new float[VIEWS][];
            System.arraycopy(all, first, own, 0, VIEWS);
            samples.add(own);
        }
        return samples;
    }
}
