package dev.vicreg.tools;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.vicreg.runtime.EmbeddingModel;
import dev.vicreg.runtime.input.Input;
import dev.vicreg.runtime.natives.Device;
import dev.vicreg.training.run.RunFolder;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The commands on two networks: pictures and sketches of them, sounds and pictures. */
class TwoNetworksCommandsTest {
    private static final List<String> SMALL =
            List.of("--width", "4", "--projector", "16-16", "--batch-size", "8", "--threads", "1", "--workers", "1");
    private static final String[] SECOND = {"--encoder-b", "resnet34", "--width-b", "2", "--projector-b", "8-16"};

    @TempDir
    static Path shared;

    @TempDir
    Path folder;

    private static Path photos;
    private static Path sketches;
    private static Path sounds;
    private static Path run;

    @BeforeAll
    static void trainOnce() throws IOException {
        Path pictures = shared.resolve("pictures");
        photos = pictures.resolve("train");
        sketches = shared.resolve("sketches");
        run = shared.resolve("run");
        require(Cli.run("sample", "--out", pictures.toString(), "--per-class", "3", "--test-per-class", "3"));
        sketch(photos, sketches);
        Path signals = shared.resolve("signals");
        require(Cli.run(
                "sample",
                "--kind",
                "signals",
                "--out",
                signals.toString(),
                "--per-class",
                "3",
                "--test-per-class",
                "1"));
        sounds = signals.resolve("train");
        require(trainPairs(run, "--steps", "4", "--checkpoint-every", "1", "--keep", "4"));
    }

    /** Outlines of every picture in grey, under the same name with another ending. */
    private static void sketch(Path from, Path to) throws IOException {
        try (Stream<Path> files = Files.walk(from)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                BufferedImage picture = ImageIO.read(file.toFile());
                BufferedImage sketch =
                        new BufferedImage(picture.getWidth(), picture.getHeight(), BufferedImage.TYPE_BYTE_GRAY);
                for (int y = 1; y < picture.getHeight(); y++) {
                    for (int x = 1; x < picture.getWidth(); x++) {
                        int change = Math.abs(green(picture, x, y) - green(picture, x - 1, y))
                                + Math.abs(green(picture, x, y) - green(picture, x, y - 1));
                        sketch.getRaster().setSample(x, y, 0, 255 - Math.min(255, change));
                    }
                }
                Path target = to.resolve(from.relativize(file).toString().replace(".png", ".bmp"));
                Files.createDirectories(target.getParent());
                ImageIO.write(sketch, "bmp", target.toFile());
            }
        }
    }

    private static int green(BufferedImage picture, int x, int y) {
        return picture.getRGB(x, y) >> 8 & 0xFF;
    }

    @Test
    void aRunOfTwoNetworksLeavesBothEncoders() throws IOException {
        for (String name :
                List.of("encoder.onnx", "encoder-b.onnx", "encoder-initial.onnx", "encoder-initial-b.onnx")) {
            assertTrue(Files.isRegularFile(run.resolve(name)), name);
        }
        assertNotEquals(-1, Files.mismatch(run.resolve("encoder-b.onnx"), run.resolve("encoder-initial-b.onnx")));
        JsonNode graph = json(Files.readString(run.resolve("config.json")))
                .path("settings")
                .path("graph");
        assertEquals("resnet10", graph.path("a").path("encoder").asText());
        assertEquals("resnet34", graph.path("b").path("encoder").asText());
        assertEquals("8-16", graph.path("b").path("projector").asText());
        assertEquals(4, Cli.steps(run).size());
    }

    @Test
    void eitherEncoderIsExportedEmbedsAndIsMeasured() throws IOException {
        Path encoder = folder.resolve("second.onnx");
        Cli export = require(
                Cli.run("export", "--run", run.toString(), "--branch", "b", "--out", encoder.toString(), "--json"));
        assertEquals(16, json(export.out()).path("dimension").asInt());
        assertEquals(-1, Files.mismatch(encoder, run.resolve("encoder-b.onnx")));
        require(Cli.run("export", "--run", run.toString(), "--branch", "a", "--out", encoder.toString()));
        assertEquals(-1, Files.mismatch(encoder, run.resolve("encoder.onnx")));

        Path vectors = folder.resolve("v.npy");
        Cli embed = require(Cli.run(
                "embed",
                "--model",
                run + "/encoder-b.onnx",
                "--data",
                sketches.toString(),
                "--out",
                vectors.toString(),
                "--json"));
        assertEquals(16, json(embed.out()).path("dimension").asInt());
        Cli eval = require(Cli.run(
                "eval",
                "--model",
                run + "/encoder-b.onnx",
                "--train",
                sketches.toString(),
                "--test",
                sketches.toString(),
                "--k",
                "3",
                "--json"));
        assertTrue(json(eval.out()).path("baseline").isNumber(), eval.out());
    }

    @Test
    void aResumedRunOfTwoNetworksEqualsAnUninterruptedOne() throws IOException {
        Path parts = folder.resolve("parts");
        require(trainPairs(parts, "--steps", "4", "--checkpoint-every", "1", "--keep", "4"));
        for (RunFolder.Saved saved : RunFolder.saved(parts)) {
            if (saved.step() > 2) {
                Files.delete(saved.file());
                Files.delete(saved.file().resolveSibling("state.json"));
                Files.delete(saved.file().getParent());
            }
        }
        Cli resumed = require(Cli.run("train", "--out", parts.toString(), "--resume"));
        assertEquals(parts + "/encoder.onnx\n" + parts + "/encoder-b.onnx\n", resumed.out());
        for (String name : List.of("encoder.onnx", "encoder-b.onnx")) {
            assertEquals(-1, Files.mismatch(run.resolve(name), parts.resolve(name)), name);
        }
        assertFailure(
                2,
                "projector-b: \"8-16\" in the run, \"4-16\" asked for",
                Cli.run("train", "--out", parts.toString(), "--resume", "--projector-b", "4-16"));
    }

    @Test
    void aFileOfPairsMayNameOneDataSetTwice() throws IOException {
        Path pairs = folder.resolve("pairs.csv");
        List<String> lines = new ArrayList<>(List.of("left,right"));
        List<Path> files = filesOf(photos);
        for (int i = 0; i < files.size(); i++) {
            lines.add(files.get(i) + "," + photos.relativize(files.get((i + 1) % files.size())));
        }
        Files.write(pairs, lines);
        Path out = folder.resolve("run");
        require(train(photos, out, "--pairs", pairs.toString(), "--steps", "1"));
        JsonNode config = json(Files.readString(out.resolve("config.json")));
        assertEquals(files.size(), config.path("data-size").asInt());
        assertTrue(config.path("settings").path("graph").path("b").isMissingNode(), "shared unless told otherwise");

        lines.set(2, "nowhere.png," + photos.relativize(files.get(0)));
        Files.write(pairs, lines);
        assertFailure(
                1,
                pairs + ":3: nowhere.png is not among",
                train(photos, folder.resolve("other"), "--pairs", pairs.toString(), "--steps", "1"));
        assertFailure(
                1,
                "no such file of pairs",
                train(photos, folder.resolve("other"), "--pairs", folder + "/none.csv", "--steps", "1"));
        assertFalse(Files.exists(folder.resolve("other")));
    }

    @Test
    void soundsAndPicturesTrainTogether() throws IOException {
        Path out = folder.resolve("run");
        require(soundsWithPhotos(out, "--encoder-b", "resnet18", "--width-b", "4"));
        assertEquals(-1, compareAfterResume(out));
        for (String[] pair :
                new String[][] {{"encoder.onnx", sounds.toString()}, {"encoder-b.onnx", photos.toString()}}) {
            Path vectors = folder.resolve(pair[0] + ".npy");
            Cli embed = require(
                    Cli.run("embed", "--model", out + "/" + pair[0], "--data", pair[1], "--out", vectors.toString()));
            assertEquals(vectors + "\n", embed.out());
        }
        assertFailure(
                2,
                "--share-weights true needs two sides of one kind, found signals and pictures",
                soundsWithPhotos(folder.resolve("none"), "--share-weights", "true"));
    }

    private static Cli soundsWithPhotos(Path out, String... more) {
        List<String> words = new ArrayList<>(List.of("--data-b", photos.toString(), "--pair-by", "position"));
        words.addAll(List.of("--length", "512", "--encoder", "resnet1d", "--steps", "2", "--checkpoint-every", "1"));
        words.addAll(List.of(more));
        return train(sounds, out, words.toArray(String[]::new));
    }

    private static long compareAfterResume(Path out) throws IOException {
        byte[] before = Files.readAllBytes(out.resolve("encoder-b.onnx"));
        RunFolder.Saved last = RunFolder.saved(out).get(1);
        Files.delete(last.file());
        Files.delete(last.file().resolveSibling("state.json"));
        Files.delete(last.file().getParent());
        require(Cli.run("train", "--out", out.toString(), "--resume"));
        Path copy = Files.write(out.resolveSibling("before.onnx"), before);
        return Files.mismatch(copy, out.resolve("encoder-b.onnx"));
    }

    @Test
    void whatDoesNotGoTogetherIsNamed() throws IOException {
        Path out = folder.resolve("none");
        assertFailure(
                2,
                "projections of equal width, found 16 in branch a and 8 in branch b",
                train(photos, out, "--steps", "1", "--projector-b", "8-8"));
        assertFailure(
                2,
                "--encoder-b is for a second branch",
                train(photos, out, "--steps", "1", "--share-weights", "true", "--encoder-b", "resnet34"));
        assertFailure(
                2,
                "--share-weights must be true or false",
                train(photos, out, "--steps", "1", "--share-weights", "no"));
        assertFailure(2, "add --data-b", train(photos, out, "--steps", "1", "--pair-by", "name"));
        assertFailure(
                2, "leave one out", train(photos, out, "--steps", "1", "--pairs", "p.csv", "--pair-by", "position"));
        Path fewer = folder.resolve("fewer");
        sketch(photos.resolve("bricks"), fewer.resolve("bricks"));
        assertFailure(1, "have no partner, such as", trainWith(fewer, out));
        assertFailure(1, "pairs of unequal length: 30", trainWith(fewer, out, "--pair-by", "position"));
        Files.copy(filesOf(fewer).get(0), fewer.resolve("bricks/00000.png"));
        assertFailure(1, "holds both bricks/00000.bmp and bricks/00000.png", trainWith(fewer, out));
        Path sharedRun = folder.resolve("shared");
        require(train(photos, sharedRun, "--steps", "1"));
        assertFalse(Files.exists(sharedRun.resolve("encoder-b.onnx")));
        assertFailure(
                2,
                "one encoder for both views",
                Cli.run("export", "--run", sharedRun.toString(), "--branch", "b", "--out", folder + "/b.onnx"));
        assertFalse(Files.exists(out));
    }

    @Test
    void oneSampleMayBeSeenByTwoNetworks() {
        Path out = folder.resolve("run");
        require(train(photos, out, "--steps", "1", "--share-weights", "false"));
        assertTrue(Files.isRegularFile(out.resolve("encoder-b.onnx")));
    }

    /** The paper's setting for sounds: a network of the waveform and one of the spectrogram, on the same sounds. */
    @Test
    void theSecondNetworkOfSoundsMayHaveAFrontEndOfItsOwn() throws IOException {
        Path out = folder.resolve("run");
        require(train(
                sounds,
                out,
                "--length",
                "512",
                "--encoder",
                "resnet1d",
                "--encoder-b",
                "resnet18",
                "--width-b",
                "4",
                "--front-end-b",
                "log-mel,window=8,hop=4,bands=16",
                "--steps",
                "2",
                "--checkpoint-every",
                "1"));
        assertEquals(-1, compareAfterResume(out));
        try (EmbeddingModel a = EmbeddingModel.load(out.resolve("encoder.onnx"), Device.CPU, 1);
                EmbeddingModel b = EmbeddingModel.load(out.resolve("encoder-b.onnx"), Device.CPU, 1)) {
            assertEquals("none", ((Input.Signals) a.manifest().input()).frontEnd());
            assertTrue(((Input.Signals) b.manifest().input()).frontEnd().startsWith("log-mel"));
        }
        assertFailure(
                2,
                "--front-end-b is for",
                train(photos, folder.resolve("none"), "--steps", "1", "--front-end-b", "log-mel"));
    }

    private static Cli trainPairs(Path out, String... more) {
        return trainWith(
                sketches, out, Stream.concat(Stream.of(SECOND), Stream.of(more)).toArray(String[]::new));
    }

    private static Cli trainWith(Path second, Path out, String... more) {
        return train(
                photos,
                out,
                Stream.concat(Stream.of("--data-b", second.toString()), Stream.of(more))
                        .toArray(String[]::new));
    }

    private static Cli train(Path data, Path out, String... more) {
        List<String> words = new ArrayList<>(List.of("train", "--data", data.toString(), "--out", out.toString()));
        words.addAll(SMALL);
        words.addAll(List.of(more));
        return Cli.run(words.toArray(String[]::new));
    }

    private static List<Path> filesOf(Path root) throws IOException {
        try (Stream<Path> files = Files.walk(root)) {
            return files.filter(Files::isRegularFile).sorted().toList();
        }
    }

    private static Cli require(Cli cli) {
        assertEquals(0, cli.status(), cli.err());
        return cli;
    }

    private static void assertFailure(int status, String message, Cli cli) {
        assertEquals(status, cli.status(), cli.err());
        assertEquals("", cli.out());
        assertTrue(cli.errorLine().contains(message), cli.err());
    }

    private static JsonNode json(String text) throws IOException {
        return new ObjectMapper().readTree(text);
    }
}
