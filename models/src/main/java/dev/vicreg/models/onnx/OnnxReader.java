package dev.vicreg.models.onnx;

import ai.onnx.proto.OnnxMl.FunctionProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.OperatorSetIdProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import dev.vicreg.models.graph.Attributes;
import dev.vicreg.models.graph.Graph;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.TensorType;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.graph.infer.ShapeValues;
import dev.vicreg.models.ops.Ops;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Turns a model's protobuf into a {@link Graph} of today's operators: sorts nodes, inlines functions and branches whose
 * condition is constant, unrolls loops of known length, and infers types as nodes are built. All failures are {@link IllegalArgumentException}s that say
 * where, but for data that cannot be read.
 */
final class OnnxReader {
    /** Bounds on what functions that call functions may become. */
    private static final int MAX_NODES = 200_000;

    private static final int MAX_DEPTH = 100;
    private static final Set<String> WITH_GRAPHS = Set.of("If", "Loop", "Scan");

    private final ModelProto model;
    private final ReadOptions options;
    private final ExternalData external;
    private final Map<String, FunctionProto> functions = new HashMap<>();
    private final Set<String> inlining = new LinkedHashSet<>();
    private final Map<String, Integer> sizes = new HashMap<>();
    /** Tensors that can be trained but stand in no initialiser of the graph itself, by the names that they get. */
    private final Map<String, Value> inner = new LinkedHashMap<>();

    private int nodes;

    OnnxReader(ModelProto model, ReadOptions options, ExternalData external) {
        this.model = model;
        this.options = options;
        this.external = external;
        for (FunctionProto function : model.getFunctionsList()) {
            functions.put(key(function.getDomain(), function.getName(), function.getOverload()), function);
        }
    }

    private static String key(String domain, String name, String overload) {
        return domain(domain) + "/" + name + "/" + overload;
    }

    private static String domain(String name) {
        return name.equals("ai.onnx") ? "" : name;
    }

    /** What is known while the nodes of one graph or function are read. */
    private final class Names {
        private final @Nullable Names outer;
        private final Map<String, Integer> opsets;
        private final String scope;
        private final Map<String, Item> values = new HashMap<>();
        private final Map<String, TensorProto> initializers = new LinkedHashMap<>();
        /** What precedes the names of initialisers, by which they can be trained; null where they are constants. */
        private final @Nullable String prefix;

        Names(@Nullable Names outer, Map<String, Integer> opsets, String scope, @Nullable String prefix) {
            this.outer = outer;
            this.opsets = opsets;
            this.scope = scope;
            this.prefix = prefix;
        }

        /** Of a branch or a loop's body, the graph of {@code node}. */
        Names inside(NodeProto node, GraphProto graph) {
            String own = isModel() && inlining.isEmpty() && node.getOutputCount() > 0 ? node.getOutput(0) + "." : null;
            Names inside = new Names(this, opsets, OnnxReader.scope(scope, node.getName()), own);
            inside.addInitializers(graph);
            return inside;
        }

        boolean isModel() {
            return outer == null;
        }

        void addInitializers(GraphProto graph) {
            if (graph.getSparseInitializerCount() > 0) {
                throw new IllegalArgumentException("sparse initialiser "
                        + graph.getSparseInitializer(0).getValues().getName() + " is not supported");
            }
            for (TensorProto initializer : graph.getInitializerList()) {
                if (initializers.put(initializer.getName(), initializer) != null) {
                    throw new IllegalArgumentException("two initialisers are named " + initializer.getName());
                }
            }
        }

        boolean knows(String name) {
            return values.containsKey(name) || initializers.containsKey(name) || (outer != null && outer.knows(name));
        }

        /** The tensor of that name. */
        Value get(String name, String reader) throws IOException {
            return item(name, reader).tensor("value " + name + ", read by " + reader + ",");
        }

        /** What is of that name; an initialiser is read when it is first needed. */
        Item item(String name, String reader) throws IOException {
            Item item = values.get(name);
            if (item == null) {
                TensorProto initializer = initializers.get(name);
                if (initializer != null) {
                    item = Item.of(initializer(name, OnnxTensors.read(initializer, external)));
                    values.put(name, item);
                } else if (outer != null) {
                    item = outer.item(name, reader);
                } else {
                    throw new IllegalArgumentException("value " + name + ", read by " + reader
                            + ", is an output that its operator does not have here");
                }
            }
            return item;
        }

        private Value initializer(String name, Tensor tensor) {
            if (isModel()) {
                return Value.constant(name, tensor);
            }
            return prefix == null || !tensor.type().element().isFloatingPoint()
                    ? Value.constant(null, tensor)
                    : innerTensor(prefix + name, tensor);
        }
    }

    private Value innerTensor(String name, Tensor tensor) {
        Value value = Value.constant(name, tensor);
        inner.put(name, value);
        return value;
    }

    /** Shapes of the inputs as the file has them, but for inputs that are initialisers; null where it has none. */
    static Map<String, @Nullable Shape> declaredShapes(GraphProto graph) {
        Set<String> initializers = new HashSet<>();
        graph.getInitializerList().stream().map(TensorProto::getName).forEach(initializers::add);
        Map<String, @Nullable Shape> shapes = new LinkedHashMap<>();
        for (ValueInfoProto input : graph.getInputList()) {
            if (!initializers.contains(input.getName())) { // with IR 3, initialisers had to be inputs too
                shapes.put(input.getName(), OnnxTypes.shape(input));
            }
        }
        return shapes;
    }

    /** @param shapes of the inputs, in their order; null where none is known */
    OnnxFile.Model read(Map<String, @Nullable Shape> shapes) throws IOException {
        GraphProto proto = model.getGraph();
        Names names = new Names(null, opsets(model.getOpsetImportList()), "", null);
        names.addInitializers(proto);
        List<Value> inputs = inputs(proto, shapes, names);
        List<String> wanted = options.outputs().isEmpty()
                ? proto.getOutputList().stream().map(ValueInfoProto::getName).toList()
                : options.outputs();
        if (wanted.isEmpty()) {
            throw new IllegalArgumentException("the graph has no outputs");
        }
        readNodes(proto.getNodeList(), names, wanted);
        Map<String, Value> outputs = new LinkedHashMap<>();
        for (String output : wanted) {
            outputs.put(output, names.get(output, "the graph's outputs"));
        }
        Map<String, Value> initializers = new LinkedHashMap<>();
        for (String name : names.initializers.keySet()) {
            Item item = names.values.get(name);
            if (item != null) {
                initializers.put(name, item.tensor(name));
            }
        }
        initializers.putAll(inner);
        Map<String, TensorType> types = new HashMap<>();
        names.values.forEach((name, item) -> {
            if (!item.isList()) {
                types.put(name, item.tensor(name).type());
            }
        });
        Map<String, String> metadata = new LinkedHashMap<>();
        model.getMetadataPropsList().forEach(entry -> metadata.put(entry.getKey(), entry.getValue()));
        return new OnnxFile.Model(
                Graph.of(proto.getName(), inputs, outputs),
                metadata,
                initializers,
                types,
                names.opsets.getOrDefault("", 0),
                (model.getProducerName() + " " + model.getProducerVersion()).strip());
    }

    private static Map<String, Integer> opsets(List<OperatorSetIdProto> imports) {
        Map<String, Integer> opsets = new HashMap<>();
        for (OperatorSetIdProto each : imports) {
            long version = each.getVersion();
            if (domain(each.getDomain()).isEmpty()
                    && (version < OpsetUpgrade.OLDEST || version > OpsetUpgrade.NEWEST)) {
                throw new IllegalArgumentException("opset " + version + " is not supported: expected "
                        + OpsetUpgrade.OLDEST + " to " + OpsetUpgrade.NEWEST + "; export the model with one of these");
            }
            opsets.put(domain(each.getDomain()), (int) Math.min(version, Integer.MAX_VALUE));
        }
        return opsets;
    }

    private static List<Value> inputs(GraphProto proto, Map<String, @Nullable Shape> shapes, Names names) {
        List<Value> inputs = new ArrayList<>();
        for (ValueInfoProto input : proto.getInputList()) {
            String name = input.getName();
            if (names.initializers.containsKey(name)) {
                continue;
            }
            Shape shape = shapes.get(name);
            if (shape == null) {
                throw new IllegalArgumentException("input " + name + " has no shape in the file; give it one");
            }
            Value value = Value.input(name, new TensorType(OnnxTypes.element(input), shape));
            if (names.values.put(name, Item.of(value)) != null) {
                throw new IllegalArgumentException("two inputs are named " + name);
            }
            inputs.add(value);
        }
        return inputs;
    }

    private void readNodes(List<NodeProto> all, Names names, Collection<String> wanted) throws IOException {
        for (NodeProto node : NodeOrder.of(all, names::knows, wanted)) {
            readNode(node, names);
        }
    }

    private void readNode(NodeProto node, Names names) throws IOException {
        count();
        List<Item> outputs = outputs(node, names);
        for (int i = 0; i < node.getOutputCount() && i < outputs.size(); i++) {
            if (!node.getOutput(i).isEmpty()) {
                names.values.put(node.getOutput(i), outputs.get(i));
            }
        }
    }

    private void count() {
        nodes++;
        if (nodes > MAX_NODES) {
            throw tooManyNodes();
        }
    }

    private List<Item> results(List<NodeProto> all, Names names, List<String> wanted, String reader)
            throws IOException {
        readNodes(all, names, wanted);
        List<Item> results = new ArrayList<>();
        for (String output : wanted) {
            results.add(names.item(output, reader));
        }
        return results;
    }

    /** Whether operators of that name are read, be it as others or by inlining them. */
    static boolean knows(String domain, String operator) {
        return OpsetUpgrade.knows(domain, operator)
                || TensorLists.knows(domain, operator)
                || (domain.isEmpty() && WITH_GRAPHS.contains(operator));
    }

    /** What a node computes: as many values as its operator gives. */
    private List<Item> outputs(NodeProto node, Names names) throws IOException {
        String label = NodeOrder.label(node);
        List<@Nullable Item> inputs = new ArrayList<>();
        for (String input : node.getInputList()) {
            inputs.add(input.isEmpty() ? null : names.item(input, "node " + label));
        }
        String domain = domain(node.getDomain());
        FunctionProto function = functions.get(key(domain, node.getOpType(), node.getOverload()));
        if (function != null) {
            return inlined(function, node, inputs, names);
        }
        if (domain.isEmpty() && WITH_GRAPHS.contains(node.getOpType())) {
            return node.getOpType().equals("If") ? branch(node, inputs, names) : unrolled(node, inputs, names);
        }
        if (!(domain.isEmpty() && node.getOpType().equals("Constant")) && !knows(domain, node.getOpType())) {
            throw new IllegalArgumentException("operator " + node.getOpType()
                    + (domain.isEmpty() ? "" : " of domain " + domain) + " at node " + label + " is not supported: "
                    + UnsupportedOperators.remedy(domain, node.getOpType()));
        }
        Integer opset = names.opsets.get(domain);
        if (opset == null) {
            throw new IllegalArgumentException("node " + label + " is of "
                    + (domain.isEmpty() ? "the standard operator set" : "operator set " + domain)
                    + ", of which the file declares no version");
        }
        try {
            Attributes attributes = OnnxAttributes.read(node, external);
            if (domain.isEmpty() && node.getOpType().equals("Constant")) {
                Tensor tensor = OnnxAttributes.constant(attributes);
                return List.of(Item.of(Value.constant(mayBeWeight(tensor, names) ? node.getOutput(0) : null, tensor)));
            }
            Ops ops = new Ops().atScope(scope(names.scope, node.getName()));
            int outputs = node.getOutputCount();
            while (outputs > 0 && node.getOutput(outputs - 1).isEmpty()) {
                outputs--;
            }
            boolean lists = inputs.stream().anyMatch(input -> input != null && input.isList());
            List<@Nullable Value> tensors = new ArrayList<>();
            inputs.forEach(input -> tensors.add(input == null || input.isList() ? null : input.tensor(label)));
            OpsetUpgrade.Call call =
                    new OpsetUpgrade.Call(ops, domain, node.getOpType(), opset, tensors, attributes, outputs);
            if (lists || TensorLists.knows(domain, node.getOpType())) {
                return List.of(TensorLists.build(call, inputs));
            }
            List<Value> built = OpsetUpgrade.build(call);
            Tensor folded =
                    node.getOpType().equals("DequantizeLinear") ? built.get(0).constant() : null;
            return folded != null && mayBeWeight(folded, names)
                    ? List.of(Item.of(innerTensor(node.getOutput(0), folded)))
                    : built.stream().map(Item::of).toList();
        } catch (IllegalArgumentException | IllegalStateException e) {
            throw new IllegalArgumentException("node " + label + ": " + e.getMessage(), e);
        } catch (RuntimeException e) { // a damaged file may break any rule, also such as no check foresaw
            throw new IllegalArgumentException(
                    "node " + label + ": operator " + node.getOpType() + " does not take the inputs " + inputs, e);
        }
    }

    /** Some files have their weights in Constant nodes: those of the graph itself get names by which they can be trained. */
    private boolean mayBeWeight(Tensor tensor, Names names) {
        return names.isModel()
                && inlining.isEmpty()
                && tensor.type().element().isFloatingPoint()
                && tensor.shape().elements() > 1;
    }

    /**
     * The dotted place of a node within {@code outer}: the path that precedes the last slash of its name. A part that
     * repeats the one before replaces it: PyTorch writes {@code /layer1/layer1.0/conv1/Conv} for layer1.0.conv1.
     */
    static String scope(String outer, String nodeName) {
        List<String> parts = new ArrayList<>(outer.isEmpty() ? List.of() : List.of(outer));
        int slash = nodeName.lastIndexOf('/');
        String last = "";
        for (String part :
                slash < 0 ? new String[0] : nodeName.substring(0, slash).split("/")) {
            if (!last.isEmpty() && part.startsWith(last + ".")) {
                parts.remove(parts.size() - 1);
            }
            if (!part.isEmpty()) {
                parts.add(part);
                last = part;
            }
        }
        return String.join(".", parts);
    }

    private List<Item> inlined(FunctionProto function, NodeProto call, List<@Nullable Item> inputs, Names names)
            throws IOException {
        String key = key(function.getDomain(), function.getName(), function.getOverload());
        if (!inlining.add(key)) {
            throw new IllegalArgumentException("function " + function.getName() + " calls itself");
        }
        if (inlining.size() > MAX_DEPTH) {
            throw new IllegalArgumentException("functions call functions more than " + MAX_DEPTH + " deep, at "
                    + function.getName() + "; inline them before, or export without functions");
        }
        if (nodes + size(key, function, inlining.size()) > MAX_NODES) {
            throw tooManyNodes();
        }
        Names inside =
                new Names(null, opsets(function.getOpsetImportList()), scope(names.scope, call.getName() + "/"), null);
        for (int i = 0; i < function.getInputCount(); i++) {
            @Nullable Item input = i < inputs.size() ? inputs.get(i) : null;
            if (input != null) {
                inside.values.put(function.getInput(i), input);
            }
        }
        List<NodeProto> body = OnnxAttributes.bound(function, call, inside.values.keySet());
        List<Item> outputs = results(body, inside, function.getOutputList(), "function " + function.getName());
        inlining.remove(key);
        return outputs;
    }

    /** How many nodes come of a function once the functions that it calls are inlined; no more than it takes to refuse. */
    private int size(String key, FunctionProto function, int depth) {
        Integer known = sizes.get(key);
        if (known != null) {
            return known;
        }
        int sum = 0;
        for (NodeProto node : function.getNodeList()) {
            String called = key(domain(node.getDomain()), node.getOpType(), node.getOverload());
            FunctionProto inner = functions.get(called);
            boolean refused = sum > MAX_NODES || depth > MAX_DEPTH; // then whatever is found is enough
            sum += inner == null || refused ? 1 : size(called, inner, depth + 1);
            sum = Math.min(sum, MAX_NODES + 1);
        }
        sizes.put(key, sum);
        return sum;
    }

    private static IllegalArgumentException tooManyNodes() {
        return new IllegalArgumentException("the graph has more than " + MAX_NODES
                + " nodes once its functions are inlined and its loops unrolled, the most that are read");
    }

    private List<Item> branch(NodeProto node, List<@Nullable Item> inputs, Names names) throws IOException {
        @Nullable Item condition = inputs.isEmpty() ? null : inputs.get(0);
        boolean truth = Optional.ofNullable(condition)
                .flatMap(item -> ShapeValues.longs(item.tensor("the condition of node " + NodeOrder.label(node))))
                .filter(elements -> elements.length == 1)
                .map(elements -> elements[0] != 0)
                .orElseThrow(() -> new IllegalArgumentException("operator If at node " + NodeOrder.label(node)
                        + " is not supported, since its condition is not constant: export the network for fixed"
                        + " sizes, or without the branch"));
        GraphProto graph = graph(node, truth ? "then_branch" : "else_branch");
        return results(graph.getNodeList(), names.inside(node, graph), outputs(graph), "node " + NodeOrder.label(node));
    }

    private List<Item> unrolled(NodeProto node, List<@Nullable Item> inputs, Names names) throws IOException {
        String label = NodeOrder.label(node);
        GraphProto graph = graph(node, "body");
        Names every = names.inside(node, graph); // what is the same in each step: read once
        List<NodeProto> step = new ArrayList<>();
        for (NodeProto each : graph.getNodeList()) {
            if (each.getOpType().equals("Constant") && domain(each.getDomain()).isEmpty()) {
                readNode(each, every);
            } else {
                step.add(each);
            }
        }
        UnrolledLoops.Body body = given -> {
            count();
            Names inside = new Names(every, every.opsets, every.scope, null);
            for (int i = 0; i < Math.min(given.size(), graph.getInputCount()); i++) {
                inside.values.put(graph.getInput(i).getName(), given.get(i));
            }
            return results(step, inside, outputs(graph), "node " + label);
        };
        UnrolledLoops loops = new UnrolledLoops(node.getOpType(), label, new Ops().atScope(every.scope), body);
        if (node.getOpType().equals("Loop")) {
            return loops.loop(inputs);
        }
        NodeProto.Builder rest = node.toBuilder().clearAttribute();
        node.getAttributeList().stream().filter(each -> !each.hasG()).forEach(rest::addAttribute);
        return loops.scan(inputs, OnnxAttributes.read(rest.build(), external));
    }

    private static List<String> outputs(GraphProto graph) {
        return graph.getOutputList().stream().map(ValueInfoProto::getName).toList();
    }

    private static GraphProto graph(NodeProto node, String name) {
        return node.getAttributeList().stream()
                .filter(attribute -> attribute.getName().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("node " + NodeOrder.label(node) + " has no " + name))
                .getG();
    }
}
