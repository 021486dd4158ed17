package dev.vicreg.models.setting;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vicreg.models.setting.Schema.Declared;
import dev.vicreg.models.setting.Schema.Difference;
import java.math.BigInteger;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class SchemaTest {
    enum Stem {
        SMALL,
        VERY_SMALL
    }

    record Sizes(
            @Option(help = "sizes of a sample", argument = "N,N")
            List<Long> shape,

            @Option(
                    help = "how it ends",
                    second = "how the other ends",
                    choices = {"mean", "cls"})
            String pool) {}

    record Side(
            @Option(help = "how wide", second = "how wide the other is", min = 1, max = 8)
            int imageWidth,

            @Nullable Sizes sizes,
            @Option(open = true) Map<String, Object> rest) {}

    record Run(
            Side a,
            @Option(secondBranch = true) @Nullable Side b,

            @Option(help = "how fast", fallback = "1e-4") float rate,

            @Option(help = "where", name = "device", fallback = "auto", free = true)
            String where,

            @Option Stem stem) {
        Run {
            if (rate > 1) {
                throw new IllegalArgumentException("too fast");
            }
        }
    }

    private static Schema.Source given(Map<String, Object> values) {
        return new Schema.Source() {
            @Override
            public @Nullable Object value(String name) {
                return values.get(name);
            }

            @Override
            public boolean isGiven(String name) {
                return values.containsKey(name);
            }
        };
    }

    private static final Run RUN = new Run(
            new Side(3, null, Map.of()),
            new Side(4, new Sizes(List.of(2L, 5L), "cls"), Map.of("depth", 2)),
            0.1f,
            "cpu",
            Stem.VERY_SMALL);

    @Test
    void optionsStandInTheOrderOfTheirDeclaration() {
        assertEquals(
                List.of("image-width", "shape", "pool", "rate", "device"),
                Schema.options(Run.class, false).stream().map(Declared::name).toList());
        assertEquals(
                List.of("image-width-b", "pool-b"),
                Schema.options(Run.class, true).stream().map(Declared::name).toList());
        assertEquals(
                "how wide the other is", Schema.options(Run.class, true).get(0).help());
    }

    @Test
    void readsWhatWasGivenAndDefaultsElsewhere() {
        Map<String, Object> values = Map.of("image-width", 3, "shape", List.of(7L), "pool-b", "mean");
        Side first = Schema.read(Side.class, false, given(values));
        assertEquals(new Side(3, new Sizes(List.of(7L), ""), Map.of()), first);
        assertEquals(
                new Side(0, new Sizes(List.of(7L), "mean"), Map.of()), Schema.read(Side.class, true, given(values)));
        assertNull(
                Schema.read(Side.class, false, given(Map.of("image-width", 3))).sizes());
    }

    @Test
    void jsonIsNestedAsTheRecordsAreAndReadBack() {
        Map<String, Object> json = Schema.json(RUN);
        assertEquals(
                "{a={image-width=3}, b={image-width=4, sizes={shape=[2, 5], pool=cls}, depth=2}, rate=0.1, device=cpu,"
                        + " stem=very-small}",
                json.toString());
        assertEquals(RUN, Schema.of(Run.class, json));
        json.remove("rate");
        assertEquals(1e-4f, Schema.of(Run.class, json).rate());
        json.put("speed", 1);
        assertEquals(
                "unknown setting speed",
                assertThrows(IllegalArgumentException.class, () -> Schema.of(Run.class, json))
                        .getMessage());
    }

    @Test
    void textsAreTheOptionsThatGiveTheRecord() {
        assertEquals(
                "{image-width=3, image-width-b=4, shape=2,5, pool-b=cls, depth=2, rate=0.1, device=cpu}",
                Schema.texts(RUN).toString());
    }

    @Test
    void changesOneSettingAndChecksTheWhole() {
        Run other = Schema.with(RUN, "image-width", 5L);
        assertEquals(5, other.a().imageWidth());
        assertEquals(RUN.b(), other.b());
        assertEquals(Stem.SMALL, Schema.with(RUN, "stem", "small").stem());
        assertEquals(
                "too fast",
                assertThrows(IllegalArgumentException.class, () -> Schema.with(RUN, "rate", 2.0))
                        .getMessage());
        assertEquals(
                "Unknown `stem` big: expected one of small, very-small",
                assertThrows(IllegalArgumentException.class, () -> Schema.with(RUN, "stem", "big"))
                        .getMessage());
        assertEquals(
                "no setting speed in Run",
                assertThrows(IllegalArgumentException.class, () -> Schema.with(RUN, "speed", 2))
                        .getMessage());
    }

    @Test
    void differencesAreNamedAsOptionsAreAndFreeOnesLeftOut() {
        Run other = new Run(
                new Side(3, null, Map.of("depth", 3)),
                new Side(6, new Sizes(List.of(3L), "cls"), Map.of("depth", 2)),
                0.1f,
                "cuda",
                Stem.VERY_SMALL);
        assertEquals(
                List.of(
                        new Difference("depth", null, 3),
                        new Difference("image-width-b", 4, 6),
                        new Difference("shape of branch b", List.of(2L, 5L), List.of(3L))),
                Schema.differences(RUN, other));
    }

    record Numbers(
            @Option int whole,
            @Option long large,
            @Option float narrow,
            @Option double wide) {}

    /** As a damaged file may have them; a float with nothing behind its point is a whole number. */
    @Test
    void numbersThatTheirTypeCannotHoldAreRefusedByName() {
        Map<String, Object> json = Map.of("whole", 2.0, "large", 3, "narrow", 1, "wide", 0.1);
        assertEquals(new Numbers(2, 3, 1, 0.1), Schema.of(Numbers.class, json));
        Map<String, Object> wrong = Map.of(
                "whole", List.of(1L << 31, 2.5, new BigInteger("99999999999999999999")),
                "large", List.of(0.5, new BigInteger("99999999999999999999"), Double.NaN),
                "narrow", List.of(1e39, Double.POSITIVE_INFINITY),
                "wide", List.of(Double.NaN, new BigInteger("9".repeat(400))));
        wrong.forEach((name, values) -> {
            for (Object value : (List<?>) values) {
                Map<String, Object> damaged = new HashMap<>(json);
                damaged.put(name, value);
                String message =
                        String.valueOf(assertThrows(SettingException.class, () -> Schema.of(Numbers.class, damaged))
                                .getMessage());
                assertTrue(message.startsWith(name + ": expected "), message);
            }
        });
    }

    sealed interface Shape {}

    @Variant("square")
    record Square(
            @Option(help = "its side", second = "the other's")
            int side,

            boolean filled) implements Shape, Schema.Inferring {
        @Override
        public boolean isInferred(String option) {
            return filled;
        }
    }

    @Variant("circle")
    record Circle(
            @Option(help = "from its middle", name = "radius-in-pixels")
            int radius) implements Shape {}

    record Drawing(
            Shape a, @Option(secondBranch = true) @Nullable Picture b) {}

    record Picture(
            Shape shape,

            @Option(help = "of the frame", second = "of the other frame")
            int width) {}

    @Test
    void aSealedInterfaceHoldsOneOfItsRecords() {
        Drawing drawing = new Drawing(new Circle(3), new Picture(new Square(4, false), 9));
        Map<String, Object> json = Schema.json(drawing);
        assertEquals(
                "{a={kind=circle, radius-in-pixels=3}, b={shape={kind=square, side=4, filled=false}, width=9}}",
                json.toString());
        assertEquals(drawing, Schema.of(Drawing.class, json));
        assertEquals(
                "{radius-in-pixels=3, side-b=4, width-b=9}",
                Schema.texts(drawing).toString());
        assertEquals("{}", Schema.texts(new Square(4, true)).toString(), "inferred");
        assertEquals(
                List.of(
                        new Difference("filled", null, true),
                        new Difference("kind", "circle", "square"),
                        new Difference("radius-in-pixels", 3, null),
                        new Difference("side", null, 2)),
                Schema.differences(drawing, new Drawing(new Square(2, true), drawing.b())));
        json.put("a", Map.of("kind", "triangle"));
        assertEquals(
                "a: unknown kind triangle, expected square or circle",
                assertThrows(SettingException.class, () -> Schema.of(Drawing.class, json))
                        .getMessage());
    }
}
