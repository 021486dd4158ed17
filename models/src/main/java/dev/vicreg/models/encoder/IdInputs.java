package dev.vicreg.models.encoder;

import dev.vicreg.models.graph.Attributes;
import dev.vicreg.models.graph.ElementType;
import dev.vicreg.models.graph.Graph;
import dev.vicreg.models.graph.Node;
import dev.vicreg.models.graph.OpType;
import dev.vicreg.models.graph.TensorType;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.ops.Ops;
import dev.vicreg.models.setting.SettingException;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What is known of the ids that a network from a file takes, and the inputs beside them that follow from the ids. */
final class IdInputs {
    // As Hugging Face's networks call them.
    private static final String ATTENTION_MASK = "attention_mask";
    private static final String TOKEN_TYPES = "token_type_ids";
    private static final String POSITIONS = "position_ids";

    /** Operators behind which ids are what they were. */
    private static final Set<OpType> SAME_IDS = EnumSet.of(
            OpType.CAST, OpType.IDENTITY, OpType.TRANSPOSE, OpType.RESHAPE, OpType.UNSQUEEZE, OpType.SQUEEZE);

    private IdInputs() {}

    /** Whether ids that go through an operator are what they were. */
    static boolean keeps(OpType op) {
        return SAME_IDS.contains(op);
    }

    /** Whether an input beside ids follows from them. */
    static boolean follows(Value input) {
        String name = String.valueOf(input.name());
        return name.endsWith(ATTENTION_MASK) || name.endsWith(TOKEN_TYPES) || name.endsWith(POSITIONS);
    }

    /**
     * What an input beside the ids holds: 1 in an attention mask where an id is no padding, 0 for the kind of each, as in a
     * single sentence, and the place of each, counted from 0.
     *
     * @param ids int64 [N,T]
     * @throws IllegalArgumentException if a mask is wanted and the padding is not known
     */
    static Value following(Ops ops, Value wanted, Value ids, @Nullable Integer padding) {
        ElementType type = wanted.type().element();
        if (String.valueOf(wanted.name()).endsWith(TOKEN_TYPES)) {
            return ops.cast(ops.sub(ids, ids), type);
        }
        if (String.valueOf(wanted.name()).endsWith(POSITIONS)) {
            Value zeros = ops.sub(ids, ids);
            Value ones = ops.add(zeros, ops.longs(1));
            Attributes before = Attributes.NONE.with("exclusive", 1L);
            return ops.cast(
                    ops.node(OpType.CUM_SUM, List.of(ones, ops.longs(1)), before)
                            .output(0),
                    type);
        }
        if (padding == null) {
            throw new SettingException("its input " + wanted
                    + " is made from ids and their padding, which is not known; name data of ids");
        }
        Value kept = kept(ops, ids, padding);
        return type == ElementType.BOOL ? kept : ops.cast(kept, type);
    }

    /** Which ids are no padding: bool, of their shape. */
    static Value kept(Ops ops, Value ids, int padding) {
        Value is = ops.equal(ids, ops.longs(padding));
        return ops.node(OpType.NOT, List.of(is), Attributes.NONE).output(0);
    }

    /** Whether values of that type are ids, a sequence a row. */
    static boolean are(TensorType type) {
        ElementType element = type.element();
        return (element == ElementType.INT64 || element == ElementType.INT32)
                && type.shape().rank() == 2;
    }

    /** The size of the smallest table that {@code ids} choose rows of. */
    static OptionalLong vocabulary(Graph graph, Value ids) {
        Set<Value> same = new HashSet<>(Set.of(ids));
        OptionalLong smallest = OptionalLong.empty();
        for (Node node : graph.nodes()) {
            if (keeps(node.op()) && same.contains(node.input(0))) {
                same.add(node.output(0));
            } else if (node.op() == OpType.GATHER
                    && node.attributes().integer("axis", 0) == 0
                    && same.contains(node.input(1))
                    && node.input(0).shape().at(0).isFixed()) {
                long rows = node.input(0).shape().size(0);
                smallest = OptionalLong.of(Math.min(rows, smallest.orElse(rows)));
            }
        }
        return smallest;
    }
}
