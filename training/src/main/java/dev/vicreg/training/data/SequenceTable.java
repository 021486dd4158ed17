package dev.vicreg.training.data;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;

/** Sequences in memory. */
final class SequenceTable implements SequenceDataset {
    private final List<String> names;
    private final List<int[]> sequences;
    private final boolean texts;
    private final int skipped;
    private final List<String> labelNames;
    private final int[] labels; // of all sequences
    private final int[] selected;

    /**
     * @param names of every sequence
     * @param sequences one or more ids each
     * @param classes of every sequence; an empty text for none. No elements where no sequence has one
     * @param skipped how many were left out since they are empty
     */
    SequenceTable(
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
        labelNames = VectorTable.classNames(classes.stream());
        labels = new int[sequences.size()];
        Arrays.fill(labels, -1);
        for (int i = 0; i < classes.size(); i++) {
            labels[i] = labelNames.indexOf(classes.get(i));
        }
        selected = selection.of(labels.length, i -> labels[i]);
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
        return labels[selected[index]];
    }

    @Override
    public List<String> labelNames() {
        return labelNames;
    }

    @Override
    public int skipped() {
        return skipped;
    }

    @Override
    public int[] ids(int index) {
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
        for (int i : selected) {
            longest = Math.max(longest, sequences.get(i).length);
            for (int id : sequences.get(i)) {
                largest = Math.max(largest, id);
            }
        }
        return new Summary(longest, largest);
    }

    @Override
    public String fingerprint() {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            for (int i : selected) {
                int[] ids = sequences.get(i);
                ByteBuffer bytes = ByteBuffer.allocate((ids.length + 1) * Integer.BYTES);
                bytes.asIntBuffer().put(ids.length).put(ids);
                digest.update(bytes);
            }
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }

    @Override
    public void close() {}
}
