package dev.vicreg.models.encoder;

import dev.vicreg.models.graph.Dim;
import dev.vicreg.models.graph.ElementType;
import dev.vicreg.models.graph.Node;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.setting.SettingException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Reductions over the samples of a batch, as of spectrograms whose peak is 0 dB: they give one number for all samples. */
final class BatchReduction {
    private BatchReduction() {}

    /**
     * Refuses a network in which there is one.
     *
     * @param output what the network gives
     * @param batch the symbol of its batch, which no other size has
     */
    static void refuse(Value output, Dim batch) {
        Deque<Value> left = new ArrayDeque<>(Set.of(output));
        Set<Value> seen = new HashSet<>(left);
        while (!left.isEmpty()) {
            Node node = left.remove().producer();
            if (node == null) {
                continue;
            }
            if (node.op().name().startsWith("REDUCE_")
                    && node.output(0).type().element() == ElementType.FLOAT
                    && node.input(0).shape().dims().contains(batch)
                    && !node.output(0).shape().dims().contains(batch)) {
                throw new SettingException(
                        node.op().onnxName() + " of " + node.input(0).shape()
                                + " is over all samples of a batch, so that the vector of one would depend on the others: export"
                                + " the network with a reduction over a sample's own axes, or name a value before it with `output`");
            }
            for (@Nullable Value each : node.inputs()) {
                if (each != null && seen.add(each)) {
                    left.add(each);
                }
            }
        }
    }
}
