package dev.vicreg.tools.command;

import dev.vicreg.models.setting.Group;
import dev.vicreg.models.setting.SettingException;
import dev.vicreg.runtime.input.Input;
import dev.vicreg.runtime.sequence.ByteIds;
import dev.vicreg.tools.cli.Setting;
import dev.vicreg.tools.cli.Settings;
import dev.vicreg.training.config.InputConfig;
import dev.vicreg.training.data.kind.Kind;
import dev.vicreg.training.data.sequence.SequenceDataset;
import dev.vicreg.training.data.sequence.SequenceKind;
import dev.vicreg.training.data.source.DataOptions;
import dev.vicreg.training.data.source.Dataset;
import java.io.IOException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/** The options for sequences, which say what their ids mean. */
final class SequenceSettings implements KindSettings {
    static final Setting<Integer> VOCABULARY = Setting.integer(
            "vocabulary",
            "N",
            Group.DATA,
            "sequences of ids: they are 0 to N - 1; without it the encoder file's, or the largest in the data",
            null,
            1,
            Integer.MAX_VALUE);
    static final Setting<Integer> PAD_ID = Setting.integer(
            "pad-id",
            "ID",
            Group.DATA,
            "sequences of ids: fills up short ones, and is left out at their ends; without it 0",
            null,
            0,
            Integer.MAX_VALUE);
    static final Setting<Integer> MASK_ID = Setting.integer(
            "mask-id",
            "ID",
            Group.DATA,
            "sequences: stands for masked ids; without it the padding's, of texts 2",
            null,
            0,
            Integer.MAX_VALUE);
    static final Setting<List<Integer>> SPECIAL_IDS = new Setting<>(
            "special-ids",
            "ID,ID",
            Group.DATA,
            "sequences of ids: those that views and cuts leave alone, such as [CLS] and [SEP]",
            null,
            SequenceSettings::parseIds);

    private static final int LONGEST_TEXT = 256; // in bytes, unless asked for

    private static List<Integer> parseIds(String text) {
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
    public Kind<?> kind() {
        return SequenceKind.SEQUENCES;
    }

    @Override
    public List<Setting<?>> options() {
        return List.of(SignalSettings.LENGTH, VOCABULARY, PAD_ID, MASK_ID, SPECIAL_IDS);
    }

    @Override
    public InputConfig input(Settings settings, Source source) throws IOException {
        DataOptions options =
                new DataOptions(List.of(), null, 0, 1, settings.find(PAD_ID).orElse(0));
        return of(SequenceKind.SEQUENCES.require(source.read(options)), settings);
    }

    private static InputConfig.Sequences of(SequenceDataset data, Settings settings) {
        boolean texts = data.areTexts();
        SequenceDataset.Summary summary = data.summary();
        Optional<SignalSettings.Length> asked = settings.find(SignalSettings.LENGTH);
        if (asked.isPresent() && asked.get().inSeconds()) {
            throw new SettingException("--length of sequences must be a number of ids, found seconds");
        }
        int length = asked.map(given -> (int) given.value())
                .orElse(texts ? Math.min(LONGEST_TEXT, summary.longest()) : summary.longest());
        if (texts) {
            for (Setting<?> setting : List.of(VOCABULARY, PAD_ID, SPECIAL_IDS)) {
                if (settings.isGiven(setting)) {
                    throw new SettingException(
                            "--" + setting.name() + " is for sequences of ids, the data are texts; leave it out");
                }
            }
            int mask = settings.find(MASK_ID).orElse(ByteIds.UNKNOWN);
            int known = Math.max(ByteIds.COUNT, Math.min(mask, Integer.MAX_VALUE - 1) + 1);
            return new InputConfig.Sequences(true, length, known, ByteIds.PADDING, mask, List.of(ByteIds.END), true);
        }
        int padding = settings.find(PAD_ID).orElse(0);
        int mask = settings.find(MASK_ID).orElse(padding);
        List<Integer> special = settings.find(SPECIAL_IDS).orElse(List.of());
        int largest = Math.max(summary.largestId(), Math.max(padding, mask));
        largest = Math.max(largest, special.stream().mapToInt(id -> id).max().orElse(0));
        int known = settings.find(VOCABULARY).orElse(Math.min(largest, Integer.MAX_VALUE - 1) + 1);
        return new InputConfig.Sequences(false, length, known, padding, mask, special, asked.isPresent());
    }

    @Override
    public Map<Setting<?>, Object> values(InputConfig input) {
        InputConfig.Sequences sequences = (InputConfig.Sequences) input;
        Map<Setting<?>, Object> values = new HashMap<>();
        values.put(MASK_ID, sequences.mask());
        if (sequences.cut()) {
            values.put(SignalSettings.LENGTH, sequences.length());
        }
        if (!sequences.texts()) {
            values.put(PAD_ID, sequences.padding());
        }
        if (!sequences.texts() && sequences.vocabulary() > 0) {
            values.put(VOCABULARY, sequences.vocabulary());
        }
        if (!sequences.texts() && !sequences.special().isEmpty()) {
            values.put(
                    SPECIAL_IDS,
                    sequences.special().stream().map(Object::toString).collect(Collectors.joining(",")));
        }
        return values;
    }

    @Override
    public DataOptions options(Input<?> input) {
        return new DataOptions(List.of(), null, 0, 1, ((Input.Sequences) input).padding());
    }

    @Override
    public void requireFits(Dataset<?> data, Input<?> input) {
        Input.Sequences sequences = (Input.Sequences) input;
        SequenceKind.SEQUENCES
                .require(data)
                .requireFor(sequences.ofTexts(), sequences.vocabulary(), sequences.cut() ? 0 : sequences.length());
    }
}
