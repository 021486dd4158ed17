package dev.vicreg.training.step;

import dev.vicreg.models.graph.Graph;
import dev.vicreg.models.graph.Node;
import dev.vicreg.models.graph.OpType;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.nn.Parameter;
import dev.vicreg.models.ops.Ops;
import dev.vicreg.models.ops.Rewriter;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Exponential moving averages of parameters, or of statistics, inside a step: {@code average ← m·average + (1 - m)·parameter}. They start from
 * the parameters' own first values.
 *
 * <p>A step averages what the step before it left behind, when it begins: what is averaged is then the parameters as they
 * are read, whoever updates them and however. The averages of a checkpoint lag its parameters by one step, therefore.
 */
final class AveragedWeights {
    /** Which of a batch norm's inputs are running statistics. */
    private static final List<Integer> RUNNING = List.of(3, 4);

    private final Map<Parameter, Value> before = new LinkedHashMap<>();
    private final Map<Parameter, Value> averages = new LinkedHashMap<>();

    /**
     * Averages parameters.
     *
     * @param prefix of the averages' names in the checkpoint, before the parameter's
     * @param momentum m, a float scalar
     */
    AveragedWeights(Ops ops, String prefix, Collection<Parameter> parameters, Value momentum) {
        Value share = ops.sub(ops.constant(1), momentum);
        for (Parameter parameter : parameters) {
            Value p = parameter.value();
            Value old = Value.input(prefix + parameter.name(), p.type());
            before.put(parameter, old);
            averages.put(parameter, ops.add(ops.mul(old, momentum), ops.mul(p, share)));
        }
    }

    /** What the checkpoint holds of each: graph inputs. */
    Map<Parameter, Value> before() {
        return before;
    }

    /** The new values of {@link #before}. */
    Map<Value, Value> next() {
        Map<Value, Value> next = new LinkedHashMap<>();
        averages.forEach((parameter, average) -> next.put(Objects.requireNonNull(before.get(parameter)), average));
        return next;
    }

    /**
     * What a network would compute if the averages were its parameters. Batch norms that train use the statistics of the
     * batch as it goes through the averaged network, and move none.
     */
    Value through(Value output, List<Value> inputs) {
        Map<Value, Value> known = new HashMap<>();
        averages.forEach((parameter, average) -> known.put(parameter.value(), average));
        for (Node node : Graph.of("averaged", inputs, Map.of("output", output)).nodes()) {
            List<@Nullable Value> read = new ArrayList<>();
            for (@Nullable Value input : node.inputs()) {
                read.add(input == null ? null : known.getOrDefault(input, input));
            }
            if (node.op() == OpType.BATCH_NORM_TRAINING) {
                // Kernels may write over these, and nobody reads what becomes of them: not those of the network itself.
                Ops ops = Ops.at(node);
                for (int statistic : RUNNING) {
                    read.set(statistic, ops.zeros(node.input(statistic).shape()));
                }
            }
            List<Value> outputs = Rewriter.copy(Ops.at(node), node, read);
            for (int i = 0; i < outputs.size(); i++) {
                known.put(node.output(i), outputs.get(i));
            }
        }
        return known.getOrDefault(output, output);
    }
}
