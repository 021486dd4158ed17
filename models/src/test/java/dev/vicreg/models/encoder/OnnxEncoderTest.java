package dev.vicreg.models.encoder;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import dev.vicreg.models.graph.Attributes;
import dev.vicreg.models.graph.Dim;
import dev.vicreg.models.graph.ElementType;
import dev.vicreg.models.graph.Graph;
import dev.vicreg.models.graph.Node;
import dev.vicreg.models.graph.OpType;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.TensorType;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.nn.Layers;
import dev.vicreg.models.nn.Parameter;
import dev.vicreg.models.nn.Parameter.Role;
import dev.vicreg.models.nn.Parameters;
import dev.vicreg.models.onnx.OnnxFile;
import dev.vicreg.models.ops.Ops;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OnnxEncoderTest {
    @TempDir
    Path folder;

    private final Ops ops = new Ops();
    private final Value x =
            Value.input("x", new TensorType(ElementType.FLOAT, new Shape(List.of(Dim.symbol("N"), Dim.of(3)))));

    private static Value initializer(String name, long... shape) {
        return Value.constant(name, Tensor.filled(Shape.of(shape), 0.5f));
    }

    private OnnxEncoder read(Value output) throws IOException {
        Path file = folder.resolve("net.onnx");
        Files.write(file, OnnxFile.bytes(Graph.of("net", List.of(x), Map.of("y", output)), Map.of()));
        return OnnxEncoder.read(file, List.of(), OnnxEncoder.Settings.DEFAULT);
    }

    /** Names and roles of the parameters, in their order. */
    private static Map<String, Role> roles(OnnxEncoder encoder) {
        Parameters parameters = new Parameters();
        Value view = Value.input(encoder.inputName(), encoder.type(Dim.of(4)));
        Value representation = encoder.build(Layers.forInference(parameters), view);
        assertEquals(Shape.of(4, encoder.dimension()), representation.shape());
        Map<String, Role> roles = new LinkedHashMap<>();
        parameters.all().forEach(parameter -> roles.put(parameter.name(), parameter.role()));
        parameters.all().stream()
                .filter(Parameter::isTrained)
                .forEach(each -> assertEquals(
                        Tensor.filled(each.shape(), 0.5f), parameters.draw(1).get(each.name())));
        return roles;
    }

    @Test
    void trainedIsWhatAGradientReachesAndItsReaderTellsWhatItIs() throws IOException {
        Value weight = initializer("w", 5, 3);
        Value hidden = ops.add(ops.matMul(x, ops.transpose(weight, 1, 0)), initializer("b", 5));
        Value clipped = ops.node(
                        OpType.CLIP,
                        List.of(
                                hidden,
                                Value.constant("low", Tensor.scalar(-1)),
                                Value.constant("high", Tensor.scalar(1))),
                        Attributes.NONE)
                .output(0);
        Value scaled = ops.mul(clipped, initializer("factor", 5));
        Value positions = ops.add(scaled, initializer("table", 1, 5));
        Value compared = ops.greater(positions, initializer("threshold", 5));
        Value chosen = ops.where(compared, positions, ops.relu(positions));
        Value again = ops.matMul(ops.matMul(chosen, weight), ops.transpose(weight, 1, 0));
        Map<String, Role> roles = roles(read(again));
        Map<String, Role> expected = new LinkedHashMap<>();
        expected.put("w", Role.WEIGHT);
        expected.put("b", Role.BIAS);
        expected.put("factor", Role.NORM_SCALE);
        expected.put("table", Role.BIAS);
        assertEquals(expected, roles);
    }

    /** Why the file's tensors are not trained, by name. */
    private Map<String, String> untrained(Value output) throws IOException {
        Path file = folder.resolve("net.onnx");
        Files.write(file, OnnxFile.bytes(Graph.of("net", List.of(x), Map.of("y", output)), Map.of()));
        Map<String, String> reasons = new LinkedHashMap<>();
        for (OnnxEncoder.Use use : OnnxEncoder.Source.read(file, "").uses()) {
            if (!use.isTrained()) {
                reasons.put(use.name(), use.untrained());
            }
        }
        return reasons;
    }

    private static Value number(String name, float value) {
        return Value.constant(name, Tensor.scalar(value));
    }

    private Value hidden() {
        return ops.matMul(x, initializer("w", 3, 4));
    }

    @Test
    void layerNormGeluAndAttentionKeepTheirNumbers() throws IOException {
        Value a = hidden();
        Value centred = ops.sub(a, ops.reduceMean(a, true, 1));
        Value variance = ops.reduceMean(ops.pow(centred, number("two", 2)), true, 1);
        Value row = Value.constant("epsilon", Tensor.of(Shape.of(1), 1e-5f));
        Value norm = ops.div(centred, ops.sqrt(ops.add(variance, row)));
        Value scaled = ops.mul(norm, initializer("gamma", 4));
        Value gelu = ops.mul(scaled, ops.add(ops.erf(ops.div(scaled, number("root", 1.4142f))), number("one", 1)));
        Map<String, String> expected = new LinkedHashMap<>();
        expected.put("two", "an exponent");
        expected.put("epsilon", "an epsilon beside a variance");
        expected.put("root", "a one-element factor");
        expected.put("one", "a one-element term");
        expected.put("half", "a one-element factor");
        assertEquals(expected, untrained(ops.mul(gelu, number("half", 0.5f))));
    }

    @Test
    void learnedNumbersAreTrained() throws IOException {
        Value y = ops.mul(hidden(), number("rezero", 0)); // a factor that has not been trained yet
        Value positive = ops.exp(y);
        Value p = Value.constant("p", Tensor.of(Shape.of(1), 3));
        Value pooled = ops.reduceMean(ops.pow(positive, p), true, 1); // generalised mean
        Value one = ops.add(
                ops.pow(pooled, ops.div(ops.constant(1), p)), Value.constant("unit", Tensor.filled(Shape.of(1), 0.7f)));
        Value slope = ops.node(OpType.PRELU, List.of(one, initializer("slope", 1)), Attributes.NONE)
                .output(0);
        Value chosen = ops.where(ops.less(slope, number("zero", 0)), initializer("no"), slope);
        assertEquals(Map.of("zero", "no gradient flows back through Less"), untrained(chosen));
    }

    @Test
    void rowsOfOneAreTrainedUnlessTheyAreNumbersOfFormulasOrCalledConstants() throws IOException {
        Value y = hidden();
        for (String name : List.of("scale", "p2o.Constant.4")) {
            y = ops.mul(y, Value.constant(name, Tensor.of(Shape.of(1), 0.6314f)));
        }
        y = ops.mul(y, Value.constant("one", Tensor.of(Shape.of(1), 1)));
        y = ops.div(y, Value.constant("root", Tensor.of(Shape.of(1), (float) Math.sqrt(12))));
        String reason = "a one-element factor";
        assertEquals(Map.of("p2o.Constant.4", reason, "root", reason), untrained(y));
    }

    @Test
    void boundsOfActivationsStayAndOthersAreTrained() throws IOException {
        List<Value> usual = List.of(hidden(), number("zero", 0), number("six", 6));
        Value relu6 = ops.node(OpType.CLIP, usual, Attributes.NONE).output(0);
        List<Value> learned = List.of(relu6, number("low", -0.31f), number("high", 0.83f));
        Value y = ops.node(OpType.CLIP, learned, Attributes.NONE).output(0);
        assertEquals(Map.of("zero", "a bound of Clip", "six", "a bound of Clip"), untrained(y));
    }

    @Test
    void tablesAndMasksStay() throws IOException {
        float[] cosines = new float[12];
        float[] sines = new float[12];
        float[] both = new float[12];
        float[] mask = new float[12];
        for (int i = 0; i < 12; i++) {
            int row = i / 4;
            int pair = i % 4 / 2;
            double angle = row * Math.pow(0.1, pair);
            cosines[i] = (float) Math.cos(angle);
            sines[i] = (float) Math.sin(angle);
            both[i] = i % 2 == 0 ? sines[i] : cosines[i];
            mask[i] = i % 4 > i / 4 ? Float.NEGATIVE_INFINITY : 0;
        }
        Shape shape = Shape.of(3, 4);
        Value a = ops.reshape(ops.matMul(x, initializer("w", 3, 12)), -1, 3, 4);
        Value placed = ops.add(a, Value.constant("places", Tensor.of(shape, both)));
        Value turned = ops.add(
                ops.mul(placed, Value.constant("cosines", Tensor.of(shape, cosines))),
                ops.mul(ops.neg(placed), Value.constant("sines", Tensor.of(shape, sines))));
        Value masked = ops.add(turned, Value.constant("mask", Tensor.of(shape, mask)));
        Value y = ops.reshape(ops.softmax(ops.add(masked, initializer("learned", 3, 4)), -1), -1, 12);
        String table = "a table of sines and cosines";
        Map<String, String> expected = new LinkedHashMap<>();
        expected.put("places", table);
        expected.put("cosines", table);
        expected.put("sines", table);
        expected.put("mask", "a mask");
        assertEquals(expected, untrained(y));
    }

    @Test
    void frequenciesOfPlacesStayAndThoseOfDataAreTrained() throws IOException {
        Value places = Value.constant("places", Tensor.of(Shape.of(4), 0, 1, 2, 3));
        Value angles = ops.mul(places, initializer("frequencies", 4));
        Value turned = ops.mul(
                hidden(), ops.node(OpType.COS, List.of(angles), Attributes.NONE).output(0));
        Value activated = ops.node(OpType.SIN, List.of(ops.mul(turned, initializer("omega", 4))), Attributes.NONE)
                .output(0);
        String reason = "frequencies of sines and cosines";
        assertEquals(Map.of("places", reason, "frequencies", reason), untrained(activated));
    }

    @Test
    void meanAndDeviationBehindTheInputStay() throws IOException {
        Value normalised = ops.div(ops.sub(x, initializer("mean", 3)), initializer("deviation", 1, 3));
        Value y = ops.add(ops.matMul(normalised, initializer("w", 3, 3)), initializer("b", 3));
        String reason = "a mean or deviation right behind the input";
        assertEquals(Map.of("mean", reason, "deviation", reason), untrained(y));
    }

    @Test
    void whatNoGradientReachesIsTold() throws IOException {
        Value a = hidden();
        Value compared = ops.greater(a, initializer("threshold", 4));
        Value rounded = ops.node(OpType.FLOOR, List.of(ops.mul(a, initializer("lost", 4))), Attributes.NONE)
                .output(0);
        Value y = ops.where(compared, a, rounded);
        assertEquals(
                Map.of(
                        "threshold", "no gradient flows back through Greater",
                        "lost", "no gradient flows back through Mul"),
                untrained(y));
    }

    /** The constants of a model as Constant nodes, all but those named. */
    private static byte[] inConstantNodes(byte[] bytes, String... kept) throws IOException {
        ModelProto.Builder model = ModelProto.parseFrom(bytes).toBuilder();
        var graph = model.getGraphBuilder();
        var initializers = List.copyOf(graph.getInitializerList());
        graph.clearInitializer();
        for (var tensor : initializers) {
            if (List.of(kept).contains(tensor.getName())) {
                graph.addInitializer(tensor);
            } else {
                var node = graph.addNodeBuilder(0).setOpType("Constant").addOutput(tensor.getName());
                node.addAttributeBuilder()
                        .setName("value")
                        .setType(AttributeProto.AttributeType.TENSOR)
                        .setT(tensor.toBuilder().clearName());
            }
        }
        return model.build().toByteArray();
    }

    private OnnxEncoder constants(Value output, String... kept) throws IOException {
        Path file = folder.resolve("constants.onnx");
        byte[] bytes = OnnxFile.bytes(Graph.of("net", List.of(x), Map.of("y", output)), Map.of());
        Files.write(file, inConstantNodes(bytes, kept));
        return OnnxEncoder.read(file, List.of(), OnnxEncoder.Settings.DEFAULT);
    }

    @Test
    void weightsInConstantNodesAreTrainedAndWrittenBack() throws IOException {
        Value y = ops.add(ops.matMul(x, initializer("w", 3, 4)), initializer("b", 4));
        OnnxEncoder encoder = constants(ops.mul(ops.relu(y), number("third", 0.3f)));
        assertEquals(Map.of("w", Role.WEIGHT, "b", Role.BIAS), roles(encoder));
        Tensor trained = Tensor.filled(Shape.of(3, 4), 7);
        Path edited = folder.resolve("edited.onnx");
        OnnxFile.withInitializers(folder.resolve("constants.onnx"), Map.of("w", trained), true, Map.of())
                .save(edited);
        Value weight = OnnxFile.read(edited).graph().nodes().get(0).input(1);
        assertEquals(trained, weight.constant());
    }

    @Test
    void constantNodesBesideWeightsAreLiteralsUnlessALayerHasThem() throws IOException {
        Value y = ops.mul(ops.matMul(hidden(), initializer("v", 4, 4)), initializer("literal", 1, 4));
        OnnxEncoder encoder = constants(y, "w");
        assertEquals(Map.of("w", Role.WEIGHT, "v", Role.WEIGHT), roles(encoder));
        assertEquals(Set.of("literal"), encoder.untrained());
    }

    private Value norm(Value mean, Value variance, Attributes attributes) {
        return ops.node(
                        OpType.BATCH_NORMALIZATION,
                        List.of(hidden(), initializer("scale", 4), initializer("bias", 4), mean, variance),
                        attributes)
                .output(0);
    }

    @Test
    void normsUseTheirBatchWhereverTheirStatisticsStand() throws IOException {
        Value mean = initializer("mean", 4);
        Value variance = initializer("spread", 4);
        OnnxEncoder inNodes = constants(norm(mean, variance, Attributes.NONE), "w", "scale", "bias");
        assertEquals(List.of("mean", "spread"), inNodes.normStatistics().get(0));
        Value twice = ops.add(mean, mean);
        OnnxEncoder computed = read(norm(ops.cast(mean, ElementType.FLOAT), ops.mul(twice, 2), Attributes.NONE));
        assertEquals(List.of("mean", "running_var"), computed.normStatistics().get(0));
        assertEquals(Set.of("w", "scale", "bias", "mean"), computed.fileInitializers());
    }

    /** Whether the norm of a network that is read with these settings uses its batch's statistics. */
    private static boolean usesBatch(OnnxEncoder encoder, Layers layers) {
        Value view = Value.input(encoder.inputName(), encoder.type(Dim.of(4)));
        Node norm = Objects.requireNonNull(encoder.build(layers, view).producer());
        return norm.op() == OpType.BATCH_NORM_TRAINING || norm.attributes().integer("training_mode", 0) != 0;
    }

    @Test
    void frozenNormsStandStillWhateverFormTheyHaveAndInstanceNormsNever() throws IOException {
        Attributes training = Attributes.NONE.with("training_mode", 1L);
        OnnxEncoder.Settings frozen =
                new OnnxEncoder.Settings("", Pooling.NONE, OnnxEncoder.BatchNorms.FROZEN, OnnxEncoder.Dropout.OFF);
        read(norm(initializer("mean", 4), initializer("spread", 4), training));
        OnnxEncoder still = OnnxEncoder.read(folder.resolve("net.onnx"), List.of(), frozen);
        assertEquals(Set.of(), still.untrained());
        assertEquals(false, usesBatch(still, Layers.forTraining(new Parameters())));
        Value ones = ops.node(OpType.CONSTANT_OF_SHAPE, List.of(ops.longs(4)), Attributes.NONE)
                .output(0);
        read(norm(ones, ones, training));
        OnnxEncoder instance = OnnxEncoder.read(folder.resolve("net.onnx"), List.of(), frozen);
        assertEquals(true, usesBatch(instance, Layers.forInference(new Parameters())));
    }

    @Test
    void aMomentumThatWouldKeepStatisticsStillIsReplacedAndTold() throws IOException {
        Attributes still = Attributes.NONE.with("momentum", 1f);
        OnnxEncoder encoder = read(norm(initializer("mean", 4), initializer("spread", 4), still));
        assertEquals(
                List.of(
                        "batch norms whose momentum of 1 would keep their running statistics still, so that 0.9 is taken: 1"),
                encoder.notes());
    }

    @Test
    void namesThatMeanSomethingElseAreChangedAndReported() throws IOException {
        Value y = ops.matMul(x, initializer("projector.0.weight", 3, 3));
        y = ops.matMul(y, initializer("ema.weight", 3, 3)); // of averages in checkpoints
        y = ops.matMul(y, initializer("w_grad", 3, 3));
        y = ops.matMul(y, initializer("loss", 3, 3));
        y = ops.matMul(y, initializer("embedding", 3, 3)); // the output of exported encoders
        OnnxEncoder encoder = read(ops.matMul(y, initializer("imported.loss", 3, 3)));
        assertEquals(
                Map.of(
                        "projector.0.weight", "imported.projector.0.weight",
                        "ema.weight", "imported.ema.weight",
                        "w_grad", "imported.w_grad.data",
                        "loss", "imported.loss",
                        "embedding", "imported.embedding",
                        "imported.loss", "imported.loss_"),
                encoder.renamed());
        assertEquals(
                List.of(
                        "imported.projector.0.weight",
                        "imported.ema.weight",
                        "imported.w_grad.data",
                        "imported.loss",
                        "imported.embedding",
                        "imported.loss_"),
                List.copyOf(roles(encoder).keySet()));
        assertEquals("loss", encoder.initializers().get("imported.loss"));
    }

    @Test
    void whatOtherOutputsNeedIsNotRead() throws IOException {
        Path file = folder.resolve("net.onnx");
        Value output = ops.matMul(x, initializer("w", 3, 3));
        ModelProto.Builder model =
                ModelProto.parseFrom(OnnxFile.bytes(Graph.of("net", List.of(x), Map.of("y", output)), Map.of()))
                        .toBuilder();
        model.getGraphBuilder()
                .addNodeBuilder()
                .setOpType("Strange")
                .addInput("x")
                .addOutput("z");
        model.getGraphBuilder()
                .addOutput(model.getGraph().getOutput(0).toBuilder().setName("z"));
        Files.write(file, model.build().toByteArray());
        OnnxEncoder encoder = OnnxEncoder.read(file, List.of(), OnnxEncoder.Settings.DEFAULT);
        assertEquals("y", encoder.outputName());
        assertEquals(Map.of("w", Role.WEIGHT), roles(encoder));
        assertThrows(IOException.class, () -> OnnxFile.read(file));
    }

    @Test
    void vocabularyIsTheSmallestTableThatIdsChooseRowsOf() throws IOException {
        Value ids =
                Value.input("ids", new TensorType(ElementType.INT64, new Shape(List.of(Dim.symbol("N"), Dim.of(3)))));
        Value same = ops.identity(ops.cast(ops.cast(ids, ElementType.INT32), ElementType.INT64));
        Value words = ops.gather(initializer("words", 9, 4), same, 0); // [N,3,4]
        Value kinds = ops.gather(initializer("kinds", 7, 4), ids, 0);
        Value position = ops.gather(initializer("positions", 3, 4), ops.constant(Tensor.ofLongs(0, 1, 2)), 0);
        Value y = ops.reduceMean(ops.add(ops.add(words, kinds), position), false, 1);
        Path file = folder.resolve("ids.onnx");
        Files.write(file, OnnxFile.bytes(Graph.of("net", List.of(ids), Map.of("y", y)), Map.of()));
        OnnxEncoder encoder = OnnxEncoder.read(file, List.of(), OnnxEncoder.Settings.DEFAULT);
        assertEquals(OptionalLong.of(7), encoder.vocabulary());
        assertEquals(
                OptionalLong.empty(),
                read(ops.matMul(x, initializer("w", 3, 3))).vocabulary());
    }

    @Test
    void aSecondInputIsRefusedUnlessItFollowsFromIds() throws IOException {
        String other = withSecondInput("lengths", null);
        assertTrue(other.contains("output y depends on 2 inputs: expected 1, or ids int64[N,T] beside"), other);
        String unknown = withSecondInput("attention_mask", null);
        assertTrue(unknown.contains("is made from ids and their padding, which is not known"), unknown);
        assertEquals("", withSecondInput("attention_mask", 0));
        assertEquals("", withSecondInput("token_type_ids", 0));
        assertEquals("", withSecondInput("position_ids", 0));
    }

    /** The refusal, if it is refused. */
    private String withSecondInput(String name, Integer padding) throws IOException {
        TensorType type = new TensorType(ElementType.INT64, new Shape(List.of(Dim.symbol("N"), Dim.of(3))));
        Value second = Value.input(name, type); // first in the file
        Value ids = Value.input("input_ids", type);
        Value words = ops.gather(initializer("words", 9, 4), ids, 0);
        Value kept = ops.unsqueeze(ops.cast(second, ElementType.FLOAT), 2);
        Value y = ops.reduceMean(ops.mul(words, kept), false, 1);
        Path file = folder.resolve("two.onnx");
        Files.write(file, OnnxFile.bytes(Graph.of("net", List.of(second, ids), Map.of("y", y)), Map.of()));
        OnnxEncoder.Settings settings = new OnnxEncoder.Settings(
                "", Pooling.NONE, OnnxEncoder.BatchNorms.TRAIN, OnnxEncoder.Dropout.OFF, padding);
        try {
            OnnxEncoder encoder = OnnxEncoder.read(file, List.of(), settings);
            assertEquals("input_ids", encoder.inputName());
            return "";
        } catch (IllegalArgumentException e) {
            return e.getMessage();
        }
    }

    @Test
    void filesThatCannotBeTrainedAreRefusedInOneLine() {
        String untrained = message(ops.relu(x));
        assertTrue(untrained.contains("net.onnx: no initialiser of it can be trained"), untrained);
        String baked = message(ops.reshape(ops.matMul(x, initializer("w", 3, 4)), 1, 4));
        assertTrue(baked.contains("Reshape at encoder") && baked.contains("may hold a batch of its own there"), baked);
        String labels = message(ops.cast(hidden(), ElementType.INT64));
        assertTrue(labels.contains("output y is int64[N,4]: expected floating-point vectors; name another"), labels);
        Value some = hidden();
        Value places = ops.node(OpType.NON_ZERO, List.of(some), Attributes.NONE).output(0);
        Value picked = ops.gather(some, ops.reshape(ops.slice(places, 0, 0, 1, 1), -1), 0);
        String counted = message(picked);
        assertTrue(counted.contains("how much NonZero gives depends on the data"), counted);
        Value pixels = ops.reshape(ops.matMul(x, initializer("w", 3, 4)), -1, 2, 2, 1, 1);
        String shape = message(pixels);
        assertTrue(shape.contains("is no vector per sample: expected [N,D], [N,T,D] or [N,D,H,W]"), shape);
    }

    @Test
    void attentionMakesATransformerAndClassesDoNot() throws IOException {
        Value hidden = ops.matMul(x, initializer("w", 3, 4));
        Value again = ops.matMul(ops.softmax(hidden, 1), initializer("v", 4, 4));
        assertFalse(read(ops.softmax(again, 1)).attends());
        Value tokens = ops.unsqueeze(hidden, 2); // [N,4,1]
        Value scores = ops.matMul(tokens, ops.transpose(tokens, 0, 2, 1)); // [N,4,4]
        Value seen = ops.matMul(ops.mul(ops.softmax(scores, 2), ops.constant(2)), tokens);
        assertTrue(read(ops.reshape(seen, -1, 4)).attends());
    }

    /** A file of pictures [N,3,H,W] with maps of 5 channels, read with sizes of its samples. */
    private OnnxEncoder maps(UnaryOperator<Value> end, long height, long width) throws IOException {
        List<Dim> dims = List.of(Dim.symbol("N"), Dim.of(3), Dim.symbol("H"), Dim.symbol("W"));
        Value pictures = Value.input("pictures", new TensorType(ElementType.FLOAT, new Shape(dims)));
        Value maps = end.apply(ops.conv(pictures, initializer("w", 5, 3, 2, 2), null, Attributes.NONE));
        Path file = folder.resolve("maps.onnx");
        Files.write(file, OnnxFile.bytes(Graph.of("net", List.of(pictures), Map.of("y", maps)), Map.of()));
        OnnxEncoder.Settings settings = new OnnxEncoder.Settings(
                "", Pooling.MEAN, OnnxEncoder.BatchNorms.TRAIN, OnnxEncoder.Dropout.AS_EXPORTED);
        return OnnxEncoder.read(file, List.of(3L, height, width), settings);
    }

    @Test
    void theMeanIsNeverOverChannels() throws IOException {
        UnaryOperator<Value> last = maps -> ops.transpose(maps, 0, 2, 3, 1);
        assertEquals(5, maps(UnaryOperator.identity(), 4, 7).dimension());
        assertEquals(5, maps(last, 2, 2).dimension(), "[N,1,1,5]");
        String message = String.valueOf(assertThrows(IllegalArgumentException.class, () -> maps(last, 4, 7))
                .getMessage());
        assertTrue(message.contains("output [2,3,6,5] is no vector per sample, and its channels stand last"), message);
    }

    @Test
    void aRepresentationOfOneValueIsTold() throws IOException {
        assertEquals(
                List.of("output y becomes one value for each sample, which says little of it; `output` names another"),
                read(ops.sigmoid(ops.matMul(x, initializer("w", 3, 1)))).notes());
        assertEquals(List.of(), read(hidden()).notes());
    }

    @Test
    void aReductionOverTheBatchIsRefused() throws IOException {
        Value hidden = ops.matMul(x, initializer("w", 3, 4));
        assertEquals(4, read(ops.sub(hidden, ops.reduceMean(hidden, true, 1))).dimension());
        String message = message(ops.sub(hidden, ops.reduceMean(hidden, true, 0, 1)));
        assertTrue(message.contains("ReduceMean of [N,4] is over all samples of a batch"), message);
    }

    @Test
    void samplesThatAreTooSmallAreToldFromAFixedBatch() {
        String message =
                String.valueOf(assertThrows(IllegalArgumentException.class, () -> maps(UnaryOperator.identity(), 1, 4))
                        .getMessage());
        assertTrue(message.contains("does not fit into 1, for samples of [3, 1, 4]"), message);
        assertTrue(message.contains("(`image-size` for pictures"), message);
    }

    @Test
    void theBatchIsExpectedFirst() throws IOException {
        TensorType type = new TensorType(ElementType.FLOAT, new Shape(List.of(Dim.of(9), Dim.symbol("N"), Dim.of(3))));
        Value steps = Value.input("steps", type);
        Value y = ops.reduceMean(ops.matMul(steps, initializer("w", 3, 4)), false, 0);
        Path file = folder.resolve("second.onnx");
        Files.write(file, OnnxFile.bytes(Graph.of("net", List.of(steps), Map.of("y", y)), Map.of()));
        String message = String.valueOf(assertThrows(
                        IllegalArgumentException.class,
                        () -> OnnxEncoder.read(file, List.of(), OnnxEncoder.Settings.DEFAULT))
                .getMessage());
        assertTrue(
                message.contains("has 9 as its first axis") && message.contains("expected the batch first"), message);
    }

    private String message(Value output) {
        return String.valueOf(
                assertThrows(IllegalArgumentException.class, () -> read(output)).getMessage());
    }
}
