package dev.vicreg.training.data.picture;

import dev.vicreg.runtime.picture.Picture;
import dev.vicreg.training.data.kind.Kind;
import dev.vicreg.training.data.source.DataFile;
import dev.vicreg.training.data.source.DataFiles;
import dev.vicreg.training.data.source.DataOptions;
import dev.vicreg.training.data.source.Dataset;
import dev.vicreg.training.data.source.LeftOut;
import dev.vicreg.training.data.source.NpyFile;
import dev.vicreg.training.data.source.Selection;
import dev.vicreg.training.data.view.Augmentation;
import java.io.IOException;
import java.util.List;
import java.util.Map;

/** Pictures of any size. */
public final class PictureKind implements Kind<Picture> {
    static final String NOUN = "pictures";

    /** The kind. */
    public static final PictureKind PICTURES = new PictureKind();

    private PictureKind() {}

    @Override
    public String noun() {
        return NOUN;
    }

    @Override
    public String files() {
        return "a folder, .tar, .tar.gz or .zip, CIFAR binary or IDX files, .npy of bytes";
    }

    @Override
    public Map<String, Augmentation> presets() {
        return Map.of("official", official(), "paper", paper(), "cifar", cifar());
    }

    @Override
    public String preset() {
        return "cifar";
    }

    /** As the authors' code: blur 1.0 and no solarisation for view a, blur 0.1 and solarisation 0.2 for view b. */
    public static Augmentation official() {
        return new Augmentation(PicturePolicy.published(0.08, 1, 0), PicturePolicy.published(0.08, 0.1, 0.2), false);
    }

    /** As the paper's appendix: blur 0.5 and solarisation 0.1 for both views. */
    public static Augmentation paper() {
        return Augmentation.same(PicturePolicy.published(0.08, 0.5, 0.1));
    }

    /** As solo-learn on CIFAR: crops of a fifth and more, no blur, solarisation 0.1. */
    public static Augmentation cifar() {
        return Augmentation.same(PicturePolicy.published(0.2, 0, 0.1));
    }

    @Override
    public String arrays() {
        return "bytes [N,H,W,C], [N,C,H,W] or [N,H,W] for pictures";
    }

    @Override
    public boolean isArray(NpyFile.Header array) {
        return array.holdsBytes() && (array.shape().length == 4 || array.shape().length == 3);
    }

    @Override
    public int filesAmong(List<DataFile> files) {
        return PictureFiles.among(files).size();
    }

    @Override
    public int unreadAmong(List<DataFile> files) {
        return LeftOut.among(files, PictureFiles.UNREAD).size();
    }

    @Override
    public Dataset<Picture> open(DataFiles data, DataOptions options, Selection selection) throws IOException {
        int channels = options.channels() == 1 ? Picture.COLOURS : options.channels();
        return PictureFiles.open(data, channels, selection, Runtime.getRuntime().maxMemory() / 4);
    }
}
