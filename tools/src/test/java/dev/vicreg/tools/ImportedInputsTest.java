package dev.vicreg.tools;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.vicreg.models.encoder.Encoder;
import dev.vicreg.models.encoder.Mlp;
import dev.vicreg.models.encoder.ResNet;
import dev.vicreg.models.encoder.TextCnn;
import dev.vicreg.models.graph.ElementType;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.nn.Layers;
import dev.vicreg.models.onnx.OnnxFile;
import dev.vicreg.models.ops.Ops;
import dev.vicreg.runtime.EmbeddingModel;
import dev.vicreg.runtime.input.Input;
import dev.vicreg.runtime.natives.Device;
import dev.vicreg.runtime.picture.Interpolation;
import dev.vicreg.runtime.picture.Picture;
import dev.vicreg.runtime.signal.Signal;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Networks in files on tables and recordings, and two of them at once. */
class ImportedInputsTest {
    private static final Path FILES = Path.of("../training/src/test/resources/golden/imported");

    @TempDir
    static Path shared;

    @TempDir
    Path folder;

    @BeforeAll
    static void makeSamples() {
        for (String kind : List.of("pictures", "vectors", "signals", "sequences")) {
            Cli.sample(kind, shared.resolve(kind), 4, 2);
        }
    }

    private static Cli run(String... words) {
        Cli done = Cli.run(words);
        assertEquals(0, done.status(), done.err());
        return done;
    }

    private static String[] words(Path out, String... more) {
        List<String> words = new ArrayList<>(List.of("train", "--out", out.toString(), "--projector", "16-16"));
        words.addAll(List.of("--batch-size", "8", "--steps", "4", "--checkpoint-every", "2", "--threads", "1"));
        words.addAll(List.of(more));
        return words.toArray(String[]::new);
    }

    /** Trains, and checks that a run which goes on at step 2, without the files, ends as this one. */
    private Path train(List<Path> files, String... more) throws IOException {
        Path run = folder.resolve("run");
        run(words(run, more));
        for (Path file : files) {
            Files.delete(file);
        }
        Path parts = folder.resolve("parts");
        try (Stream<Path> all = Files.walk(run)) {
            for (Path file : (Iterable<Path>) all::iterator) {
                if (!file.toString().contains("step-00000004")) {
                    Files.copy(file, parts.resolve(run.relativize(file).toString()));
                }
            }
        }
        run("train", "--out", parts.toString(), "--resume", "--workers", "3");
        for (String name : List.of("checkpoints/step-00000004/checkpoint", "encoder.onnx")) {
            assertArrayEquals(Files.readAllBytes(run.resolve(name)), Files.readAllBytes(parts.resolve(name)), name);
        }
        return run;
    }

    private float[] embedded(Path model, Path data) throws IOException {
        Path out = folder.resolve("vectors.csv");
        run("embed", "--model", model.toString(), "--data", data.toString(), "--out", out.toString());
        String[] parts = Files.readAllLines(out).get(1).split(",", -1);
        float[] row = new float[parts.length - 1];
        for (int i = 0; i < row.length; i++) {
            row[i] = Float.parseFloat(parts[i + 1]);
        }
        return row;
    }

    private JsonNode eval(Path run, String train, String test, String... more) throws IOException {
        List<String> words = new ArrayList<>(List.of("eval", "--model", run + "/encoder.onnx", "--train", train));
        words.addAll(List.of("--test", test, "--k", "5", "--json"));
        words.addAll(List.of(more));
        return new ObjectMapper().readTree(run(words.toArray(String[]::new)).out());
    }

    @Test
    void tablesTrainANetworkInAFile() throws IOException {
        Path file = Networks.write(folder.resolve("net.onnx"), new Mlp(12, 2), "row", ElementType.FLOAT, 160);
        Path train = shared.resolve("vectors/train.csv");
        Path test = shared.resolve("vectors/test.csv");
        OnnxFile.Model before = OnnxFile.read(file);
        Path run = train(List.of(file), "--data", train.toString(), "--label", "class", "--encoder", file.toString());
        OnnxFile.Model after = OnnxFile.read(run.resolve("encoder.onnx"));
        assertEquals(before.initializers().keySet(), after.initializers().keySet());
        assertNotEquals(
                before.initializers().get("1.running_mean").constant(),
                after.initializers().get("1.running_mean").constant());

        JsonNode figures = eval(run, train.toString(), test.toString(), "--label", "class");
        assertTrue(figures.path("baseline").isNumber() && figures.path("raw").isNumber(), figures.toString());
        float[] found = embedded(run.resolve("encoder.onnx"), test);
        try (EmbeddingModel model = EmbeddingModel.load(run.resolve("encoder.onnx"), Device.CPU, 1)) {
            String[] values = Files.readAllLines(test).get(1).split(",", -1);
            float[] row = new float[160];
            for (int i = 0; i < row.length; i++) {
                row[i] = Float.parseFloat(values[i]);
            }
            assertArrayEquals(found, model.embedVectors(new float[][] {row})[0], 1e-6f);
        }
        Cli refused = Cli.run(words(
                folder.resolve("no"),
                "--data",
                train.toString(),
                "--columns",
                "m001,m002",
                "--encoder",
                run.resolve("artifacts/encoder-original.onnx").toString()));
        assertEquals(2, refused.status());
        assertTrue(refused.errorLine().contains("takes samples of float[160], views of the vectors are float[2]"));
    }

    @Test
    void recordingsTrainANetworkInAFile() throws IOException {
        ResNet network = new ResNet(ResNet.Layout.RESNET10, 4, ResNet.Stem.STRIDED);
        Path file = Networks.write(folder.resolve("net.onnx"), network, "wave", ElementType.FLOAT, 1, 1000);
        Path train = shared.resolve("signals/train");
        Path test = shared.resolve("signals/test");
        String[] options = {"--data", train.toString(), "--encoder", file.toString(), "--length", "1000"};
        Path run = train(List.of(file), options);
        JsonNode figures = eval(run, train.toString(), test.toString());
        assertTrue(figures.path("baseline").isNumber() && figures.path("raw").isNumber(), figures.toString());
        float[] found = embedded(run.resolve("encoder.onnx"), test);
        try (EmbeddingModel model = EmbeddingModel.load(run.resolve("encoder.onnx"), Device.CPU, 1)) {
            Path first = test.resolve("bell/00000.wav");
            float[][] own = model.embedSignals(List.of(Signal.decode(Files.readAllBytes(first), "bell")));
            assertArrayEquals(found, own[0], 1e-5f);
        }
    }

    /** A network of pictures [N,C,H,W] behind what brings other inputs to that. */
    private record Behind(UnaryOperator<Value> first) implements Encoder {
        private static final ResNet NETWORK = new ResNet(ResNet.Layout.RESNET10, 4, ResNet.Stem.SMALL);

        @Override
        public Value build(Layers layers, Value input) {
            return NETWORK.build(layers, first.apply(input));
        }

        @Override
        public int dimension() {
            return NETWORK.dimension();
        }
    }

    /** The sample pictures with their luma as alpha. */
    private Path withAlpha(String part) throws IOException {
        Path from = shared.resolve("pictures").resolve(part);
        Path to = folder.resolve("alpha").resolve(part);
        try (Stream<Path> files = Files.walk(from)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Picture picture = Picture.decode(Files.readAllBytes(file), "sample");
                byte[] grey = picture.grey();
                BufferedImage image =
                        new BufferedImage(picture.width(), picture.height(), BufferedImage.TYPE_4BYTE_ABGR);
                for (int i = 0; i < grey.length; i++) {
                    int rgb = picture.toBufferedImage().getRGB(i % picture.width(), i / picture.width());
                    image.setRGB(i % picture.width(), i / picture.width(), (rgb & 0xFFFFFF) | (grey[i] & 255) << 24);
                }
                Path written = to.resolve(from.relativize(file).toString());
                Files.createDirectories(written.getParent());
                ImageIO.write(image, "png", written.toFile());
            }
        }
        return to;
    }

    /** The sample pictures of 24x24 and their negatives in an array [N,6,24,24], with their classes beside. */
    private Path bands(String part) throws IOException {
        List<byte[]> pictures = new ArrayList<>();
        StringBuilder labels = new StringBuilder();
        try (Stream<Path> files = Files.walk(shared.resolve("pictures").resolve(part))) {
            for (Path file : files.filter(Files::isRegularFile).sorted().toList()) {
                Picture small =
                        Picture.decode(Files.readAllBytes(file), "sample").middle(24, 24, Interpolation.BILINEAR);
                byte[] planes = Input.Pictures.channelsFirst(small.rgb(), 3);
                byte[] both = Arrays.copyOf(planes, 2 * planes.length);
                for (int i = 0; i < planes.length; i++) {
                    both[planes.length + i] = (byte) ~planes[i];
                }
                pictures.add(both);
                labels.append(file.getParent().getFileName()).append('\n');
            }
        }
        String header = "{'descr': '|u1', 'fortran_order': False, 'shape': (" + pictures.size() + ", 6, 24, 24), }\n";
        ByteBuffer out = ByteBuffer.allocate(10 + header.length() + pictures.size() * 6 * 24 * 24);
        out.order(ByteOrder.LITTLE_ENDIAN).put(new byte[] {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0});
        out.putShort((short) header.length()).put(header.getBytes(StandardCharsets.US_ASCII));
        pictures.forEach(out::put);
        Files.writeString(folder.resolve(part + ".labels.txt"), labels);
        return Files.write(folder.resolve(part + ".npy"), out.array());
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 4})
    void picturesWithAlphaTrainANetworkInAFile(int channels) throws IOException {
        Path file = Networks.write(
                folder.resolve("net.onnx"),
                new Behind(x -> new Ops().transpose(x, 0, 3, 1, 2)),
                "pixels",
                ElementType.FLOAT,
                24,
                24,
                channels);
        Path train = withAlpha("train");
        Path test = withAlpha("test");
        Path run = train(List.of(), "--data", train.toString(), "--encoder", file.toString(), "--augment", "official");
        JsonNode figures = eval(run, train.toString(), test.toString());
        assertTrue(figures.path("baseline").isNumber() && figures.path("raw").isNumber(), figures.toString());
        float[] found = embedded(run.resolve("encoder.onnx"), test);
        try (EmbeddingModel model = EmbeddingModel.load(run.resolve("encoder.onnx"), Device.CPU, 1)) {
            Input.Pictures input = (Input.Pictures) model.manifest().input();
            assertEquals(channels == 2 ? "LA" : "RGBA", input.colourOrder());
            assertEquals(Collections.nCopies(channels, 0.5f), input.mean());
            Path first;
            try (Stream<Path> files = Files.walk(test)) {
                first = files.filter(Files::isRegularFile).sorted().findFirst().orElseThrow();
            }
            assertArrayEquals(found, model.embed(first), 1e-5f);
            BufferedImage image = ImageIO.read(first.toFile());
            assertArrayEquals(found, model.embed(image), 1e-5f);
            for (int i = 0; i < image.getWidth() * image.getHeight(); i++) {
                int argb = image.getRGB(i % image.getWidth(), i / image.getWidth());
                image.setRGB(i % image.getWidth(), i / image.getWidth(), argb | 0xFF000000);
            }
            float[] opaque = model.embed(image);
            assertTrue(IntStream.range(0, found.length).anyMatch(i -> Math.abs(found[i] - opaque[i]) > 1e-3));
        }
        float[] untouched = embedded(file, test);
        assertArrayEquals(embedded(run.resolve("encoder-initial.onnx"), test), untouched, 1e-5f);
    }

    @Test
    void bandsTrainANetworkInAFileOfBytesWithChannelsFirst() throws IOException {
        Ops ops = new Ops();
        Value factor = ops.constant(Tensor.of(Shape.of(1), new float[] {1 / 255f}));
        Path file = Networks.write(
                folder.resolve("net.onnx"),
                new Behind(x -> ops.mul(ops.cast(x, ElementType.FLOAT), factor)),
                "bands",
                ElementType.UINT8,
                6,
                24,
                24);
        Path train = bands("train");
        Path test = bands("test");
        Cli page = run("inspect", file.toString());
        assertTrue(page.out().contains("pictures, as uint8 [N,6,24,24]"), page.out());
        Path run = train(List.of(), "--data", train.toString(), "--encoder", file.toString(), "--augment", "official");
        JsonNode figures = eval(
                run,
                train.toString(),
                test.toString(),
                "--plot",
                folder.resolve("p.png").toString());
        assertTrue(figures.path("baseline").isNumber() && figures.path("raw").isNumber(), figures.toString());
        float[] found = embedded(run.resolve("encoder.onnx"), test);
        try (EmbeddingModel model = EmbeddingModel.load(run.resolve("encoder.onnx"), Device.CPU, 1)) {
            byte[] array = Files.readAllBytes(test);
            int from = 10 + array[8];
            byte[] samples = new byte[6 * 24 * 24];
            for (int i = 0; i < samples.length; i++) {
                samples[i] = array[from + i % 6 * 24 * 24 + i / 6];
            }
            Picture first = new Picture(24, 24, 6, samples);
            assertArrayEquals(found, model.embedPictures(List.of(first))[0], 1e-5f);
        }
        Cli refused = Cli.run(words(
                folder.resolve("no"), "--data", shared.resolve("pictures/train").toString(), "--encoder", file + ""));
        assertEquals(1, refused.status());
        assertTrue(refused.err().contains("a picture of 3 channels, expected 6"), refused.err());
    }

    @Test
    void anEncoderOfThisProjectTrainsOnBands() throws IOException {
        Path train = bands("train");
        Path test = bands("test");
        String[] options = {"--data", train.toString(), "--channels", "6", "--image-size", "24", "--width", "4"};
        Path run = train(List.of(), options);
        JsonNode figures = eval(run, train.toString(), test.toString());
        assertTrue(figures.path("raw").isNumber(), figures.toString());
        Cli refused = Cli.run(words(folder.resolve("no"), "--data", train.toString(), "--width", "4"));
        assertTrue(refused.errorLine().contains("expected [N,H,W,3] or [N,3,H,W]"), refused.err());
        refused = Cli.run(words(folder.resolve("no"), "--data", train + "", "--channels", "6", "--mean", "0.5"));
        assertEquals(2, refused.status());
        assertTrue(refused.errorLine().contains("--mean and --std of pictures of 6 channels"), refused.err());
    }

    @Test
    void twoFilesOfOneKindHaveOptionsOfTheirOwn() throws IOException {
        Path residual = Files.copy(FILES.resolve("residual.onnx"), folder.resolve("residual.onnx"));
        Path tokens = Files.copy(FILES.resolve("tokens.onnx"), folder.resolve("tokens.onnx"));
        String data = shared.resolve("pictures/train").toString();
        List<String> options =
                List.of("--data", data, "--encoder", residual.toString(), "--encoder-b", tokens.toString());
        Cli refused = Cli.run(words(folder.resolve("no"), options.toArray(String[]::new)));
        assertEquals(2, refused.status());
        assertTrue(refused.errorLine().contains("tokens.onnx"), refused.err());

        List<String> all = new ArrayList<>(options);
        all.addAll(List.of("--pool-b", "mean"));
        Path run = train(List.of(residual, tokens), all.toArray(String[]::new));
        Path test = shared.resolve("pictures/test");
        assertNotEquals(
                embedded(run.resolve("encoder.onnx"), test).length,
                embedded(run.resolve("encoder-b.onnx"), test).length);
        for (String name : List.of("encoder", "encoder-b")) {
            Path trained = run.resolve(name + ".onnx");
            Path before = run.resolve(name.replace("encoder", "encoder-initial") + ".onnx");
            assertNotEquals(-1, Files.mismatch(trained, before), name);
            Path golden = FILES.resolve(name.equals("encoder") ? "residual.onnx" : "tokens.onnx");
            assertEquals(
                    OnnxFile.read(golden).initializers().keySet(),
                    OnnxFile.read(trained).initializers().keySet());
        }
        Path again = folder.resolve("b.onnx");
        run("export", "--run", run.toString(), "--branch", "b", "--out", again.toString());
        assertEquals(-1, Files.mismatch(again, run.resolve("encoder-b.onnx")));
    }

    @Test
    void twoFilesOfDifferentKindsTrainOnPairs() throws IOException {
        Path text =
                Networks.write(folder.resolve("text.onnx"), new TextCnn(259, 4), "input_ids", ElementType.INT64, 30);
        Path residual = Files.copy(FILES.resolve("residual.onnx"), folder.resolve("residual.onnx"));
        Path pictures = shared.resolve("pictures/train");
        Path captions = folder.resolve("captions");
        try (Stream<Path> files = Files.walk(pictures)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Path caption =
                        captions.resolve(pictures.relativize(file).toString().replace(".png", ".txt"));
                Files.createDirectories(caption.getParent());
                Files.writeString(caption, "a picture of " + file.getParent().getFileName());
            }
        }
        String[] options = {
            "--data",
            pictures.toString(),
            "--encoder",
            residual.toString(),
            "--data-b",
            captions.toString(),
            "--encoder-b",
            text.toString()
        };
        Path run = train(List.of(residual, text), options);
        assertEquals(12, embedded(run.resolve("encoder-b.onnx"), captions).length);
        assertEquals(10, embedded(run.resolve("encoder.onnx"), pictures).length);
    }
}
