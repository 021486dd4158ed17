package dev.vicreg.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vicreg.runtime.input.Input;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Manifests that commit 8b13b18 wrote are read, and written byte for byte. */
class ManifestFormatTest {
    private static final List<Float> TWO = List.of(1f, 2.5f);
    private static final List<Float> THREE = List.of(0.485f, 0.456f, 0.406f);
    private static final Map<String, Input<?>> INPUTS = Map.of(
            "picture", Input.pictures(32, THREE, THREE),
            "imported", Input.pictures("x", 224, THREE, THREE, Input.Pictures.CHANNELS_FIRST),
            "vector", Input.vectors(List.of("a", "b <c>"), TWO, TWO),
            "signal", Input.signals(8000, 100, TWO, TWO, "log-mel"),
            "sequence", new Input.Sequences("ids", "sequence", 5, "utf-8", 259, 0, 2, List.of(1), true));

    private static String held(String kind) throws IOException {
        try (InputStream in = ManifestFormatTest.class.getResourceAsStream("manifests/" + kind + ".json")) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"picture", "imported", "vector", "signal", "sequence"})
    void heldManifestIsReadAndWrittenAsItWas(String kind) throws IOException {
        boolean imported = kind.equals("imported");
        Manifest manifest = new Manifest(
                Manifest.formatVersion(INPUTS.get(kind)),
                "0.1.0",
                "net",
                INPUTS.get(kind),
                128,
                307536,
                "cafe",
                Map.of("knn", 0.5),
                imported ? "out" : null,
                imported ? OutputPooling.MEAN : null);
        assertEquals(held(kind), manifest.toJson());
        assertEquals(manifest, Manifest.parse(held(kind), "test"));
    }

    @Test
    void whatAFileWasMadeWithIsWrittenAndIgnoredByReadersThatDoNotKnowIt() throws IOException {
        Manifest plain = Manifest.parse(held("picture"), "test");
        Input.Pictures pictures = (Input.Pictures) plain.input();
        Manifest made =
                plain.with(plain.version(), pictures.resizedInside(true), new Manifest.Variant("int8", true, false));
        Manifest read = Manifest.parse(made.toJson(), "test");
        assertEquals(made, read);
        assertEquals("int8", read.made().precision());
        assertTrue(read.made().unitLength() && !read.made().projection());
        assertEquals(plain.formatVersion(), read.formatVersion());
        assertEquals(Manifest.Variant.PLAIN, plain.made());
        assertEquals(
                "f: its manifest is wrong: pictures of any size with the layout nchw, expected two channels or more, as"
                        + " bytes with channels last",
                refusal(held("imported").replace("\"layout\"", "\"anySize\": true, \"layout\"")));
    }

    @Test
    void whatIsWrongOrMissingIsNamed() throws IOException {
        String json = held("imported");
        assertEquals(
                "f: its manifest is wrong: expected the layout nchw, nhwc or nchw-uint8, found chw",
                refusal(json.replace("nchw", "chw")));
        assertEquals(
                "f: its vicreg.manifest has no field input.colourOrder",
                refusal(json.replace("\"colourOrder\": \"RGB\",", "")));
        assertEquals(
                "f: its vicreg.manifest has no field input.kind", refusal(json.replace("\"kind\": \"picture\",", "")));
        assertEquals(
                "f: its manifest is wrong: pictures of 1 channels (grey), expected 1 (L), 2 (LA), 3 (RGB), 4 (RGBA), or 5 to 16 (as-stored)",
                refusal(json.replace("\"channels\": 3", "\"channels\": 1").replace("RGB", "grey")));
    }

    /** What a file says is allocated before a sample is seen. */
    @Test
    void samplesTooLargeForAnyMemoryAreRefused() throws IOException {
        assertEquals(
                "f: its manifest is wrong: samples of 100020001 pixels, expected at most 89478485",
                refusal(held("picture")
                        .replace("\"imageSize\": 32", "\"imageSize\": 10001")
                        .replace(": 32", ": 10001")));
        assertEquals(
                "f: its manifest is wrong: samples of 4294967294 values, expected at most 268435456",
                refusal(held("signal").replace("\"length\": 100", "\"length\": 2147483647")));
        assertEquals(
                "f: its manifest is wrong: samples of 2147483647 ids, expected at most 134217728",
                refusal(held("sequence").replace("\"length\": 5", "\"length\": 2147483647")));
    }

    @Test
    void poolingsOfOtherNamesAreRefused() throws IOException {
        String json = held("imported");
        assertEquals(
                "f: its manifest is wrong: its output is pooled by the unknown 'max', expected cls, mean, masked-mean or none;"
                        + " read it with the version that wrote it",
                refusal(json.replace("\"pool\": \"mean\"", "\"pool\": \"max\"")));
        assertEquals(
                OutputPooling.NONE,
                Manifest.parse(json.replace("\"pool\": \"mean\"", "\"pool\": \"none\""), "f")
                        .pooling());
        assertEquals(
                "f: its manifest is wrong: its output is pooled by masked-mean, which is of sequences of ids, and it takes"
                        + " pictures",
                refusal(json.replace("\"pool\": \"mean\"", "\"pool\": \"masked-mean\"")));
    }

    private static String refusal(String json) {
        return assertThrows(IOException.class, () -> Manifest.parse(json, "f")).getMessage();
    }
}
