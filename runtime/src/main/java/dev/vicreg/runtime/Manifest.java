package dev.vicreg.runtime;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonDeserializationContext;
import com.google.gson.JsonDeserializer;
import com.google.gson.JsonElement;
import com.google.gson.JsonParseException;
import com.google.gson.JsonSerializer;
import dev.vicreg.runtime.natives.OrtSessions;
import dev.vicreg.runtime.picture.Interpolation;
import java.io.IOException;
import java.lang.reflect.Type;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What an exported encoder says about itself: JSON in the ONNX file's metadata under {@value #METADATA_KEY}.
 *
 * @param formatVersion {@value #PICTURE_VERSION} for pictures, {@value #FORMAT_VERSION} for vectors, signals and sequences,
 *     which the first readers didn't know; grows when an older reader would go wrong
 * @param version this project's version that wrote the file
 * @param encoder the encoder's name, e.g. {@code resnet18}
 * @param input what the model takes and how to prepare it
 * @param dimension width of an embedding
 * @param parameters number of trained values
 * @param configHash identifies the training configuration
 * @param evaluation figures measured on this encoder by name, e.g. {@code knn-20-0.07}; may be empty
 * @param output the model's output; null for {@value #EMBEDDING}
 * @param pool how the output becomes one vector per sample: see {@link OutputRows}; null where it is one
 */
public record Manifest(
        int formatVersion,
        String version,
        String encoder,
        Input input,
        int dimension,
        long parameters,
        String configHash,
        Map<String, Double> evaluation,
        @Nullable String output,
        @Nullable String pool) {

    public static final String METADATA_KEY = "vicreg.manifest";

    /** What own encoders call their output. */
    public static final String EMBEDDING = "embedding";

    /** What every version reads. */
    private static final int PICTURE_VERSION = 1;

    public static final int FORMAT_VERSION = 2;

    private static final Gson GSON = new GsonBuilder()
            .setPrettyPrinting()
            .disableHtmlEscaping()
            .registerTypeAdapter(
                    Input.class, (JsonSerializer<Input>) (input, type, context) -> context.serialize(input))
            .registerTypeAdapter(Input.class, (JsonDeserializer<Input>) Manifest::input)
            .create();

    /** What a model takes. */
    public sealed interface Input {
        /** The model's input. */
        String name();

        /**
         * {@value PictureInput#KIND}, {@value VectorInput#KIND}, {@value SignalInput#KIND} or {@value SequenceInput#KIND}.
         */
        String kind();

        /** Of each colour, column or channel, none of ids; subtracted inside the model. */
        List<Float> mean();

        /** Standard deviation of each colour, column or channel, none of ids; divided by inside the model. */
        List<Float> deviation();

        /** The input of an own picture encoder: RGB, the shorter side resized to the model's size. */
        static PictureInput picture(int imageSize, List<Float> mean, List<Float> deviation) {
            return new PictureInput(
                    "image", PictureInput.KIND, imageSize, 3, "RGB", imageSize, "bicubic", mean, deviation, null);
        }

        /**
         * The pictures of an encoder of other origin.
         *
         * @param layout {@value PictureInput#CHANNELS_FIRST} or {@value PictureInput#CHANNELS_LAST} of normalised
         *     float32; null for uint8
         */
        static PictureInput picture(
                String name, int imageSize, List<Float> mean, List<Float> deviation, @Nullable String layout) {
            return new PictureInput(
                    name, PictureInput.KIND, imageSize, 3, "RGB", imageSize, "bicubic", mean, deviation, layout);
        }

        /** The input of an encoder of vectors. */
        static VectorInput vector(List<String> columns, List<Float> mean, List<Float> deviation) {
            return new VectorInput("vector", VectorInput.KIND, columns, mean, deviation);
        }

        /** The input of an encoder of signals. */
        static SignalInput signal(int rate, int length, List<Float> mean, List<Float> deviation, String frontEnd) {
            return new SignalInput("signal", SignalInput.KIND, rate, length, mean.size(), frontEnd, mean, deviation);
        }
    }

    /**
     * A picture input: uint8 [N, imageSize, imageSize, channels]. The caller resizes; the model normalises. With a
     * layout float32 instead, and the caller normalises too.
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
     * @param layout {@value #CHANNELS_FIRST} for [N, channels, imageSize, imageSize], {@value #CHANNELS_LAST}; null for
     *     uint8
     */
    public record PictureInput(
            String name,
            String kind,
            int imageSize,
            int channels,
            String colourOrder,
            int shortestSide,
            String interpolation,
            List<Float> mean,
            List<Float> deviation,
            @Nullable String layout)
            implements Input {
        public static final String KIND = "picture";

        public static final String CHANNELS_FIRST = "nchw";

        public static final String CHANNELS_LAST = "nhwc";

        public PictureInput {
            if (layout != null && !layout.equals(CHANNELS_FIRST) && !layout.equals(CHANNELS_LAST)) {
                throw new JsonParseException("expected the layout nchw or nhwc, found " + layout);
            }
            Objects.requireNonNull(name, "input.name");
            Objects.requireNonNull(colourOrder, "input.colourOrder");
            Objects.requireNonNull(interpolation, "input.interpolation");
            mean = List.copyOf(Objects.requireNonNull(mean, "input.mean"));
            deviation = List.copyOf(Objects.requireNonNull(deviation, "input.deviation"));
        }

        /** One picture, 0–255 unsigned [H,W,C] → (x/255 - mean)/deviation in this input's layout. */
        public float[] normalised(byte[] picture) {
            return normalised(picture, mean, deviation, CHANNELS_FIRST.equals(layout));
        }

        /** The same with these means and deviations, one for each channel, to [C,H,W] or [H,W,C]. */
        public static float[] normalised(
                byte[] picture, List<Float> mean, List<Float> deviation, boolean channelsFirst) {
            int channels = mean.size();
            int pixels = picture.length / channels;
            float[] values = new float[picture.length];
            for (int c = 0; c < channels; c++) {
                float factor = 1 / (255 * deviation.get(c));
                float shift = -mean.get(c) / deviation.get(c);
                for (int i = 0; i < pixels; i++) {
                    values[channelsFirst ? c * pixels + i : i * channels + c] =
                            (picture[i * channels + c] & 0xFF) * factor + shift;
                }
            }
            return values;
        }
    }

    /**
     * A vector input: float32 [N, columns], values as they are. The model standardises.
     *
     * @param name the model's input, {@code vector}
     * @param kind {@code vector}
     * @param columns what the values are, in their order
     */
    public record VectorInput(String name, String kind, List<String> columns, List<Float> mean, List<Float> deviation)
            implements Input {
        public static final String KIND = "vector";

        public VectorInput {
            Objects.requireNonNull(name, "input.name");
            columns = List.copyOf(Objects.requireNonNull(columns, "input.columns"));
            mean = List.copyOf(Objects.requireNonNull(mean, "input.mean"));
            deviation = List.copyOf(Objects.requireNonNull(deviation, "input.deviation"));
            requireSize("columns", columns.size(), mean, deviation);
        }
    }

    /**
     * A signal input: float32 [N, channels, length]. The caller resamples to the rate and takes the middle, with the mean
     * beyond the ends of a shorter signal; the model standardises and applies its front end.
     *
     * @param name the model's input, {@code signal}
     * @param kind {@code signal}
     * @param rate samples per second; 0 where it isn't known
     * @param length values of each channel
     * @param channels 1 where all of a recording's are mixed
     * @param frontEnd what the model begins with, such as {@code log-mel}; {@code none}
     */
    public record SignalInput(
            String name,
            String kind,
            int rate,
            int length,
            int channels,
            String frontEnd,
            List<Float> mean,
            List<Float> deviation)
            implements Input {
        public static final String KIND = "signal";

        public SignalInput {
            Objects.requireNonNull(name, "input.name");
            Objects.requireNonNull(frontEnd, "input.frontEnd");
            mean = List.copyOf(Objects.requireNonNull(mean, "input.mean"));
            deviation = List.copyOf(Objects.requireNonNull(deviation, "input.deviation"));
            requireSize("channels", channels, mean, deviation);
            if (length < 1 || rate < 0) {
                throw new JsonParseException(
                        "expected a length of 1 or more and a rate of 0 or more, found " + length + " and " + rate);
            }
        }
    }

    /**
     * An input of ids: int64 [N, length]. The caller pads at the end, and cuts what is longer where the model was trained
     * so: see {@link #fitted}.
     *
     * @param name the model's input, {@code ids} of own encoders
     * @param kind {@code sequence}
     * @param length ids that the model takes
     * @param coding {@value dev.vicreg.runtime.sequence.ByteIds#NAME} for texts, whose ids are those of
     *     {@link dev.vicreg.runtime.sequence.ByteIds}; {@value #IDS} for ids that come from elsewhere
     * @param vocabulary ids are 0 to one less; 0 where that isn't known
     * @param padding the id that fills up
     * @param mask the id that stood for masked ones in training
     * @param special ids that are kept where a sequence is cut, such as those of [CLS] and [SEP]
     * @param cut whether longer sequences are cut; they are refused otherwise
     */
    public record SequenceInput(
            String name,
            String kind,
            int length,
            String coding,
            int vocabulary,
            int padding,
            int mask,
            List<Integer> special,
            boolean cut)
            implements Input {
        public static final String KIND = "sequence";

        public static final String IDS = "ids";

        public SequenceInput {
            Objects.requireNonNull(name, "input.name");
            Objects.requireNonNull(coding, "input.coding");
            special = List.copyOf(Objects.requireNonNull(special, "input.special"));
            if (length < 1 || vocabulary < 0) {
                throw new JsonParseException("expected a length of 1 or more and a vocabulary of 0 or more, found "
                        + length + " and " + vocabulary);
            }
        }

        /** Nothing. */
        @Override
        public List<Float> mean() {
            return List.of();
        }

        /** Nothing. */
        @Override
        public List<Float> deviation() {
            return List.of();
        }

        /**
         * Ids as the model takes them, {@link #length} of them: what is too long loses ids at its end, but no special
         * ones; what is too short is padded.
         *
         * @param ids padding at the end is ignored
         * @throws IllegalArgumentException if an id is out of range, there is none, or there are too many: says which
         */
        public long[] fitted(long... ids) {
            int count = ids.length;
            while (count > 0 && ids[count - 1] == padding) {
                count--;
            }
            int specials = 0;
            for (int i = 0; i < count; i++) {
                specials += isSpecial(ids[i]) ? 1 : 0;
                if (ids[i] < 0 || (vocabulary > 0 && ids[i] >= vocabulary)) {
                    throw new IllegalArgumentException("id " + ids[i] + " at place " + i + " is not one of 0 to "
                            + (vocabulary == 0 ? "…" : vocabulary - 1));
                }
            }
            if (count == 0 || (count > length && !cut)) {
                throw new IllegalArgumentException("a sequence of " + count + " ids, expected 1 to " + length);
            }
            int room = Math.max(0, length - specials);
            long[] fitted = new long[length];
            Arrays.fill(fitted, padding);
            int size = 0;
            for (int i = 0; i < count && size < length; i++) {
                if (isSpecial(ids[i]) || room-- > 0) {
                    fitted[size++] = ids[i];
                }
            }
            return fitted;
        }

        private boolean isSpecial(long id) {
            return id <= Integer.MAX_VALUE && special.contains((int) id);
        }
    }

    private static void requireSize(String what, int size, List<Float> mean, List<Float> deviation) {
        if (size < 1 || mean.size() != size || deviation.size() != size) {
            throw new JsonParseException("expected a mean and a deviation for each of its " + size + " " + what
                    + ", found " + mean.size() + " and " + deviation.size());
        }
    }

    private static Input input(JsonElement json, Type type, JsonDeserializationContext context) {
        JsonElement kind = json.isJsonObject() ? json.getAsJsonObject().get("kind") : null;
        if (kind == null || !kind.isJsonPrimitive()) {
            throw new NullPointerException("input.kind");
        }
        return switch (kind.getAsString()) {
            case PictureInput.KIND -> context.deserialize(json, PictureInput.class);
            case VectorInput.KIND -> context.deserialize(json, VectorInput.class);
            case SignalInput.KIND -> context.deserialize(json, SignalInput.class);
            case SequenceInput.KIND -> context.deserialize(json, SequenceInput.class);
            default ->
                throw new JsonParseException("its input is of the unknown kind '" + kind.getAsString()
                        + "', expected picture, vector, signal or sequence");
        };
    }

    /** Of an own encoder. */
    public Manifest(
            int formatVersion,
            String version,
            String encoder,
            Input input,
            int dimension,
            long parameters,
            String configHash,
            Map<String, Double> evaluation) {
        this(formatVersion, version, encoder, input, dimension, parameters, configHash, evaluation, null, null);
    }

    /** The name of the model's output. */
    public String outputName() {
        return output == null ? EMBEDDING : output;
    }

    /** How the output becomes one vector per sample. */
    public String pooling() {
        return pool == null ? OutputRows.NONE : pool;
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

    /** The format version that a manifest of this input needs: the oldest, so that as many readers as can know it. */
    public static int formatVersion(Input input) {
        return input instanceof PictureInput picture && picture.layout == null ? PICTURE_VERSION : FORMAT_VERSION;
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
        if (manifest.formatVersion < PICTURE_VERSION || manifest.formatVersion > FORMAT_VERSION) {
            throw new IOException(source + ": its manifest has format version " + manifest.formatVersion
                    + " (written by " + manifest.version + "), expected at most " + FORMAT_VERSION
                    + "; use the version that wrote it, or export again");
        }
        return manifest;
    }

    /**
     * How pictures are prepared for this model.
     *
     * @throws IOException if the model takes something else than RGB pictures, or its values make no sense
     */
    public Preprocessing preprocessing(String source) throws IOException {
        if (!(input instanceof PictureInput picture)) {
            throw new IOException(source + " takes " + input.kind() + " input, expected picture input");
        }
        if (picture.channels != 3 || !picture.colourOrder.equals("RGB")) {
            throw new IOException(source + " takes pictures with " + picture.channels + " channels ("
                    + picture.colourOrder + "), expected 3 (RGB)");
        }
        try {
            var interpolation = Interpolation.valueOf(picture.interpolation.toUpperCase(Locale.ROOT));
            return new Preprocessing(picture.shortestSide, picture.imageSize, interpolation);
        } catch (IllegalArgumentException e) {
            throw new IOException(source + ": its manifest is wrong: " + e.getMessage(), e);
        }
    }
}
