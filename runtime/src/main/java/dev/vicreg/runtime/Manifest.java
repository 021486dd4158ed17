package dev.vicreg.runtime;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonParseException;
import dev.vicreg.runtime.picture.Interpolation;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;

/**
 * What an exported encoder says about itself: JSON in the ONNX file's metadata under {@value #METADATA_KEY}.
 *
 * @param formatVersion {@value #FORMAT_VERSION}; grows when an older reader would go wrong
 * @param version this project's version that wrote the file
 * @param encoder the encoder's name, e.g. {@code resnet18}
 * @param input what the model takes and how to prepare it
 * @param dimension width of an embedding
 * @param parameters number of trained values
 * @param configHash identifies the training configuration
 * @param evaluation figures measured on this encoder by name, e.g. {@code knn-20-0.07}; may be empty
 */
public record Manifest(
        int formatVersion,
        String version,
        String encoder,
        Input input,
        int dimension,
        long parameters,
        String configHash,
        Map<String, Double> evaluation) {

    public static final String METADATA_KEY = "vicreg.manifest";

    public static final int FORMAT_VERSION = 1;

    private static final Gson GSON =
            new GsonBuilder().setPrettyPrinting().disableHtmlEscaping().create();

    /**
     * A picture input: uint8 [N, imageSize, imageSize, channels]. The caller resizes; the model normalises.
     *
     * @param name the model's input, {@code image}
     * @param kind {@code picture}
     * @param imageSize height and width that the model takes, in pixels
     * @param channels 3
     * @param colourOrder {@code RGB}
     * @param shortestSide the picture is resized, keeping its proportions, until its shorter side has this many pixels;
     *     the middle of that is cut out
     * @param interpolation {@code bicubic} or {@code bilinear}, antialiased as Pillow's
     * @param mean per channel on a scale of 0 to 1, subtracted inside the model
     * @param deviation standard deviation per channel on a scale of 0 to 1, divided by inside the model
     */
    public record Input(
            String name,
            String kind,
            int imageSize,
            int channels,
            String colourOrder,
            int shortestSide,
            String interpolation,
            List<Float> mean,
            List<Float> deviation) {
        public static final String PICTURE = "picture";

        /** The input of an own picture encoder: RGB, the shorter side resized to the model's size. */
        public static Input picture(int imageSize, List<Float> mean, List<Float> deviation) {
            return new Input("image", PICTURE, imageSize, 3, "RGB", imageSize, "bicubic", mean, deviation);
        }

        public Input {
            Objects.requireNonNull(name, "input.name");
            Objects.requireNonNull(kind, "input.kind");
            Objects.requireNonNull(colourOrder, "input.colourOrder");
            Objects.requireNonNull(interpolation, "input.interpolation");
            mean = List.copyOf(Objects.requireNonNull(mean, "input.mean"));
            deviation = List.copyOf(Objects.requireNonNull(deviation, "input.deviation"));
        }
    }

    public Manifest {
        Objects.requireNonNull(version, "version");
        Objects.requireNonNull(encoder, "encoder");
        Objects.requireNonNull(input, "input");
        Objects.requireNonNull(configHash, "configHash");
        evaluation = new LinkedHashMap<>(Objects.requireNonNull(evaluation, "evaluation"));
    }

    /** A copy. */
    @Override
    public Map<String, Double> evaluation() {
        return new LinkedHashMap<>(evaluation);
    }

    /** The JSON text to store. */
    public String toJson() {
        return GSON.toJson(this);
    }

    /**
     * Reads what {@link #toJson} wrote; fields that this version doesn't know are ignored.
     *
     * @param source what messages call the model
     * @throws IOException if the text is no manifest, misses a field, or was written by a newer, incompatible version
     */
    public static Manifest parse(String json, String source) throws IOException {
        Manifest manifest;
        try {
            manifest = GSON.fromJson(json, Manifest.class);
        } catch (JsonParseException e) {
            throw new IOException(
                    source + ": its " + METADATA_KEY + " is no JSON of the expected form: " + OrtSessions.firstLine(e),
                    e);
        } catch (RuntimeException e) {
            // gson wraps what a record's constructor throws, here the name of a missing field
            Throwable cause = e.getCause() == null ? e : e.getCause();
            throw new IOException(source + ": its " + METADATA_KEY + " has no field " + cause.getMessage(), e);
        }
        if (manifest == null) {
            throw new IOException(source + ": its " + METADATA_KEY + " is empty; export the encoder again");
        }
        if (manifest.formatVersion != FORMAT_VERSION) {
            throw new IOException(source + ": its manifest has format version " + manifest.formatVersion
                    + " (written by " + manifest.version + "), expected " + FORMAT_VERSION
                    + "; use the version that wrote it, or export again");
        }
        return manifest;
    }

    /**
     * How pictures are prepared for this model.
     *
     * @throws IOException if the model takes something else than RGB pictures, or its values make no sense
     */
    Preprocessing preprocessing(String source) throws IOException {
        if (!input.kind.equals(Input.PICTURE) || input.channels != 3 || !input.colourOrder.equals("RGB")) {
            throw new IOException(source + " takes " + input.kind + " input with " + input.channels + " channels ("
                    + input.colourOrder + "), expected picture input with 3 (RGB)");
        }
        try {
            var interpolation = Interpolation.valueOf(input.interpolation.toUpperCase(Locale.ROOT));
            return new Preprocessing(input.shortestSide, input.imageSize, interpolation);
        } catch (IllegalArgumentException e) {
            throw new IOException(source + ": its manifest is wrong: " + e.getMessage(), e);
        }
    }
}
