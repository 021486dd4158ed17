package dev.vicreg.training.config;

import dev.vicreg.models.encoder.Encoders;
import dev.vicreg.models.encoder.OnnxEncoder;
import dev.vicreg.models.graph.Dim;
import dev.vicreg.models.graph.ElementType;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.TensorType;
import dev.vicreg.models.setting.Codec;
import dev.vicreg.models.setting.Group;
import dev.vicreg.models.setting.Option;
import dev.vicreg.models.setting.Schema;
import dev.vicreg.models.setting.SettingException;
import dev.vicreg.models.setting.Variant;
import dev.vicreg.runtime.input.Input;
import dev.vicreg.runtime.sequence.ByteIds;
import dev.vicreg.training.data.kind.Kind;
import dev.vicreg.training.data.sequence.SequenceDataset;
import dev.vicreg.training.data.sequence.SequenceKind;
import dev.vicreg.training.data.sequence.SequenceViews;
import dev.vicreg.training.data.sequence.SpecialIds;
import dev.vicreg.training.data.source.DataOptions;
import dev.vicreg.training.data.source.Dataset;
import dev.vicreg.training.data.view.Augmentation;
import dev.vicreg.training.data.view.ViewSource;
import dev.vicreg.training.step.ViewInput;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Texts, or other sequences of ids.
 *
 * @param texts whether the ids are made from texts: see {@link ByteIds}
 * @param length ids of a view
 * @param vocabulary ids are 0 to one less; 0 where that is not known, as of some encoders that came as files
 * @param padding id that fills up short sequences
 * @param mask id that stands for masked ones
 * @param special ids that views leave alone
 * @param cut whether longer sequences are cut; they are refused otherwise. A stretch drawn for a view may lie anywhere in
 *     them, what is embedded is their start
 */
@Variant("sequence")
public record SequenceInput(
        boolean texts,

        @Option(
                help = "sequences: ids that it sees, of which longer ones are cut; without it the encoder file's or the"
                        + " longest's, of texts at most 256",
                argument = "N",
                group = Group.DATA,
                codec = Length.Text.class)
        int length,

        @Option(
                help =
                        "sequences of ids: they are 0 to N - 1; without it the encoder file's, or the largest in the data",
                argument = "N",
                group = Group.DATA,
                min = 1,
                max = Integer.MAX_VALUE)
        int vocabulary,

        @Option(
                name = "pad-id",
                help = "sequences of ids: fills up short ones, and is left out at their ends; without it 0",
                argument = "ID",
                group = Group.DATA,
                min = 0,
                max = Integer.MAX_VALUE)
        int padding,

        @Option(
                name = "mask-id",
                help = "sequences: stands for masked ids; without it the padding's, of texts 2",
                argument = "ID",
                group = Group.DATA,
                min = 0,
                max = Integer.MAX_VALUE)
        int mask,

        @Option(
                name = "special-ids",
                help = "sequences of ids: those that views and cuts leave alone, such as [CLS] and [SEP]",
                argument = "ID,ID",
                group = Group.DATA,
                codec = Ids.class)
        List<Integer> special,

        boolean cut)
        implements InputConfig, Schema.Inferring {
    private static final int LONGEST_TEXT = 256; // in bytes, unless asked for
    private static final List<String> OF_IDS = List.of("vocabulary", "pad-id", "special-ids");

    /** Checks what nothing else checks. */
    public SequenceInput {
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

    /** Ids with commas between them. */
    static final class Ids implements Codec<List<Integer>> {
        @Override
        public List<Integer> parse(String text) {
            try {
                List<Integer> ids =
                        Arrays.stream(text.split(",", -1)).map(Integer::valueOf).toList();
                if (ids.stream().allMatch(id -> id >= 0)) {
                    return ids;
                }
            } catch (NumberFormatException e) {
                // reported like numbers out of range
            }
            throw new SettingException("must be ids such as 101,102, found \"" + text + "\"");
        }

        @Override
        public String text(List<Integer> ids) {
            return ids.stream().map(Object::toString).collect(Collectors.joining(","));
        }
    }

    /** What options say; what they leave open follows from the data. */
    static SequenceInput of(Schema.Source options, InputKind.Source source) throws IOException {
        int padding = options.<Integer>find("pad-id").orElse(0);
        SequenceDataset data =
                SequenceKind.SEQUENCES.require(source.read(new DataOptions(List.of(), null, 0, 1, padding)));
        SequenceDataset.Summary summary = data.summary();
        Optional<Integer> asked = options.<Length>find("length").map(Length::ids);
        if (data.areTexts()) {
            int length = asked.orElse(Math.min(LONGEST_TEXT, summary.longest()));
            return ofTexts(length, options);
        }
        int mask = options.<Integer>find("mask-id").orElse(padding);
        List<Integer> special = options.<List<Integer>>find("special-ids").orElse(List.of());
        int largest = Math.max(summary.largestId(), Math.max(padding, mask));
        largest = Math.max(largest, special.stream().mapToInt(id -> id).max().orElse(0));
        int known = options.<Integer>find("vocabulary").orElse(Math.min(largest, Integer.MAX_VALUE - 1) + 1);
        int length = asked.orElse(summary.longest());
        return new SequenceInput(false, length, known, padding, mask, special, asked.isPresent());
    }

    /** What options alone say; what they leave open is the encoder file's. */
    public static SequenceInput withoutData(Schema.Source options) {
        int padding = options.<Integer>find("pad-id").orElse(0);
        Optional<Integer> asked = options.<Length>find("length").map(Length::ids);
        return new SequenceInput(
                false,
                asked.orElse(0),
                options.<Integer>find("vocabulary").orElse(0),
                padding,
                options.<Integer>find("mask-id").orElse(padding),
                options.<List<Integer>>find("special-ids").orElse(List.of()),
                asked.isPresent());
    }

    private static SequenceInput ofTexts(int length, Schema.Source options) {
        for (String option : OF_IDS) {
            if (options.isGiven(option)) {
                throw new SettingException(
                        "`" + option + "` is for sequences of ids, the data are texts; leave it out");
            }
        }
        int mask = options.<Integer>find("mask-id").orElse(ByteIds.UNKNOWN);
        int known = Math.max(ByteIds.COUNT, Math.min(mask, Integer.MAX_VALUE - 1) + 1);
        return new SequenceInput(true, length, known, ByteIds.PADDING, mask, List.of(ByteIds.END), true);
    }

    /** What a model takes. */
    static SequenceInput of(Input.Sequences input) {
        return new SequenceInput(
                input.ofTexts(),
                input.length(),
                input.vocabulary(),
                input.padding(),
                input.mask(),
                input.special(),
                input.cut());
    }

    /** Of texts all but their length and mask are given; without a cut the length is the longest's. */
    @Override
    public boolean isInferred(String option) {
        return texts ? OF_IDS.contains(option) : !cut && option.equals("length");
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
        require(takes == Encoders.Input.SEQUENCES, takes);
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

    /** Of the file's length, these data's where it leaves that open or another was asked for, and of its vocabulary. */
    @Override
    public Fitted fitted(OnnxConfig file, String encoder, Schema.Source options) throws IOException {
        OnnxConfig sized = sized(file, options).withPadding(padding);
        OnnxEncoder network = sized.encoder();
        int told = options.isGiven("vocabulary") ? vocabulary : 0;
        int rows = Math.toIntExact(network.vocabulary().orElse(told));
        if (told > rows) {
            throw new SettingException(
                    "`vocabulary` is " + told + ", the table of " + encoder + " has " + rows + " rows; leave it out");
        }
        int ids = Math.toIntExact(network.sample().get(0));
        int known = told > 0 ? told : rows;
        return new Fitted(new SequenceInput(texts, ids, known, padding, mask, special, cut), sized);
    }

    private OnnxConfig sized(OnnxConfig file, Schema.Source options) throws IOException {
        EncoderInput takes = file.takes();
        if (takes.type().shape().rank() != 2 || !file.sample().isEmpty()) {
            return file;
        }
        long ids = sized(takes, options).length;
        return ids > 0 ? file.withSample(List.of(ids)) : file;
    }

    @Override
    public SequenceInput sized(EncoderInput file, Schema.Source options) {
        boolean own = !options.isGiven("length") && file.type().shape().rank() == 2;
        long ids = own ? file.size(1).orElse((long) length) : length;
        return new SequenceInput(texts, Math.toIntExact(ids), vocabulary, padding, mask, special, cut);
    }

    /** Ids are any: nothing tells how many the encoder knows. */
    @Override
    public SequenceInput unmeasured() {
        return new SequenceInput(texts, length, 0, padding, mask, special, cut);
    }

    @Override
    public Input<?> served() {
        return served("ids");
    }

    @Override
    public Input<?> served(String name, EncoderInput file) {
        return served(name);
    }

    private Input<?> served(String name) {
        return new Input.Sequences(
                name,
                Input.Sequences.KIND,
                length,
                texts ? ByteIds.NAME : Input.Sequences.IDS,
                vocabulary,
                padding,
                mask,
                special,
                cut);
    }
}
