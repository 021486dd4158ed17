package dev.vicreg.tools.command;

import dev.vicreg.runtime.natives.Device;
import dev.vicreg.runtime.natives.OrtSessions;
import dev.vicreg.tools.cli.Console;
import dev.vicreg.tools.cli.Setting;
import dev.vicreg.tools.cli.Setting.Group;
import dev.vicreg.tools.cli.Settings;
import dev.vicreg.training.config.BranchConfig;
import dev.vicreg.training.config.GraphConfig;
import dev.vicreg.training.step.LossScaling;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The options that shape the graphs: {@link InputSettings}, {@link ModelSettings}, the objective and the update. */
final class GraphSettings {
    private static final double MAX_COEFFICIENT = 1e6;
    private static final String FP16 = "fp16";

    static final Setting<String> LOSS = Setting.choice(
            "loss",
            List.of("official", "solo-learn", "paper"),
            Group.OBJECTIVE,
            "which published form of the loss",
            "official");
    static final Setting<Double> INVARIANCE = coefficient("invariance", "weight λ of the distance between views", "25");
    static final Setting<Double> VARIANCE = coefficient("variance", "weight μ of the spread of each dimension", "25");
    static final Setting<Double> COVARIANCE =
            coefficient("covariance", "weight ν of the correlation between dimensions", "1");

    static final Setting<Integer> BATCH_SIZE =
            Setting.integer("batch-size", "N", Group.OPTIMIZATION, "pairs a step", 128, 2, 1 << 20);
    static final Setting<String> OPTIMIZER = Setting.choice(
            "optimizer",
            List.of("adamw", "sgd", "lars", "lars-official", "lars-solo"),
            Group.OPTIMIZATION,
            "how parameters are updated; lars is lars-official",
            "adamw");
    static final Setting<Double> MOMENTUM = Setting.decimal(
            "momentum", "X", Group.OPTIMIZATION, "of sgd and lars; the first beta of adamw", "0.9", 0, 0.9999);
    static final Setting<Double> WEIGHT_DECAY =
            Setting.decimal("weight-decay", "X", Group.OPTIMIZATION, "share taken off parameters", "1e-4", 0, 1);
    static final Setting<String> NO_DECAY = Setting.choice(
            "no-decay",
            List.of("none", "norm-bias", "1d"),
            Group.OPTIMIZATION,
            "parameters left undecayed; without it 1d for lars, none for the others",
            null);

    static final Setting<String> PRECISION = Setting.choice(
            "precision",
            GraphConfig.PRECISIONS,
            Group.MACHINE,
            "fp32; tf32, the same with faster products of fewer digits on CUDA; or fp16, the network in float16, master"
                    + " weights, statistics and loss in float32",
            GraphConfig.PRECISIONS.get(0));
    static final Setting<Double> LOSS_SCALE = Setting.decimal(
            "loss-scale",
            "X",
            Group.OPTIMIZATION,
            "of fp16: factor of the loss at the start; it halves where float16 overflows, and doubles in time",
            "65536",
            LossScaling.SMALLEST,
            1e38);
    static final Setting<Integer> LOSS_SCALE_INTERVAL = Setting.integer(
            "loss-scale-interval",
            "STEPS",
            Group.OPTIMIZATION,
            "of fp16: good steps in a row after which it doubles",
            2000,
            1,
            (1 << 24) - 1);

    static final Setting<List<String>> FREEZE =
            patterns("freeze", "PATTERN,…", "parameters that are not trained, by patterns such as 'encoder.layer1.*'");
    static final Setting<List<String>> LR_SCALE = patterns(
            "lr-scale",
            "PATTERN=X,…",
            "parameters that learn at X times the rate; of several that fit the last counts");

    static final List<Setting<?>> ALL = Stream.of(
                    InputSettings.ALL,
                    ModelSettings.ALL,
                    ImportSettings.ALL,
                    List.of(
                            LOSS,
                            INVARIANCE,
                            VARIANCE,
                            COVARIANCE,
                            BATCH_SIZE,
                            OPTIMIZER,
                            MOMENTUM,
                            WEIGHT_DECAY,
                            NO_DECAY,
                            FREEZE,
                            LR_SCALE,
                            PRECISION,
                            LOSS_SCALE,
                            LOSS_SCALE_INTERVAL))
            .<Setting<?>>flatMap(List::stream)
            .toList();

    private GraphSettings() {}

    private static Setting<List<String>> patterns(String name, String argument, String help) {
        return new Setting<>(name, argument, Group.OPTIMIZATION, help, null, text -> List.of(text.split(",")));
    }

    private static Setting<Double> coefficient(String name, String help, String fallback) {
        return Setting.decimal(name, "X", Group.OBJECTIVE, help, fallback, 0, MAX_COEFFICIENT);
    }

    /** What shapes the graphs. */
    static GraphConfig graph(Settings settings, SideInputs inputs) throws IOException {
        String named = settings.get(OPTIMIZER);
        String optimizer = named.equals("lars") ? "lars-official" : named;
        BranchConfig first = ModelSettings.first(settings, inputs.a());
        BranchConfig second = ModelSettings.second(settings, inputs);
        ImportSettings.requireUses(settings, first, second);
        return new GraphConfig(
                first,
                second,
                settings.get(BATCH_SIZE),
                settings.get(LOSS),
                settings.get(INVARIANCE).floatValue(),
                settings.get(VARIANCE).floatValue(),
                settings.get(COVARIANCE).floatValue(),
                optimizer,
                settings.get(MOMENTUM).floatValue(),
                settings.get(WEIGHT_DECAY).floatValue(),
                settings.find(NO_DECAY).orElseGet(() -> GraphConfig.defaultNoDecay(optimizer)),
                settings.find(FREEZE).orElse(List.of()),
                settings.find(LR_SCALE).orElse(List.of()),
                settings.get(PRECISION),
                lossScaling(settings));
    }

    private static @Nullable LossScaling lossScaling(Settings settings) {
        if (settings.get(PRECISION).equals(FP16)) {
            return new LossScaling(settings.get(LOSS_SCALE).floatValue(), settings.get(LOSS_SCALE_INTERVAL));
        }
        for (Setting<?> setting : List.of(LOSS_SCALE, LOSS_SCALE_INTERVAL)) {
            if (settings.isGiven(setting)) {
                throw new IllegalArgumentException("--" + setting.name() + " belongs to --precision " + FP16
                        + ", found --precision " + settings.get(PRECISION) + "; leave it out");
            }
        }
        return null;
    }

    /** Tells of a precision that is not what it is elsewhere on the device that will be used. */
    static void tellOfPrecision(GraphConfig graph, Device device, Console console) {
        if (graph.precision().equals(GraphConfig.PRECISIONS.get(0))
                || OrtSessions.resolve(device).kind() == Device.Kind.CUDA) {
            return;
        }
        console.err()
                .println(
                        graph.precision().equals(FP16)
                                ? "warning: --precision fp16 on the CPU computes in float32 and rounds: nothing is faster, it is for"
                                        + " tests"
                                : "note: --precision tf32 is fp32 on the CPU");
    }

    /** Tells of coefficients under which the paper saw collapse or worse vectors. */
    static void warnOfCoefficients(GraphConfig graph, Console console) {
        if (graph.invariance() != graph.variance() || graph.covariance() > graph.variance()) {
            console.err()
                    .println(
                            "warning: invariance " + graph.invariance() + ", variance " + graph.variance()
                                    + ", covariance " + graph.covariance()
                                    + ": the paper reports collapse or worse vectors unless"
                                    + " invariance = variance >= covariance (Bardes et al., ICLR 2022, ablation of the coefficients)");
        }
    }

    /** The options that give this configuration, with their values. */
    static Map<Setting<?>, Object> values(GraphConfig graph) {
        Map<Setting<?>, Object> values = new HashMap<>(ModelSettings.values(graph.a(), graph.b()));
        values.put(BATCH_SIZE, graph.batchSize());
        values.put(LOSS, graph.loss());
        values.put(INVARIANCE, graph.invariance());
        values.put(VARIANCE, graph.variance());
        values.put(COVARIANCE, graph.covariance());
        values.put(OPTIMIZER, graph.optimizer());
        values.put(MOMENTUM, graph.momentum());
        values.put(WEIGHT_DECAY, graph.weightDecay());
        values.put(NO_DECAY, graph.noDecay());
        if (!graph.freeze().isEmpty()) {
            values.put(FREEZE, String.join(",", graph.freeze()));
        }
        if (!graph.lrScale().isEmpty()) {
            values.put(LR_SCALE, String.join(",", graph.lrScale()));
        }
        values.put(PRECISION, graph.precision());
        LossScaling scaling = graph.lossScaling();
        if (scaling != null) {
            values.put(LOSS_SCALE, scaling.initial());
            values.put(LOSS_SCALE_INTERVAL, scaling.growthInterval());
        }
        return values;
    }
}
