package dev.vicreg.training.loop;

import dev.vicreg.models.graph.ElementType;
import dev.vicreg.models.graph.Node;
import dev.vicreg.models.graph.OpType;
import dev.vicreg.models.graph.Region;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.nn.Parameter;
import dev.vicreg.models.ops.Ops;
import dev.vicreg.models.setting.Schema;
import dev.vicreg.training.config.GraphConfig;
import dev.vicreg.training.config.TrainingConfig;
import dev.vicreg.training.data.pair.PairBatch;
import dev.vicreg.training.data.view.ViewBatch;
import dev.vicreg.training.session.StepNumbers;
import dev.vicreg.training.session.StepRun;
import dev.vicreg.training.step.TrainingGraph;
import java.io.IOException;
import java.math.BigDecimal;
import java.math.MathContext;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A step on a part of a batch beside the run, by which what its own steps don't show is measured: gradients and updates by
 * layer, zeros behind activations, channels without variance, and how vectors fill their space. It changes nothing of the
 * run. Not thread-safe.
 */
final class Probe implements AutoCloseable {
    private static final String GRADIENT = "gradient.";
    private static final String ZEROS = "zeros.";
    private static final String DEAD = "dead.";
    private static final String REPRESENTATION = "probe.representation";
    private static final String PROJECTION = "probe.projection";

    /** A probe takes this share of a batch, but not fewer samples than the least nor more than the most. */
    private static final int SHARE = 4;

    private static final int LEAST = 16;
    private static final int MOST = 32;
    /** Variance of a channel, by the epsilon that a norm adds to it, below which the norm gives what it is made of. */
    private static final double NO_VARIANCE = 0.01;

    /** What ONNX adds to variances unless it is told. */
    private static final float EPSILON = 1e-5f;

    private final Map<String, Value> wanted;
    private final List<Parameter> trained;
    private final StepRun run;
    private final VectorMeasure measure;
    private final int batch; // of the run
    private final int samples; // of the probe

    /**
     * What a layer is like: norms of a parameter, of its gradient and of its update.
     *
     * @param name of the parameter
     * @param update null where it isn't known
     */
    record Layer(
            String name,
            double weight,
            double gradient,
            @Nullable Double update) {}

    /**
     * What was measured.
     *
     * @param figures finite or not, by name in snake case
     * @param layers in the network's order
     */
    record Measured(Map<String, Float> figures, List<Layer> layers) {
        /** The layers as metrics.jsonl has them, in four digits; null for an update that isn't known. */
        List<List<@Nullable Object>> rows() {
            return layers.stream()
                    .map(each -> Arrays.<@Nullable Object>asList(
                            each.name,
                            rounded(each.weight),
                            rounded(each.gradient),
                            each.update == null ? null : rounded(each.update)))
                    .toList();
        }

        private static Object rounded(double value) {
            return Double.isFinite(value) ? new BigDecimal(value).round(new MathContext(4)) : "not finite";
        }
    }

    private Probe(
            TrainingGraph.Built built,
            Map<String, Value> wanted,
            StepRun run,
            VectorMeasure measure,
            int batch,
            int samples) {
        this.wanted = wanted;
        this.run = run;
        this.measure = measure;
        this.batch = batch;
        this.samples = samples;
        trained = List.copyOf(built.gradients().keySet());
    }

    /** Builds it for a stage of the run. */
    static Probe of(TrainingConfig settings, VectorMeasure measure) throws IOException {
        GraphConfig graph = settings.graph();
        int batch = graph.update().batchSize();
        int samples = Math.min(batch, Math.min(MOST, Math.max(LEAST, batch / SHARE)));
        GraphConfig alone = Schema.with(Schema.with(graph, "batch-size", samples), "accumulate", 1);
        TrainingGraph.Built built = TrainingGraph.build(alone.spec());
        Map<String, Value> wanted = wanted(built);
        StepRun run = StepRun.open(
                built.stepGiving(wanted),
                built.signature(),
                Trainer.lowering(settings),
                settings.computeDevice(),
                settings.machine().threads());
        return new Probe(built, wanted, run, measure, batch, samples);
    }

    private static Map<String, Value> wanted(TrainingGraph.Built built) {
        Ops ops = new Ops().scope("probe").in(Region.OBJECTIVE);
        Map<String, Value> wanted = new LinkedHashMap<>();
        wanted.put(REPRESENTATION, ops.identity(built.representation()));
        wanted.put(PROJECTION, ops.identity(built.projection()));
        built.gradients()
                .forEach((parameter, gradient) -> wanted.put(
                        GRADIENT + parameter.name(), ops.sqrt(ops.reduceSum(ops.mul(gradient, gradient), false))));
        for (Node node : built.training().graph().nodes()) {
            if (node.region() != Region.NETWORK) {
                continue;
            }
            if (node.op() == OpType.RELU) {
                Value zeros = ops.equal(node.output(0), ops.constant(0));
                wanted.put(ZEROS + wanted.size(), ops.reduceMean(ops.cast(zeros, ElementType.FLOAT), false));
            } else if (node.op() == OpType.BATCH_NORM_TRAINING) {
                double epsilon = node.attributes().real("epsilon", EPSILON);
                double inverse = 1 / Math.sqrt(epsilon * (1 + NO_VARIANCE));
                Value dead = ops.less(ops.constant((float) inverse), node.output(4));
                wanted.put(DEAD + wanted.size(), ops.reduceMean(ops.cast(dead, ElementType.FLOAT), false));
            }
        }
        return wanted;
    }

    /**
     * Measures. Where gradients are accumulated, updates are those of the probe's gradient alone. They are left out where no
     * parameter moved: on CUDA, whose copies of parameters aren't seen.
     *
     * @param state of the run after a step
     * @param views that the step was fed
     * @param numbers of the next step
     */
    Measured measure(Map<String, Tensor> state, PairBatch views, StepNumbers numbers) {
        StepRun.Given given = new StepRun.Given(state, part(views.viewA()), part(views.viewB()), numbers);
        Map<String, Double> updates = new LinkedHashMap<>();
        Map<String, Tensor> found = run.run(given, wanted.keySet(), (name, after) -> {
            Tensor before = state.get(name);
            if (before != null && !name.startsWith(TrainingGraph.OPTIMIZER_PREFIX)) {
                updates.put(
                        name,
                        distance(
                                before.floats(),
                                after.order(ByteOrder.nativeOrder()).asFloatBuffer()));
            }
        });
        boolean moved = trained.stream().anyMatch(each -> updates.getOrDefault(each.name(), 0.0) != 0);
        List<Layer> layers = new ArrayList<>();
        List<Double> ratios = new ArrayList<>();
        double square = 0;
        for (Parameter parameter : trained) {
            double weight = norm(state.get(parameter.name()));
            double gradient = norm(found.get(GRADIENT + parameter.name()));
            Double update = moved ? updates.getOrDefault(parameter.name(), 0.0) : null;
            layers.add(new Layer(parameter.name(), weight, gradient, update));
            square += gradient * gradient;
            if (update != null && parameter.role() == Parameter.Role.WEIGHT && weight > 0) {
                ratios.add(update / weight);
            }
        }
        Map<String, Float> figures = new LinkedHashMap<>();
        figures.put("gradient_norm", (float) Math.sqrt(square));
        ratios.sort(null);
        if (!ratios.isEmpty()) {
            figures.put("update_ratio", ratios.get(ratios.size() / 2).floatValue());
        }
        addGreatest("zeros", ZEROS, found, figures);
        addGreatest("dead_norm", DEAD, found, figures);
        addVectors("representation_", found.get(REPRESENTATION), figures);
        addVectors("projection_", found.get(PROJECTION), figures);
        figures.values().removeIf(value -> !Float.isFinite(value));
        return new Measured(figures, layers);
    }

    /** The first samples of each view. */
    private ViewBatch part(ViewBatch all) {
        int bytes = all.type().bytes();
        int views = all.values().limit() / bytes / batch;
        ByteBuffer part = ByteBuffer.allocateDirect(views * samples * bytes).order(ByteOrder.nativeOrder());
        for (int view = 0; view < views; view++) {
            part.put(view * samples * bytes, all.values(), view * batch * bytes, samples * bytes);
        }
        return new ViewBatch(all.type(), part);
    }

    private static double distance(float[] before, FloatBuffer after) {
        double sum = 0;
        for (int i = 0; i < before.length; i++) {
            double moved = after.get(i) - before[i];
            sum += moved * moved;
        }
        return Math.sqrt(sum);
    }

    private static double norm(@Nullable Tensor tensor) {
        double sum = 0;
        if (tensor != null) {
            for (float value : tensor.floats()) {
                sum += (double) value * value;
            }
        }
        return Math.sqrt(sum);
    }

    private static void addGreatest(String name, String prefix, Map<String, Tensor> found, Map<String, Float> figures) {
        found.entrySet().stream()
                .filter(entry -> entry.getKey().startsWith(prefix))
                .map(entry -> entry.getValue().floats()[0])
                .max(Float::compare)
                .ifPresent(greatest -> figures.put(name, greatest));
    }

    private void addVectors(String prefix, @Nullable Tensor tensor, Map<String, Float> figures) {
        if (tensor == null) {
            return;
        }
        float[] all = tensor.floats();
        int width = (int) tensor.shape().size(1);
        float[][] rows = new float[samples][];
        for (int i = 0; i < samples; i++) { // of the first view
            rows[i] = Arrays.copyOfRange(all, i * width, (i + 1) * width);
            for (float value : rows[i]) {
                if (!Float.isFinite(value)) {
                    return;
                }
            }
        }
        measure.of(rows).forEach((name, value) -> figures.put(prefix + name, value.floatValue()));
    }

    @Override
    public void close() {
        run.close();
    }
}
