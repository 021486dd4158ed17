package dev.vicreg.training.loop;

import com.sun.management.OperatingSystemMXBean;
import dev.vicreg.models.graph.Node;
import dev.vicreg.models.graph.Region;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.setting.SettingException;
import dev.vicreg.training.config.GraphConfig;
import dev.vicreg.training.config.MultiViewConfig;
import dev.vicreg.training.step.TrainingGraph;
import dev.vicreg.training.step.pass.Recomputation;
import java.lang.management.ManagementFactory;
import java.util.HashSet;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;

/**
 * What a step keeps in memory at the least: what the backward pass reads of the forward pass, as float32. A real step takes
 * more, so that one which doesn't fit by this has no hope.
 */
public final class StepMemory {
    private static final double GIB = 1L << 30;

    private StepMemory() {}

    /** Bytes of the network's values that its gradients are computed from, where what {@code way} says is computed again. */
    static long kept(TrainingGraph.Built built, Recomputation way) {
        Set<Value> kept = new HashSet<>();
        for (Node node : way.apply(built.training()).graph().nodes()) {
            if (node.region() == Region.BACKWARD) {
                node.inputs().stream()
                        .filter(Objects::nonNull)
                        .filter(input -> isForward(input))
                        .forEach(kept::add);
            }
        }
        return kept.stream()
                .mapToLong(value -> value.shape().elements() * Float.BYTES)
                .sum();
    }

    private static boolean isForward(Value value) {
        Node producer = value.producer();
        return producer != null
                && producer.region() == Region.NETWORK
                && value.shape().isFixed();
    }

    /**
     * Refuses a step that this machine has no memory for.
     *
     * @param available bytes
     * @throws SettingException with the batch that would fit, and {@code recompute} where nothing is computed again yet
     */
    static void require(TrainingGraph.Built built, GraphConfig graph, Recomputation way, long available) {
        long kept = kept(built, way);
        if (kept <= available) {
            return;
        }
        MultiViewConfig views = graph.multiView();
        int batch = graph.update().batchSize();
        long fits = (long) (batch * ((double) available / kept));
        throw new SettingException(String.format(
                Locale.ROOT,
                "A step of %d samples with %d views keeps %.1f GiB and more, and this machine has %.1f GiB: expected a"
                        + " `batch-size` of at most %d, or fewer `views`, smaller pictures or a smaller network%s",
                batch,
                views.views() + views.localViews(),
                kept / GIB,
                available / GIB,
                Math.max(2, fits),
                way == Recomputation.NONE ? ", or `recompute` blocks" : ""));
    }

    /** Bytes of memory that this machine has. */
    public static long ofThisMachine() {
        return ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getTotalMemorySize();
    }
}
