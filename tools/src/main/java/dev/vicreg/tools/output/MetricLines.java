package dev.vicreg.tools.output;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The lines of a metrics.jsonl, also of one that grows: each call goes on where the last one ended, or begins again where
 * another file has taken its place, as when a run goes back. Not thread-safe.
 */
public final class MetricLines {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Path file;
    private long position; // in bytes: what was handed over ends here
    private @Nullable Object key; // of the file that it is a position in

    /** Lines of a file that may not be there yet. */
    public MetricLines(Path file) {
        this.file = file;
    }

    /** Takes a line; may throw what it does with it throws. */
    public interface Sink {
        void accept(JsonNode line) throws IOException;

        /** What was handed over no longer holds: another file follows from its first line. */
        default void clear() {}
    }

    /**
     * Hands over the lines that are new and complete. One that a killed run has left half written is left out.
     *
     * @throws IOException if the file can't be read
     */
    public void forEach(Sink sink) throws IOException {
        if (!Files.exists(file)) {
            return;
        }
        Object found = Files.readAttributes(file, BasicFileAttributes.class).fileKey(); // before it is opened: if it is
        try (FileChannel channel = FileChannel.open(file)) { // replaced in between, the next call begins again
            long size = channel.size();
            if (position > 0 && (size < position || !Objects.equals(key, found))) {
                position = 0;
                sink.clear();
            }
            key = found;
            channel.position(position);
            BufferedReader reader =
                    new BufferedReader(new InputStreamReader(Channels.newInputStream(channel), StandardCharsets.UTF_8));
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                long end = position + line.getBytes(StandardCharsets.UTF_8).length + 1; // that of "\n"
                if (end > size) { // it has none yet, or none when this began
                    return;
                }
                position = end;
                handOver(line, sink);
            }
        }
    }

    private static void handOver(String text, Sink sink) throws IOException {
        JsonNode line;
        try {
            line = JSON.readTree(text);
        } catch (JsonProcessingException e) { // cut off, and another line begun behind it
            return;
        }
        if (line.isObject()) {
            sink.accept(line);
        }
    }

    /** A line's values by name, those of nested objects with dots between the names. */
    public static Map<String, JsonNode> values(JsonNode line) {
        Map<String, JsonNode> values = new LinkedHashMap<>();
        collect("", line, values);
        return values;
    }

    private static void collect(String prefix, JsonNode object, Map<String, JsonNode> into) {
        object.properties().forEach(field -> {
            if (field.getValue().isObject()) {
                collect(prefix + field.getKey() + ".", field.getValue(), into);
            } else {
                into.put(prefix + field.getKey(), field.getValue());
            }
        });
    }
}
