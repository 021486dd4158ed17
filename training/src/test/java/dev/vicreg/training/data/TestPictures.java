package dev.vicreg.training.data;

import dev.vicreg.runtime.picture.Picture;
import dev.vicreg.training.data.picture.PictureKind;
import dev.vicreg.training.data.source.DataFiles;
import dev.vicreg.training.data.source.DataOptions;
import dev.vicreg.training.data.source.Dataset;
import dev.vicreg.training.data.source.Selection;
import dev.vicreg.training.data.view.SampleRandom;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import javax.imageio.ImageIO;

/** Pictures drawn by formula, and files made of them. */
public final class TestPictures {
    private TestPictures() {}

    public static Picture noise(int width, int height, long seed) {
        SampleRandom random = new SampleRandom(seed);
        byte[] rgb = new byte[width * height * 3];
        for (int i = 0; i < rgb.length; i++) {
            rgb[i] = (byte) random.nextLong();
        }
        return new Picture(width, height, rgb);
    }

    public static byte[] encoded(Picture picture, String format) {
        try {
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            ImageIO.write(picture.toBufferedImage(), format, out);
            return out.toByteArray();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Writes and returns the file. The format is the name's extension. */
    static Path write(Path file, Picture picture) throws IOException {
        Files.createDirectories(Objects.requireNonNull(file.getParent()));
        String name = file.toString();
        return Files.write(file, encoded(picture, name.substring(name.lastIndexOf('.') + 1)));
    }

    /** The pictures that a user names. */
    public static Dataset<Picture> open(String spec, Selection selection) throws IOException {
        return PictureKind.PICTURES.open(DataFiles.at(spec), DataOptions.DEFAULT, selection);
    }
}
