package dev.vicreg.training.config;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import dev.vicreg.models.encoder.Encoders;
import dev.vicreg.models.graph.Dim;
import dev.vicreg.models.graph.ElementType;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.TensorType;
import dev.vicreg.models.nn.LogMel;
import dev.vicreg.models.setting.SettingException;
import dev.vicreg.training.data.kind.Kind;
import dev.vicreg.training.data.picture.NormalisedPictures;
import dev.vicreg.training.data.picture.PictureKind;
import dev.vicreg.training.data.picture.PictureViews;
import dev.vicreg.training.data.sequence.SequenceDataset;
import dev.vicreg.training.data.sequence.SequenceKind;
import dev.vicreg.training.data.sequence.SequenceViews;
import dev.vicreg.training.data.sequence.SpecialIds;
import dev.vicreg.training.data.signal.SignalKind;
import dev.vicreg.training.data.signal.SignalViews;
import dev.vicreg.training.data.source.DataOptions;
import dev.vicreg.training.data.source.Dataset;
import dev.vicreg.training.data.vector.VectorKind;
import dev.vicreg.training.data.vector.VectorViews;
import dev.vicreg.training.data.view.Augmentation;
import dev.vicreg.training.data.view.ViewSource;
import dev.vicreg.training.step.ViewInput;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What a branch takes: how its data are read, how views of them are made, and how those enter the graph. In JSON
 * {@code kind} tells which it is.
 */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "kind")
@JsonSubTypes({
    @JsonSubTypes.Type(value = InputConfig.Pictures.class, name = "picture"),
    @JsonSubTypes.Type(value = InputConfig.Vectors.class, name = "vector"),
    @JsonSubTypes.Type(value = InputConfig.Signals.class, name = "signal"),
    @JsonSubTypes.Type(value = InputConfig.Sequences.class, name = "sequence"),
    @JsonSubTypes.Type(value = InputConfig.AsInFile.class, name = "file")
})
public sealed interface InputConfig {
    /** What samples are. */
    Kind<?> kind();

    /** What trains on these unless told otherwise. */
    String encoder();

    /** Which encoders of this project take these, for an error. */
    default String encoders() {
        return encoder();
    }

    /** What the samples are called, as precisely as a network must know it. */
    default String noun() {
        return kind().noun();
    }

    /** How data are read. */
    DataOptions reading();

    /**
     * How views enter the graph.
     *
     * @param takes what the encoder takes
     * @throws IllegalArgumentException if that is not what these data can be brought to
     */
    ViewInput view(Encoders.Input takes);

    /** Side of the pictures that an encoder sees; 0 where it sees none. */
    default int pictureSize(Encoders.Input takes) {
        return 0;
    }

    /** How many ids an encoder knows; 0 for other input. */
    default int vocabulary() {
        return 0;
    }

    /**
     * Refuses data that are not as these say, though they were read so: to know before anything is computed.
     *
     * @throws IllegalArgumentException if they are of another kind, or hold what the encoder does not take
     */
    void requireFits(Dataset<?> data);

    /**
     * How views are made of data that were read so.
     *
     * @throws IllegalArgumentException if data or augmentation are of another kind
     */
    ViewSource views(Dataset<?> data, Augmentation augmentation);

    /** These views as an encoder takes them that came as a file, which is fed what it is used to. */
    default ViewSource asFed(ViewSource views, OnnxConfig file) throws IOException {
        return views;
    }

    /** How samples are brought to another form, for an error; empty where they can't be. */
    default String remedy() {
        return "";
    }

    /**
     * Square pictures.
     *
     * @param imageSize height and width in pixels
     * @param channels colour channels, 3
     * @param mean per channel on a scale of 0 to 1, taken off inside the graph
     * @param std standard deviation per channel on a scale of 0 to 1, divided by inside the graph
     */
    record Pictures(int imageSize, int channels, List<Float> mean, List<Float> std) implements InputConfig {
        /** Checks what the graph does not check itself. */
        public Pictures {
            mean = List.copyOf(mean);
            std = List.copyOf(std);
            if (channels != mean.size()) {
                throw new SettingException(
                        "Channels: expected as many as means, " + mean.size() + ", found " + channels);
            }
        }

        /** Pictures of another size. */
        public Pictures ofSize(int pixels) {
            return new Pictures(pixels, channels, mean, std);
        }

        @Override
        public Kind<?> kind() {
            return PictureKind.PICTURES;
        }

        @Override
        public String encoder() {
            return "resnet10";
        }

        @Override
        public String encoders() {
            return "resnet18";
        }

        @Override
        public int pictureSize(Encoders.Input takes) {
            return imageSize;
        }

        @Override
        public ViewSource asFed(ViewSource views, OnnxConfig file) throws IOException {
            return file.input().element() == ElementType.FLOAT
                    ? new NormalisedPictures(views, mean, std, file.channelsFirst())
                    : views;
        }

        @Override
        public DataOptions reading() {
            return DataOptions.DEFAULT;
        }

        @Override
        public ViewInput view(Encoders.Input takes) {
            require(takes == Encoders.Input.PICTURES, this, takes);
            return new ViewInput.Pictures(imageSize, mean, std);
        }

        @Override
        public void requireFits(Dataset<?> data) {
            PictureKind.PICTURES.require(data);
        }

        @Override
        public ViewSource views(Dataset<?> data, Augmentation augmentation) {
            return new PictureViews(PictureKind.PICTURES.require(data), augmentation, imageSize);
        }
    }

    /**
     * Rows of a table.
     *
     * @param columns the values' names, in their order
     * @param label the column of classes, for evaluation alone; null for none
     * @param mean of each column in the training set, taken off inside the graph
     * @param std standard deviation of each column in the training set, divided by inside the graph
     */
    record Vectors(
            List<String> columns,

            @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable
            String label,

            List<Float> mean,
            List<Float> std)
            implements InputConfig {
        /** Copies the lists. */
        public Vectors {
            columns = List.copyOf(columns);
            mean = List.copyOf(mean);
            std = List.copyOf(std);
            if (columns.size() != mean.size()) {
                throw new SettingException(
                        "Columns: expected as many as means, " + mean.size() + ", found " + columns.size());
            }
        }

        @Override
        public Kind<?> kind() {
            return VectorKind.VECTORS;
        }

        @Override
        public String encoder() {
            return "mlp";
        }

        @Override
        public String remedy() {
            return "; choose that many with --columns";
        }

        @Override
        public DataOptions reading() {
            return new DataOptions(columns, label, 0, 1);
        }

        @Override
        public ViewInput view(Encoders.Input takes) {
            require(takes == Encoders.Input.VECTORS, this, takes);
            return new ViewInput.Vectors(mean, std);
        }

        @Override
        public void requireFits(Dataset<?> data) {
            VectorKind.VECTORS.require(data);
        }

        @Override
        public ViewSource views(Dataset<?> data, Augmentation augmentation) {
            return new VectorViews(VectorKind.VECTORS.require(data), augmentation, std);
        }
    }

    /**
     * Recordings and other series.
     *
     * @param rate samples per second, to which they are resampled; 0 where it is not known
     * @param length values of each channel in a view
     * @param channels 1 where all were mixed
     * @param mean of each channel in the training set, taken off inside the graph
     * @param std standard deviation of each channel in the training set, divided by inside the graph
     * @param frontEnd what stands before the encoder; null for nothing
     */
    record Signals(
            int rate,
            int length,
            int channels,
            List<Float> mean,
            List<Float> std,

            @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable
            LogMel frontEnd)
            implements InputConfig {
        /** Checks what the graph does not check itself. */
        public Signals {
            mean = List.copyOf(mean);
            std = List.copyOf(std);
            if (channels != mean.size()) {
                throw new SettingException(
                        "Channels: expected as many as means, " + mean.size() + ", found " + channels);
            }
            if (frontEnd != null && frontEnd.rate() != rate) {
                throw new SettingException("Front end: expected one for the signals' rate of " + rate
                        + " samples a second, found " + frontEnd.rate());
            }
        }

        @Override
        public Kind<?> kind() {
            return SignalKind.SIGNALS;
        }

        @Override
        public String encoder() {
            return frontEnd == null ? "resnet1d" : "resnet18";
        }

        @Override
        public String encoders() {
            return "resnet1d, or --front-end log-mel and an encoder of pictures";
        }

        @Override
        public int pictureSize(Encoders.Input takes) {
            return frontEnd != null && takes == Encoders.Input.PICTURES ? frontEnd.bands() : 0;
        }

        @Override
        public String remedy() {
            return "; bring them to it with --length, --channels and --rate";
        }

        @Override
        public DataOptions reading() {
            return new DataOptions(List.of(), null, rate, channels);
        }

        @Override
        public ViewInput view(Encoders.Input takes) {
            boolean asPictures = frontEnd != null && takes == Encoders.Input.PICTURES;
            require(asPictures || takes == Encoders.Input.SIGNALS, this, takes);
            return new ViewInput.Signals(length, mean, std, frontEnd, asPictures);
        }

        @Override
        public void requireFits(Dataset<?> data) {
            SignalKind.SIGNALS.require(data);
        }

        @Override
        public ViewSource views(Dataset<?> data, Augmentation augmentation) {
            return new SignalViews(SignalKind.SIGNALS.require(data), augmentation, mean, length);
        }
    }

    /**
     * Texts, or other sequences of ids.
     *
     * @param texts whether the ids are made from texts: see {@link dev.vicreg.runtime.sequence.ByteIds}
     * @param length ids of a view
     * @param vocabulary ids are 0 to one less; 0 where that is not known, as of some encoders that came as files
     * @param padding id that fills up short sequences
     * @param mask id that stands for masked ones
     * @param special ids that views leave alone
     * @param cut whether longer sequences are cut; they are refused otherwise. A stretch drawn for a view may lie anywhere in
     *     them, what is embedded is their start
     */
    record Sequences(
            boolean texts, int length, int vocabulary, int padding, int mask, List<Integer> special, boolean cut)
            implements InputConfig {
        /** Checks what nothing else checks. */
        public Sequences {
            special = List.copyOf(special);
            requireId("Padding", padding, vocabulary);
            requireId("Mask", mask, vocabulary);
            for (int id : special) {
                requireId("Special id", id, vocabulary);
            }
        }

        private static void requireId(String what, int id, int vocabulary) {
            if (id < 0 || (vocabulary > 0 && id >= vocabulary)) {
                throw new SettingException(what + ": expected an id of 0 to "
                        + (vocabulary > 0 ? vocabulary - 1 + ", which the encoder knows" : "…") + ", found " + id);
            }
        }

        /** The same for an encoder that takes so many ids and knows so many. */
        public Sequences of(int ids, int known) {
            return new Sequences(texts, ids, known, padding, mask, special, cut);
        }

        @Override
        public Kind<?> kind() {
            return SequenceKind.SEQUENCES;
        }

        @Override
        public String encoder() {
            return "textcnn";
        }

        @Override
        public String noun() {
            return texts ? "texts" : "ids";
        }

        @Override
        public DataOptions reading() {
            return new DataOptions(List.of(), null, 0, 1, padding);
        }

        @Override
        public ViewInput view(Encoders.Input takes) {
            require(takes == Encoders.Input.SEQUENCES, this, takes);
            if (length < 1) {
                throw new SettingException("Length: expected 1 or more ids, found " + length);
            }
            Shape sample = new Shape(List.of(Dim.symbol("N"), Dim.of(length)));
            return new ViewInput.AsFed("ids", new TensorType(ElementType.INT64, sample));
        }

        @Override
        public void requireFits(Dataset<?> data) {
            SequenceKind.SEQUENCES.require(data).requireFor(texts, vocabulary, cut ? 0 : length);
        }

        @Override
        public ViewSource views(Dataset<?> data, Augmentation augmentation) {
            requireFits(data);
            SequenceDataset sequences = SequenceKind.SEQUENCES.require(data);
            return new SequenceViews(sequences, augmentation, length, new SpecialIds(padding, mask, special));
        }
    }

    /**
     * What the file of an encoder takes, whatever that is. Graphs can be made for it; no data are read.
     *
     * @param file name of the file
     */
    record AsInFile(String file) implements InputConfig {
        private SettingException noData() {
            return new SettingException("Encoder " + file
                    + " takes no pictures [N,3,H,W] or [N,H,W,3], as the data are: see ./vicreg inspect; choose data that"
                    + " it takes, or write its graphs with ./vicreg artifacts and feed them yourself");
        }

        @Override
        public Kind<?> kind() {
            throw noData();
        }

        @Override
        public String encoder() {
            return file;
        }

        @Override
        public DataOptions reading() {
            throw noData();
        }

        @Override
        public ViewInput view(Encoders.Input takes) {
            throw noData();
        }

        @Override
        public void requireFits(Dataset<?> data) {
            throw noData();
        }

        @Override
        public ViewSource views(Dataset<?> data, Augmentation augmentation) {
            throw noData();
        }
    }

    private static void require(boolean fits, InputConfig input, Encoders.Input takes) {
        if (!fits) {
            throw new SettingException("The encoder takes " + takes.name().toLowerCase(Locale.ROOT)
                    + ", the data are " + input.kind().noun() + "; choose one that fits, such as --encoder "
                    + input.encoders());
        }
    }
}
