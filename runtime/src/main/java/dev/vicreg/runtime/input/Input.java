package dev.vicreg.runtime.input;

import ai.onnxruntime.NodeInfo;
import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.vicreg.runtime.picture.Interpolation;
import dev.vicreg.runtime.picture.Picture;
import dev.vicreg.runtime.sequence.ByteIds;
import dev.vicreg.runtime.signal.Signal;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * What a model takes, and how samples become that: {@link #decode} a file, {@link #prepare} the sample, {@link #write} it
 * into a batch. Immutable and thread-safe. The records' components are the manifest's JSON, in their order.
 *
 * <p>A run's settings say the same of each kind in the components of the same names: size, channels, mean and deviation of
 * pictures; columns, mean and deviation of vectors; rate, length, channels, mean and deviation of signals; length,
 * vocabulary, padding, mask, special ids and cut of sequences. The others, such as the input's name, the layout and how
 * pictures are resized, matter only to who feeds the exported file.
 *
 * @param <S> a sample: a {@link Picture}, {@code float[]} of a vector, a {@link Signal}, {@code int[]} of ids
 */
public sealed interface Input<S> {
    /** What a manifest's {@code kind} means, by word. */
    Map<String, Class<? extends Input<?>>> KINDS = kinds();

    private static Map<String, Class<? extends Input<?>>> kinds() {
        Map<String, Class<? extends Input<?>>> kinds = new LinkedHashMap<>();
        kinds.put(Pictures.KIND, Pictures.class);
        kinds.put(Vectors.KIND, Vectors.class);
        kinds.put(Signals.KIND, Signals.class);
        kinds.put(Sequences.KIND, Sequences.class);
        return Collections.unmodifiableMap(kinds);
    }

    /** The word for a kind of input. */
    static String kind(Class<? extends Input<?>> input) {
        return KINDS.entrySet().stream()
                .filter(kind -> kind.getValue() == input)
                .map(Map.Entry::getKey)
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(input + " is not among " + KINDS));
    }

    /** The model's input. */
    String name();

    /** One of {@link #KINDS}. */
    String kind();

    /** Of each colour, column or channel, none of ids; subtracted inside the model. */
    List<Float> mean();

    /** Standard deviation of each colour, column or channel, none of ids; divided by inside the model. */
    List<Float> deviation();

    /** Ids are 0 to one less; 0 where that isn't known, or the values are no ids. */
    default int vocabulary() {
        return 0;
    }

    /** What samples are called, in the plural. */
    default String noun() {
        return kind() + "s";
    }

    /** Type of the values fed. */
    OnnxJavaType type();

    /** Axes of one prepared sample as it is fed, without the batch's; -1 for one that differs from sample to sample. */
    long[] shape();

    /** Axes of this prepared sample, without the batch's. */
    default long[] shape(S prepared) {
        return shape();
    }

    /** Whether prepared samples differ in size, so that only such as have one size run together. */
    default boolean sizesDiffer() {
        return false;
    }

    /** How many samples run through the model at once: enough to keep it busy, few enough for its activations. */
    default int batchSize() {
        return Batches.size(elements());
    }

    /** The same of samples of this one's size. */
    default int batchSize(S prepared) {
        return batchSize();
    }

    /** The version of the manifest's format that first knew this input. */
    default int formatVersion() {
        return 2;
    }

    /** Values of one prepared sample; of no meaning where {@link #sizesDiffer}. */
    default int elements() {
        return Math.toIntExact(Arrays.stream(shape()).reduce(1, Math::multiplyExact));
    }

    /** Bytes of one prepared sample in a batch. */
    default int bytes() {
        return Math.multiplyExact(elements(), type().size);
    }

    /**
     * The sample in a file's bytes, of any size.
     *
     * @param name what messages call the file
     * @throws IOException if the file is damaged or holds something else: says which
     */
    S decode(byte[] file, String name) throws IOException;

    /**
     * The sample as this input takes it; one that is so already stays as it is.
     *
     * @throws IllegalArgumentException if it can't be brought to that: says what was expected
     */
    S prepare(S sample);

    /**
     * Writes a prepared sample to its place in a batch [N, {@link #shape}] of {@link #type} in native order; other threads
     * may write to other places at the same time.
     *
     * @throws IllegalArgumentException if the sample was not prepared
     */
    void write(S prepared, ByteBuffer batch, int place);

    /**
     * Checks that nothing but this input, and what follows from it, has to be fed.
     *
     * @param model what messages call the model
     * @throws IOException if an input of the model follows from nothing
     */
    default void requireFed(Map<String, NodeInfo> inputs, String model) throws IOException {}

    /**
     * What a model wants beside this input, such as masks; the caller closes the tensors.
     *
     * @param batch this input's values, from position 0 to the limit; not changed
     * @param shape the batch's axes
     * @param memory direct memory of at least so many bytes, which a tensor then lies in
     */
    default Map<String, OnnxTensor> derived(
            OrtSession session, ByteBuffer batch, long[] shape, IntFunction<ByteBuffer> memory) throws OrtException {
        return Map.of();
    }

    /**
     * Which values of a batch are no padding: [count][T] of ids; nothing of other samples, which have none.
     *
     * @param batch this input's values, from position 0 to the limit; not changed
     */
    default boolean[][] kept(ByteBuffer batch, int count) {
        return new boolean[0][];
    }

    /** The pictures of an own encoder: RGB, the shorter side resized to the model's size. */
    static Pictures pictures(int imageSize, List<Float> mean, List<Float> deviation) {
        return pictures(PictureSize.square(imageSize), mean, deviation);
    }

    /** The same of any proportions, and of as many channels as there are means. */
    static Pictures pictures(PictureSize size, List<Float> mean, List<Float> deviation) {
        return pictures("image", size, mean, deviation, null);
    }

    /**
     * The pictures of an encoder of other origin.
     *
     * @param layout {@value Pictures#CHANNELS_FIRST} or {@value Pictures#CHANNELS_LAST} of normalised float32, {@value
     *     Pictures#BYTES_CHANNELS_FIRST} of uint8; null for uint8 with channels last
     */
    static Pictures pictures(
            String name, int imageSize, List<Float> mean, List<Float> deviation, @Nullable String layout) {
        return pictures(name, PictureSize.square(imageSize), mean, deviation, layout);
    }

    /** The same of any proportions, and of as many channels as there are means. */
    static Pictures pictures(
            String name, PictureSize size, List<Float> mean, List<Float> deviation, @Nullable String layout) {
        return new Pictures(
                name,
                Pictures.KIND,
                size.height(),
                mean.size(),
                Pictures.colourOrder(mean.size()),
                size.height(),
                "bicubic",
                mean,
                deviation,
                layout,
                size.isSquare() ? null : size.width(),
                null);
    }

    /** The vectors of an own encoder. */
    static Vectors vectors(List<String> columns, List<Float> mean, List<Float> deviation) {
        return new Vectors("vector", Vectors.KIND, columns, mean, deviation);
    }

    /** The signals of an own encoder. */
    static Signals signals(int rate, int length, List<Float> mean, List<Float> deviation, String frontEnd) {
        return new Signals("signal", Signals.KIND, rate, length, mean.size(), frontEnd, mean, deviation);
    }

    /**
     * A picture input: uint8 [N, imageSize, imageSize, channels]. The caller resizes; the model normalises. With a
     * layout of float32 instead, and the caller normalises too.
     *
     * @param name the model's input, {@code image}
     * @param kind {@code picture}
     * @param imageSize height that the model takes, in pixels, and width unless {@code imageWidth} says another
     * @param channels 3, 1 of grey levels, or 2 to {@value Picture#MOST_CHANNELS} others
     * @param colourOrder {@code RGB}; {@code L} of one channel: luma as Pillow's; {@code LA} and {@code RGBA} with alpha of
     *     two and four; {@value #AS_STORED} of more
     * @param shortestSide the picture is resized, keeping its proportions, until its shorter side has this many pixels;
     *     the middle of that is cut out. With {@code imageWidth} the picture is resized until it covers both instead
     * @param interpolation {@code bicubic} or {@code bilinear}, antialiased as Pillow's
     * @param mean per channel on a scale of 0 to 1, subtracted inside the model
     * @param deviation standard deviation per channel on a scale of 0 to 1, divided by inside the model
     * @param layout {@value #CHANNELS_FIRST} for float32 [N, channels, height, width], {@value #CHANNELS_LAST} for float32
     *     with channels last, {@value #BYTES_CHANNELS_FIRST} for uint8 [N, channels, height, width]; null for uint8 with
     *     channels last
     * @param imageWidth width in pixels of pictures that aren't square; null of square ones
     * @param anySize whether the model takes uint8 pictures of any size and does itself what the caller would do: then
     *     {@link #prepare} leaves their size as it is, but for those whose proportions would make them many times larger
     *     in the model. Null where it doesn't. Pictures of {@code imageSize} may be fed all the same, which is all that
     *     readers do that don't know this
     */
    record Pictures(
            String name,
            String kind,
            int imageSize,
            int channels,
            String colourOrder,
            int shortestSide,
            String interpolation,
            List<Float> mean,
            List<Float> deviation,
            @Nullable String layout,
            @Nullable Integer imageWidth,
            @Nullable Boolean anySize)
            implements Input<Picture> {
        public static final String KIND = "picture";

        public static final String CHANNELS_FIRST = "nchw";

        public static final String CHANNELS_LAST = "nhwc";

        public static final String BYTES_CHANNELS_FIRST = "nchw-uint8";

        private static final List<String> LAYOUTS = List.of(CHANNELS_FIRST, CHANNELS_LAST, BYTES_CHANNELS_FIRST);

        /** The colour order of more than four channels: that of the file or the array that a picture comes from. */
        public static final String AS_STORED = "as-stored";

        /** A model may resize a picture to so many times the pixels that are cut out, and always to as many as it has. */
        private static final int MOST_RESIZED = 16;

        private static final List<String> COLOUR_ORDERS = List.of("L", "LA", "RGB", "RGBA");

        /** The order of so many channels. */
        static String colourOrder(int channels) {
            return channels >= 1 && channels <= COLOUR_ORDERS.size() ? COLOUR_ORDERS.get(channels - 1) : AS_STORED;
        }

        /** @throws IllegalArgumentException if no picture can be brought to that */
        public Pictures {
            Objects.requireNonNull(name, "input.name");
            Objects.requireNonNull(colourOrder, "input.colourOrder");
            Objects.requireNonNull(interpolation, "input.interpolation");
            mean = List.copyOf(Objects.requireNonNull(mean, "input.mean"));
            deviation = List.copyOf(Objects.requireNonNull(deviation, "input.deviation"));
            if (layout != null && !LAYOUTS.contains(layout)) {
                throw new IllegalArgumentException("expected the layout nchw, nhwc or nchw-uint8, found " + layout);
            }
            boolean known = channels >= 1 && channels <= Picture.MOST_CHANNELS;
            if (!known || !colourOrder.equals(colourOrder(channels))) {
                throw new IllegalArgumentException("pictures of " + channels + " channels (" + colourOrder
                        + "), expected 1 (L), 2 (LA), 3 (RGB), 4 (RGBA), or 5 to " + Picture.MOST_CHANNELS + " ("
                        + AS_STORED + ")");
            }
            if (layout != null) {
                requireEach("channels", channels, mean, deviation);
            }
            if (imageSize < 1 || shortestSide < imageSize || (imageWidth != null && imageWidth < 1)) {
                throw new IllegalArgumentException("image size " + imageSize + " and shortest side " + shortestSide
                        + ": expected at least 1, and a shortest side no smaller than the image");
            }
            Batches.requireBounded((long) imageSize * imageSize, "pixels", channels * Float.BYTES);
            kernel(interpolation);
            if (anySize != null && (layout != null || channels == 1)) {
                throw new IllegalArgumentException(
                        "pictures of any size with " + (layout == null ? "one channel" : "the layout " + layout)
                                + ", expected two channels or more, as bytes with channels last");
            }
        }

        /** The same of a model that resizes pictures itself, or of one that does not. */
        public Pictures resizedInside(boolean inside) {
            return new Pictures(
                    name,
                    kind,
                    imageSize,
                    channels,
                    colourOrder,
                    shortestSide,
                    interpolation,
                    mean,
                    deviation,
                    layout,
                    imageWidth,
                    inside ? true : null);
        }

        @Override
        public boolean sizesDiffer() {
            return Boolean.TRUE.equals(anySize);
        }

        /** Height and width that the model takes. */
        public PictureSize size() {
            return new PictureSize(imageSize, imageWidth == null ? imageSize : imageWidth);
        }

        private static Interpolation kernel(String interpolation) {
            try {
                return Interpolation.valueOf(interpolation.toUpperCase(Locale.ROOT));
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException(
                        "expected the interpolation bicubic or bilinear, found " + interpolation, e);
            }
        }

        @Override
        public OnnxJavaType type() {
            return layout == null || layout.equals(BYTES_CHANNELS_FIRST) ? OnnxJavaType.UINT8 : OnnxJavaType.FLOAT;
        }

        private boolean channelsFirst() {
            return CHANNELS_FIRST.equals(layout) || BYTES_CHANNELS_FIRST.equals(layout);
        }

        @Override
        public long[] shape() {
            if (sizesDiffer()) {
                return new long[] {-1, -1, channels};
            }
            return channelsFirst()
                    ? new long[] {channels, size().height(), size().width()}
                    : new long[] {size().height(), size().width(), channels};
        }

        @Override
        public long[] shape(Picture prepared) {
            return sizesDiffer() ? new long[] {prepared.height(), prepared.width(), channels} : shape();
        }

        @Override
        public int batchSize() {
            return sizesDiffer() ? 1 : ofOwnSize();
        }

        /** However small they are, the model makes them its own size. */
        @Override
        public int batchSize(Picture prepared) {
            return Math.min(ofOwnSize(), Batches.size(Math.multiplyExact(prepared.height(), prepared.width())));
        }

        private int ofOwnSize() {
            return Batches.size(Math.multiplyExact(size().height(), size().width()));
        }

        /** Of square colour pictures as bytes every version knows all. */
        @Override
        public int formatVersion() {
            if ((channels != Picture.COLOURS && channels != 1) || BYTES_CHANNELS_FIRST.equals(layout)) {
                return 4;
            }
            return imageWidth != null || channels == 1 ? 3 : layout == null ? 1 : 2;
        }

        /** Channels in which pictures are decoded and resized: grey levels are made of colours afterwards. */
        public int decodedChannels() {
            return channels == 1 ? Picture.COLOURS : channels;
        }

        @Override
        public Picture decode(byte[] file, String name) throws IOException {
            return Picture.decode(file, name, decodedChannels());
        }

        @Override
        public Picture prepare(Picture sample) {
            Picture picture = sample.withChannels(decodedChannels());
            if (sizesDiffer() && !growsTooLarge(picture)) {
                return picture;
            }
            return imageWidth == null
                    ? picture.middle(shortestSide, imageSize, kernel(interpolation))
                    : picture.cover(imageWidth, imageSize, kernel(interpolation));
        }

        /** Whether a model would make gigabytes of a narrow picture, and can be fed one of its own size instead. */
        private boolean growsTooLarge(Picture picture) {
            if (imageWidth == null && shortestSide > imageSize) {
                return false; // one of its own size would be resized again
            }
            double height = picture.height();
            double width = picture.width();
            double factor = Math.max(size().height() / height, size().width() / width);
            double resized = factor * height * factor * width;
            double most = (double) MOST_RESIZED * size().height() * size().width();
            return resized > Math.max(height * width, most);
        }

        @Override
        public void write(Picture prepared, ByteBuffer batch, int place) {
            if (sizesDiffer()) {
                byte[] pixels = prepared.withChannels(channels).samples();
                batch.put(place * pixels.length, pixels);
                return;
            }
            PictureSize found = new PictureSize(prepared.height(), prepared.width());
            if (!found.equals(size())) {
                throw new IllegalArgumentException(
                        "expected a prepared picture of size " + size() + ", found one of " + found);
            }
            byte[] pixels = prepared.withChannels(channels).samples();
            if (type() == OnnxJavaType.UINT8) {
                batch.put(place * bytes(), channelsFirst() ? channelsFirst(pixels, channels) : pixels);
            } else {
                Batches.put(batch, place, normalised(pixels));
            }
        }

        /** [H,W,C] → [C,H,W]. */
        public static byte[] channelsFirst(byte[] picture, int channels) {
            int pixels = picture.length / channels;
            byte[] planes = new byte[picture.length];
            for (int i = 0; i < picture.length; i++) {
                planes[i % channels * pixels + i / channels] = picture[i];
            }
            return planes;
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
    record Vectors(String name, String kind, List<String> columns, List<Float> mean, List<Float> deviation)
            implements Input<float[]> {
        public static final String KIND = "vector";

        /** @throws IllegalArgumentException if means or deviations are missing */
        public Vectors {
            Objects.requireNonNull(name, "input.name");
            columns = List.copyOf(Objects.requireNonNull(columns, "input.columns"));
            mean = List.copyOf(Objects.requireNonNull(mean, "input.mean"));
            deviation = List.copyOf(Objects.requireNonNull(deviation, "input.deviation"));
            requireEach("columns", columns.size(), mean, deviation);
        }

        @Override
        public OnnxJavaType type() {
            return OnnxJavaType.FLOAT;
        }

        @Override
        public long[] shape() {
            return new long[] {columns.size()};
        }

        /** More than of others: vectors are small, and so are their networks. */
        @Override
        public int batchSize() {
            return Batches.ofVectors(columns.size());
        }

        /** Numbers with spaces, commas or line ends between them. */
        @Override
        public float[] decode(byte[] file, String name) throws IOException {
            return Words.numbers(file, name);
        }

        /** The same array. */
        @Override
        public float[] prepare(float[] sample) {
            requireSize(sample);
            for (int column = 0; column < sample.length; column++) {
                if (!Float.isFinite(sample[column])) {
                    throw new IllegalArgumentException(
                            "column " + columns.get(column) + " is " + sample[column] + ", expected a finite number");
                }
            }
            return sample;
        }

        private void requireSize(float[] sample) {
            if (sample.length != columns.size()) {
                throw new IllegalArgumentException(
                        "expected vectors of " + columns.size() + " values, found one of " + sample.length);
            }
        }

        @Override
        public void write(float[] prepared, ByteBuffer batch, int place) {
            requireSize(prepared);
            Batches.put(batch, place, prepared);
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
    record Signals(
            String name,
            String kind,
            int rate,
            int length,
            int channels,
            String frontEnd,
            List<Float> mean,
            List<Float> deviation)
            implements Input<Signal> {
        public static final String KIND = "signal";

        /** @throws IllegalArgumentException if a number makes no sense, or means or deviations are missing */
        public Signals {
            Objects.requireNonNull(name, "input.name");
            Objects.requireNonNull(frontEnd, "input.frontEnd");
            mean = List.copyOf(Objects.requireNonNull(mean, "input.mean"));
            deviation = List.copyOf(Objects.requireNonNull(deviation, "input.deviation"));
            requireEach("channels", channels, mean, deviation);
            if (length < 1 || rate < 0) {
                throw new IllegalArgumentException(
                        "expected a length of 1 or more and a rate of 0 or more, found " + length + " and " + rate);
            }
            Batches.requireBounded((long) channels * length, "values", Float.BYTES);
        }

        @Override
        public OnnxJavaType type() {
            return OnnxJavaType.FLOAT;
        }

        @Override
        public long[] shape() {
            return new long[] {channels, length};
        }

        /** A WAV file. */
        @Override
        public Signal decode(byte[] file, String name) throws IOException {
            return Signal.decode(file, name);
        }

        /**
         * The signal at the model's rate, where both are known; mixed, where the model takes one channel; and of that the
         * middle, with the channels' means beyond the ends of a shorter one.
         */
        @Override
        public Signal prepare(Signal sample) {
            Signal signal = channels == 1 ? sample.mono() : sample;
            requireChannels(signal);
            boolean known = rate > 0 && signal.rate() > 0;
            Signal atRate = known ? signal.resampled(rate) : signal;
            float[] rest = new float[channels];
            for (int c = 0; c < channels; c++) {
                rest[c] = mean.get(c);
            }
            return atRate.length() == length ? atRate : new Signal(atRate.middle(length, rest), atRate.rate());
        }

        private void requireChannels(Signal signal) {
            if (signal.channels() != channels) {
                throw new IllegalArgumentException(
                        "expected signals of " + channels + " channels, found one of " + signal.channels());
            }
        }

        @Override
        public void write(Signal prepared, ByteBuffer batch, int place) {
            requireChannels(prepared);
            if (prepared.length() != length) {
                throw new IllegalArgumentException(
                        "expected a prepared signal of " + length + " values, found " + prepared.length());
            }
            for (int c = 0; c < channels; c++) {
                Batches.put(batch, place * channels + c, prepared.samples()[c]);
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
     * @param coding {@value ByteIds#NAME} for texts, whose ids are those of {@link ByteIds}; {@value #IDS} for ids that
     *     come from elsewhere
     * @param vocabulary ids are 0 to one less; 0 where that isn't known
     * @param padding the id that fills up
     * @param mask the id that stood for masked ones in training
     * @param special ids that are kept where a sequence is cut, such as those of [CLS] and [SEP]
     * @param cut whether longer sequences are cut; they are refused otherwise
     */
    record Sequences(
            String name,
            String kind,
            int length,
            String coding,
            int vocabulary,
            int padding,
            int mask,
            List<Integer> special,
            boolean cut)
            implements Input<int[]> {
        public static final String KIND = "sequence";

        public static final String IDS = "ids";

        /** @throws IllegalArgumentException if a number makes no sense */
        public Sequences {
            Objects.requireNonNull(name, "input.name");
            Objects.requireNonNull(coding, "input.coding");
            special = List.copyOf(Objects.requireNonNull(special, "input.special"));
            if (length < 1 || vocabulary < 0) {
                throw new IllegalArgumentException(
                        "expected a length of 1 or more and a vocabulary of 0 or more, found " + length + " and "
                                + vocabulary);
            }
            Batches.requireBounded(length, "ids", Long.BYTES);
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

        /** Whether an input of that name beside the ids is fed what follows from them, as masks and positions are. */
        public static boolean follows(String input) {
            return DerivedInputs.follows(input);
        }

        /** Whether the ids are those of {@link ByteIds}, made from texts. */
        public boolean ofTexts() {
            return coding.equals(ByteIds.NAME);
        }

        @Override
        public String noun() {
            return "sequences of ids";
        }

        @Override
        public OnnxJavaType type() {
            return OnnxJavaType.INT64;
        }

        @Override
        public long[] shape() {
            return new long[] {length};
        }

        /** A text in UTF-8 without white space at its ends; otherwise ids with spaces, commas or line ends between them. */
        @Override
        public int[] decode(byte[] file, String name) throws IOException {
            return ofTexts() ? ByteIds.of(Words.text(file, name)) : Words.ids(file, name);
        }

        /** {@link #fitted}. */
        @Override
        public int[] prepare(int[] sample) {
            return Ids.fitted(sample, this);
        }

        @Override
        public void write(int[] prepared, ByteBuffer batch, int place) {
            if (prepared.length != length) {
                throw new IllegalArgumentException(
                        "expected a prepared sequence of " + length + " ids, found " + prepared.length);
            }
            ByteBuffer ids = batch.slice(place * bytes(), bytes()).order(ByteOrder.nativeOrder());
            for (int id : prepared) {
                ids.putLong(id);
            }
        }

        @Override
        public void requireFed(Map<String, NodeInfo> inputs, String model) throws IOException {
            DerivedInputs.require(inputs, name, model);
        }

        @Override
        public Map<String, OnnxTensor> derived(
                OrtSession session, ByteBuffer batch, long[] shape, IntFunction<ByteBuffer> memory)
                throws OrtException {
            return DerivedInputs.of(session, name, batch, shape, padding, memory);
        }

        @Override
        public boolean[][] kept(ByteBuffer batch, int count) {
            ByteBuffer ids = batch.duplicate().order(ByteOrder.nativeOrder());
            boolean[][] kept = new boolean[count][length];
            for (int i = 0; i < count * length; i++) {
                kept[i / length][i % length] = ids.getLong(i * Long.BYTES) != padding;
            }
            return kept;
        }

        /**
         * Ids as the model takes them, {@link #length} of them: what is too long loses ids at its end, but no special
         * ones; what is too short is padded.
         *
         * @param ids padding at the end is ignored
         * @throws IllegalArgumentException if an id is out of range, there is none, or there are too many: says which
         */
        public long[] fitted(long... ids) {
            return Arrays.stream(prepare(ids(ids))).asLongStream().toArray();
        }

        /**
         * The same ids as ints.
         *
         * @throws IllegalArgumentException if one is out of range: says which
         */
        public int[] ids(long... ids) {
            return Ids.of(ids, this);
        }
    }

    private static void requireEach(String what, int size, List<Float> mean, List<Float> deviation) {
        if (size < 1 || mean.size() != size || deviation.size() != size) {
            throw new IllegalArgumentException("expected a mean and a deviation for each of its " + size + " " + what
                    + ", found " + mean.size() + " and " + deviation.size());
        }
    }
}
