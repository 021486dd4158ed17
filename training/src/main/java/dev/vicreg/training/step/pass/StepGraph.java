package dev.vicreg.training.step.pass;

import dev.vicreg.models.graph.Graph;
import dev.vicreg.models.graph.Region;
import dev.vicreg.models.graph.Value;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.UnaryOperator;

/**
 * One training step as a pure function: from what is fed, parameters and state to what is fetched and to their new values.
 * Nothing is written over anything; how that is done is the lowering's business alone.
 *
 * <p>A node of {@link Region#UPDATE} may read a target only on the way to that target's new value. All else may read what
 * it likes.
 *
 * @param name of the graph
 * @param inputs in the file's order: what is fed, then parameters and state
 * @param outputs what is fetched, by name
 * @param next what each of the inputs that change holds after the step, in the order of writing
 * @param guards of targets that don't change in every step: a boolean scalar, without which they stay as they are, bit for
 *     bit
 */
public record StepGraph(
        String name, List<Value> inputs, Map<String, Value> outputs, Map<Value, Value> next, Map<Value, Value> guards) {
    /** Names of outputs with guards are this and the target's name. */
    static final String GUARD = "/guard/";
    /** Likewise with new values. */
    static final String NEXT = "/next/";

    /** Checks that targets are inputs and keep their types. */
    public StepGraph {
        inputs = List.copyOf(inputs);
        outputs = Collections.unmodifiableMap(new LinkedHashMap<>(outputs));
        next = Collections.unmodifiableMap(new LinkedHashMap<>(next));
        guards = Collections.unmodifiableMap(new LinkedHashMap<>(guards));
        Set<Value> declared = Set.copyOf(inputs);
        next.forEach((target, value) -> {
            if (!declared.contains(target) || !target.type().equals(value.type())) {
                throw new IllegalArgumentException("Step " + name + ": expected an input of the type of its new value "
                        + value + ", found " + target);
            }
        });
    }

    /** All that the step computes as one graph, new values among its outputs. */
    public Graph graph() {
        Map<String, Value> all = new LinkedHashMap<>(outputs);
        next.forEach((target, value) -> all.put(NEXT + target.name(), value));
        guards.forEach((target, guard) -> all.put(GUARD + target.name(), guard));
        return Graph.of(name, inputs, all);
    }

    /** The same step, which gives one more of its values; its name is none of the others'. */
    public StepGraph alsoGiving(String output, Value value) {
        return alsoGiving(Map.of(output, value));
    }

    /** The same with more values, by names that are none of the others'. */
    public StepGraph alsoGiving(Map<String, Value> values) {
        Map<String, Value> more = new LinkedHashMap<>(outputs);
        more.putAll(values);
        return new StepGraph(name, inputs, more, next, guards);
    }

    /** The same step, its graph rewritten: inputs and names of outputs must stay. */
    public StepGraph map(UnaryOperator<Graph> rewriting) {
        Graph graph = rewriting.apply(graph());
        Map<String, Value> fetched = new LinkedHashMap<>();
        outputs.keySet().forEach(output -> fetched.put(output, graph.output(output)));
        Map<Value, Value> rewritten = new LinkedHashMap<>();
        next.keySet().forEach(target -> rewritten.put(target, graph.output(NEXT + target.name())));
        Map<Value, Value> guarded = new LinkedHashMap<>();
        guards.keySet().forEach(target -> guarded.put(target, graph.output(GUARD + target.name())));
        return new StepGraph(name, inputs, fetched, rewritten, guarded);
    }

    /** The new value of the input of that name. */
    public Value next(String target) {
        return next.entrySet().stream()
                .filter(row -> target.equals(row.getKey().name()))
                .map(row -> Objects.requireNonNull(row.getValue()))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("Step " + name + " changes no " + target));
    }
}
