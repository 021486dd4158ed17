package dev.vicreg.training.data.sequence;

import dev.vicreg.training.data.source.Fingerprint;
import dev.vicreg.training.data.source.RowLabels;
import dev.vicreg.training.data.source.Selection;
import java.nio.ByteBuffer;
import java.util.List;

/** Sequences in memory. */
public final class SequenceTable implements SequenceDataset {
    private final List<String> names;
    private final List<int[]> sequences;
    private final boolean texts;
    private final int skipped;
    private final RowLabels labels;
    private final int[] selected;

    /**
     * @param names of every sequence
     * @param sequences one or more ids each
     * @param classes of every sequence; an empty text for none. No elements where no sequence has one
     * @param skipped how many were left out since they are empty
     */
    public SequenceTable(
            List<String> names,
            List<int[]> sequences,
            List<String> classes,
            boolean texts,
            int skipped,
            Selection selection) {
        this.names = List.copyOf(names);
        this.sequences = List.copyOf(sequences);
        this.texts = texts;
        this.skipped = skipped;
        labels = new RowLabels(sequences.size(), classes);
        selected = selection.of(sequences.size(), labels::of);
    }

    @Override
    public int size() {
        return selected.length;
    }

    @Override
    public String name(int index) {
        return names.get(selected[index]);
    }

    @Override
    public int label(int index) {
        return labels.of(selected[index]);
    }

    @Override
    public List<String> labelNames() {
        return labels.names();
    }

    @Override
    public int skipped() {
        return skipped;
    }

    @Override
    public byte[] stored(int index) {
        int[] ids = sample(index);
        ByteBuffer bytes = ByteBuffer.allocate(ids.length * Integer.BYTES);
        bytes.asIntBuffer().put(ids);
        return bytes.array();
    }

    @Override
    public int[] sample(int index) {
        return sequences.get(selected[index]);
    }

    @Override
    public boolean areTexts() {
        return texts;
    }

    @Override
    public Summary summary() {
        int longest = 0;
        int largest = 0;
        for (int i = 0; i < size(); i++) {
            longest = Math.max(longest, sample(i).length);
            for (int id : sample(i)) {
                largest = Math.max(largest, id);
            }
        }
        return new Summary(longest, largest);
    }

    @Override
    public String fingerprint() {
        Fingerprint fingerprint = new Fingerprint();
        for (int i = 0; i < size(); i++) {
            int[] ids = sample(i);
            ByteBuffer bytes = ByteBuffer.allocate((ids.length + 1) * Integer.BYTES);
            bytes.asIntBuffer().put(ids.length).put(ids);
            fingerprint.add(bytes);
        }
        return fingerprint.hex();
    }

    @Override
    public void close() {}
}
