package dev.vicreg.serve;

import dev.vicreg.runtime.input.Input;
import dev.vicreg.runtime.picture.Picture;
import dev.vicreg.runtime.sequence.ByteIds;
import dev.vicreg.runtime.signal.Signal;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Base64;
import java.util.Locale;
import java.util.Set;

/**
 * How samples of one kind come over HTTP: as rows of a tensor, as files, as values in JSON. Immutable; thread-safe.
 *
 * @param <S> a prepared sample
 */
abstract sealed class Wire<S> permits Wire.Pictures, Wire.Vectors, Wire.Signals, Wire.Sequences {
    private final Input<S> input;
    private final String tensor;
    private final Datatype datatype;
    private final long[] shape;

    private Wire(Input<S> input, String tensor, Datatype datatype, long... shape) {
        this.input = input;
        this.tensor = tensor;
        this.datatype = datatype;
        this.shape = shape;
    }

    /** That of a model's input. */
    @SuppressWarnings("unchecked") // a kind of input has one type of sample
    static <S> Wire<S> of(Input<S> input) {
        if (input instanceof Input.Pictures pictures) {
            return (Wire<S>)
                    new Pictures(pictures.resizedInside(false)); // only small pictures queue, whoever could resize
        }
        if (input instanceof Input.Vectors vectors) {
            return (Wire<S>) new Vectors(vectors);
        }
        if (input instanceof Input.Signals signals) {
            return (Wire<S>) new Signals(signals);
        }
        return (Wire<S>) new Sequences((Input.Sequences) input);
    }

    /** The name of the tensor. */
    String tensor() {
        return tensor;
    }

    Datatype datatype() {
        return datatype;
    }

    /** Axes of one sample. */
    long[] shape() {
        return shape.clone();
    }

    /** Elements of one sample. */
    int elements() {
        return input.elements();
    }

    /** How many samples run through a model at once; also through one that could resize them. */
    int batchSize() {
        return input.batchSize();
    }

    /** Bytes of one sample. */
    int rowBytes() {
        return Math.multiplyExact(elements(), datatype.bytes());
    }

    /** A sample of zeros, or what comes near that. */
    abstract S blank();

    /**
     * The sample in a row of the tensor.
     *
     * @param row little-endian, {@link #rowBytes} long
     * @param where what messages call it
     * @throws Refusal if the model doesn't take these values
     */
    abstract S row(ByteBuffer row, String where);

    /** Media types of files; such as end in {@code /*} stand for all of a kind. */
    abstract Set<String> mediaTypes();

    /** The sample in a file's bytes. */
    Draft<S> file(byte[] file, String where) {
        return () -> prepared(input.decode(file, where), where);
    }

    /**
     * The sample that a string in JSON holds: the file in base64 or as a data URI; of texts the text.
     *
     * @throws Refusal if it holds none
     */
    Draft<S> text(String text, String where) {
        byte[] file = base64(text, where);
        return file(file, where);
    }

    /**
     * The sample that an array of numbers in JSON is.
     *
     * @throws Refusal if this kind isn't made of numbers
     */
    Draft<S> numbers(double[] values, String where) {
        throw Refusal.bad(where + ": expected " + expected() + ", found an array of numbers");
    }

    /** The most numbers of one sample in JSON. */
    int mostNumbers() {
        return elements();
    }

    /** What a string in JSON should be. */
    abstract String expected();

    /** What else the values must be, such as their columns or rate, in words; another model means something else by them. */
    abstract String meaning();

    /** The name under which an object in JSON may hold the string, as {@code {"image": …}}. */
    abstract String field();

    final S prepared(S sample, String where) {
        try {
            return input.prepare(sample);
        } catch (IllegalArgumentException e) {
            throw Refusal.bad(where + ": " + e.getMessage()).because(e);
        }
    }

    private byte[] base64(String text, String where) {
        String lower = text.substring(0, Math.min(8, text.length())).toLowerCase(Locale.ROOT);
        if (lower.startsWith("http://") || lower.startsWith("https://")) {
            throw Refusal.bad(where + ": addresses are never fetched; send " + expected());
        }
        int start = 0;
        if (lower.startsWith("data:")) {
            int comma = text.indexOf(',');
            if (comma < 0 || !text.substring(0, comma).endsWith(";base64")) {
                throw Refusal.bad(where + ": a data URI without ;base64, expected data:TYPE;base64,…");
            }
            start = comma + 1;
        }
        try {
            return Base64.getDecoder().decode(text.substring(start));
        } catch (IllegalArgumentException e) {
            throw Refusal.bad(where + ": not valid base64, expected " + expected())
                    .because(e);
        }
    }

    /** Pictures: uint8 [H,W,C] of the model's size, or files of any. */
    static final class Pictures extends Wire<Picture> {
        private final Input.Pictures input;

        Pictures(Input.Pictures input) {
            super(
                    input,
                    "image",
                    Datatype.UINT8,
                    input.size().height(),
                    input.size().width(),
                    input.channels());
            this.input = input;
        }

        @Override
        Picture blank() {
            return picture(new byte[elements()]);
        }

        private Picture picture(byte[] samples) {
            return new Picture(input.size().width(), input.size().height(), input.channels(), samples);
        }

        @Override
        Picture row(ByteBuffer row, String where) {
            byte[] samples = new byte[elements()];
            row.get(samples);
            return picture(samples);
        }

        @Override
        Set<String> mediaTypes() {
            return Set.of("image/*");
        }

        @Override
        Draft<Picture> file(byte[] file, String where) {
            Draft<Picture> decoded = super.file(file, where);
            return new Draft<>() {
                @Override
                public Picture make() throws IOException {
                    return decoded.make();
                }

                @Override
                public long pixels() throws IOException {
                    long perColour = Math.max(1, input.channels() / Picture.COLOURS);
                    return Picture.pixels(file, where) * perColour;
                }
            };
        }

        @Override
        String expected() {
            return "a picture file in base64, or as data:image/png;base64,…";
        }

        @Override
        String meaning() {
            return " (" + input.colourOrder() + ", the shorter side " + input.shortestSide() + ", "
                    + input.interpolation() + ")";
        }

        @Override
        String field() {
            return "image";
        }
    }

    /** Rows of a table: float32 [columns]. */
    static final class Vectors extends Wire<float[]> {
        private final Input.Vectors input;

        Vectors(Input.Vectors input) {
            super(input, "vector", Datatype.FP32, input.columns().size());
            this.input = input;
        }

        @Override
        float[] blank() {
            return new float[elements()];
        }

        @Override
        float[] row(ByteBuffer row, String where) {
            float[] values = new float[elements()];
            row.asFloatBuffer().get(values);
            return prepared(values, where);
        }

        @Override
        Set<String> mediaTypes() {
            return Set.of("text/plain", "text/csv");
        }

        @Override
        Draft<float[]> text(String text, String where) {
            throw Refusal.bad(where + ": expected " + expected() + ", found a string");
        }

        @Override
        Draft<float[]> numbers(double[] values, String where) {
            float[] vector = new float[values.length];
            for (int i = 0; i < vector.length; i++) {
                vector[i] = (float) values[i]; // what becomes infinite is refused as such
            }
            return () -> prepared(vector, where);
        }

        @Override
        String expected() {
            return "an array of " + elements() + " numbers";
        }

        @Override
        String meaning() {
            return " (" + String.join(", ", input.columns()) + ")";
        }

        @Override
        String field() {
            return "vector";
        }
    }

    /** Signals: float32 [channels, length] as the model takes them, or WAV files. */
    static final class Signals extends Wire<Signal> {
        private final Input.Signals input;

        Signals(Input.Signals input) {
            super(input, "signal", Datatype.FP32, input.channels(), input.length());
            this.input = input;
        }

        @Override
        Signal blank() {
            return new Signal(new float[input.channels()][input.length()], input.rate());
        }

        @Override
        Signal row(ByteBuffer row, String where) {
            float[][] samples = new float[input.channels()][input.length()];
            for (float[] channel : samples) {
                for (int i = 0; i < channel.length; i++) {
                    channel[i] = row.getFloat();
                    if (!Float.isFinite(channel[i])) {
                        throw Refusal.bad(where + ": a value is not finite");
                    }
                }
            }
            return new Signal(samples, input.rate());
        }

        @Override
        Set<String> mediaTypes() {
            return Set.of("audio/*");
        }

        @Override
        String expected() {
            return "a WAV file in base64, or as data:audio/wav;base64,…";
        }

        @Override
        String meaning() {
            return " (" + input.rate() + " Hz)";
        }

        @Override
        String field() {
            return "audio";
        }
    }

    /** Sequences: int64 [length]; texts, where the model takes those. */
    static final class Sequences extends Wire<int[]> {
        private final Input.Sequences input;

        Sequences(Input.Sequences input) {
            super(input, "ids", Datatype.INT64, input.length());
            this.input = input;
        }

        @Override
        int[] blank() {
            return input.prepare(new int[] {input.padding() == 0 ? 1 : 0});
        }

        @Override
        int[] row(ByteBuffer row, String where) {
            long[] ids = new long[elements()];
            row.asLongBuffer().get(ids);
            return prepared(small(ids, where), where);
        }

        private int[] small(long[] ids, String where) {
            try {
                return input.ids(ids);
            } catch (IllegalArgumentException e) {
                throw Refusal.bad(where + ": " + e.getMessage()).because(e);
            }
        }

        @Override
        Set<String> mediaTypes() {
            return Set.of("text/plain");
        }

        @Override
        Draft<int[]> text(String text, String where) {
            if (!input.ofTexts()) {
                throw Refusal.bad(where + ": expected " + expected() + ", found a string");
            }
            return () -> prepared(ByteIds.of(text), where);
        }

        @Override
        Draft<int[]> numbers(double[] values, String where) {
            if (input.ofTexts()) {
                throw Refusal.bad(where + ": expected " + expected() + ", found an array of numbers; ids of other"
                        + " tokenizers mean nothing to this model");
            }
            long[] ids = new long[values.length];
            for (int i = 0; i < ids.length; i++) {
                ids[i] = (long) values[i];
                if (ids[i] != values[i]) {
                    throw Refusal.bad(where + ": an id is not a whole number");
                }
            }
            return () -> prepared(small(ids, where), where);
        }

        @Override
        int mostNumbers() {
            return 1 << 16; // longer ones are cut where the model was trained so
        }

        @Override
        String expected() {
            return input.ofTexts() ? "a text" : "an array of ids";
        }

        @Override
        String meaning() {
            return " (" + input.coding() + " of " + input.vocabulary() + ", padding " + input.padding() + ", special "
                    + input.special() + (input.cut() ? ", cut)" : ")");
        }

        @Override
        String field() {
            return "text";
        }
    }
}
