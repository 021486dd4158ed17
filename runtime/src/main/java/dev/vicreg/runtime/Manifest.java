package dev.vicreg.runtime;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonDeserializationContext;
import com.google.gson.JsonDeserializer;
import com.google.gson.JsonElement;
import com.google.gson.JsonParseException;
import com.google.gson.JsonPrimitive;
import com.google.gson.JsonSerializer;
import com.google.gson.reflect.TypeToken;
import dev.vicreg.runtime.file.Reason;
import dev.vicreg.runtime.input.Input;
import dev.vicreg.runtime.natives.OrtSessions;
import java.io.IOException;
import java.lang.reflect.Type;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What an exported encoder or classifier says about itself: JSON in the ONNX file's metadata under {@value #METADATA_KEY}.
 *
 * @param formatVersion {@value #PICTURE_VERSION} for pictures, 2 for vectors, signals and sequences, which
 *     the first readers didn't know, 3 for grey pictures and such as aren't square, {@value #FORMAT_VERSION} for
 *     pictures of other channels than one and three, and for bytes with channels first, {@value #CLASSIFIER_VERSION} for
 *     classifiers and {@value #REGRESSOR_VERSION} for regressors alone; grows when an older reader would go wrong
 * @param version this project's version that wrote the file
 * @param encoder the encoder's name, e.g. {@code resnet18}
 * @param input what the model takes and how to prepare it
 * @param dimension width of an embedding
 * @param parameters number of trained values
 * @param configHash identifies the training configuration
 * @param evaluation figures measured on this encoder by name, e.g. {@code knn-20-0.07}; may be empty
 * @param output the model's output; null for {@value #EMBEDDING}
 * @param pool how the output becomes one vector per sample: null where it is one
 * @param classifier what a classifier makes of the embedding; null of other models
 * @param regressor what a regressor makes of the embedding; null of other models
 * @param variant how the file differs from the encoder that it was made of; null of plain ones. Readers that don't know it
 *     do nothing wrong
 */
public record Manifest(
        int formatVersion,
        String version,
        String encoder,
        Input<?> input,
        int dimension,
        long parameters,
        String configHash,
        Map<String, Double> evaluation,
        @Nullable String output,
        @Nullable OutputPooling pool,
        @Nullable Head classifier,
        @Nullable Regressor regressor,
        @Nullable Variant variant) {

    public static final String METADATA_KEY = "vicreg.manifest";

    /** What own encoders call their output. */
    public static final String EMBEDDING = "embedding";

    /** What classifiers call their other output, which stands beside {@link #EMBEDDING}. */
    public static final String PROBABILITIES = "probabilities";

    /** What regressors call their other output, which stands beside {@link #EMBEDDING}. */
    public static final String PREDICTION = "prediction";

    /** How messages call what {@link EmbeddingModel} takes. */
    static final String ENCODER = "an encoder as ./vicreg export writes it";

    /** What every version reads. */
    private static final int PICTURE_VERSION = 1;

    /** The newest of encoders. */
    public static final int FORMAT_VERSION = 4;

    /** That of classifiers, which readers of encoders alone refuse by it. */
    public static final int CLASSIFIER_VERSION = 5;

    /** That of regressors, which readers of the others refuse by it. */
    public static final int REGRESSOR_VERSION = 6;

    /**
     * What an encoder's file was made with, beside an input of any size, which {@link Input.Pictures} tells.
     *
     * @param precision in which most is computed: {@code fp32}, {@code fp16} or {@code int8}
     * @param unitLength whether vectors come with length 1; zeros stay zeros
     * @param projection whether they are what the projector gives, and not the encoder
     */
    public record Variant(String precision, boolean unitLength, boolean projection) {
        /** A plain encoder's. */
        public static final Variant PLAIN = new Variant("fp32", false, false);

        /** Checks that there is a precision. */
        public Variant {
            Objects.requireNonNull(precision, "variant.precision");
        }
    }

    /**
     * What stands behind the encoder in a regressor.
     *
     * @param target what the number is, such as the name of a column
     * @param origin how the head was made, in words
     * @param evaluation figures measured on this regressor by name, e.g. {@code held-out-r2}; may be empty
     */
    public record Regressor(String target, String origin, Map<String, Double> evaluation) {
        /** Copies the figures. */
        public Regressor {
            Objects.requireNonNull(target, "regressor.target");
            Objects.requireNonNull(origin, "regressor.origin");
            evaluation = new LinkedHashMap<>(Objects.requireNonNull(evaluation, "regressor.evaluation"));
        }

        /** A copy. */
        @Override
        public Map<String, Double> evaluation() {
            return new LinkedHashMap<>(evaluation);
        }
    }

    /**
     * What stands behind the encoder in a classifier.
     *
     * @param labels names of the classes, in the order of the probabilities: at least two, no two the same
     * @param temperature by which logits are divided before the softmax, above 0
     * @param origin how the head was made, in words
     * @param evaluation figures measured on this classifier by name, e.g. {@code held-out-accuracy}; may be empty
     */
    public record Head(List<String> labels, double temperature, String origin, Map<String, Double> evaluation) {
        /** @throws IllegalArgumentException if the labels are no classes, or the temperature is none */
        public Head {
            labels = List.copyOf(Objects.requireNonNull(labels, "classifier.labels"));
            Objects.requireNonNull(origin, "classifier.origin");
            evaluation = new LinkedHashMap<>(Objects.requireNonNull(evaluation, "classifier.evaluation"));
            if (labels.size() < 2 || new HashSet<>(labels).size() < labels.size()) {
                throw new IllegalArgumentException(
                        "a classifier of " + labels.size() + " classes, expected at least 2, each of its own name");
            }
            if (!(temperature > 0 && temperature < Double.POSITIVE_INFINITY)) {
                throw new IllegalArgumentException("the temperature " + temperature + ", expected one above 0");
            }
        }

        /** A copy. */
        @Override
        public Map<String, Double> evaluation() {
            return new LinkedHashMap<>(evaluation);
        }
    }

    private static final Type ANY_INPUT = new TypeToken<Input<?>>() {}.getType();

    private static final Gson GSON = new GsonBuilder()
            .setPrettyPrinting()
            .disableHtmlEscaping()
            .registerTypeAdapter(
                    ANY_INPUT, (JsonSerializer<Input<?>>) (input, type, context) -> context.serialize(input))
            .registerTypeAdapter(ANY_INPUT, (JsonDeserializer<Input<?>>) Manifest::input)
            .registerTypeAdapter(OutputPooling.class, (JsonSerializer<OutputPooling>)
                    (pooling, type, context) -> new JsonPrimitive(pooling.word()))
            .registerTypeAdapter(OutputPooling.class, (JsonDeserializer<OutputPooling>) (json, type, context) ->
                    OutputPooling.of(json.isJsonPrimitive() ? json.getAsString() : json.toString()))
            .create();

    private static Input<?> input(JsonElement json, Type type, JsonDeserializationContext context) {
        JsonElement kind = json.isJsonObject() ? json.getAsJsonObject().get("kind") : null;
        if (kind == null || !kind.isJsonPrimitive()) {
            throw new NullPointerException("input.kind");
        }
        Class<? extends Input<?>> known = Input.KINDS.get(kind.getAsString());
        if (known == null) {
            List<String> kinds = List.copyOf(Input.KINDS.keySet());
            int last = kinds.size() - 1;
            throw new JsonParseException("its input is of the unknown kind '" + kind.getAsString() + "', expected "
                    + String.join(", ", kinds.subList(0, last)) + " or " + kinds.get(last));
        }
        return context.deserialize(json, known);
    }

    /** Of an encoder. */
    public Manifest(
            int formatVersion,
            String version,
            String encoder,
            Input<?> input,
            int dimension,
            long parameters,
            String configHash,
            Map<String, Double> evaluation,
            @Nullable String output,
            @Nullable OutputPooling pool) {
        this(
                formatVersion,
                version,
                encoder,
                input,
                dimension,
                parameters,
                configHash,
                evaluation,
                output,
                pool,
                null,
                null,
                null);
    }

    /** Of an own encoder. */
    public Manifest(
            int formatVersion,
            String version,
            String encoder,
            Input<?> input,
            int dimension,
            long parameters,
            String configHash,
            Map<String, Double> evaluation) {
        this(formatVersion, version, encoder, input, dimension, parameters, configHash, evaluation, null, null);
    }

    /** How the file was made; {@link Variant#PLAIN} where it doesn't say. */
    public Variant made() {
        return variant == null ? Variant.PLAIN : variant;
    }

    /** The name of the model's output. */
    public String outputName() {
        return output == null ? EMBEDDING : output;
    }

    /** How the output becomes one vector per sample. */
    public OutputPooling pooling() {
        return pool == null ? OutputPooling.NONE : pool;
    }

    public Manifest {
        Objects.requireNonNull(version, "version");
        Objects.requireNonNull(encoder, "encoder");
        Objects.requireNonNull(input, "input");
        Objects.requireNonNull(configHash, "configHash");
        if (pool == OutputPooling.MASKED_MEAN && !(input instanceof Input.Sequences)) {
            throw new IllegalArgumentException(
                    "its output is pooled by masked-mean, which is of sequences of ids, and it" + " takes "
                            + input.noun());
        }
        evaluation = new LinkedHashMap<>(Objects.requireNonNull(evaluation, "evaluation"));
    }

    /** A copy. */
    @Override
    public Map<String, Double> evaluation() {
        return new LinkedHashMap<>(evaluation);
    }

    /** The same of a model whose vectors have another width. */
    Manifest withDimension(int width) {
        return new Manifest(
                formatVersion,
                version,
                encoder,
                input,
                width,
                parameters,
                configHash,
                evaluation,
                output,
                pool,
                classifier,
                regressor,
                variant);
    }

    /**
     * The manifest of another file of this encoder.
     *
     * @param by this project's version that makes it
     * @param takes what it takes
     */
    public Manifest with(String by, Input<?> takes, Variant made) {
        return new Manifest(
                formatVersion,
                by,
                encoder,
                takes,
                dimension,
                parameters,
                configHash,
                evaluation,
                output,
                pool,
                classifier,
                regressor,
                made.equals(Variant.PLAIN) ? null : made);
    }

    /**
     * The manifest of a classifier that is made of this encoder.
     *
     * @param by this project's version that makes it
     * @param more trained values of the head
     */
    public Manifest withHead(String by, long more, Head head) {
        return with(CLASSIFIER_VERSION, by, more, head, null);
    }

    /** The same of a regressor. */
    public Manifest withRegressor(String by, long more, Regressor head) {
        return with(REGRESSOR_VERSION, by, more, null, head);
    }

    private Manifest with(int format, String by, long more, @Nullable Head tells, @Nullable Regressor predicts) {
        return new Manifest(
                format,
                by,
                encoder,
                input,
                dimension,
                parameters + more,
                configHash,
                evaluation,
                output,
                pool,
                tells,
                predicts,
                variant);
    }

    /** What stands behind the encoder, in a word with its article: a classifier or a regressor; null of an encoder. */
    public @Nullable String headed() {
        return classifier != null ? "a classifier" : regressor != null ? "a regressor" : null;
    }

    /** The format version that a manifest of an encoder of this input needs: the oldest, so that as many readers as can know it. */
    public static int formatVersion(Input<?> input) {
        return input.formatVersion();
    }

    /** The JSON text to store. */
    public String toJson() {
        return GSON.toJson(this);
    }

    /**
     * The manifest of an exported encoder or classifier, without opening it: neither ONNX Runtime nor its native libraries are
     * loaded, and the rest of the file is skipped.
     *
     * @throws IOException if there is no such file, it is no ONNX file, or its manifest is missing or as {@link #parse}
     *     refuses it
     */
    public static Manifest read(Path encoderOnnx) throws IOException {
        return read(encoderOnnx, ENCODER);
    }

    /** The same of a file that is to be what {@code expected} says, for messages. */
    public static Manifest read(Path modelOnnx, String expected) throws IOException {
        return of(ModelMetadata.read(OrtSessions.requireFile(modelOnnx)), modelOnnx.toString(), expected);
    }

    /**
     * The manifest among a file's metadata.
     *
     * @param expected what the file is to be
     */
    static Manifest of(Map<String, String> metadata, String source, String expected) throws IOException {
        String json = metadata.get(METADATA_KEY);
        if (json == null) {
            throw new IOException(source + " has no " + METADATA_KEY + " in its metadata; expected " + expected);
        }
        return parse(json, source);
    }

    /**
     * Reads what {@link #toJson} wrote; fields that this version doesn't know are ignored.
     *
     * @param source what messages call the model
     * @throws IOException if the text is no manifest, misses a field, makes no sense, or was written by a newer, incompatible version
     */
    public static Manifest parse(String json, String source) throws IOException {
        Manifest manifest;
        try {
            manifest = GSON.fromJson(json, Manifest.class);
        } catch (JsonParseException e) {
            throw new IOException(
                    source + ": its " + METADATA_KEY + " is no JSON of the expected form: " + Reason.of(e), e);
        } catch (RuntimeException e) {
            // gson wraps what a record's constructor throws: what is wrong, or the name of a missing field
            Throwable cause = e.getCause() == null ? e : e.getCause();
            if (cause instanceof IllegalArgumentException) {
                throw new IOException(source + ": its manifest is wrong: " + cause.getMessage(), e);
            }
            throw new IOException(source + ": its " + METADATA_KEY + " has no field " + cause.getMessage(), e);
        }
        if (manifest == null) {
            throw new IOException(source + ": its " + METADATA_KEY + " is empty; export the encoder again");
        }
        int newest = manifest.regressor != null
                ? REGRESSOR_VERSION
                : manifest.classifier != null ? CLASSIFIER_VERSION : FORMAT_VERSION;
        if (manifest.formatVersion < PICTURE_VERSION || manifest.formatVersion > newest) {
            throw new IOException(source + ": its manifest has format version " + manifest.formatVersion
                    + " (written by " + manifest.version + "), expected at most " + newest
                    + "; use the version that wrote it, or export again");
        }
        return manifest;
    }
}
