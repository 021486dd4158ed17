package dev.vicreg.tools.fuzz;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.FunctionProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.runtime.Manifest;
import dev.vicreg.runtime.file.FileDigest;
import dev.vicreg.runtime.input.Input;
import dev.vicreg.runtime.search.IndexBuilder;
import dev.vicreg.runtime.search.SearchIndex;
import dev.vicreg.training.run.CheckpointFile;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.zip.GZIPOutputStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import javax.imageio.ImageIO;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;

/** Small good files, for each target by name: what fuzzing starts from. */
final class FuzzSeeds {
    private FuzzSeeds() {}

    static Map<String, byte[]> of(FuzzTarget target) throws IOException {
        return switch (target) {
            case JPEG, PNG, WEBP, BMP, GIF -> pictures(target.name().toLowerCase(Locale.ROOT));
            case TIFF -> pictures("tiff");
            case WAV -> Map.of("pcm16", wav(1, 16, 400), "pcm8", wav(1, 8, 300), "float", wav(3, 32, 300));
            case NPY ->
                Map.of(
                        "vectors", npy("<f4", "(3, 2)", 24),
                        "signals", npy("<f8", "(2, 1, 4)", 64),
                        "ids", npy("<i8", "(2, 3)", 48),
                        "pictures", npy("|u1", "(2, 4, 4, 3)", 96),
                        "columns", npy("<f4", "(3, 2)", 24, "True"));
            case CSV, PAIRS ->
                Map.of(
                        "plain", text("a,b,class\n1,2,x\n3.5,-4e3,y\n"),
                        "quoted", text("\"a\";\"b, \"\"c\"\"\"\r\n1,5;2\r\n\"3\";4\r\n"),
                        "excel", text("\uFEFFsep=\t\na\tb\n1\t2\n"),
                        "pairs", text("a,b\n0,1\n2,2\n1,0\n"));
            case IDS -> Map.of("ids", text("1 2 3\n4 5\n6\n"), "npy", npy("<i4", "(2, 3)", 24));
            case ZIP -> Map.of("pictures", zip());
            case TAR -> Map.of("pictures", tar());
            case TAR_GZ -> Map.of("pictures", gzip(tar()));
            case YAML ->
                Map.of(
                        "settings", text("out: run\nepochs: 3 # comment\naugment: [crop, flip]\nlr: '1e-3'\n"),
                        "anchors", text("a: &x 1\nb: *x\n? c\n: |\n  text\n"));
            case CONFIG ->
                Map.of("pictures", config("pictures"), "imported", config("imported"), "texts", config("texts"));
            case MANIFEST -> manifests();
            case CHECKPOINT -> Map.of("two", checkpoint());
            case INCIDENT -> Map.of("bytes", incident("UINT8", "[2,2,3]"), "ids", incident("INT64", "[3]"));
            case INDEX -> Map.of("plain", index(false), "pictures and graph", index(true));
            case INFER ->
                Map.of(
                        "flat", behind(tensor("vector", "[2,3]", "FP32", "\"data\":[1,2,3,4,5,6.5]"), 1, 255),
                        "nested", behind(tensor("ids", "[1,6]", "INT64", "\"data\":[[1,2,3,4,5,6]]"), 4, 255),
                        "binary", binaryTensor(),
                        "raw", new byte[2 + 8 * 8 * 3]);
            case SAMPLES ->
                Map.of(
                        "picture", text("\0[\"data:image/png;base64," + base64(png()) + "\",{\"image\":\"aGk=\"}]"),
                        "rows", text("\1[[1,2.5,-3e2],[4,5,6]]"),
                        "recording", text("\2\"" + base64(wav(1, 16, 40)) + "\""),
                        "text", text("\3[\"caf\u00e9\",{\"text\":\"\\u0041\"}]"),
                        "ids", text("\4[3,4,5]"));
            case FORM -> Map.of("two", text(form()));
            case TYPED_FORM ->
                Map.of(
                        "quoted",
                        text("; boundary=\"x\"; charset=utf-8\n" + form()),
                        "plain",
                        text(";boundary=x\n" + form()));
            case ONNX ->
                Map.of("layers", layers(), "shapes", shapes(), "functions", functions(), "branches", branches());
        };
    }

    private static byte[] index(boolean all) throws IOException {
        Path file = Files.createTempFile("seed", ".index");
        Input<?> input = Input.vectors(List.of("a"), List.of(0f), List.of(1f));
        Manifest manifest = new Manifest(2, "1", "net", input, 3, 0, "", Map.of());
        String none = FileDigest.sha256(new byte[0]);
        try (IndexBuilder builder =
                IndexBuilder.create(file, 3, new SearchIndex.Description("m.onnx", none, "d", manifest))) {
            for (int i = 0; i < 8; i++) {
                float[] vector = {i, 1, -i};
                builder.add(new SearchIndex.Entry("p" + i, i, none), vector, all ? new byte[i] : new byte[0]);
            }
            builder.publish(all ? 2 : Integer.MAX_VALUE, new IndexBuilder.Watch() {});
            return Files.readAllBytes(file);
        } finally {
            Files.deleteIfExists(file);
        }
    }

    /** Of the files that {@link FuzzTarget} lays beside it. */
    private static byte[] incident(String element, String shape) {
        String type = "{\"element\":\"" + element + "\",\"shape\":" + shape + "}";
        return text("{\"format\":1,\"step\":3,\"stage\":0,\"from\":0,\"message\":\"Loss is not finite\","
                + "\"numbers\":{\"learning_rate\":1.5,\"step\":2,\"total_steps\":12,\"seed\":0},"
                + "\"samples\":[\"a.png\",\"b.png\"],\"views\":{\"view_a\":" + type + ",\"view_b\":" + type + "}}");
    }

    private static byte[] text(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static String tensor(String name, String shape, String type, String rest) {
        return "{\"id\":\"1\",\"inputs\":[{\"name\":\"" + name + "\",\"shape\":" + shape + ",\"datatype\":\"" + type
                + "\"," + rest + "}],\"outputs\":[{\"name\":\"embedding\",\"parameters\":{\"binary_data\":true}}]}";
    }

    /** A text, and before it what chooses how it is read. */
    private static byte[] behind(String text, int... chosen) {
        byte[] bytes = text(text);
        ByteBuffer all = ByteBuffer.allocate(chosen.length + bytes.length);
        for (int each : chosen) {
            all.put((byte) each);
        }
        return all.put(bytes).array();
    }

    private static byte[] binaryTensor() {
        byte[] json = text(tensor("vector", "[1,3]", "FP32", "\"parameters\":{\"binary_data_size\":12}"));
        return ByteBuffer.allocate(2 + json.length + 12)
                .put((byte) 1)
                .put((byte) json.length)
                .put(json)
                .array();
    }

    private static String form() {
        String head = "--x\r\nContent-Disposition: form-data; name=\"a\"; filename=\"a.png\"\r\n";
        return head + "\r\nfirst\r\n" + head + "Content-Type: image/png\r\n\r\nsecond\r\n--x--\r\n";
    }

    private static String base64(byte[] bytes) {
        return Base64.getEncoder().encodeToString(bytes);
    }

    private static Map<String, byte[]> pictures(String format) throws IOException {
        Map<String, byte[]> seeds = new LinkedHashMap<>();
        Map<String, Integer> types = Map.of(
                "rgb", BufferedImage.TYPE_INT_RGB,
                "alpha", BufferedImage.TYPE_INT_ARGB,
                "grey", BufferedImage.TYPE_BYTE_GRAY,
                "indexed", BufferedImage.TYPE_BYTE_INDEXED);
        for (Map.Entry<String, Integer> type : types.entrySet()) {
            BufferedImage image = new BufferedImage(19, 11, type.getValue());
            Graphics2D graphics = image.createGraphics();
            graphics.setColor(Color.ORANGE);
            graphics.fillOval(2, 2, 9, 7);
            graphics.dispose();
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            if (ImageIO.write(image, format, bytes)) {
                seeds.put(type.getKey(), bytes.toByteArray());
            }
        }
        if (seeds.isEmpty()) {
            throw new IOException("nothing writes " + format);
        }
        return seeds;
    }

    private static byte[] png() throws IOException {
        return Objects.requireNonNull(pictures("png").get("rgb"));
    }

    private static byte[] wav(int format, int bits, int size) {
        ByteBuffer file = ByteBuffer.allocate(44 + size).order(ByteOrder.LITTLE_ENDIAN);
        file.put(text("RIFF")).putInt(36 + size).put(text("WAVEfmt ")).putInt(16);
        file.putShort((short) format).putShort((short) 1).putInt(8000).putInt(8000 * bits / 8);
        file.putShort((short) (bits / 8))
                .putShort((short) bits)
                .put(text("data"))
                .putInt(size);
        while (file.hasRemaining()) {
            file.put((byte) file.position());
        }
        return file.array();
    }

    private static byte[] npy(String type, String shape, int size) {
        return npy(type, shape, size, "False");
    }

    private static byte[] npy(String type, String shape, int size, String fortran) {
        String text = "{'descr': '" + type + "', 'fortran_order': " + fortran + ", 'shape': " + shape + ", }";
        String header = text + " ".repeat(117 - text.length()) + "\n";
        ByteBuffer file = ByteBuffer.allocate(128 + size).order(ByteOrder.LITTLE_ENDIAN);
        file.put(new byte[] {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0}).putShort((short) 118);
        file.put(text(header));
        return file.array();
    }

    private static byte[] zip() throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
            for (String name : List.of("cat/1.png", "dog/ü.png", "readme.txt")) {
                zip.putNextEntry(new ZipEntry(name));
                zip.write(png());
            }
        }
        return bytes.toByteArray();
    }

    private static byte[] tar() throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (TarArchiveOutputStream tar = new TarArchiveOutputStream(bytes)) {
            tar.setLongFileMode(TarArchiveOutputStream.LONGFILE_POSIX);
            byte[] picture = png();
            for (String name : List.of("cat/1.png", "dog/" + "long".repeat(30) + ".png", "readme.txt")) {
                TarArchiveEntry entry = new TarArchiveEntry(name);
                entry.setSize(picture.length);
                tar.putArchiveEntry(entry);
                tar.write(picture);
                tar.closeArchiveEntry();
            }
        }
        return bytes.toByteArray();
    }

    private static byte[] gzip(byte[] content) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (OutputStream gzip = new GZIPOutputStream(bytes)) {
            gzip.write(content);
        }
        return bytes.toByteArray();
    }

    private static byte[] config(String run) throws IOException {
        try (InputStream in = FuzzSeeds.class.getResourceAsStream("/runs-8b13b18/" + run + "/run/config.json")) {
            return Objects.requireNonNull(in, run).readAllBytes();
        }
    }

    private static Map<String, byte[]> manifests() {
        List<Float> three = List.of(1f, 2f, 3f);
        Map<String, Input<?>> inputs = Map.of(
                "pictures",
                        new Input.Pictures(
                                "image", "picture", 32, 3, "RGB", 36, "bicubic", three, three, null, null, null),
                "vectors", new Input.Vectors("vector", "vector", List.of("a", "b", "c"), three, three),
                "signals", new Input.Signals("signal", "signal", 8000, 400, 1, "raw", List.of(0f), List.of(1f)),
                "sequences", new Input.Sequences("ids", "sequence", 12, "bytes", 300, 0, 1, List.of(2), true));
        Map<String, byte[]> seeds = new LinkedHashMap<>();
        inputs.forEach((name, input) ->
                seeds.put(name, text(new Manifest(2, "1", "net", input, 8, 99, "c", Map.of("knn", 0.5)).toJson())));
        Manifest.Head head = new Manifest.Head(List.of("a", "b"), 1.5, "linear", Map.of("held-out-accuracy", 0.5));
        Manifest encoder = new Manifest(2, "1", "net", inputs.get("vectors"), 8, 99, "c", Map.of());
        seeds.put("classifier", text(encoder.withHead("1", 18, head).toJson()));
        return seeds;
    }

    static byte[] checkpoint() throws IOException {
        Path file = Files.createTempFile("seed", "");
        try {
            CheckpointFile.write(
                    file, Map.of("layer.weight", Tensor.filled(Shape.of(2, 3), 1), "step", Tensor.of(Shape.of(1), 7)));
            return Files.readAllBytes(file);
        } finally {
            Files.delete(file);
        }
    }

    private static ValueInfoProto value(String name, Object... dims) {
        ValueInfoProto.Builder value = ValueInfoProto.newBuilder().setName(name);
        var tensor = value.getTypeBuilder().getTensorTypeBuilder().setElemType(1);
        for (Object dim : dims) {
            if (dim instanceof Integer size) {
                tensor.getShapeBuilder().addDimBuilder().setDimValue(size);
            } else {
                tensor.getShapeBuilder().addDimBuilder().setDimParam(dim.toString());
            }
        }
        return value.build();
    }

    private static GraphProto.Builder graph(String output) {
        return GraphProto.newBuilder()
                .setName("net")
                .addInput(value("x", "N", 3, 8, 8))
                .addOutput(value(output, "N", 4));
    }

    private static void initializer(GraphProto.Builder graph, String name, int... dims) {
        TensorProto.Builder tensor = graph.addInitializerBuilder().setName(name).setDataType(1);
        int size = 1;
        for (int dim : dims) {
            tensor.addDims(dim);
            size *= dim;
        }
        for (int i = 0; i < size; i++) {
            tensor.addFloatData(0.1f * (i % 7));
        }
    }

    private static void longs(GraphProto.Builder graph, String name, long... values) {
        TensorProto.Builder tensor =
                graph.addInitializerBuilder().setName(name).setDataType(7).addDims(values.length);
        for (long each : values) {
            tensor.addInt64Data(each);
        }
    }

    private static NodeProto.Builder node(String op, String inputs, String output) {
        NodeProto.Builder node = NodeProto.newBuilder().setOpType(op).addOutput(output);
        for (String input : inputs.split(",", -1)) {
            node.addInput(input);
        }
        return node;
    }

    private static NodeProto.Builder ints(NodeProto.Builder node, String name, long... values) {
        AttributeProto.Builder attribute =
                node.addAttributeBuilder().setName(name).setType(AttributeProto.AttributeType.INTS);
        for (long each : values) {
            attribute.addInts(each);
        }
        return node;
    }

    private static ModelProto.Builder model(GraphProto.Builder graph) {
        ModelProto.Builder model = ModelProto.newBuilder().setIrVersion(8).setGraph(graph);
        model.addOpsetImportBuilder().setVersion(17);
        return model;
    }

    private static byte[] layers() {
        GraphProto.Builder graph = graph("y");
        initializer(graph, "conv", 4, 3, 3, 3);
        for (String each : List.of("scale", "bias", "mean", "var")) {
            initializer(graph, each, 4);
        }
        initializer(graph, "w", 4, 4);
        graph.addNode(ints(ints(node("Conv", "x,conv", "c"), "strides", 2, 2), "pads", 1, 1, 1, 1))
                .addNode(node("BatchNormalization", "c,scale,bias,mean,var", "b"))
                .addNode(node("Relu", "b", "r"))
                .addNode(ints(node("MaxPool", "r", "m"), "kernel_shape", 2, 2))
                .addNode(node("GlobalAveragePool", "m", "p"))
                .addNode(node("Flatten", "p", "f"))
                .addNode(node("Gemm", "f,w,bias", "y"));
        return model(graph).build().toByteArray();
    }

    private static byte[] shapes() {
        GraphProto.Builder graph = graph("y");
        longs(graph, "zero", 0);
        longs(graph, "rest", -1);
        longs(graph, "two", 2);
        initializer(graph, "w", 192, 4);
        graph.addNode(node("Shape", "x", "s"))
                .addNode(node("Gather", "s,zero", "n"))
                .addNode(node("Mul", "n,two", "d"))
                .addNode(node("Div", "d,two", "e"))
                .addNode(node("Concat", "e,rest", "t"))
                .addNode(node("Reshape", "x,t", "f"))
                .addNode(node("MatMul", "f,w", "m"))
                .addNode(node("Softmax", "m", "q"))
                .addNode(node("Slice", "q,zero,two,zero", "h"))
                .addNode(node("Expand", "q,t", "g"))
                .addNode(node("Add", "m,q", "y"));
        graph.getNodeBuilder(4)
                .addAttributeBuilder()
                .setName("axis")
                .setType(AttributeProto.AttributeType.INT)
                .setI(0);
        return model(graph).build().toByteArray();
    }

    private static byte[] functions() {
        GraphProto.Builder graph = graph("y");
        initializer(graph, "w", 192, 4);
        graph.addNode(node("Flatten", "x", "f"))
                .addNode(node("Dense", "f,w", "d").setDomain("own"))
                .addNode(node("Act", "d", "y").setDomain("own"));
        ModelProto.Builder model = model(graph);
        model.addOpsetImportBuilder().setDomain("own").setVersion(1);
        FunctionProto.Builder act = FunctionProto.newBuilder()
                .setName("Act")
                .setDomain("own")
                .addInput("a")
                .addOutput("b");
        act.addNode(node("Sigmoid", "a", "s")).addNode(node("Mul", "a,s", "b"));
        act.addOpsetImportBuilder().setVersion(17);
        FunctionProto.Builder dense = FunctionProto.newBuilder()
                .setName("Dense")
                .setDomain("own")
                .addInput("a")
                .addInput("w")
                .addOutput("b");
        dense.addNode(node("MatMul", "a,w", "m")).addNode(node("Act", "m", "b").setDomain("own"));
        dense.addOpsetImportBuilder().setVersion(17);
        dense.addOpsetImportBuilder().setDomain("own").setVersion(1);
        return model.addFunctions(act).addFunctions(dense).build().toByteArray();
    }

    private static byte[] branches() {
        GraphProto.Builder graph = graph("y");
        initializer(graph, "w", 192, 4);
        graph.addInitializerBuilder().setName("cond").setDataType(9).addInt32Data(1);
        graph.addNode(node("Flatten", "x", "f")).addNode(node("MatMul", "f,w", "m"));
        NodeProto.Builder choice = node("If", "cond", "y");
        for (String branch : List.of("then_branch", "else_branch")) {
            GraphProto.Builder body = GraphProto.newBuilder()
                    .setName(branch)
                    .addOutput(value("o", "N", 4))
                    .addNode(node(branch.startsWith("then") ? "Relu" : "Tanh", "m", "o"));
            choice.addAttributeBuilder()
                    .setName(branch)
                    .setType(AttributeProto.AttributeType.GRAPH)
                    .setG(body);
        }
        return model(graph.addNode(choice)).build().toByteArray();
    }
}
