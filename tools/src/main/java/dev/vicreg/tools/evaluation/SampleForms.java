package dev.vicreg.tools.evaluation;

import dev.vicreg.models.setting.SettingException;
import dev.vicreg.runtime.Embedder;
import dev.vicreg.runtime.EmbeddingModel;
import dev.vicreg.training.data.Kinds;
import dev.vicreg.training.data.kind.Kind;
import dev.vicreg.training.data.picture.PictureKind;
import dev.vicreg.training.data.source.Dataset;
import java.util.List;
import java.util.function.UnaryOperator;

/** The forms of samples by their kind: one line each. */
public final class SampleForms {
    private static final List<SampleForm<?, ?>> ALL =
            List.of(new PictureForm(), new VectorForm(), new SignalForm(), new SequenceForm());

    private SampleForms() {}

    /** The form of a data set's samples. */
    public static SampleForm<?, ?> of(Dataset<?> data) {
        Kind<?> kind = Kinds.of(data);
        return ALL.stream().filter(form -> form.kind() == kind).findFirst().orElseThrow();
    }

    /**
     * The same, of pictures with crops that are averaged.
     *
     * @throws SettingException if these are no pictures
     */
    public static SampleForm<?, ?> of(Dataset<?> data, Crops crops) {
        if (Kinds.of(data) != PictureKind.PICTURES) {
            throw new SettingException("`crops` are of pictures, found " + data.noun() + "; leave it out");
        }
        return new PictureForm(crops);
    }

    /**
     * How samples of data that a user has named go into a model: one that it cannot take is the user's to change.
     *
     * @throws SettingException if it takes something else
     */
    public static <S> Embedder<S> embedder(SampleForm<S, ?> form, EmbeddingModel model) {
        try {
            return new UserSamples<>(form.embedder(model));
        } catch (IllegalStateException e) {
            throw new SettingException(e.getMessage(), e);
        }
    }

    /**
     * A sample of data that a user has named, as a model takes it: one that it cannot take is the user's to change.
     *
     * @param model brings it to that
     * @throws SettingException if it can't be brought to that
     */
    public static <S> S prepare(UnaryOperator<S> model, S sample) {
        try {
            return model.apply(sample);
        } catch (IllegalArgumentException e) {
            throw new SettingException(e.getMessage(), e);
        }
    }
}
