package dev.vicreg.models.encoder;

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
import dev.vicreg.models.graph.infer.ShapeValues;
import dev.vicreg.models.nn.BatchNorm;
import dev.vicreg.models.nn.Layers;
import dev.vicreg.models.nn.Parameter;
import dev.vicreg.models.nn.Parameter.Role;
import dev.vicreg.models.nn.Parameters;
import dev.vicreg.models.onnx.OnnxFile;
import dev.vicreg.models.onnx.OnnxSummary;
import dev.vicreg.models.onnx.ReadOptions;
import dev.vicreg.models.ops.Ops;
import dev.vicreg.models.ops.Rewriter;
import dev.vicreg.models.setting.SettingException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A network that came as an ONNX file, whoever wrote it. Its initialisers become parameters under their own names, with
 * the file's data as their start: {@link ImportedWeights} says which. Batch norms and dropout are built for training or
 * inference as the settings say, whichever form the file has them in; all other nodes stay as they are.
 */
public final class OnnxEncoder implements Encoder {
    /** Below this scope lie the nodes; parameters have their own names. */
    private static final String NODES = "encoder";

    private static final float DEFAULT_EPSILON = 1e-5f;
    private static final float DEFAULT_MOMENTUM = 0.9f;
    private static final float DEFAULT_RATIO = 0.5f;
    /** Tensors that a note names, or inputs. */
    private static final int SHOWN = 3;

    /** What batch norms do in training. */
    public enum BatchNorms {
        /** They use the statistics of each view's batch, and their running ones move. */
        TRAIN,
        /** They use their running statistics, which stay; scale and bias are trained. */
        FROZEN
    }

    /** What Dropout nodes do in training. */
    public enum Dropout {
        /** Those exported in training form drop, the others don't. */
        AS_EXPORTED,
        /** All drop, each at its own ratio. */
        ON,
        /** None drops. */
        OFF
    }

    /**
     * How a file is read.
     *
     * @param output the representation's name in the file; empty for the first output
     * @param pooling what makes vectors of the output
     * @param padding the id that fills up sequences, from which an attention mask is made, and which {@link
     *     Pooling#MEAN} leaves out; null if there is none
     */
    public record Settings(
            String output,
            Pooling pooling,
            BatchNorms batchNorms,
            Dropout dropout,
            @Nullable Integer padding) {
        /** Of a network that needs no attention mask. */
        public Settings(String output, Pooling pooling, BatchNorms batchNorms, Dropout dropout) {
            this(output, pooling, batchNorms, dropout, null);
        }

        /** The first output as it is, moving statistics, dropout as exported. */
        public static final Settings DEFAULT = new Settings("", Pooling.NONE, BatchNorms.TRAIN, Dropout.AS_EXPORTED);
    }

    private static final Dim BATCH = Dim.symbol("N");

    private final Graph graph; // its first input is the one that is fed
    private final Value input;
    private final TensorType sample;
    private final Settings settings;
    private final ImportedWeights weights;
    /** What stands for the file's other tensors: without names, which the graphs around the network may use. */
    private final Map<Value, Value> constants = new HashMap<>();

    private final Shape output; // of a batch of two, before it is pooled
    private final int dimension;

    private OnnxEncoder(Source source, TensorType sample, Settings settings) {
        this.graph = source.graph;
        this.input = graph.inputs().get(0);
        this.sample = sample;
        this.settings = settings;
        this.weights = ImportedWeights.of(graph, source.initializers, settings.batchNorms == BatchNorms.TRAIN);
        if (weights.trained().isEmpty()) {
            throw new SettingException("no initialiser of it can be trained: expected floating-point weights"
                    + " that the output " + graph.outputs().keySet() + " depends on");
        }
        for (Node node : graph.nodes()) {
            for (@Nullable Value each : node.inputs()) {
                Tensor tensor = each == null || each.name() == null ? null : each.constant();
                if (tensor != null) {
                    constants.computeIfAbsent(each, value -> Value.constant(null, tensor));
                }
            }
        }
        Value two = Value.input(inputName(), type(Dim.of(2)));
        Value unpooled = ofTwo(two);
        refuseMixedSamples();
        this.output = unpooled.shape();
        this.dimension = width(pooled(new Ops().scope(NODES), unpooled, two));
    }

    /**
     * A file that was read: what of it computes one output. From it come networks for samples of any size. Immutable.
     *
     * @param file where it was, for messages
     * @param initializers names of its initialisers; other tensors with names come from Constant nodes
     */
    public record Source(Path file, Graph graph, Set<String> initializers) {
        /**
         * Reads a file.
         *
         * @param output as in {@link Settings}
         * @throws IOException if the file cannot be read, or holds what is not supported
         * @throws IllegalArgumentException if it has no such output, or that depends on more than can be fed
         */
        public static Source read(Path file, String output) throws IOException {
            return read(file, OnnxFile.open(file), output);
        }

        /** The same of a file that was opened. */
        public static Source read(Path file, OnnxFile.Opened opened, String output) throws IOException {
            OnnxFile.Model all = OnnxEncoder.model(file, opened, output);
            return new Source(
                    file,
                    told(file, () -> firstOutput(all.graph())),
                    Set.copyOf(all.initializers().keySet()));
        }

        /** What the network takes: with symbols where the file leaves sizes open; int64 also where the file has int32. */
        public TensorType input() {
            TensorType declared = graph.inputs().get(0).type();
            return new TensorType(fed(declared.element()), declared.shape());
        }

        /**
         * The network.
         *
         * @param sample sizes of one sample, without the batch, where the file leaves them open; empty to take the file's
         * @param settings of the output that was read
         * @throws IllegalArgumentException if the output is no vector per sample, the sample does not fit, or nothing can be
         *     trained: one line that names the file and the place
         */
        public OnnxEncoder encoder(List<Long> sample, Settings settings) {
            return told(file, () -> new OnnxEncoder(this, resolve(graph.inputs().get(0), sample), settings));
        }

        /** What becomes of the floating-point tensors that it reads: trained ones first, each in the network's order. */
        public List<Use> uses() {
            ImportedWeights weights = ImportedWeights.of(graph, initializers, true);
            List<Use> uses = new ArrayList<>();
            weights.trained().keySet().forEach(tensor -> uses.add(Use.of(tensor, "")));
            weights.untrained().forEach((tensor, reason) -> uses.add(Use.of(tensor, reason)));
            return uses;
        }
    }

    /**
     * What becomes of a tensor.
     *
     * @param name in the file
     * @param untrained why it isn't trained; empty if it is
     */
    public record Use(String name, TensorType type, String untrained) {
        private static Use of(Value tensor, String untrained) {
            return new Use(String.valueOf(tensor.name()), tensor.type(), untrained);
        }

        /** Whether it is trained. */
        public boolean isTrained() {
            return untrained.isEmpty();
        }
    }

    /** What this gives, or its error with the file's name. */
    private static <T> T told(Path file, Supplier<T> made) {
        try {
            return made.get();
        } catch (RuntimeException e) { // a file may break any rule
            throw new SettingException("Encoder " + file + ": " + e.getMessage(), e);
        }
    }

    /** {@link Source#encoder} of a file that is read for this alone. */
    public static OnnxEncoder read(Path file, List<Long> sample, Settings settings) throws IOException {
        return Source.read(file, settings.output).encoder(sample, settings);
    }

    /** What computes an output, by default the first; what others need besides is not read. */
    private static OnnxFile.Model model(Path file, OnnxFile.Opened opened, String output) throws IOException {
        List<String> wanted = output.isEmpty()
                ? opened.summary().outputs().stream()
                        .limit(1)
                        .map(OnnxSummary.Entry::name)
                        .toList()
                : List.of(output);
        OnnxFile.Model model = opened.read(ReadOptions.DEFAULT.withOutputs(wanted));
        for (Map.Entry<String, Value> read : model.graph().outputs().entrySet()) {
            if (!read.getValue().type().element().isFloatingPoint()) {
                List<String> others = opened.summary().outputs().stream()
                        .filter(entry -> entry.element().contains("float")
                                || entry.element().equals("double"))
                        .map(OnnxSummary.Entry::name)
                        .toList();
                throw new SettingException("Encoder " + file + ": output " + read.getKey() + " is "
                        + read.getValue().type() + ": expected floating-point vectors; name another with `output`, of "
                        + others);
            }
        }
        return model;
    }

    /** What computes the first output, from the input that is fed and those that follow from it, in this order. */
    private static Graph firstOutput(Graph graph) {
        Map.Entry<String, Value> output = graph.outputs().entrySet().iterator().next();
        Graph all = Graph.of(graph.name(), graph.inputs(), Map.of(output.getKey(), output.getValue()));
        Set<Value> read = new HashSet<>();
        all.nodes().forEach(node -> read.addAll(node.inputs()));
        List<Value> inputs = new ArrayList<>(all.inputs());
        inputs.removeIf(input -> !read.contains(input));
        List<Value> fed =
                inputs.stream().filter(input -> !IdInputs.follows(input)).toList();
        boolean derives = fed.size() == 1 && IdInputs.are(fed.get(0).type());
        if (inputs.size() != 1 && !derives) {
            throw new SettingException("output " + output.getKey() + " depends on " + inputs.size()
                    + " inputs: expected 1, or ids int64[N,T] beside attention_mask, token_type_ids and position_ids, found "
                    + inputs.stream().limit(SHOWN).map(Value::toString).collect(Collectors.joining(", "))
                    + (inputs.size() > SHOWN ? ", and " + (inputs.size() - SHOWN) + " more" : ""));
        }
        inputs.sort(Comparator.comparing(input -> !fed.contains(input)));
        return Graph.of(graph.name(), inputs, all.outputs());
    }

    /** The input's type with every size but the batch's known; the batch is a symbol. */
    private static TensorType resolve(Value input, List<Long> sample) {
        Shape declared = input.shape();
        if (declared.rank() < 2) {
            throw new SettingException("its input " + input + " has no axis besides the batch's");
        }
        if (!sample.isEmpty() && sample.size() != declared.rank() - 1) {
            throw new SettingException(
                    "its input " + input + " takes samples of " + (declared.rank() - 1) + " axes, found " + sample);
        }
        boolean open = declared.dims().stream().skip(1).anyMatch(dim -> !dim.isFixed());
        if (sample.isEmpty() && open && declared.at(0).isFixed() && declared.size(0) > 1) {
            throw new SettingException("its input " + input + " has " + declared.at(0) + " as its first axis and leaves"
                    + " another open: expected the batch first; export the network with the batch as axis 0");
        }
        Shape shape = declared.with(0, Dim.symbol("N"));
        for (int axis = 1; axis < declared.rank(); axis++) {
            Dim dim = declared.at(axis);
            Dim wanted = sample.isEmpty() ? dim : Dim.of(sample.get(axis - 1));
            if (!wanted.isFixed()) {
                throw new SettingException("its input " + input + " leaves the size " + dim + " of axis " + axis
                        + " open: give it (`image-size` for pictures, `input-shape` otherwise)");
            }
            if (dim.isFixed() && !dim.equals(wanted)) {
                throw new SettingException("its input " + input + " does not take samples of " + sample + ": axis "
                        + axis + " is " + dim + ", asked for " + wanted);
            }
            shape = shape.with(axis, wanted);
        }
        return new TensorType(fed(input.type().element()), shape);
    }

    /** Ids are int64 outside, whatever they are in the file. */
    private static ElementType fed(ElementType declared) {
        return declared == ElementType.INT32 ? ElementType.INT64 : declared;
    }

    /** Whether the mean over tokens leaves out padding: it is ids that go in, and a token of each that comes out. */
    public boolean leavesOutPadding() {
        return isMeanOfIds() && output.at(1).equals(sample.shape().at(1));
    }

    private boolean isMeanOfIds() {
        return settings.pooling == Pooling.MEAN && IdInputs.are(sample) && output.rank() == 3;
    }

    private Value pooled(Ops ops, Value unpooled, Value view) {
        if (!leavesOutPadding()) {
            return settings.pooling.build(ops, unpooled, null);
        }
        Integer padding = settings.padding;
        if (padding == null) {
            throw new SettingException(
                    "`pool` mean is over ids that are no padding, which is not known; name data of ids");
        }
        // A symbolic batch can hide what a fixed one shows.
        Value tokens =
                unpooled.shape().at(1).isFixed() ? unpooled : ops.reshape(unpooled, 0, output.size(1), output.size(2));
        return settings.pooling.build(ops, tokens, IdInputs.kept(ops, view, padding));
    }

    /** The width that a batch of two comes out with: fixed sizes let every shape be told. */
    private int width(Value output) {
        Optional<Node> counting = graph.nodes().stream()
                .filter(node -> node.op() == OpType.NON_ZERO)
                .findFirst();
        boolean vectors = output.shape().isFixed() && output.shape().size(0) == 2;
        if (counting.isPresent() && !vectors) {
            throw new SettingException(
                    "how much " + counting.get() + " gives depends on the data, and so does the output " + outputName()
                            + " " + output.shape() + "; name a value before it with `output`");
        }
        Dim width = output.shape().at(1);
        if (!width.isFixed()) {
            throw new SettingException(
                    "the width of output " + outputName() + " " + output.shape() + " cannot be told");
        }
        if (!output.shape().at(0).equals(Dim.of(2)) || output.type().element() != ElementType.FLOAT) {
            throw new SettingException(
                    "output " + outputName() + " is " + output.type()
                            + " for a batch of 2: expected float[2,D]; networks with a fixed batch cannot be trained in another");
        }
        return Math.toIntExact(width.size());
    }

    /** What a batch of two comes out as. */
    private Value ofTwo(Value two) {
        try {
            return network(Layers.forInference(new Parameters()), two);
        } catch (SettingException e) {
            throw e;
        } catch (IllegalArgumentException e) {
            boolean open =
                    graph.inputs().get(0).type().shape().dims().stream().skip(1).anyMatch(dim -> !dim.isFixed());
            throw new SettingException(
                    e.getMessage()
                            + (open && !fits(Dim.of(1))
                                    ? ", for samples of " + sample()
                                            + ": the file leaves sizes open, and others may fit;"
                                            + " give them (`image-size` for pictures, `input-shape` otherwise)"
                                    : ", for a batch of 2: the file may hold a batch of its own there; export it with"
                                            + " a batch of any size"),
                    e);
        }
    }

    private void refuseMixedSamples() {
        Value output;
        try {
            output = network(Layers.forInference(new Parameters()), Value.input(inputName(), type(BATCH)));
        } catch (IllegalArgumentException e) { // sizes that follow from a batch's alone: nothing is known of it
            return;
        }
        BatchReduction.refuse(output, BATCH);
    }

    private boolean fits(Dim batch) {
        try {
            network(Layers.forInference(new Parameters()), Value.input(inputName(), type(batch)));
            return true;
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    /** Whether a network that takes this takes sequences of ids: int64 [N,T]. */
    public static boolean takesIds(TensorType input) {
        return IdInputs.are(input);
    }

    /** Whether it takes sequences of ids. */
    public boolean isOfIds() {
        return IdInputs.are(sample);
    }

    /** The input's name: the file's, unless the graphs around the network use it themselves. */
    public String inputName() {
        return ImportedWeights.free(originalInputName());
    }

    /** The input's name in the file. */
    public String originalInputName() {
        return String.valueOf(input.name());
    }

    /** The output's name in the file. */
    public String outputName() {
        return graph.outputs().keySet().iterator().next();
    }

    /** What the output is before it is pooled, for a batch of that size. */
    public TensorType outputType(Dim batch) {
        return new TensorType(ElementType.FLOAT, output.with(0, batch));
    }

    /** What the network takes, for a batch of that size. */
    public TensorType type(Dim batch) {
        return new TensorType(sample.element(), sample.shape().with(0, batch));
    }

    /** Sizes of a sample, without the batch. */
    public List<Long> sample() {
        return sample.shape().dims().stream().skip(1).map(Dim::size).toList();
    }

    /**
     * How many ids the network knows, which is the size of the smallest table that its input chooses rows of; empty where
     * it chooses none.
     */
    public OptionalLong vocabulary() {
        return IdInputs.vocabulary(graph, input);
    }

    /** Whether it is a transformer, by attention: what comes of a softmax is multiplied by what else is computed. */
    public boolean attends() {
        Set<Value> fed = new HashSet<>(Set.of(input));
        Set<Value> weighed = new HashSet<>();
        for (Node node : graph.nodes()) {
            if (Collections.disjoint(node.inputs(), fed)) {
                continue;
            }
            fed.addAll(node.outputs());
            boolean product = node.op() == OpType.MAT_MUL || node.op() == OpType.EINSUM;
            boolean after = !Collections.disjoint(node.inputs(), weighed);
            if (product && after && fed.containsAll(node.inputs())) {
                return true;
            }
            if (after || node.op() == OpType.SOFTMAX) {
                weighed.addAll(node.outputs());
            }
        }
        return false;
    }

    /** How the file was read. */
    public Settings settings() {
        return settings;
    }

    /** What a user of the file should know of how it is trained: lines without the file's name. */
    public List<String> notes() {
        List<String> notes = new ArrayList<>();
        weights.renamed()
                .forEach((old, name) -> notes.add(old + " is called " + name
                        + " in graphs and checkpoints, since its own name means something else there"));
        Map<Value, String> untrained = weights.untrained();
        if (!untrained.isEmpty()) {
            List<String> shown = new ArrayList<>();
            untrained.entrySet().stream()
                    .limit(SHOWN)
                    .forEach(each -> shown.add(each.getKey().name() + " (" + each.getValue() + ")"));
            notes.add("floating-point tensors that are not trained: " + String.join(", ", shown)
                    + (untrained.size() > SHOWN
                            ? ", and " + (untrained.size() - SHOWN) + " more, which inspect lists"
                            : ""));
        }
        long fixed = graph.nodes().stream()
                .filter(node ->
                        weights.statistics(node) != null && node.attributes().real("momentum", DEFAULT_MOMENTUM) == 1)
                .count();
        if (fixed > 0) {
            notes.add("batch norms whose momentum of 1 would keep their running statistics still, so that "
                    + DEFAULT_MOMENTUM + " is taken: " + fixed);
        }
        if (isMeanOfIds() && !leavesOutPadding()) {
            notes.add("output " + outputName() + " has not one token for each id, so that `pool` mean is over all of"
                    + " them, whatever padding became");
        }
        if (dimension == 1) {
            notes.add("output " + outputName() + " becomes one value for each sample, which says little of it;"
                    + " `output` names another");
        }
        return notes;
    }

    /** Names of the floating-point tensors that are not trained. */
    @Override
    public Set<String> untrained() {
        Set<String> names = new HashSet<>();
        weights.untrained().keySet().forEach(tensor -> names.add(String.valueOf(tensor.name())));
        return names;
    }

    /** Names of parameters by those of their initialisers, where they could not keep them. */
    public Map<String, String> renamed() {
        return Collections.unmodifiableMap(weights.renamed());
    }

    @Override
    public int dimension() {
        return dimension;
    }

    /** Empty: parameters have their own names. */
    @Override
    public String scope() {
        return "";
    }

    @Override
    public Value build(Layers layers, Value view) {
        Ops ops = layers.scope(NODES).ops();
        Value pooled = pooled(ops, network(layers, view), view);
        // A symbolic batch can hide what a fixed one shows.
        return pooled.shape().at(1).isFixed() ? pooled : ops.reshape(pooled, 0, dimension);
    }

    private Value network(Layers layers, Value view) {
        Map<Value, Value> known = new HashMap<>(constants);
        boolean same = view.type().element() == input.type().element();
        known.put(
                input,
                same ? view : layers.scope(NODES).ops().cast(view, input.type().element()));
        for (Value other : graph.inputs().subList(1, graph.inputs().size())) {
            known.put(other, IdInputs.following(layers.scope(NODES).ops(), other, view, settings.padding));
        }
        weights.trained()
                .forEach((initializer, weight) -> known.put(
                        initializer,
                        declare(layers, weight.name(), initializer, weight.role())
                                .value()));
        for (Node node : graph.nodes()) {
            List<@Nullable Value> inputs = new ArrayList<>();
            for (@Nullable Value each : node.inputs()) {
                inputs.add(each == null ? null : known.getOrDefault(each, each));
            }
            List<Value> outputs = build(layers, node, inputs, view.shape().at(0));
            for (int i = 0; i < outputs.size(); i++) {
                known.put(node.output(i), outputs.get(i));
            }
        }
        Value output = graph.output(outputName());
        return known.getOrDefault(output, output);
    }

    private static Parameter declare(Layers layers, String name, Value initializer, Role role) {
        Tensor start = initializer.constant();
        if (start == null) {
            throw new IllegalStateException("No data of " + initializer);
        }
        return layers.declare(name, start.shape(), role, (shape, random) -> start);
    }

    private List<Value> build(Layers layers, Node node, List<@Nullable Value> inputs, Dim batch) {
        Layers here = layers.scope(NODES).scope(node.scope());
        return switch (node.op()) {
            case BATCH_NORMALIZATION -> List.of(batchNorm(layers, here, node, inputs));
            case DROPOUT -> List.of(dropout(here, node, inputs));
            case IDENTITY -> List.of(given(inputs, 0));
            case RESHAPE ->
                holdsBatch(node, given(inputs, 0), batch)
                        ? List.of(here.ops()
                                .reshape(given(inputs, 0), ofEach(node.output(0).shape())))
                        : told(here.ops(), Rewriter.copy(here.ops(), node, inputs));
            default -> told(here.ops(), Rewriter.copy(here.ops(), node, inputs));
        };
    }

    /**
     * Whether a Reshape leads from one sample's numbers to the same in another shape, but writes down the batch that the
     * file was exported with: its constant begins with that, and so does what goes in, which is another batch now.
     */
    private boolean holdsBatch(Node node, Value x, Dim batch) {
        Dim exported = input.shape().at(0);
        Tensor sizes = node.input(1).constant();
        Shape from = node.input(0).shape();
        Shape to = node.output(0).shape();
        return exported.isFixed()
                && sizes != null
                && from.isFixed()
                && to.isFixed()
                && Math.min(from.rank(), to.rank()) > 0
                && from.at(0).equals(exported)
                && sizes.longs()[0] == exported.size()
                && x.shape().at(0).equals(batch);
    }

    /** Sizes for a Reshape that leaves the batch as it is. */
    private static long[] ofEach(Shape shape) {
        long[] sizes = shape.toArray();
        sizes[0] = 0;
        return sizes;
    }

    /** What follows from shapes alone becomes a constant, so that chains of shape computations end here. */
    private static List<Value> told(Ops ops, List<Value> outputs) {
        Value first = outputs.get(0);
        if (outputs.size() != 1 || first.type().element() != ElementType.INT64 || first.constant() != null) {
            return outputs;
        }
        return ShapeValues.longs(first)
                .map(longs -> List.of(ops.constant(
                        new Tensor(first.type(), Tensor.ofLongs(longs).data()))))
                .orElse(outputs);
    }

    private Value batchNorm(Layers layers, Layers here, Node node, List<@Nullable Value> inputs) {
        Value x = given(inputs, 0);
        Value scale = given(inputs, 1);
        Value bias = given(inputs, 2);
        float epsilon = node.attributes().real("epsilon", DEFAULT_EPSILON);
        ImportedWeights.Statistics statistics = weights.statistics(node);
        if (statistics == null) {
            Attributes plain = Attributes.NONE.with("epsilon", epsilon);
            Attributes attributes = batchMode(layers, node) ? plain.with("training_mode", 1L) : plain;
            return here.ops()
                    .node(
                            OpType.BATCH_NORMALIZATION,
                            List.of(x, scale, bias, given(inputs, 3), given(inputs, 4)),
                            attributes)
                    .output(0);
        }
        float kept = momentum(node);
        return here.batchNorm(
                x,
                scale,
                bias,
                declare(layers, statistics.meanName(), statistics.mean(), Role.RUNNING_MEAN),
                declare(layers, statistics.varianceName(), statistics.variance(), Role.RUNNING_VARIANCE),
                new BatchNorm(epsilon, 1 - kept, 1));
    }

    /**
     * Whether a norm whose statistics don't move uses its batch's: not if they are running ones that were to stay; in
     * training if they are none that can be moved; always if the file says so, as of instance norms that are written so.
     */
    private boolean batchMode(Layers layers, Node norm) {
        if (ImportedWeights.keepsStatistics(norm)) {
            return false;
        }
        boolean trains = layers.isTraining() && settings.batchNorms == BatchNorms.TRAIN && !weights.isComputed(norm);
        return trains || norm.attributes().integer("training_mode", 0) != 0;
    }

    /** How much of the running statistics stays. All would stay with the 1 that old exporters wrote for every norm. */
    private static float momentum(Node norm) {
        float written = norm.attributes().real("momentum", DEFAULT_MOMENTUM);
        return written == 1 ? DEFAULT_MOMENTUM : written;
    }

    private Value dropout(Layers here, Node node, List<@Nullable Value> inputs) {
        boolean drops = settings.dropout == Dropout.ON
                || (settings.dropout == Dropout.AS_EXPORTED && node.hasInput(2) && isTrue(node.input(2)));
        Value x = given(inputs, 0);
        return drops ? here.dropout(x, node.hasInput(1) ? number(node, node.input(1)) : DEFAULT_RATIO) : x;
    }

    private static boolean isTrue(Value flag) {
        Tensor constant = flag.constant();
        return constant != null && constant.data().length > 0 && constant.data()[0] != 0;
    }

    private static float number(Node node, Value value) {
        Tensor constant = value.constant();
        if (constant == null) {
            throw new SettingException(node + ": its ratio must be a constant, found " + value);
        }
        return constant.floats()[0];
    }

    private static Value given(List<@Nullable Value> inputs, int index) {
        Value value = inputs.get(index);
        if (value == null) {
            throw new IllegalStateException("input " + index + " is missing");
        }
        return value;
    }

    /** Number of elements of the trained initialisers. */
    public long trainedElements() {
        return weights.trained().keySet().stream()
                .mapToLong(initializer -> initializer.shape().elements())
                .sum();
    }

    /**
     * The initialisers that parameters stand for, by the parameters' names: what to write back. A statistic that shares
     * an initialiser of the file with another parameter needs one of its own, under the parameter's name, which
     * {@link #fileInitializers} lacks.
     */
    public Map<String, String> initializers() {
        Map<String, String> initializers = new LinkedHashMap<>();
        Set<String> seen = new HashSet<>();
        sources().forEach((name, initializer) -> initializers.put(name, seen.add(initializer) ? initializer : name));
        return initializers;
    }

    private Map<String, String> sources() {
        Map<String, String> initializers = new LinkedHashMap<>();
        weights.trained().forEach((initializer, weight) -> initializers.put(weight.name(), initializer.name()));
        for (ImportedWeights.Statistics statistics : weights.statistics()) {
            initializers.put(statistics.meanName(), inFile(statistics.mean(), statistics.meanName()));
            initializers.put(statistics.varianceName(), inFile(statistics.variance(), statistics.varianceName()));
        }
        return initializers;
    }

    private String inFile(Value statistic, String name) {
        return weights.isAdded(statistic) ? name : String.valueOf(statistic.name());
    }

    /** Names of the file's tensors that parameters stand for. */
    public Set<String> fileInitializers() {
        Set<String> names = new HashSet<>(sources().values());
        for (ImportedWeights.Statistics statistics : weights.statistics()) {
            if (weights.isAdded(statistics.mean())) {
                names.remove(statistics.meanName());
            }
            if (weights.isAdded(statistics.variance())) {
                names.remove(statistics.varianceName());
            }
        }
        return names;
    }

    /**
     * Of every batch norm in the network's order, the initialisers that its running mean and variance are to be written
     * to; empty where its statistics don't move.
     */
    public List<List<String>> normStatistics() {
        Map<String, String> initializers = initializers();
        return graph.nodes().stream()
                .filter(node -> node.op() == OpType.BATCH_NORMALIZATION)
                .map(weights::statistics)
                .map(each -> each == null
                        ? List.<String>of()
                        : List.of(initializers.get(each.meanName()), initializers.get(each.varianceName())))
                .toList();
    }
}
