package dev.vicreg.training.step.pass;

import dev.vicreg.models.graph.Node;
import dev.vicreg.models.graph.Value;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Divides the network that one view goes through into blocks that are done again one after the other. What is held at most is
 * what goes from block to block, of all views, and the inside of one block; the division for which that is least is found by
 * shortest paths over the places at which a single value goes on, one for each bound of a block's inside.
 */
final class Blocks {
    /** Bounds of a block's inside that are tried. */
    private static final int BOUNDS = 64;

    /** A place behind the first so many nodes where all that goes on is one value; null at beginning and end. */
    private record Place(int position, @Nullable Value value) {
        long bytes() {
            return value == null ? 0 : Blocks.bytes(value);
        }
    }

    private final List<Node> nodes;
    private final List<Place> places;
    private final long[] inside; // bytes that the backward pass reads of what the first n nodes compute
    private final int views;

    private Blocks(List<Node> nodes, Recomputation.Activations activations, int views) {
        this.nodes = nodes;
        this.views = views;
        this.inside = new long[nodes.size() + 1];
        this.places = new ArrayList<>(List.of(new Place(0, null)));
        Map<Value, Integer> lastReader = new HashMap<>();
        for (int i = 0; i < nodes.size(); i++) {
            for (Value input : activations.read(nodes.get(i))) {
                lastReader.put(input, i);
            }
        }
        Set<Value> going = new HashSet<>();
        for (int i = 0; i < nodes.size(); i++) {
            inside[i + 1] = inside[i];
            for (Value output : nodes.get(i).outputs()) {
                if (activations.isReadBackward(output) && activations.isLarge(output)) {
                    inside[i + 1] += bytes(output);
                }
                if (lastReader.containsKey(output)) {
                    going.add(output);
                }
            }
            int now = i;
            going.removeIf(value -> lastReader.getOrDefault(value, now) <= now);
            if (going.size() == 1) {
                places.add(new Place(i + 1, going.iterator().next()));
            }
        }
        places.add(new Place(nodes.size(), null));
    }

    /** The nodes of all blocks but each view's last, without those whose result goes from one to the next. */
    static Set<Node> dropped(Recomputation.Activations activations) {
        Collection<List<Node>> parts = parts(activations);
        Set<Node> dropped = new HashSet<>();
        for (List<Node> part : parts) {
            Blocks blocks = new Blocks(part, activations, parts.size());
            dropped.addAll(blocks.inner());
        }
        return dropped;
    }

    /** The nodes that belong together because one reads what the other computes, each part in order. */
    private static Collection<List<Node>> parts(Recomputation.Activations activations) {
        Map<Value, Value> parents = new HashMap<>(); // towards one value of each part
        for (Node node : activations.network()) {
            List<Value> touched = new ArrayList<>(activations.read(node));
            touched.add(node.output(0));
            node.outputs().stream().filter(activations::isLarge).forEach(touched::add);
            Value root = root(parents, touched.get(0));
            touched.forEach(value -> parents.put(root(parents, value), root));
        }
        Map<Value, List<Node>> parts = new LinkedHashMap<>();
        for (Node node : activations.network()) {
            parts.computeIfAbsent(root(parents, node.output(0)), root -> new ArrayList<>())
                    .add(node);
        }
        return parts.values();
    }

    private static Value root(Map<Value, Value> parents, Value value) {
        Value root = value;
        for (Value parent = parents.get(root); parent != null && parent != root; parent = parents.get(root)) {
            root = parent;
        }
        return root;
    }

    /** The nodes inside of all blocks but the last. */
    private Set<Node> inner() {
        List<Integer> best = List.of();
        long least = Long.MAX_VALUE;
        for (long bound : bounds()) {
            List<Integer> begins = divided(bound);
            long held = held(begins);
            if (held < least) {
                least = held;
                best = begins;
            }
        }
        Set<Node> inner = new HashSet<>(nodes.subList(0, places.get(best.get(best.size() - 1)).position));
        for (int begin : best) {
            Value value = places.get(begin).value;
            if (value != null) {
                inner.remove(value.producer());
            }
        }
        return inner;
    }

    /** Between the least that a division can have and no division, evenly by their logarithms. */
    private Set<Long> bounds() {
        long widest = 1;
        for (int place = 1; place < places.size(); place++) {
            widest = Math.max(widest, inside(place - 1, place));
        }
        double ratio = Math.max(1, (double) inside(0, places.size() - 1) / widest);
        Set<Long> bounds = new TreeSet<>();
        for (int i = 0; i <= BOUNDS; i++) {
            bounds.add((long) Math.ceil(widest * Math.pow(ratio, (double) i / BOUNDS)));
        }
        return bounds;
    }

    /** The places where blocks of at most that many bytes begin, so that least goes from one to the next. */
    private List<Integer> divided(long bound) {
        int end = places.size() - 1;
        long[] held = new long[end + 1];
        int[] from = new int[end + 1];
        for (int to = 1; to <= end; to++) {
            held[to] = Long.MAX_VALUE;
            for (int begin = to - 1; begin >= 0 && inside(begin, to) <= bound; begin--) {
                long sum = held[begin] + places.get(begin).bytes();
                if (sum < held[to]) {
                    held[to] = sum;
                    from[to] = begin;
                }
            }
        }
        Deque<Integer> begins = new ArrayDeque<>();
        for (int place = end; place > 0; place = from[place]) {
            begins.addFirst(from[place]);
        }
        return List.copyOf(begins);
    }

    /** Bytes held at most in that division. */
    private long held(List<Integer> begins) {
        long between = 0;
        long widest = 0;
        for (int i = 0; i < begins.size(); i++) {
            int end = i + 1 < begins.size() ? begins.get(i + 1) : places.size() - 1;
            between += places.get(begins.get(i)).bytes();
            widest = Math.max(widest, inside(begins.get(i), end));
        }
        return views * between + widest;
    }

    /** Bytes of a block that the backward pass reads, but for what goes on. */
    private long inside(int begin, int end) {
        Place last = places.get(end);
        return Math.max(0, inside[last.position] - inside[places.get(begin).position] - last.bytes());
    }

    private static long bytes(Value value) {
        return value.type().shape().elements() * value.type().element().bytes();
    }
}
