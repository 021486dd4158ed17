package dev.vicreg.tools.evaluation;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import dev.vicreg.runtime.Embedder;
import dev.vicreg.runtime.input.PictureSize;
import dev.vicreg.runtime.picture.Picture;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class CropsTest {
    private static final PictureSize SIZE = PictureSize.square(8);

    /** Embeds a picture as the values of its first two pixels, and remembers what it was given. */
    private static final class Corner implements Embedder<Picture> {
        final List<Picture> seen = new ArrayList<>();

        @Override
        public Picture decode(byte[] file, String name) {
            throw new UnsupportedOperationException();
        }

        @Override
        public Picture prepare(Picture picture) {
            return picture;
        }

        @Override
        public float[][] embed(List<Picture> prepared) {
            seen.addAll(prepared);
            return prepared.stream().map(Corner::vector).toArray(float[][]::new);
        }

        private static float[] vector(Picture picture) {
            return new float[] {picture.samples()[0] & 255, picture.samples()[3] & 255};
        }
    }

    private static Picture noise(int seed, int width, int height) {
        byte[] samples = new byte[width * height * 3];
        new SplittableRandom(seed).nextBytes(samples);
        return new Picture(width, height, 3, samples);
    }

    @Test
    void isTheMeanOverCropsOfTheModelsSize() {
        Corner model = new Corner();
        float[] mean = new Crops(5, 0.25).averagedBy(model, SIZE).embed(List.of(noise(1, 16, 16)))[0];
        assertEquals(5, model.seen.size());
        float[] expected = new float[2];
        for (Picture crop : model.seen) {
            assertEquals(8, crop.width());
            assertEquals(8, crop.height());
            expected[0] += Corner.vector(crop)[0] / 5;
            expected[1] += Corner.vector(crop)[1] / 5;
        }
        assertArrayEquals(expected, mean, 1e-4f);
        assertNotEquals(model.seen.get(0), model.seen.get(1));
    }

    /** A quarter of 16 by 16 is 8 by 8: such a crop is a part of the picture or its mirror, pixel for pixel. */
    @Test
    void cropsAreOfTheAreaAskedFor() {
        Corner model = new Corner();
        Picture picture = noise(2, 16, 16);
        new Crops(40, 0.25).averagedBy(model, SIZE).embed(List.of(picture));
        long parts = model.seen.stream().filter(crop -> isPart(crop, picture)).count();
        assertEquals(40, parts);
    }

    private static boolean isPart(Picture crop, Picture picture) {
        for (int x = 0; x <= 8; x++) {
            for (int y = 0; y <= 8; y++) {
                for (boolean mirrored : new boolean[] {false, true}) {
                    if (isAt(crop, picture, x, y, mirrored)) {
                        return true;
                    }
                }
            }
        }
        return false;
    }

    private static boolean isAt(Picture crop, Picture picture, int x, int y, boolean mirrored) {
        for (int i = 0; i < 8 * 8; i++) {
            int column = mirrored ? 7 - i % 8 : i % 8;
            int source = ((y + i / 8) * 16 + x + column) * 3;
            if (crop.samples()[3 * i] != picture.samples()[source]) {
                return false;
            }
        }
        return true;
    }

    @Test
    void aPicturesEmbeddingDoesNotDependOnOthers() {
        Embedder<Picture> model = new Crops(7, 0.3).averagedBy(new Corner(), SIZE);
        Picture first = noise(3, 20, 12);
        Picture second = noise(4, 9, 31);
        float[][] together = model.embed(List.of(first, second));
        assertArrayEquals(together[0], model.embed(List.of(first))[0]);
        assertArrayEquals(together[1], model.embed(List.of(second))[0]);
    }
}
