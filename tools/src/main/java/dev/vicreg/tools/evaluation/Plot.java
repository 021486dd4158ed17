package dev.vicreg.tools.evaluation;

import dev.vicreg.models.setting.SettingException;
import dev.vicreg.runtime.file.AtomicFile;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import javax.imageio.ImageIO;

/** A picture of what an encoder makes of labelled samples. */
public abstract class Plot {
    /** The picture. */
    protected abstract BufferedImage draw();

    /** Writes it as PNG, complete or not at all. */
    public final void write(Path file) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        ImageIO.write(draw(), "png", bytes);
        AtomicFile.write(file, ByteBuffer.wrap(bytes.toByteArray()));
    }

    /**
     * Refuses a file that {@link #write} could not write, before anything is computed.
     *
     * @param option that names it, for the message
     * @throws SettingException if it doesn't end in .png
     * @throws IOException if it is a folder, or its own folder is missing
     */
    public static void requireWritable(String option, Path file) throws IOException {
        if (!file.toString().toLowerCase(Locale.ROOT).endsWith(".png")) {
            throw new SettingException(option + " must end in .png, found " + file);
        }
        AtomicFile.requireWritable(file);
    }

    /** The first sample of each class, none chosen by hand, as they come. */
    static List<Integer> firstOfEachClass(int[] labels, int most) {
        List<Integer> first = new ArrayList<>();
        Set<Integer> seen = new TreeSet<>();
        for (int i = 0; i < labels.length && first.size() < most; i++) {
            if (seen.add(labels[i])) {
                first.add(i);
            }
        }
        return first;
    }
}
