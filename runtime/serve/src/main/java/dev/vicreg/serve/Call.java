package dev.vicreg.serve;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A request that has arrived whole.
 *
 * @param path the parts of its address that the route leaves open, by name
 * @param query the first value of each name
 * @param headers as {@link Headers} gives them
 * @param body decompressed; empty where there is none
 */
record Call(Map<String, String> path, Map<String, String> query, Headers headers, byte[] body) {
    /** The value of a header, in any case; null for none. */
    interface Headers {
        @Nullable
        String get(String name);
    }

    /** A part of the address. */
    String part(String name) {
        String part = path.get(name);
        if (part == null) {
            throw new IllegalStateException("the route has no " + name);
        }
        return part;
    }

    Optional<String> asked(String name) {
        return Optional.ofNullable(query.get(name));
    }

    /** The body's media type in lower case without parameters; empty where none is told. */
    String mediaType() {
        return mediaType(headers.get("Content-Type"));
    }

    static String mediaType(@Nullable String header) {
        return header == null ? "" : header.split(";", 2)[0].strip().toLowerCase(Locale.ROOT);
    }

    /** Whether a type is among some, of which {@code image/*} stands for all of its kind. */
    static boolean isAmong(String type, Iterable<String> types) {
        for (String each : types) {
            boolean fits =
                    each.endsWith("/*") ? type.startsWith(each.substring(0, each.length() - 1)) : type.equals(each);
            if (fits) {
                return true;
            }
        }
        return false;
    }

    /** Types that stand for JSON; none is told by clients that send nothing else. */
    static final List<String> JSON = List.of("application/json", "");

    /** The body as JSON. */
    <T> T json(JsonBody.Reading<T> reading) {
        return JsonBody.read(body, 0, body.length, reading);
    }
}
