package dev.vicreg.tools.evaluation.advice;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.vicreg.runtime.input.PictureSize;
import dev.vicreg.runtime.picture.Picture;
import dev.vicreg.training.data.picture.PictureKind;
import dev.vicreg.training.data.picture.PictureViews;
import dev.vicreg.training.data.source.Dataset;
import dev.vicreg.training.data.view.Augmentation;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class StrangenessTest {
    /** Grey pictures of two columns. */
    private record Pairs(int[]... pixels) implements Dataset<Picture> {
        @Override
        public byte[] stored(int index) {
            return new byte[0];
        }

        @Override
        public int size() {
            return pixels.length;
        }

        @Override
        public Picture sample(int index) {
            byte left = (byte) pixels[index][0];
            byte right = (byte) pixels[index][1];
            byte[] row = {left, left, left, right, right, right};
            byte[] samples = Arrays.copyOf(row, 2 * row.length);
            System.arraycopy(row, 0, samples, row.length, row.length);
            return new Picture(2, 2, 3, samples);
        }

        @Override
        public String noun() {
            return "pictures";
        }

        @Override
        public String name(int index) {
            return "" + index;
        }

        @Override
        public int label(int index) {
            return -1;
        }

        @Override
        public List<String> labelNames() {
            return List.of();
        }

        @Override
        public String fingerprint() {
            return "";
        }

        @Override
        public void close() {}
    }

    private static Strangeness of(Pairs data) throws IOException {
        return new Strangeness(views(data, Change.nothing(PictureKind.PICTURES)));
    }

    private static PictureViews views(Pairs data, Augmentation augmentation) {
        return new PictureViews(data, augmentation, PictureSize.square(2), 3);
    }

    private static Augmentation mirrored() {
        return Change.of(PictureKind.PICTURES).get(0).alone(PictureKind.PICTURES);
    }

    /** Distances from the nearest other: 10, 10, 20 and √6500; mirrored √500, √500, 40 and 40. Of four the third counts. */
    @Test
    void isHowMuchFartherAChangedSampleIsFromTheNearestOther() throws IOException {
        Pairs data = new Pairs(new int[] {0, 10}, new int[] {0, 20}, new int[] {0, 40}, new int[] {80, 0});
        assertEquals(Math.sqrt(5), of(data).of(views(data, mirrored())), 1e-6);
    }

    @Test
    void isOneWhereNothingChanges() throws IOException {
        Pairs data = new Pairs(new int[] {9, 9}, new int[] {50, 50}, new int[] {200, 200}, new int[] {7, 7});
        assertEquals(1, of(data).of(views(data, mirrored())), 1e-6);
    }

    @Test
    void twinsAreCounted() throws IOException {
        Pairs data = new Pairs(
                new int[] {0, 99}, new int[] {0, 99}, new int[] {100, 0}, new int[] {200, 50}, new int[] {40, 250});
        assertEquals(2 / 5.0, of(data).nearDuplicates(), 1e-9);
    }
}
