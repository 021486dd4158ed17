package dev.vicreg.tools.evaluation;

import dev.vicreg.runtime.Embedder;
import dev.vicreg.runtime.input.PictureSize;
import dev.vicreg.runtime.picture.Picture;
import dev.vicreg.training.data.picture.PicturePolicy;
import dev.vicreg.training.data.view.ViewKey;
import java.io.IOException;
import java.util.List;

/**
 * Random crops of a picture whose embeddings are averaged, as EMP-SSL evaluates (Tong, Chen, Ma and LeCun 2023):
 * squares of one share of the picture's area, half of them mirrored. Which crops these are depends on their number alone, so
 * that a picture's embedding doesn't depend on where it stands among others.
 *
 * @param number how many of each picture, at least 1
 * @param area of a crop as a part of the picture's, above 0 and at most 1
 */
public record Crops(int number, double area) {
    private PicturePolicy policy() {
        return new PicturePolicy(area, area, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0.5);
    }

    private Picture crop(int index, Picture picture, PictureSize size) {
        ViewKey key = new ViewKey(0, 0, index, 0);
        return policy().draw(key.random(), picture.width(), picture.height()).apply(picture, size);
    }

    /**
     * A model whose embedding of a picture is the mean over its crops: what it prepares are pictures as they came.
     *
     * @param size of the pictures that the model takes
     */
    Embedder<Picture> averagedBy(Embedder<Picture> model, PictureSize size) {
        return new Embedder<>() {
            @Override
            public Picture decode(byte[] file, String name) throws IOException {
                return model.decode(file, name);
            }

            @Override
            public Picture prepare(Picture picture) {
                return picture;
            }

            @Override
            public float[][] embed(List<Picture> pictures) {
                double[][] sums = new double[pictures.size()][];
                for (int i = 0; i < number; i++) {
                    int index = i;
                    List<Picture> crops = pictures.parallelStream()
                            .map(picture -> model.prepare(crop(index, picture, size)))
                            .toList();
                    add(model.embed(crops), sums);
                }
                return means(sums);
            }
        };
    }

    private static void add(float[][] vectors, double[][] sums) {
        for (int row = 0; row < sums.length; row++) {
            sums[row] = sums[row] == null ? new double[vectors[row].length] : sums[row];
            for (int i = 0; i < sums[row].length; i++) {
                sums[row][i] += vectors[row][i];
            }
        }
    }

    private float[][] means(double[][] sums) {
        float[][] means = new float[sums.length][];
        for (int row = 0; row < sums.length; row++) {
            means[row] = new float[sums[row].length];
            for (int i = 0; i < means[row].length; i++) {
                means[row][i] = (float) (sums[row][i] / number);
            }
        }
        return means;
    }
}
