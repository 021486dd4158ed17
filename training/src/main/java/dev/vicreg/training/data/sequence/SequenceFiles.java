package dev.vicreg.training.data.sequence;

import dev.vicreg.runtime.sequence.ByteIds;
import dev.vicreg.training.data.source.DataOptions;
import dev.vicreg.training.data.source.FileSamples;
import dev.vicreg.training.data.source.NpyFile;
import dev.vicreg.training.data.source.RowLabels;
import dev.vicreg.training.data.source.Selection;
import dev.vicreg.training.data.source.Undecodable;
import dev.vicreg.training.data.source.Utf8;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Sequences of ids: arrays [N,T] of whole numbers in NumPy's format, {@code .ids} files with one sequence a line, and
 * texts in UTF-8, one a line of a {@code .txt} file or one a file in folders and archives.
 *
 * <p>Classes of the sequences of one file may stand in {@code NAME.labels.txt} beside {@code NAME.npy}, {@code NAME.ids} or
 * {@code NAME.txt}, one a line, an empty one for none; texts in folders have their folder.
 */
public final class SequenceFiles {
    /** Of a line of ids. */
    private static final String SEPARATOR = "[\\s,]+";

    private static final int MOST_DIGITS = 9; // that surely fit an int
    private static final int SHOWN = 20; // characters of a word in a message

    /** Texts as they are in files of their own. */
    static final FileSamples.Format<String> TEXT = new FileSamples.Format<>() {
        @Override
        public String noun() {
            return "texts";
        }

        @Override
        public String decode(byte[] bytes, String name) throws IOException {
            return Utf8.decode(bytes, name).strip();
        }

        @Override
        public long decodedSize(String text) {
            return 2L * text.length();
        }
    };

    private SequenceFiles() {}

    /** The rows of an opened array, without the padding at their ends; the array is closed. */
    public static SequenceDataset npy(NpyFile array, DataOptions reading, Selection selection) throws IOException {
        Sequences found = new Sequences(array.path(), false);
        for (int[] row : array.ids()) {
            int count = row.length;
            while (count > 0 && row[count - 1] == reading.padding()) {
                count--;
            }
            found.add(Arrays.copyOf(row, count));
        }
        return found.select(selection);
    }

    /** The lines of a file of ids, each of any length, without the padding at their ends. */
    public static SequenceDataset ids(Path file, DataOptions reading, Selection selection) throws IOException {
        Sequences found = new Sequences(file, false);
        for (String line : lines(file)) {
            String[] words = line.isEmpty() ? new String[0] : line.split(SEPARATOR);
            int[] ids = new int[words.length];
            int count = 0;
            for (int i = 0; i < ids.length; i++) {
                ids[i] = id(file, found.size() + 1, words[i]);
                count = ids[i] == reading.padding() ? count : i + 1;
            }
            found.add(Arrays.copyOf(ids, count));
        }
        return found.select(selection);
    }

    private static int id(Path file, int line, String word) throws IOException {
        if (!word.matches("\\d{1," + MOST_DIGITS + "}")) {
            String shown = word.length() > SHOWN ? word.substring(0, SHOWN) + "…" : word;
            throw new IOException(file + ": line " + line + " has '" + shown + "', expected ids of at most "
                    + MOST_DIGITS + " digits with spaces or commas between them");
        }
        return Integer.parseInt(word);
    }

    /** The lines of a file as texts. */
    public static SequenceDataset texts(Path file, Selection selection) throws IOException {
        Sequences found = new Sequences(file, true);
        for (String line : lines(file)) {
            found.add(line.isEmpty() ? new int[0] : ByteIds.of(line));
        }
        return found.select(selection);
    }

    /** Texts in files of their own. */
    public static SequenceDataset texts(String where, FileSamples<String> files, Selection selection)
            throws IOException {
        List<String> names = new ArrayList<>();
        List<int[]> sequences = new ArrayList<>();
        List<String> classes = new ArrayList<>();
        Undecodable undecodable = new Undecodable(where, files.noun(), files.size());
        for (int i = 0; i < files.size(); i++) {
            String text = "";
            try {
                text = files.decode(i, files.encoded(i));
            } catch (IOException e) {
                undecodable.add(i, e);
            }
            if (!text.isEmpty()) {
                names.add(files.name(i));
                sequences.add(ByteIds.of(text));
                classes.add(files.label(i) < 0 ? "" : files.labelNames().get(files.label(i)));
            }
        }
        undecodable.check();
        requireAny(where, names);
        return new SequenceTable(names, sequences, classes, true, files.size() - names.size(), selection);
    }

    private static void requireAny(String where, List<String> names) throws IOException {
        if (names.isEmpty()) {
            throw new IOException(where + " holds no sequences: all of it is empty or padding");
        }
    }

    private static List<String> lines(Path file) throws IOException {
        return Utf8.decode(Files.readAllBytes(file), file.toString())
                .lines()
                .map(String::strip)
                .toList();
    }

    /** The sequences of one file as they come; empty ones are left out, with their names and classes. */
    private static final class Sequences {
        private final Path file;
        private final boolean texts;
        private final List<int[]> all = new ArrayList<>();

        Sequences(Path file, boolean texts) {
            this.file = file;
            this.texts = texts;
        }

        int size() {
            return all.size();
        }

        void add(int... ids) {
            all.add(ids);
        }

        SequenceDataset select(Selection selection) throws IOException {
            List<String> beside = RowLabels.beside(file, all.size());
            List<String> names = new ArrayList<>();
            List<int[]> sequences = new ArrayList<>();
            List<String> classes = new ArrayList<>();
            for (int i = 0; i < all.size(); i++) {
                if (all.get(i).length > 0) {
                    names.add("row " + (i + 1)); // as in tables, with which they may go together
                    sequences.add(all.get(i));
                    if (!beside.isEmpty()) {
                        classes.add(beside.get(i));
                    }
                }
            }
            requireAny(file.toString(), names);
            return new SequenceTable(names, sequences, classes, texts, all.size() - names.size(), selection);
        }
    }
}
