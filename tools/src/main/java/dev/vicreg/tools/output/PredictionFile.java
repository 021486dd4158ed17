package dev.vicreg.tools.output;

import dev.vicreg.models.setting.SettingException;
import dev.vicreg.runtime.Classification;
import dev.vicreg.runtime.Manifest;
import dev.vicreg.runtime.file.AtomicFile;
import java.io.BufferedWriter;
import java.io.Closeable;
import java.io.IOException;
import java.io.PrintStream;
import java.io.Writer;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Writes what samples are, one after another, as CSV with a header line or as JSON, an object a line. A file stands under
 * its name only after {@link #publish}. Not thread-safe.
 */
public final class PredictionFile implements Closeable {
    private static final String JSON_LINES = ".jsonl";

    private final @Nullable AtomicFile file;
    private final Lines out;
    private final boolean json;
    private final int top;

    private PredictionFile(@Nullable AtomicFile file, Lines out, boolean json, int top) throws IOException {
        this.file = file;
        this.out = out;
        this.json = json;
        this.top = top;
        if (!json) {
            out.write(line(header()));
        }
    }

    /** Takes lines with their ends. */
    private interface Lines {
        void write(String line) throws IOException;

        default void flush() throws IOException {}
    }

    /** Text of a file. */
    private record FileLines(Writer writer) implements Lines {
        @Override
        public void write(String line) throws IOException {
            writer.write(line);
        }

        @Override
        public void flush() throws IOException {
            writer.flush();
        }
    }

    /**
     * Starts a file; its ending decides the format.
     *
     * @param top how many classes of each sample, the most probable first; or {@link #NUMBERS}
     * @throws SettingException if it ends in neither .csv nor .jsonl
     * @throws IOException if it cannot be written there
     */
    public static PredictionFile create(Path target, int top) throws IOException {
        requireWritable(target);
        AtomicFile file = AtomicFile.create(target);
        Writer writer = new BufferedWriter(Channels.newWriter(file.channel(), StandardCharsets.UTF_8));
        return new PredictionFile(file, new FileLines(writer), hasEnding(target, JSON_LINES), top);
    }

    /** What {@code top} is where samples get a number instead of classes. */
    public static final int NUMBERS = 0;

    /**
     * Writes to a stream, which stays open.
     *
     * @param json whether as JSON lines
     */
    public static PredictionFile to(PrintStream stream, boolean json, int top) throws IOException {
        return new PredictionFile(null, stream::print, json, top);
    }

    /**
     * Refuses a file that {@link #create} would refuse, before anything is computed.
     *
     * @throws SettingException if it ends in neither .csv nor .jsonl
     * @throws IOException if it is a folder, or its own folder is missing
     */
    public static void requireWritable(Path target) throws IOException {
        if (!hasEnding(target, ".csv") && !hasEnding(target, JSON_LINES)) {
            throw new SettingException("--out must end in .csv or .jsonl, found " + target);
        }
        AtomicFile.requireWritable(target);
    }

    private static boolean hasEnding(Path target, String ending) {
        return target.toString().toLowerCase(Locale.ROOT).endsWith(ending);
    }

    private List<String> header() {
        if (top == NUMBERS) {
            return List.of("path", Manifest.PREDICTION);
        }
        List<String> header = new ArrayList<>(List.of("path", "label", "probability"));
        for (int rank = 2; rank <= top; rank++) {
            header.add("label-" + rank);
            header.add("probability-" + rank);
        }
        return header;
    }

    private static String line(List<?> values) {
        return Csv.line(values.toArray());
    }

    /** A line of JSON. */
    private record Line(String path, String label, float probability, List<Classification.Score> top) {}

    /** Appends what a sample is. */
    public void add(String name, Classification found) throws IOException {
        List<Classification.Score> scores = found.top(top);
        if (json) {
            Classification.Score first = scores.get(0);
            out.write(Json.line(new Line(name, first.label(), first.probability(), scores)) + "\n");
            return;
        }
        List<Object> values = new ArrayList<>(List.of(name));
        for (Classification.Score score : scores) {
            values.add(score.label());
            values.add(score.probability());
        }
        out.write(line(values));
    }

    /** Appends the number of a sample. */
    public void add(String name, float prediction) throws IOException {
        out.write(json ? Json.line(new Predicted(name, prediction)) + "\n" : line(List.of(name, prediction)));
    }

    /** A line of JSON of a number. */
    private record Predicted(String path, float prediction) {}

    /** Completes what was written; a file is forced to the disk and gets its name. */
    public void publish() throws IOException {
        out.flush();
        if (file != null) {
            file.publish();
        }
    }

    /** Removes a file that was not published. */
    @Override
    public void close() throws IOException {
        if (file != null) {
            file.close();
        }
    }
}
