package dev.vicreg.models.onnx;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import com.google.protobuf.ByteString;
import com.google.protobuf.UnknownFieldSet;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Tensor;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EditedModelTest {
    @TempDir
    Path folder;

    private Path file(OnnxModelBuilder model) throws IOException {
        return Files.write(folder.resolve("model.onnx"), model.bytes());
    }

    private static TensorProto.Builder tensor(String name, int type, byte[] raw, long... dims) {
        TensorProto.Builder tensor =
                TensorProto.newBuilder().setName(name).setDataType(type).setRawData(ByteString.copyFrom(raw));
        for (long dim : dims) {
            tensor.addDims(dim);
        }
        return tensor;
    }

    private static byte[] bytes(float... values) {
        return Tensor.of(Shape.of(values.length), values).data();
    }

    /** A model with everything that must survive, unknown fields included. */
    private static OnnxModelBuilder rich() {
        OnnxModelBuilder model = new OnnxModelBuilder(12)
                .input("x", 1, "N", 2)
                .initializer("w", 1, 2)
                .initializer("other", 3, 4)
                .output("y")
                .node("Mul", "x,w", "a", node -> node.setDocString("a product"))
                .node("Strange", "a,half", "b", node -> node.setDomain("com.example"))
                .node("Add", "b,other", "y");
        model.initializer(tensor("half", 10, new byte[] {0, 0x3c, 0, 0x40}, 2)
                .setDocString("halves")
                .build());
        model.model
                .setProducerName("pytorch")
                .setProducerVersion("2.13")
                .setModelVersion(5)
                .setDocString("doc");
        model.model.addOpsetImportBuilder().setDomain("com.example").setVersion(3);
        model.model.addMetadataPropsBuilder().setKey("key").setValue("value");
        model.model.addMetadataPropsBuilder().setKey("old").setValue("1");
        model.graph.setDocString("the graph").addValueInfoBuilder().setName("a");
        model.graph.setUnknownFields(UnknownFieldSet.newBuilder()
                .addField(777, UnknownFieldSet.Field.newBuilder().addVarint(42).build())
                .build());
        return model;
    }

    @Test
    void onlyNamedInitializersAndMetadataChange() throws IOException {
        OnnxModelBuilder model = rich();
        Path original = file(model);
        EditedModel edited = OnnxFile.withInitializers(
                original,
                Map.of("w", Tensor.of(Shape.of(2), 5, 6), "half", Tensor.of(Shape.of(2), -1.5f, 2.0004f)),
                true,
                Map.of("old", "2", "new", "3"));
        assertTrue(edited.isWhole());
        ModelProto.Builder expected = model.model.clone();
        expected.getGraphBuilder().setInitializer(0, tensor("w", 1, bytes(5, 6), 2));
        expected.getGraphBuilder()
                .getInitializerBuilder(2)
                .setRawData(ByteString.copyFrom(new byte[] {0, (byte) 0xbe, 0, 0x40})); // -1.5 and 2, still float16
        expected.removeMetadataProps(1);
        expected.addMetadataPropsBuilder().setKey("old").setValue("2");
        expected.addMetadataPropsBuilder().setKey("new").setValue("3");
        ModelProto found = ModelProto.parseFrom(edited.toByteArray());
        assertEquals(sorted(expected.build()), sorted(found));
        ByteArrayOutputStream stream = new ByteArrayOutputStream();
        edited.writeTo(stream);
        assertArrayEquals(edited.toByteArray(), stream.toByteArray());
        edited.save(folder.resolve("saved.onnx"));
        assertArrayEquals(edited.toByteArray(), Files.readAllBytes(folder.resolve("saved.onnx")));
        assertArrayEquals(model.bytes(), Files.readAllBytes(original), "the original stays");
    }

    /** Maps of metadata have no order. */
    private static ModelProto sorted(ModelProto model) {
        return model.toBuilder()
                .clearMetadataProps()
                .addAllMetadataProps(model.getMetadataPropsList().stream()
                        .sorted((a, b) -> a.getKey().compareTo(b.getKey()))
                        .toList())
                .build();
    }

    @Test
    void nothingToChangeGivesTheSameBytes() throws IOException {
        OnnxModelBuilder model = rich();
        assertArrayEquals(
                model.bytes(),
                OnnxFile.withInitializers(file(model), Map.of(), false, Map.of())
                        .toByteArray());
    }

    @Test
    void unfitValuesAreRefused() throws IOException {
        Path original = file(rich());
        assertEquals(
                original + ": the model has no initialiser v", refused(original, "v", Tensor.of(Shape.of(2), 1, 2)));
        assertEquals(
                original + ": initialiser w: expected shape [2], found [1,2]",
                refused(original, "w", Tensor.of(Shape.of(1, 2), 1, 2)));
        assertEquals(
                original + ": initialiser w: expected FLOAT, found int64[2]",
                refused(original, "w", Tensor.ofLongs(1, 2)));
        assertEquals(
                original + ": initialiser half: 70000.0 is too large for float16, the type that the file stores",
                refused(original, "half", Tensor.of(Shape.of(2), 1, 70000)));
    }

    private static String refused(Path original, String name, Tensor tensor) {
        return assertThrows(
                        IllegalArgumentException.class,
                        () -> OnnxFile.withInitializers(original, Map.of(name, tensor), false, Map.of()))
                .getMessage();
    }

    private static OnnxModelBuilder training(int opset) {
        OnnxModelBuilder model = new OnnxModelBuilder(opset)
                .input("x", 1, "N", 2)
                .initializer("s", 1, 2)
                .initializer("b", 3, 4)
                .initializer("m", 0, 0)
                .initializer("v", 1, 1)
                .output("y", "N", 2);
        model.initializer(tensor("ratio", 1, bytes(0.5f)).build());
        model.initializer(tensor("flag", 9, new byte[] {1}).build());
        String outputs = opset < 14 ? "n,m2,v2,sm,sv" : "n,m2,v2";
        model.node("BatchNormalization", "x,s,b,m,v", outputs, node -> {
            OnnxModelBuilder.attribute(node, "epsilon", 1e-3f);
            if (opset >= 14) {
                OnnxModelBuilder.attribute(node, "training_mode", 1);
            }
        });
        return model.node("Dropout", "n,ratio,flag", "y");
    }

    @Test
    void trainingFormIsSetToInference() throws IOException {
        for (int opset : new int[] {12, 17}) {
            OnnxModelBuilder model = training(opset);
            byte[] kept = OnnxFile.withInitializers(file(model), Map.of(), false, Map.of())
                    .toByteArray();
            assertArrayEquals(model.bytes(), kept);
            ModelProto found = ModelProto.parseFrom(OnnxFile.withInitializers(file(model), Map.of(), true, Map.of())
                    .toByteArray());
            ModelProto.Builder expected = model.model.clone();
            expected.getGraphBuilder().getNodeBuilder(0).clearOutput().addOutput("n");
            if (opset >= 14) {
                expected.getGraphBuilder()
                        .getNodeBuilder(0)
                        .getAttributeBuilder(1)
                        .setI(0);
            }
            expected.getGraphBuilder().getNodeBuilder(1).clearInput().addAllInput(List.of("n", "ratio"));
            assertEquals(expected.build(), found);
            OnnxChecker.check(found.toByteArray(), folder);
        }
    }

    @Test
    void statisticsOfABatchThatAreReadCannotBeDropped() throws IOException {
        Path original = file(training(17).output("m2"));
        IllegalArgumentException e = assertThrows(
                IllegalArgumentException.class, () -> OnnxFile.withInitializers(original, Map.of(), true, Map.of()));
        assertEquals(
                original + ": node BatchNormalization_0: its output m2 is read, but only training computes it",
                e.getMessage());
    }

    private OnnxModelBuilder external(String location, long offset, long length) {
        OnnxModelBuilder model = new OnnxModelBuilder(13)
                .input("x", 1, "N", 2)
                .initializer("inline", 1, 2)
                .output("y", "N", 2);
        for (String name : List.of("w", "v")) {
            TensorProto.Builder tensor = TensorProto.newBuilder()
                    .setName(name)
                    .setDataType(1)
                    .addDims(2)
                    .setDataLocation(TensorProto.DataLocation.EXTERNAL);
            tensor.addExternalDataBuilder().setKey("location").setValue(location);
            tensor.addExternalDataBuilder()
                    .setKey("offset")
                    .setValue(Long.toString(name.equals("w") ? offset : offset + 8));
            tensor.addExternalDataBuilder().setKey("length").setValue(Long.toString(length));
            model.initializer(tensor.build());
        }
        return model.node("Mul", "x,w", "a").node("Add", "a,v", "b").node("Add", "b,inline", "y");
    }

    @Test
    void externalDataBecomeInlineWhereTheyFit() throws IOException {
        Files.write(folder.resolve("weights.bin"), bytes(0, 1, 2, 3, 4));
        Path original = file(external("weights.bin", 4, 8));
        OnnxFile.Model read = OnnxFile.read(original);
        assertArrayEquals(new float[] {1, 2}, floats(read, "w"));
        assertArrayEquals(new float[] {3, 4}, floats(read, "v"));
        EditedModel edited =
                OnnxFile.withInitializers(original, Map.of("w", Tensor.of(Shape.of(2), 7, 8)), false, Map.of());
        OnnxFile.Model whole = OnnxFile.parse(edited.toByteArray(), "edited");
        assertArrayEquals(new float[] {7, 8}, floats(whole, "w"));
        assertArrayEquals(new float[] {3, 4}, floats(whole, "v"));
    }

    @Test
    void externalDataStayExternalWhereTheyDontFit() throws IOException {
        Files.write(folder.resolve("weights.bin"), bytes(0, 1, 2, 3, 4));
        Path original = file(external("weights.bin", 4, 8));
        EditedModel edited = new EditedModel(
                original,
                Map.of("w", Tensor.of(Shape.of(2), 7, 8)),
                false,
                Map.of("k", "v"),
                OnnxFile.Statistics.AS_THEY_ARE,
                50);
        assertFalse(edited.isWhole());
        assertThrows(IllegalStateException.class, edited::toByteArray);
        Path target = Files.createDirectory(folder.resolve("out")).resolve("edited.onnx");
        edited.save(target);
        assertThrows(IOException.class, () -> edited.save(target), "only new files are written");
        try (var files = Files.list(target.getParent())) {
            assertEquals(
                    List.of("edited.onnx", "edited.onnx.data"),
                    files.map(file -> file.getFileName().toString()).sorted().toList());
        }
        OnnxFile.Model read = OnnxFile.read(target);
        assertArrayEquals(new float[] {7, 8}, floats(read, "w"));
        assertArrayEquals(new float[] {3, 4}, floats(read, "v"));
        assertArrayEquals(new float[] {1, 2}, floats(read, "inline"));
        assertEquals(Map.of("k", "v"), read.metadata());
        assertEquals(4096 + 8, Files.size(target.resolveSibling("edited.onnx.data")), "starts on a page");
        OnnxChecker.check(Files.readAllBytes(target), target.getParent());
    }

    /** Two norms and an output that share initialisers; one norm reads its mean through an Identity. */
    private static OnnxModelBuilder sharing() {
        OnnxModelBuilder model = new OnnxModelBuilder(13)
                .input("x", 1, "N", 2)
                .initializer("zero", 0, 0)
                .initializer("one", 1, 1)
                .output("z", "N", 2)
                .node("Identity", "zero", "mean")
                .node("BatchNormalization", "x,one,zero,mean,one", "y")
                .node("BatchNormalization", "y,one,zero,zero,one", "z")
                .node("BatchNormalization", "y,one,zero,zero,one", "unused");
        model.graph.addInput(model.graph.getInput(0).toBuilder().setName("zero")); // as files of IR 3 have it
        return model;
    }

    private static OnnxFile.Statistics statistics(String... names) {
        return new OnnxFile.Statistics("z", List.of(List.of(names[0], names[1]), List.of(names[2], names[3])));
    }

    private EditedModel edit(OnnxFile.Statistics statistics, Map<String, Tensor> values) throws IOException {
        return OnnxFile.withInitializers(file(sharing()), values, false, Map.of(), statistics);
    }

    @Test
    void normsGetStatisticsOfTheirOwn() throws IOException {
        Tensor mean = Tensor.of(Shape.of(2), 3, 4);
        ModelProto found =
                ModelProto.parseFrom(edit(statistics("zero.2", "one.2", "zero.3", "one"), Map.of("zero.3", mean))
                        .toByteArray());
        ModelProto.Builder expected = sharing().model;
        GraphProto.Builder graph = expected.getGraphBuilder();
        graph.getNodeBuilder(1).setInput(3, "zero.2").setInput(4, "one.2");
        graph.getNodeBuilder(2).setInput(3, "zero.3");
        graph.addInitializer(graph.getInitializer(0).toBuilder().setName("zero.2"));
        graph.addInitializer(graph.getInitializer(1).toBuilder().setName("one.2"));
        graph.addInitializer(tensor("zero.3", 1, mean.data(), 2));
        graph.addInput(graph.getInput(1).toBuilder().setName("zero.2"));
        graph.addInput(graph.getInput(1).toBuilder().setName("zero.3"));
        assertEquals(expected.build(), found);
        assertEquals(2, OnnxFile.norms(folder.resolve("model.onnx"), "z"));
    }

    @Test
    void statisticsThatDoNotFitTheNormsAreRefused() {
        OnnxFile.Statistics one = new OnnxFile.Statistics("z", List.of(List.of("a", "b")));
        String number = assertThrows(IllegalArgumentException.class, () -> edit(one, Map.of()))
                .getMessage();
        assertTrue(number.endsWith("the graph itself has 2 batch norms, expected 1"), number);
        for (String taken : List.of("one", "x", "y")) {
            String message = assertThrows(
                            IllegalArgumentException.class,
                            () -> edit(statistics(taken, "one", "zero", "one"), Map.of()))
                    .getMessage();
            assertTrue(message.endsWith("a value of the model is named " + taken + " already"), message);
        }
    }

    private static float[] floats(OnnxFile.Model model, String initializer) {
        return model.initializers().get(initializer).constant().floats();
    }

    @Test
    void badExternalDataAreRefused() throws IOException {
        Files.write(folder.resolve("weights.bin"), bytes(0, 1, 2, 3, 4));
        Path inner = Files.createDirectory(folder.resolve("inner"));
        Files.write(inner.resolve("short.bin"), bytes(1, 2, 3));
        Files.createSymbolicLink(inner.resolve("link.bin"), folder.resolve("weights.bin"));
        Files.createSymbolicLink(inner.resolve("good.bin"), inner.resolve("long.bin"));
        Files.write(inner.resolve("long.bin"), bytes(1, 2, 3, 4));
        String absolute = folder.resolve("weights.bin").toString();
        expect(inner, external("none.bin", 0, 8), "external data file none.bin is missing beside the model");
        expect(
                inner,
                external("short.bin", 0, 8),
                "external data file short.bin is too short: expected 8 bytes at 8, found 12 in all");
        expect(
                inner,
                external("short.bin", -4, 8),
                "external data file short.bin is too short: expected 8 bytes at -4, found 12 in all");
        expect(inner, external("short.bin", 0, 4), "its shape needs 8 bytes, its external data in short.bin have 4");
        expect(
                inner,
                external("../weights.bin", 4, 8),
                "external data path ../weights.bin leaves the model's folder; refused");
        expect(
                inner,
                external(absolute, 4, 8),
                "external data path " + absolute + " leaves the model's folder; refused");
        expect(
                inner,
                external("link.bin", 4, 8),
                "external data file link.bin is a link that leaves the model's folder; refused");
        expect(inner, external(".", 0, 8), "external data file . is no regular file");
        OnnxFile.read(Files.write(
                inner.resolve("model.onnx"), external("good.bin", 0, 8).bytes()));
    }

    private static void expect(Path folder, OnnxModelBuilder model, String message) throws IOException {
        Path file = Files.write(folder.resolve("model.onnx"), model.bytes());
        IOException e = assertThrows(IOException.class, () -> OnnxFile.read(file));
        assertTrue(e.getMessage().startsWith(file + ": tensor "), e.getMessage());
        assertTrue(e.getMessage().endsWith(": " + message), e.getMessage());
        assertThrows(Exception.class, () -> OnnxFile.withInitializers(file, Map.of(), false, Map.of()), "written back");
    }
}
