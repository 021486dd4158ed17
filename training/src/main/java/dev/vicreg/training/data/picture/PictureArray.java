package dev.vicreg.training.data.picture;

import dev.vicreg.runtime.picture.Picture;
import dev.vicreg.training.data.source.NpyFile;
import dev.vicreg.training.data.source.RowLabels;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The pictures of an array in NumPy's format, uint8 [N,H,W,C], [N,C,H,W], or [N,H,W] of grey ones, all of one size.
 * Channels stand where their number is the wanted one, else where it can become that; at the end if both axes would do.
 */
final class PictureArray {
    private PictureArray() {}

    /**
     * Reads an opened array, and closes it.
     *
     * @param channels in which pictures are decoded
     * @throws IOException if it is empty or damaged, or neither axis is one of channels that can become these
     */
    static RawPictures read(NpyFile array, int channels) throws IOException {
        Path file = array.path();
        int[] shape = array.shape();
        boolean grey = shape.length == 3;
        boolean planar = !grey && isPlanar(shape, channels, file);
        int own = grey ? 1 : shape[planar ? 1 : 3];
        int height = shape[planar ? 2 : 1];
        int width = shape[planar ? 3 : 2];
        byte[] data = array.bytes();
        if (data.length == 0) {
            throw new IOException(file + " holds no pictures: its shape is " + Arrays.toString(shape));
        }
        RowLabels labels = new RowLabels(shape[0], RowLabels.beside(file, shape[0]));
        int[] numbers = IntStream.range(0, shape[0]).map(labels::of).toArray();
        RawPictures.Block block = new RawPictures.Block(
                String.valueOf(file.getFileName()),
                data,
                0,
                data.length / shape[0],
                width,
                height,
                own,
                planar,
                numbers,
                false);
        return new RawPictures(List.of(block), labels.names(), channels);
    }

    private static boolean isPlanar(int[] shape, int channels, Path file) throws IOException {
        if (shape[3] == channels || shape[1] == channels) {
            return shape[3] != channels;
        }
        if (canBecome(shape[3], channels) || canBecome(shape[1], channels)) {
            return !canBecome(shape[3], channels);
        }
        throw new IOException(
                file + " holds pictures of shape " + Arrays.toString(shape) + ", expected [N,H,W," + channels
                        + "] or [N," + channels + ",H,W] of the encoder's " + channels
                        + " channels; `channels` of an encoder of"
                        + " this project may be 1 to " + Picture.MOST_CHANNELS);
    }

    private static boolean canBecome(int own, int channels) {
        return own >= 1 && Math.max(own, channels) <= 4;
    }
}
