package dev.vicreg.models.onnx;

import dev.vicreg.models.graph.Attributes;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.graph.infer.ShapeRules;
import dev.vicreg.models.graph.infer.ShapeValues;
import dev.vicreg.models.ops.Ops;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Loop and Scan whose number of steps is known while a file is read: their body, once for each step. Source: ONNX's
 * Operators.md.
 */
final class UnrolledLoops {
    private static final int MOST_STEPS = 10_000;

    private final String operator;
    private final String label;
    private final Ops ops;
    private final Body body;

    /** Builds a body's nodes once. */
    interface Body {
        /** What its outputs are where its inputs are {@code inputs}. */
        List<Item> step(List<Item> inputs) throws IOException;
    }

    /** @param label of the node, for messages */
    UnrolledLoops(String operator, String label, Ops ops, Body body) {
        this.operator = operator;
        this.label = label;
        this.ops = ops;
        this.body = body;
    }

    /**
     * A Loop: for at most a number of steps, and while a condition holds.
     *
     * @param inputs number of steps, condition, then what is carried; null where one is left out
     * @return what is carried at the end, then what each step gave besides, along a new first axis
     */
    List<Item> loop(List<@Nullable Item> inputs) throws IOException {
        long most = known(inputs, 0, Long.MAX_VALUE, "how often it runs");
        boolean goesOn = known(inputs, 1, 1, "its condition") != 0;
        List<Item> carried = given(inputs, 2);
        List<List<Value>> rows = new ArrayList<>();
        long step = 0;
        for (; step < most && goesOn; step++) {
            requireFew(step);
            List<Item> in = new ArrayList<>(List.of(
                    Item.of(Value.constant(null, Tensor.ofLong(step))),
                    Item.of(Value.constant(null, Tensor.scalar(true)))));
            in.addAll(carried);
            List<Item> out = body.step(in);
            requireOutputs(out, 1 + carried.size());
            goesOn = known(List.copyOf(out), 0, 1, "whether it goes on") != 0;
            addRow(rows, out.subList(1 + carried.size(), out.size()));
            carried = out.subList(1, 1 + carried.size());
        }
        List<Item> outputs = new ArrayList<>(carried);
        rows.forEach(each -> outputs.add(Item.of(TensorLists.joined(ops, each, 0, true))));
        return outputs;
    }

    /**
     * A Scan: once for each element of an axis of its last inputs.
     *
     * @param inputs states, then what is gone through
     * @return the states at the end, then what each step gave besides, along a new axis
     */
    List<Item> scan(List<@Nullable Item> inputs, Attributes attributes) throws IOException {
        int scanned = Math.toIntExact(attributes.integer("num_scan_inputs", 0));
        List<Item> all = given(inputs, 0);
        int states = all.size() - scanned;
        if (scanned < 1 || states < 0) {
            throw new IllegalArgumentException("Scan at node " + label + " has " + all.size() + " inputs, of which "
                    + scanned + " are gone through: expected 1 or more");
        }
        List<List<Value>> elements = new ArrayList<>();
        for (int i = 0; i < scanned; i++) {
            Value x = all.get(states + i).tensor("input " + (states + i) + " of node " + label);
            int axis = ShapeRules.axis(
                    at(attributes, "scan_input_axes", i), x.shape().rank());
            List<Value> parts = new ArrayList<>(elements(x, axis));
            if (at(attributes, "scan_input_directions", i) != 0) {
                Collections.reverse(parts);
            }
            elements.add(parts);
        }
        List<Item> carried = all.subList(0, states);
        List<List<Value>> rows = new ArrayList<>();
        for (int step = 0; step < elements.get(0).size(); step++) {
            List<Item> in = new ArrayList<>(carried);
            for (List<Value> each : elements) {
                in.add(Item.of(each.get(step)));
            }
            List<Item> out = body.step(in);
            requireOutputs(out, states);
            addRow(rows, out.subList(states, out.size()));
            carried = out.subList(0, states);
        }
        List<Item> outputs = new ArrayList<>(carried);
        for (int i = 0; i < rows.size(); i++) {
            List<Value> row = rows.get(i);
            if (at(attributes, "scan_output_directions", i) != 0) {
                Collections.reverse(row);
            }
            int rank = row.get(0).shape().rank() + 1;
            int axis = ShapeRules.axis(at(attributes, "scan_output_axes", i), rank);
            outputs.add(Item.of(TensorLists.joined(ops, row, axis, true)));
        }
        return outputs;
    }

    private static long at(Attributes attributes, String name, int place) {
        long[] all = attributes.integers(name);
        return place < all.length ? all[place] : 0;
    }

    private List<Value> elements(Value x, int axis) {
        if (!x.shape().at(axis).isFixed()) {
            throw unsupported("the size of axis " + axis + " of " + x.shape() + ", which it goes through,");
        }
        long[] sizes = new long[Math.toIntExact(x.shape().size(axis))];
        Arrays.fill(sizes, 1);
        requireFew(sizes.length - 1L);
        List<Value> parts = sizes.length == 1 ? List.of(x) : ops.split(x, axis, sizes);
        return parts.stream().map(part -> ops.squeeze(part, axis)).toList();
    }

    private void requireOutputs(List<Item> outputs, int least) {
        if (outputs.size() < least) {
            throw new IllegalArgumentException(
                    "the body of node " + label + " has " + outputs.size() + " outputs: expected at least " + least);
        }
    }

    private void requireFew(long step) {
        if (step >= MOST_STEPS) {
            throw new IllegalArgumentException("operator " + operator + " at node " + label + " runs more than "
                    + MOST_STEPS + " steps, the most that are unrolled; export the network for shorter inputs, or with"
                    + " RNN, LSTM or GRU nodes");
        }
    }

    private void addRow(List<List<Value>> rows, List<Item> outputs) {
        for (int i = 0; i < outputs.size(); i++) {
            if (rows.size() <= i) {
                rows.add(new ArrayList<>());
            }
            rows.get(i).add(outputs.get(i).tensor("what each step of node " + label + " gives"));
        }
    }

    private List<Item> given(List<@Nullable Item> inputs, int first) {
        List<Item> given = new ArrayList<>();
        for (int i = first; i < inputs.size(); i++) {
            Item item = inputs.get(i);
            if (item == null) {
                throw new IllegalArgumentException("node " + label + " has no input " + i);
            }
            given.add(item);
        }
        return given;
    }

    private long known(List<? extends @Nullable Item> items, int place, long otherwise, String what) {
        Item item = place < items.size() ? items.get(place) : null;
        return item == null
                ? otherwise
                : ShapeValues.longs(item.tensor(what))
                        .filter(elements -> elements.length == 1)
                        .orElseThrow(() -> unsupported(what))[0];
    }

    private IllegalArgumentException unsupported(String what) {
        return new IllegalArgumentException("operator " + operator + " at node " + label + " is not supported, since "
                + what + " is not constant: " + UnsupportedOperators.remedy("", operator));
    }
}
