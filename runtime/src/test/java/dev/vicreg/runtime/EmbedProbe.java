package dev.vicreg.runtime;

import dev.vicreg.runtime.natives.Device;
import dev.vicreg.runtime.natives.NativeLibraries;
import dev.vicreg.runtime.picture.Picture;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/** Embeds a picture in a JVM of its own and prints the vector, or the error. */
public final class EmbedProbe {
    private EmbedProbe() {}

    public static Picture picture(int size) {
        byte[] rgb = new byte[size * size * 3];
        for (int i = 0; i < rgb.length; i++) {
            rgb[i] = (byte) (i * 37);
        }
        return new Picture(size, size, rgb);
    }

    public static void main(String[] args) throws Exception {
        Path encoder = Path.of(System.getProperty("probe.encoder"));
        Device device = Device.parse(System.getProperty("probe.device"));
        try (EmbeddingModel model = EmbeddingModel.load(encoder, device, 1)) {
            System.out.println("training " + NativeLibraries.load().trainingEnabled());
            System.out.println("vector " + Arrays.toString(model.embedPictures(List.of(picture(32)))[0]));
        } catch (IllegalStateException e) {
            System.out.println("error " + e.getMessage());
        }
    }
}
