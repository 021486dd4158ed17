package dev.vicreg.tools.command;

import dev.vicreg.export.RunExport;
import dev.vicreg.models.encoder.EncoderOptions;
import dev.vicreg.models.encoder.Pooling;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.nn.Parameter;
import dev.vicreg.models.nn.Parameters;
import dev.vicreg.models.setting.Schema;
import dev.vicreg.models.setting.SettingException;
import dev.vicreg.runtime.Manifest;
import dev.vicreg.runtime.file.FileDigest;
import dev.vicreg.training.config.BranchConfig;
import dev.vicreg.training.config.InputConfig;
import dev.vicreg.training.config.InputKind;
import dev.vicreg.training.config.OnnxConfig;
import dev.vicreg.training.config.TrainingConfig;
import dev.vicreg.training.data.Augmentations;
import dev.vicreg.training.data.view.Augmentation;
import dev.vicreg.training.run.CheckpointFile;
import dev.vicreg.training.run.RunConfig;
import dev.vicreg.training.run.RunLayout;
import dev.vicreg.training.step.Branch;
import dev.vicreg.training.step.Side;
import dev.vicreg.training.step.SupervisedGraph;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The network that fine-tuning begins with.
 *
 * @param branch what it is
 * @param weights what its parameters are, by their names in a graph of one branch; where it came as a file they are the
 *     file's, and this is empty
 * @param augmentation of its samples in the training before; of a file what is usual for their kind
 * @param configHash of the settings that it was trained with
 * @param identity changes when it does
 */
record Beginning(
        BranchConfig branch,
        Map<String, Tensor> weights,
        Augmentation augmentation,
        String configHash,
        String identity) {
    /**
     * The network that a user names.
     *
     * @param model folder of a run, or an encoder with a manifest
     * @param side whose encoder, of a run
     * @throws IOException if it is neither
     */
    static Beginning of(Path model, Side side) throws IOException {
        return Files.isDirectory(model) ? ofRun(model, side) : ofFile(model);
    }

    /** Whether it can begin anew: a file holds its weights, and nothing of how they were drawn. */
    void requireOwn(Path model) {
        if (branch.onnx() != null) {
            throw new SettingException(
                    "--from-scratch needs a network of this program, named by the run that trained it:"
                            + " --model RUN; " + model + " holds one that came as an ONNX file");
        }
    }

    /**
     * Puts its weights and statistics in the place of what was drawn.
     *
     * @param network with a head behind it, which stays
     * @param state of that
     * @throws IOException if they are those of another network
     */
    void replace(Parameters network, Map<String, Tensor> state) throws IOException {
        for (Parameter parameter : weights.isEmpty() ? List.<Parameter>of() : network.all()) {
            String name = parameter.name();
            boolean head = name.equals(SupervisedGraph.HEAD_WEIGHT) || name.equals(SupervisedGraph.HEAD_BIAS);
            Tensor tensor = weights.get(name);
            if (tensor != null && tensor.type().equals(parameter.value().type())) {
                state.put(name, tensor);
            } else if (!head && parameter.role() != Parameter.Role.COUNTER) {
                throw new IOException("The run's checkpoint has no " + parameter
                        + ": expected that of the network in its" + " config.json; copy the run again");
            }
        }
    }

    private static Beginning ofRun(Path run, Side side) throws IOException {
        Path checkpoint = RunExport.newest(run).file();
        TrainingConfig settings = RunConfig.settingsOf(run);
        if (side == Side.B && settings.graph().sharesWeights()) {
            throw new SettingException("Run " + run + " has one encoder for both views: leave out --branch b");
        }
        String prefix = side == Side.B ? Branch.SECOND + "." : "";
        Map<String, Tensor> weights = new LinkedHashMap<>();
        CheckpointFile.read(checkpoint).forEach((name, tensor) -> {
            if (name.startsWith(prefix)) {
                weights.put(name.substring(prefix.length()), tensor);
            }
        });
        return new Beginning(
                settings.graph().branch(side),
                weights,
                settings.views().of(side),
                FileDigest.sha256(new RunLayout(run).config()),
                FileDigest.sha256(checkpoint));
    }

    private static Beginning ofFile(Path file) throws IOException {
        Manifest manifest = Manifest.read(file);
        if (manifest.headed() != null) {
            throw new IOException(
                    file + " is " + manifest.headed() + ", expected an encoder: give the encoder that it was made of");
        }
        Pooling pooling = switch (manifest.pooling()) {
            case NONE -> Pooling.NONE;
            case CLS -> Pooling.CLS;
            case MASKED_MEAN -> Pooling.MEAN;
            case MEAN -> manifest.input().noun().equals("sequences") ? Pooling.PADDED_MEAN : Pooling.MEAN;
        };
        InputConfig input = InputKind.of(manifest.input());
        OnnxConfig read = OnnxConfig.of(file, manifest.outputName(), pooling, "train", "as-exported", null, List.of());
        String name = String.valueOf(file.getFileName());
        InputConfig.Fitted fitted = input.fitted(read, name, Schema.Source.NONE);
        return new Beginning(
                new BranchConfig(name, 0, fitted.input(), "none", "batch", EncoderOptions.NONE, fitted.file()),
                Map.of(),
                Augmentations.parse(input.kind().preset()),
                manifest.configHash(),
                read.sha256());
    }
}
