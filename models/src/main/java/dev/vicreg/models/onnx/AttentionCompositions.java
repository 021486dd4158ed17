package dev.vicreg.models.onnx;

import dev.vicreg.models.graph.Attributes;
import dev.vicreg.models.graph.ElementType;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.onnx.OpsetUpgrade.Call;
import dev.vicreg.models.ops.Ops;
import java.util.List;

/** Attention and RotaryEmbedding of opset 23, composed of products, Softmax and what moves elements. */
final class AttentionCompositions {
    private AttentionCompositions() {}

    /**
     * softmax(Q·Kᵀ·s + mask)·V over queries, keys and values [B,H,T,D], or [B,T,H·D] with the heads as attributes. Fewer
     * heads of keys and values serve several of the queries'.
     */
    static List<Value> attention(Call call) {
        if (call.has(4) || call.has(5) || call.outputs() > 1) {
            throw new IllegalArgumentException(
                    "Attention with past or present keys is not supported: export the network without a cache");
        }
        Ops ops = call.ops();
        Attributes attributes = call.attributes();
        boolean joined = call.in(0).shape().rank() == 3;
        Value q = heads(call, 0, "q_num_heads");
        Value k = heads(call, 1, "kv_num_heads");
        Value v = heads(call, 2, "kv_num_heads");
        long queries = q.shape().size(1);
        k = repeated(ops, k, queries);
        v = repeated(ops, v, queries);
        long depth = q.shape().size(3);
        double scale = attributes.real("scale", (float) (1 / Math.sqrt((double) depth)));
        Value scores = ops.mul(ops.matMul(q, ops.transpose(k, 0, 1, 3, 2)), scale);
        float cap = attributes.real("softcap", 0);
        // Before the masks, which it would make finite: an erratum of opset 23 (onnx/onnx#7867), as ONNX Runtime has
        // it.
        scores = cap != 0 ? capped(ops, scores, cap) : scores;
        if (call.has(3)) {
            scores = ops.add(scores, summand(call, call.in(3)));
        }
        if (attributes.integer("is_causal", 0) != 0) {
            scores = ops.add(
                    scores, ops.constant(causal(q.shape().size(2), k.shape().size(2))));
        }
        Value y = ops.matMul(ops.softmax(scores, -1), v); // [B,H,T,D]
        return List.of(
                joined
                        ? ops.reshape(
                                ops.transpose(y, 0, 2, 1, 3),
                                0,
                                0,
                                queries * v.shape().size(3))
                        : y);
    }

    /** [B,T,H·D] → [B,H,T,D]. */
    private static Value heads(Call call, int input, String attribute) {
        Value x = call.in(input);
        if (x.shape().rank() == 4) {
            return x;
        }
        long heads = call.attributes().integer(attribute, 0);
        if (heads <= 0 || x.shape().size(2) % heads != 0) {
            throw new IllegalArgumentException(
                    attribute + " is " + heads + ": expected a divisor of the last axis of " + x.shape());
        }
        Value apart = call.ops().reshape(x, 0, 0, heads, x.shape().size(2) / heads);
        return call.ops().transpose(apart, 0, 2, 1, 3);
    }

    /** Each head as often as there are queries for it: [B,h,T,D] → [B,h,r,T,D] → [B,H,T,D]. */
    private static Value repeated(Ops ops, Value x, long heads) {
        long own = x.shape().size(1);
        if (own == heads) {
            return x;
        }
        Value copies = ops.expand(ops.unsqueeze(x, 2), Shape.of(1, 1, heads / own, 1, 1));
        return ops.reshape(copies, 0, heads, -1, x.shape().size(3));
    }

    private static Value capped(Ops ops, Value scores, float cap) {
        return ops.mul(ops.tanh(ops.mul(scores, 1 / cap)), cap);
    }

    private static Value summand(Call call, Value mask) {
        return mask.type().element() == ElementType.BOOL
                ? call.ops().where(mask, call.ops().constant(0), call.ops().constant(Float.NEGATIVE_INFINITY))
                : mask;
    }

    /** -∞ above the diagonal of [T,S]. */
    private static Tensor causal(long queries, long keys) {
        float[] mask = new float[Math.toIntExact(queries * keys)];
        for (int i = 0; i < mask.length; i++) {
            mask[i] = i % keys > i / keys ? Float.NEGATIVE_INFINITY : 0;
        }
        return Tensor.of(Shape.of(queries, keys), mask);
    }

    /**
     * Pairs of features turned by angles: x [B,H,T,D], or [B,T,H·D] with the heads as an attribute; cosines and sines
     * [B,T,R/2], or tables that position ids [B,T] choose rows of. The first R features are turned.
     */
    static List<Value> rotary(Call call) {
        Ops ops = call.ops();
        boolean joined = call.in(0).shape().rank() == 3;
        Value x = joined ? apart(call) : ops.transpose(call.in(0), 0, 2, 1, 3); // [B,T,H,D]
        long depth = x.shape().size(3);
        long given = call.attributes().integer("rotary_embedding_dim", 0);
        long turned = given == 0 ? depth : given;
        Value cosines = angles(call, 1);
        Value sines = angles(call, 2);
        Value part = ops.slice(x, 3, 0, turned, 1);
        boolean interleaved = call.attributes().integer("interleaved", 0) != 0;
        Value first = interleaved ? ops.slice(part, 3, 0, turned, 2) : ops.slice(part, 3, 0, turned / 2, 1);
        Value second = interleaved ? ops.slice(part, 3, 1, turned, 2) : ops.slice(part, 3, turned / 2, turned, 1);
        Value real = ops.sub(ops.mul(cosines, first), ops.mul(sines, second));
        Value imaginary = ops.add(ops.mul(sines, first), ops.mul(cosines, second));
        Value y = interleaved
                ? ops.reshape(
                        ops.concat(4, ops.unsqueeze(real, 4), ops.unsqueeze(imaginary, 4)),
                        0,
                        0,
                        x.shape().size(2),
                        turned)
                : ops.concat(3, real, imaginary);
        Value all = turned == depth ? y : ops.concat(3, y, ops.slice(x, 3, turned, depth, 1));
        return List.of(joined ? ops.reshape(all, 0, 0, x.shape().size(2) * depth) : ops.transpose(all, 0, 2, 1, 3));
    }

    private static Value apart(Call call) {
        Value x = call.in(0);
        long heads = call.attributes().integer("num_heads", 0);
        if (heads <= 0 || x.shape().size(2) % heads != 0) {
            throw new IllegalArgumentException(
                    "num_heads is " + heads + ": expected a divisor of the last axis of " + x.shape());
        }
        return call.ops().reshape(x, 0, 0, heads, x.shape().size(2) / heads);
    }

    /** [B,T,1,R/2]. */
    private static Value angles(Call call, int input) {
        Value rows = call.has(3) ? call.ops().gather(call.in(input), call.in(3), 0) : call.in(input);
        return call.ops().unsqueeze(rows, 2);
    }
}
