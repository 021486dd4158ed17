package dev.vicreg.tools.eval;

import dev.vicreg.runtime.EmbeddingModel;
import dev.vicreg.runtime.Preprocessing;
import dev.vicreg.runtime.picture.Interpolation;
import dev.vicreg.runtime.picture.Picture;
import dev.vicreg.training.data.InOrder;
import dev.vicreg.training.data.PictureDataset;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntConsumer;
import java.util.function.IntUnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * The labelled pictures of a data set as everything that is compared sees them. Pictures without a label are left out.
 *
 * @param indices places in the data set, ascending
 * @param labels classes of the pictures
 * @param encoder vectors of the encoder
 * @param baseline vectors of the encoder before training; null where there is none
 * @param thumbnails the pictures as the raw-pixel comparison takes them
 */
public record LabelledVectors(
        int[] indices, int[] labels, float[][] encoder, float @Nullable [][] baseline, List<Picture> thumbnails) {
    private static final int BATCH = 256;

    /** Larger pictures are reduced to this side for the comparison of raw pixels, which bounds its memory. */
    static final int MAX_PIXEL_SIDE = 32;

    private record Prepared(Picture encoder, @Nullable Picture baseline, Picture thumbnail) {}

    /**
     * Embeds a data set.
     *
     * @param label class of the picture at an index of {@code data}, -1 to leave it out
     * @param progress told how many pictures are done
     */
    public static LabelledVectors of(
            PictureDataset data,
            IntUnaryOperator label,
            EmbeddingModel encoder,
            @Nullable EmbeddingModel baseline,
            IntConsumer progress)
            throws IOException {
        Preprocessing forEncoder = PicturePreparation.of(encoder);
        Preprocessing forBaseline = baseline == null ? null : PicturePreparation.of(baseline);
        int side = Math.min(MAX_PIXEL_SIDE, forEncoder.imageSize());
        Preprocessing forPixels = new Preprocessing(side, side, Interpolation.BICUBIC);
        List<Integer> indices = new ArrayList<>();
        List<float[]> encoded = new ArrayList<>();
        List<float[]> before = new ArrayList<>();
        List<Picture> thumbnails = new ArrayList<>();
        InOrder.forEachBatch(
                data,
                BATCH,
                picture -> new Prepared(
                        forEncoder.apply(picture),
                        forBaseline == null ? null : forBaseline.apply(picture),
                        forPixels.apply(picture)),
                items -> {
                    List<InOrder.Item<Prepared>> labelled = items.stream()
                            .filter(item -> label.applyAsInt(item.index()) >= 0)
                            .toList();
                    labelled.forEach(item -> indices.add(item.index()));
                    labelled.forEach(item -> thumbnails.add(item.value().thumbnail));
                    encoded.addAll(List.of(encoder.embedPictures(
                            labelled.stream().map(item -> item.value().encoder).toList())));
                    if (baseline != null) {
                        before.addAll(List.of(baseline.embedPictures(labelled.stream()
                                .map(item -> item.value().baseline)
                                .toList())));
                    }
                    progress.accept(items.get(items.size() - 1).index() + 1);
                });
        int[] kept = indices.stream().mapToInt(Integer::intValue).toArray();
        int[] labels = indices.stream().mapToInt(label::applyAsInt).toArray();
        return new LabelledVectors(
                kept,
                labels,
                encoded.toArray(new float[0][]),
                baseline == null ? null : before.toArray(new float[0][]),
                List.copyOf(thumbnails));
    }

    /** How many pictures there are. */
    public int size() {
        return labels.length;
    }
}
