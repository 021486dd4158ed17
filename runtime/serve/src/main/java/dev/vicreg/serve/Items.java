package dev.vicreg.serve;

import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * Samples in JSON: one, or an array of them, each a string (a file in base64 or as a data URI; a text), an array of
 * numbers, or an object that holds such a string under the kind's name, as Jina's {@code {"image": …}}.
 */
final class Items {
    private Items() {}

    /**
     * The samples.
     *
     * @param field what messages call the value
     * @param most samples
     */
    static <S> List<Draft<S>> read(JsonReader in, Wire<S> wire, String field, int most) throws IOException {
        if (in.peek() != JsonToken.BEGIN_ARRAY) {
            return List.of(one(in, wire, field + "[0]"));
        }
        in.beginArray();
        List<Draft<S>> drafts = new ArrayList<>();
        if (in.peek() == JsonToken.NUMBER) { // one sample that is an array itself
            drafts.add(wire.numbers(numbers(in, wire, field + "[0]"), field + "[0]"));
        } else {
            while (in.hasNext()) {
                if (drafts.size() == most) {
                    throw Refusal.tooLarge("more than " + most + " samples (`queue`)");
                }
                drafts.add(one(in, wire, field + "[" + drafts.size() + "]"));
            }
        }
        in.endArray();
        return drafts;
    }

    private static <S> Draft<S> one(JsonReader in, Wire<S> wire, String where) throws IOException {
        switch (in.peek()) {
            case STRING -> {
                return wire.text(in.nextString(), where);
            }
            case BEGIN_ARRAY -> {
                in.beginArray();
                double[] values = numbers(in, wire, where);
                in.endArray();
                return wire.numbers(values, where);
            }
            case BEGIN_OBJECT -> {
                List<Draft<S>> drafts = new ArrayList<>();
                JsonBody.object(in, (name, value) -> {
                    if (!name.equals(wire.field()) || value.peek() == JsonToken.BEGIN_OBJECT) {
                        throw Refusal.bad(where + ": expected {\"" + wire.field() + "\": …} alone");
                    }
                    drafts.add(one(value, wire, where));
                });
                if (drafts.isEmpty()) {
                    throw Refusal.bad(where + ": expected {\"" + wire.field() + "\": …}, found {}");
                }
                return drafts.get(0);
            }
            default -> throw Refusal.bad(where + ": expected " + wire.expected());
        }
    }

    /** The numbers up to the end of the array that is being read. */
    private static double[] numbers(JsonReader in, Wire<?> wire, String where) throws IOException {
        return JsonBody.rest(in, wire.mostNumbers(), where);
    }
}
