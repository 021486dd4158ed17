package dev.vicreg.serve;

import com.google.gson.Strictness;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * JSON of a request, read strictly as RFC 8259 has it and value by value, so that what it takes is known before it is
 * kept: no tree is built. Whatever is wrong with it is a {@link Refusal} of status 400.
 */
final class JsonBody {
    private static final Pattern PLACE = Pattern.compile("line (\\d+) column (\\d+)");
    private static final int MAX_PATH = 80;

    private JsonBody() {}

    /** Reads one value. */
    @FunctionalInterface
    interface Reading<T> {
        T read(JsonReader in) throws IOException;
    }

    /** Reads a field's value. */
    @FunctionalInterface
    interface Field {
        void read(String name, JsonReader in) throws IOException;
    }

    /** What is read of the text, behind which nothing may stand. */
    static <T> T read(byte[] utf8, int from, int length, Reading<T> reading) {
        var decoder = StandardCharsets.UTF_8
                .newDecoder()
                .onMalformedInput(CodingErrorAction.REPORT)
                .onUnmappableCharacter(CodingErrorAction.REPORT);
        try (JsonReader in =
                new JsonReader(new InputStreamReader(new ByteArrayInputStream(utf8, from, length), decoder))) {
            in.setStrictness(Strictness.STRICT);
            T value = reading.read(in);
            if (in.peek() != JsonToken.END_DOCUMENT) {
                throw Refusal.bad("the JSON goes on behind its end");
            }
            return value;
        } catch (CharacterCodingException e) {
            throw Refusal.bad("the JSON is no text in UTF-8").because(e);
        } catch (EOFException e) {
            throw Refusal.bad(length == 0 ? "the body is empty, expected JSON" : "the JSON is cut off")
                    .because(e);
        } catch (IOException | IllegalStateException | NumberFormatException e) { // gson's words are for programmers
            Matcher place = PLACE.matcher(String.valueOf(e.getMessage()));
            String where = place.find() ? ", line " + place.group(1) + " column " + place.group(2) : "";
            throw Refusal.bad("the JSON is not valid" + where).because(e);
        }
    }

    /** Reads an object; a name may stand in it once. */
    static void object(JsonReader in, Field field) throws IOException {
        expect(in, JsonToken.BEGIN_OBJECT, "an object");
        Set<String> seen = new HashSet<>();
        in.beginObject();
        while (in.hasNext()) {
            String name = in.nextName();
            if (!seen.add(name)) {
                throw Refusal.bad("the JSON has a name twice in one object, at " + at(in));
            }
            field.read(name, in);
        }
        in.endObject();
    }

    static String string(JsonReader in) throws IOException {
        expect(in, JsonToken.STRING, "a string");
        return in.nextString();
    }

    static boolean bool(JsonReader in) throws IOException {
        expect(in, JsonToken.BOOLEAN, "true or false");
        return in.nextBoolean();
    }

    /** A finite number. */
    static double number(JsonReader in) throws IOException {
        expect(in, JsonToken.NUMBER, "a number");
        return in.nextDouble();
    }

    /** A whole number that a long holds exactly, written without a fraction. */
    static long whole(JsonReader in) throws IOException {
        expect(in, JsonToken.NUMBER, "a whole number");
        String path = at(in);
        String text = in.nextString();
        try {
            return Long.parseLong(text);
        } catch (NumberFormatException e) {
            throw Refusal.bad("expected a whole number at " + path).because(e);
        }
    }

    /** The numbers up to the end of the array that is being read. */
    static double[] rest(JsonReader in, int most, String where) throws IOException {
        double[] values = new double[Math.min(most, 16)];
        int count = 0;
        while (in.hasNext()) {
            if (count == most) {
                throw Refusal.bad(where + ": more than " + most + " numbers");
            }
            if (count == values.length) {
                values = Arrays.copyOf(values, (int) Math.min(most, 2L * count));
            }
            values[count++] = number(in);
        }
        return Arrays.copyOf(values, count);
    }

    static void expect(JsonReader in, JsonToken token, String what) throws IOException {
        JsonToken found = in.peek();
        if (found != token) {
            throw Refusal.bad("expected " + what + " at " + at(in) + ", found " + word(found));
        }
    }

    /** Where a reader is; names in it may be of any length. */
    static String at(JsonReader in) {
        String path = in.getPath();
        return path.length() <= MAX_PATH ? path : path.substring(0, MAX_PATH) + "…";
    }

    private static String word(JsonToken token) {
        return switch (token) {
            case BEGIN_ARRAY -> "an array";
            case BEGIN_OBJECT -> "an object";
            case END_DOCUMENT -> "nothing";
            case END_ARRAY, END_OBJECT -> "an end";
            default -> "a " + token.name().toLowerCase(Locale.ROOT);
        };
    }
}
