package dev.vicreg.training.config;

import dev.vicreg.models.encoder.EncoderOptions;
import dev.vicreg.models.encoder.Encoders;
import dev.vicreg.models.encoder.OnnxEncoder;
import dev.vicreg.models.graph.Dim;
import dev.vicreg.models.graph.ElementType;
import dev.vicreg.models.graph.TensorType;
import dev.vicreg.models.onnx.EditedModel;
import dev.vicreg.models.onnx.OnnxFile;
import dev.vicreg.models.setting.Codec;
import dev.vicreg.models.setting.Nearest;
import dev.vicreg.models.setting.Option;
import dev.vicreg.models.setting.SettingException;
import dev.vicreg.runtime.input.PictureSize;
import dev.vicreg.training.data.source.Dataset;
import dev.vicreg.training.data.view.Augmentation;
import dev.vicreg.training.data.view.ViewSource;
import dev.vicreg.training.data.view.ViewType;
import dev.vicreg.training.objective.Heads;
import dev.vicreg.training.objective.Projector;
import dev.vicreg.training.step.Branch;
import dev.vicreg.training.step.ViewInput;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The settings of one branch.
 *
 * @param encoder a name of {@link Encoders}, or of a file
 * @param width channels of the encoder's first stage, or width of its tokens or layers
 * @param input what it takes
 * @param projector widths such as {@code 512-512-512}, or {@code none}
 * @param headNorm whether projector and predictor have batch norms: {@code batch} or {@code none}
 * @param options what only some encoders take
 * @param onnx the file that the encoder came in; null for one of {@link Encoders}
 */
public record BranchConfig(
        @Option(
                help =
                        "network that is trained, or an ONNX file that holds it; without it resnet10 for pictures, mlp for"
                                + " vectors, resnet1d for signals, textcnn for sequences; names are {words}",
                second = "network of the second branch, or its file; without it another of `encoder`, or what fits the"
                        + " second side's data; names are {words}",
                argument = "NAME|FILE.onnx",
                codec = EncoderName.class)
        String encoder,

        @Option(
                help =
                        "channels of its first stage, or width of its tokens or layers; without it the published ones, but 16"
                                + " for resnet10, resnet18, resnet34 and resnet1d",
                second = "its width; without it that of `width`, or its own where `encoder-b` is another network",
                min = 1,
                max = 65_536)
        int width,

        InputConfig input,

        @Option(
                help = "widths of the layers between encoder and loss",
                second =
                        "widths between it and the loss; without it those of `projector`, and with the same last width",
                argument = "N-N-N|none",
                fallback = "512-512-512")
        String projector,

        @Option(
                help = "batch norms of projector and predictor; none is an experiment",
                choices = {BATCH, "none"},
                fallback = BATCH)
        String headNorm,

        EncoderOptions options,
        @Nullable OnnxConfig onnx) {
    private static final String BATCH = "batch";

    /** A name of {@link Encoders}, or a file. */
    static final class EncoderName implements Codec<String> {
        @Override
        public String parse(String text) {
            return OnnxConfig.isFile(text) ? text : Nearest.require(text, words());
        }

        @Override
        public List<String> words() {
            return List.copyOf(Encoders.names());
        }
    }

    /** An encoder of this project. */
    public BranchConfig(String encoder, int width, InputConfig input, String projector, EncoderOptions options) {
        this(encoder, width, input, projector, BATCH, options, null);
    }

    /** An encoder of pictures without options of its own. */
    public BranchConfig(
            String encoder,
            int width,
            int imageSize,
            int channels,
            List<Float> mean,
            List<Float> std,
            String projector) {
        this(encoder, width, new PictureInput(imageSize, channels, mean, std), projector, EncoderOptions.NONE);
    }

    /**
     * What these settings mean.
     *
     * @param scope of the branch's parameters
     * @param views how many views go through it
     * @param heads what the objective wants
     * @param predictor widths of the predictor's layers; empty for none
     * @throws IllegalArgumentException naming the first setting that is wrong
     * @throws IOException if the file of an imported encoder cannot be read
     */
    Branch branch(String scope, int views, Heads heads, List<Integer> predictor) throws IOException {
        boolean norms = headNorm.equals(BATCH);
        Projector behind = new Projector(Projector.parse(projector), heads.ending(), norms);
        Projector last = heads.predictor() == Heads.Predictor.NONE
                ? null
                : new Projector(predictor, Projector.Ending.LINEAR, norms);
        if (onnx != null) {
            OnnxEncoder imported = onnx.encoder();
            return new Branch(
                    new ViewInput.AsFed(imported.inputName(), imported.type(Dim.symbol("N"))),
                    imported,
                    behind,
                    last,
                    views,
                    scope);
        }
        Encoders.Input takes = Encoders.input(encoder);
        return new Branch(input.view(takes), Encoders.of(encoder, spec()), behind, last, views, scope);
    }

    /** The same encoder with nothing behind it. */
    BranchConfig encoderAlone() {
        return new BranchConfig(encoder, width, input, "none", headNorm, options, onnx);
    }

    /** The same settings with the size of local views told, where it wasn't: half the size of the others. */
    MultiViewConfig sized(MultiViewConfig views) {
        if (onnx != null || !(input instanceof PictureInput pictures)) {
            throw new SettingException(
                    "`local-views` are views of pictures for an encoder of this project, which takes any"
                            + " size; leave them out for "
                            + (onnx == null ? input.kind().noun() : encoder));
        }
        int size = views.localSize() == 0 ? Math.max(1, pictures.size().shorter() / 2) : views.localSize();
        return new MultiViewConfig(views.views(), views.localViews(), size);
    }

    /** The same branch for pictures of another size: what in its encoder follows from their size stays as it is. */
    BranchConfig seeing(PictureSize size) throws IOException {
        PictureInput other = ((PictureInput) input).of(size);
        if (onnx != null) {
            return new BranchConfig(encoder, width, other, projector, headNorm, options, other.sampledBy(onnx));
        }
        EncoderOptions resolved = Encoders.resolved(encoder, spec());
        return new BranchConfig(encoder, width, other, projector, headNorm, resolved, null);
    }

    private Encoders.Spec spec() {
        return new Encoders.Spec(width, input.pictureSize(Encoders.input(encoder)), input.vocabulary(), options);
    }

    /** The sizes that its pictures grow through; empty where they are of one size, or it sees none. */
    Optional<PictureSizes> growth() {
        return input instanceof PictureInput pictures
                        && pictures.sizes().stages().size() > 1
                ? Optional.of(pictures.sizes())
                : Optional.empty();
    }

    /** The same branch in one of the stages that its pictures grow through. */
    BranchConfig at(int stage) throws IOException {
        Optional<PictureSizes> growth = growth();
        return growth.isEmpty() ? this : seeing(growth.get().at(stage));
    }

    /**
     * How views are made of data that were read for this branch. Encoders of this project bring values to their scale
     * themselves; those of other origin are fed what they are used to.
     *
     * @throws IllegalArgumentException if the data do not fit the encoder
     */
    public ViewSource views(Dataset<?> data, Augmentation augmentation) throws IOException {
        ViewSource own = input.views(data, augmentation);
        if (onnx == null) {
            return own;
        }
        TensorType taken = onnx.input();
        ViewSource fed = input.asFed(own, onnx);
        List<Long> axes = fed.type().shape().stream().map(Integer::longValue).toList();
        List<Long> expected = onnx.encoder().sample();
        ElementType element = element(fed.type());
        if (!axes.equals(expected) || element != taken.element()) {
            throw new SettingException("Encoder " + encoder + " takes samples of "
                    + taken.element().name().toLowerCase(Locale.ROOT) + expected + ", views of the " + data.noun()
                    + " are " + element.name().toLowerCase(Locale.ROOT) + axes + input.remedy());
        }
        return fed;
    }

    private static ElementType element(ViewType type) {
        return switch (type.element()) {
            case UINT8 -> ElementType.UINT8;
            case FLOAT32 -> ElementType.FLOAT;
            case INT64 -> ElementType.INT64;
        };
    }

    /** How many ids the encoder knows; 0 where that isn't known, or it takes others. */
    public int vocabulary() throws IOException {
        int known = input.vocabulary();
        return known == 0 && onnx != null
                ? Math.toIntExact(onnx.encoder().vocabulary().orElse(0))
                : known;
    }

    /** Leaves a copy of the file that the encoder came in, if it came in one, as one file where that is possible. */
    public void copyTo(Path copy) throws IOException {
        if (onnx != null) {
            original(onnx).save(copy);
        }
    }

    private static EditedModel original(OnnxConfig onnx) throws IOException {
        try {
            return OnnxFile.withInitializers(Path.of(onnx.path()), Map.of(), false, Map.of());
        } catch (IllegalArgumentException e) { // the file is the user's
            throw new SettingException(e.getMessage(), e);
        }
    }

    /** The same with the copy that {@link #copyTo} left. */
    BranchConfig from(Path copy) {
        return onnx == null ? this : with(encoder, onnx.at(copy));
    }

    /** The same with a run's record of name and checksum, if this names the run's copy of the file. */
    BranchConfig adopting(BranchConfig recorded, Path copy) {
        OnnxConfig file = onnx;
        OnnxConfig before = recorded.onnx;
        if (file == null || before == null) {
            return this;
        }
        boolean own = Path.of(file.path()).equals(copy.toAbsolutePath().normalize());
        return own ? with(recorded.encoder, file.recordedAs(before)) : this;
    }

    private BranchConfig with(String name, OnnxConfig file) {
        return new BranchConfig(name, width, input, projector, headNorm, options, file);
    }
}
