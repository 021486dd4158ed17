package dev.vicreg.tools.command;

import dev.vicreg.runtime.natives.Device;
import dev.vicreg.runtime.natives.OrtSessions;
import dev.vicreg.tools.cli.Console;
import dev.vicreg.tools.cli.Settings;
import dev.vicreg.tools.evaluation.measure.Conclusion;
import dev.vicreg.training.config.BranchConfig;
import dev.vicreg.training.config.GraphConfig;
import dev.vicreg.training.config.ObjectiveConfig;
import dev.vicreg.training.config.OnnxConfig;
import dev.vicreg.training.config.PrecisionConfig;
import dev.vicreg.training.config.TrainingConfig;
import dev.vicreg.training.data.source.DataFiles;
import dev.vicreg.training.loop.Trainer;
import dev.vicreg.training.step.Side;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** What a user is told of settings that do as they are told, but perhaps not as they are meant. */
final class Notes {
    private Notes() {}

    /** Tells of a precision that is not what it is elsewhere on the device that will be used. */
    static void tellOfPrecision(GraphConfig graph, Device device, Console console) {
        PrecisionConfig precision = graph.precision();
        boolean usual = !precision.isHalf() && !precision.isTf32();
        if (usual || OrtSessions.resolve(device).kind() == Device.Kind.CUDA) {
            return;
        }
        console.err()
                .println(
                        precision.isHalf()
                                ? "warning: --precision fp16 on the CPU computes in float32 and rounds: nothing is faster, it is for"
                                        + " tests"
                                : "note: --precision tf32 is fp32 on the CPU");
    }

    /** Tells the learning rate where nobody asked for one and it isn't that of a new network. */
    static void tellOfRate(Settings settings, TrainingConfig config, Console console) {
        GraphConfig graph = config.graph();
        String files = graph.sides().stream()
                .map(graph::branch)
                .filter(branch -> branch.onnx() != null)
                .map(BranchConfig::encoder)
                .distinct()
                .collect(Collectors.joining(" and "));
        if (!files.isEmpty() && RunOptions.isUsualRate(settings)) {
            console.err()
                    .println("note: learning rate "
                            + Conclusion.shown(config.schedule().lr()) + ", since the weights of " + files
                            + " are given: --lr names another");
        }
    }

    /** Tells how pictures grow, where they do. */
    static void tellOfGrowth(Trainer trainer, Console console) {
        trainer.config().settings().graph().growth().ifPresent(sizes -> {
            List<String> stages = new ArrayList<>();
            for (int i = 0; i < sizes.stages().size(); i++) {
                stages.add(sizes.stages().get(i).size() + " to step "
                        + trainer.stageEnds().get(i));
            }
            console.err().println("note: pictures grow: side " + String.join(", then ", stages));
        });
    }

    /** Tells that a run that goes on is of another length now. */
    static void tellOfLength(Trainer trainer, Console console) {
        console.err()
                .println(String.format(
                        Locale.ROOT,
                        "now a run of %d steps, %d of them done; the learning rate goes on as in a run of that length, from"
                                + " %.2g",
                        trainer.totalSteps(),
                        trainer.startStep(),
                        trainer.rate()));
    }

    /** Tells of coefficients under which the paper saw collapse or worse vectors. */
    static void warnOfCoefficients(ObjectiveConfig objective, Console console) {
        boolean unlike =
                objective.invariance() != objective.variance() || objective.covariance() > objective.variance();
        if (objective.isVicReg() && unlike) {
            console.err()
                    .println(
                            "warning: invariance " + objective.invariance() + ", variance " + objective.variance()
                                    + ", covariance " + objective.covariance()
                                    + ": the paper reports collapse or worse vectors unless"
                                    + " invariance = variance >= covariance (Bardes et al., ICLR 2022, ablation of the coefficients)");
        }
    }

    /**
     * Tells of test samples that are, hold or lie in the training samples, through links too: each then finds itself, and
     * kNN comes close to 100 %.
     *
     * @throws IOException if either isn't there
     */
    static void warnOfOverlap(String train, String test, Console console) throws IOException {
        Path a = place(train);
        Path b = place(test);
        if (a.startsWith(b) || b.startsWith(a)) {
            String how = a.equals(b) ? " are the same samples as " : a.startsWith(b) ? " hold " : " lie in ";
            console.err()
                    .println("warning: the test data " + test + how + "the training data " + train
                            + ": each of these finds itself, so that the figures say nothing of others; name samples that"
                            + " lie apart");
        }
    }

    /** Where data really are, folders inside archives below them. */
    private static Path place(String spec) throws IOException {
        DataFiles files = DataFiles.at(spec);
        return files.path().toRealPath().resolve(files.part());
    }

    /** Tells what becomes of an encoder file's tensors: other names, those that are not trained, batch norms that stand still. */
    static void tellOfFiles(GraphConfig graph, Console console) throws IOException {
        for (Side side : graph.sides()) {
            OnnxConfig file = graph.branch(side).onnx();
            if (file != null) {
                for (String note : file.encoder().notes()) {
                    console.err().println("note: " + graph.branch(side).encoder() + ": " + note);
                }
            }
        }
    }
}
