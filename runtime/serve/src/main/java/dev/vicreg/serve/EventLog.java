package dev.vicreg.serve;

import com.google.gson.stream.JsonWriter;
import java.io.IOException;
import java.io.PrintStream;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What happens in a server, a line each: as text, or as one JSON object with {@code time}, {@code level}, {@code message}
 * and the fields. Thread-safe. Nothing that a client sent goes into it but the method, which is one of those known.
 *
 * @param out where the lines go; stays open
 * @param json whether they are JSON
 * @param debug whether there is a line for each request
 */
public record EventLog(PrintStream out, boolean json, boolean debug) {
    /** Fields in their order, names and values in turn. */
    static Map<String, Object> fields(Object... namesAndValues) {
        Map<String, Object> fields = new LinkedHashMap<>();
        for (int i = 0; i < namesAndValues.length; i += 2) {
            fields.put(namesAndValues[i].toString(), namesAndValues[i + 1]);
        }
        return fields;
    }

    void debug(String message, Map<String, ?> fields) {
        if (debug) {
            line("debug", message, fields);
        }
    }

    void info(String message, Map<String, ?> fields) {
        line("info", message, fields);
    }

    void warn(String message, Map<String, ?> fields) {
        line("warn", message, fields);
    }

    private void line(String level, String message, Map<String, ?> fields) {
        out.println(json ? object(level, message, fields) : text(level, message, fields));
    }

    private static String text(String level, String message, Map<String, ?> fields) {
        StringBuilder line = new StringBuilder(level).append(' ').append(message);
        fields.forEach((name, value) -> line.append(' ')
                .append(name)
                .append('=')
                .append(String.valueOf(value).replaceAll("\\R", " ")));
        return line.toString();
    }

    private static String object(String level, String message, Map<String, ?> fields) {
        StringWriter text = new StringWriter();
        try (JsonWriter line = new JsonWriter(text)) {
            line.beginObject().name("time").value(Instant.now().toString());
            line.name("level").value(level).name("message").value(message);
            for (Map.Entry<String, ?> field : fields.entrySet()) {
                line.name(field.getKey());
                if (field.getValue() instanceof Number number) {
                    line.value(number);
                } else {
                    line.value(String.valueOf(field.getValue()));
                }
            }
            line.endObject();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return text.toString();
    }
}
