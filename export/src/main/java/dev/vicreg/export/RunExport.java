package dev.vicreg.export;

import ai.onnxruntime.OnnxJavaType;
import dev.vicreg.models.encoder.OnnxEncoder;
import dev.vicreg.models.setting.SettingException;
import dev.vicreg.runtime.file.FileDigest;
import dev.vicreg.runtime.input.Input;
import dev.vicreg.training.config.BranchConfig;
import dev.vicreg.training.config.GraphConfig;
import dev.vicreg.training.config.OnnxConfig;
import dev.vicreg.training.config.PictureInput;
import dev.vicreg.training.run.Artifacts;
import dev.vicreg.training.run.BestCheckpoint;
import dev.vicreg.training.run.CheckpointFile;
import dev.vicreg.training.run.RunConfig;
import dev.vicreg.training.run.RunFolder;
import dev.vicreg.training.run.RunLayout;
import dev.vicreg.training.step.Side;
import dev.vicreg.training.step.TrainingGraph;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Exports the encoders of a run's folder; needs no lock on it. */
public final class RunExport {
    /** What the export of an encoder that came as an ONNX file looks like; own encoders have but one form. */
    public enum Form {
        /** The file itself with other values in it; {@link #FOLDED} if it cannot hold them, as the result's note says. */
        ORIGINAL,
        /** A file of this project's form, batch norms folded, with the input that the original has. */
        FOLDED,
        /** The same with the input of own picture encoders: uint8 [N,H,W,3], normalisation inside. */
        PICTURES
    }

    private RunExport() {}

    /**
     * The newest checkpoint of the run in {@code run}.
     *
     * @throws IOException if there is no run, it has saved nothing yet, or the checkpoint is damaged
     */
    public static RunFolder.Saved newest(Path run) throws IOException {
        RunConfig.read(new RunLayout(run).config());
        List<RunFolder.Saved> saved = RunFolder.saved(run);
        if (saved.isEmpty()) {
            throw new IOException("Run " + run + " has no checkpoint yet: expected a folder checkpoints/step-<number>;"
                    + " train until one is saved: ./vicreg train `resume` `out` " + run);
        }
        RunFolder.Saved newest = saved.get(saved.size() - 1);
        Optional<String> damage = RunFolder.damage(newest);
        if (damage.isPresent()) {
            throw new IOException("Checkpoint " + newest.file() + " is damaged: " + damage.get()
                    + "; what goes on from the one before: ./vicreg train `resume` `out` " + run);
        }
        return newest;
    }

    /**
     * A checkpoint of the run in {@code run} by its name.
     *
     * @param name {@code newest}, {@code best}, or {@code step-N}, of which 0 is the run's start
     * @throws SettingException if the run has none of that name: says which it has
     * @throws IOException as {@link #newest}
     */
    public static RunFolder.Saved checkpoint(Path run, String name) throws IOException {
        if (name.equals("newest")) {
            return newest(run);
        }
        RunConfig.read(new RunLayout(run).config());
        Map<String, RunFolder.Saved> all = new LinkedHashMap<>();
        all.put(
                "step-0",
                new RunFolder.Saved(
                        0, Artifacts.in(new RunLayout(run).artifacts()).checkpoint()));
        RunFolder.saved(run).forEach(saved -> all.put("step-" + saved.step(), saved));
        Optional<BestCheckpoint> best = BestCheckpoint.of(run);
        best.ifPresent(is -> all.put("best", Objects.requireNonNull(all.get("step-" + is.step()))));
        RunFolder.Saved saved = all.get(name);
        if (saved == null) {
            throw new SettingException("`checkpoint`: run " + run + " has no checkpoint " + name + ", only newest, "
                    + String.join(", ", all.keySet())
                    + (name.equals("best") ? "; ./vicreg train keeps the best with `eval-every` and `keep-best`" : ""));
        }
        Optional<String> damage = RunFolder.damage(saved);
        if (damage.isPresent()) {
            throw new IOException("Checkpoint " + saved.file() + " is damaged: " + damage.get()
                    + "; export another one by `checkpoint`");
        }
        return saved;
    }

    /**
     * Exports the encoder of one checkpoint, one that came as an ONNX file in the original file if that can hold it: of
     * {@link #newest}, or of the run's artifacts for the encoder before the first step.
     *
     * @param side whose encoder; {@link Side#A} where both views share one
     * @param version of this project, for the manifest
     * @param evaluation figures measured on this encoder, by name; may be empty
     * @throws IOException if {@code run} holds no run, a weight is not finite, or as {@link EncoderExport#export}
     * @throws IllegalArgumentException for side b of a run whose views share one encoder
     */
    public static EncoderExport.Result export(
            Path run, Side side, Path checkpoint, String version, Map<String, Double> evaluation, Path target)
            throws IOException {
        return export(run, side, Form.ORIGINAL, Weights.TRAINED, checkpoint, version, evaluation, target);
    }

    /**
     * The same with a choice of what becomes of encoders that came as ONNX files, and of the weights.
     *
     * @throws IllegalArgumentException also for {@link Form#PICTURES} of any other encoder, or of one that takes no
     *     pictures, and for averages of a run that has none
     */
    public static EncoderExport.Result export(
            Path run,
            Side side,
            Form form,
            Weights weights,
            Path checkpoint,
            String version,
            Map<String, Double> evaluation,
            Path target)
            throws IOException {
        RunLayout layout = new RunLayout(run);
        GraphConfig graph = RunConfig.settingsOf(run).graph();
        if (side == Side.B && graph.sharesWeights()) {
            throw new SettingException("Run " + run + " has one encoder for both views: leave out `branch` b");
        }
        if (weights == Weights.AVERAGED && graph.update().options().ema() == 0) {
            throw new SettingException("Run " + run + " has no averaged encoder: it was trained without `ema`");
        }
        Artifacts artifacts = Artifacts.in(layout.artifacts());
        requireFinite(checkpoint, artifacts.checkpoint());
        BranchConfig branch = graph.branch(side);
        OnnxConfig file = branch.onnx();
        if (form == Form.PICTURES && (file == null || !(branch.input() instanceof PictureInput))) {
            throw new SettingException("Run " + run + " trained " + branch.encoder()
                    + ": `picture-input` is for encoders that came as ONNX files and take pictures; leave it out");
        }
        String hash = FileDigest.sha256(layout.config());
        if (file == null || form != Form.ORIGINAL) {
            return own(artifacts, side, branch, form, weights, checkpoint, version, hash, evaluation, target);
        }
        try {
            return ImportedExport.export(
                    Path.of(file.path()),
                    file.encoder(),
                    artifacts.evalModel(),
                    side,
                    graph.sharesWeights(),
                    weights,
                    checkpoint,
                    new EncoderExport.Description(
                            version, branch.encoder(), served(branch, file, form), hash, evaluation),
                    target);
        } catch (ImportedExport.NotHeldException e) {
            return own(artifacts, side, branch, Form.FOLDED, weights, checkpoint, version, hash, evaluation, target)
                    .insteadOfOriginal(String.valueOf(e.getMessage()));
        }
    }

    /**
     * Exports the encoder of a branch in this project's form, whatever trained it.
     *
     * @param artifacts whose evaluation graph gives the first side's representation
     * @param branch of which the graph was made
     * @param configHash of the settings that it was trained with
     * @throws IOException as {@link EncoderExport#export}
     */
    public static EncoderExport.Result export(
            Artifacts artifacts, BranchConfig branch, Path checkpoint, String version, String configHash, Path target)
            throws IOException {
        return own(
                artifacts,
                Side.A,
                branch,
                Form.FOLDED,
                Weights.TRAINED,
                checkpoint,
                version,
                configHash,
                Map.of(),
                target);
    }

    /**
     * Writes the encoder of one checkpoint with its projector behind it, in this project's form: what the loss saw, for
     * measurements. Nobody should serve it: Bardes et al. 2022, like all since Chen et al. 2020 (SimCLR, section 4.2), use
     * the representation.
     *
     * @throws IOException as {@link #export}
     */
    public static void exportProjection(Path run, Side side, Path checkpoint, String version, Path target)
            throws IOException {
        RunLayout layout = new RunLayout(run);
        BranchConfig branch = RunConfig.settingsOf(run).graph().branch(side);
        Artifacts artifacts = Artifacts.in(layout.artifacts());
        requireFinite(checkpoint, artifacts.checkpoint());
        EncoderExport.Description description = new EncoderExport.Description(
                version, branch.encoder(), taken(branch, Form.FOLDED), FileDigest.sha256(layout.config()), Map.of());
        EncoderExport.export(
                artifacts.evalModel(), side.projection(), Weights.TRAINED, checkpoint, description, null, target);
    }

    /** What an encoder takes in this project's form. */
    private static Input<?> taken(BranchConfig branch, Form form) throws IOException {
        OnnxConfig file = branch.onnx();
        return file == null || form == Form.PICTURES ? branch.input().served() : served(branch, file, form);
    }

    /** In this project's form. */
    private static EncoderExport.Result own(
            Artifacts artifacts,
            Side side,
            BranchConfig branch,
            Form form,
            Weights weights,
            Path checkpoint,
            String version,
            String hash,
            Map<String, Double> evaluation,
            Path target)
            throws IOException {
        EncoderExport.Description description =
                new EncoderExport.Description(version, branch.encoder(), taken(branch, form), hash, evaluation);
        return EncoderExport.export(
                artifacts.evalModel(),
                side.representation(),
                weights,
                checkpoint,
                description,
                front(branch, form),
                target);
    }

    /**
     * Refuses weights that training has spoilt.
     *
     * @param start the run's first: what isn't finite there, such as a mask of an imported network, is meant so
     */
    private static void requireFinite(Path checkpoint, Path start) throws IOException {
        Set<String> spoilt = CheckpointFile.notFinite(checkpoint);
        if (!spoilt.isEmpty()) {
            spoilt.removeAll(CheckpointFile.notFinite(start));
        }
        Optional<String> weight = spoilt.stream()
                .filter(name -> !name.startsWith(TrainingGraph.OPTIMIZER_PREFIX))
                .findFirst();
        if (weight.isPresent()) {
            throw new IOException("Cannot export " + checkpoint + ": " + weight.get()
                    + " holds numbers that are not finite; export a checkpoint from before training went wrong");
        }
    }

    /** What pictures become before they reach an encoder of other origin; null where they reach it as they are. */
    private static Input.@Nullable Pictures front(BranchConfig branch, Form form) throws IOException {
        OnnxConfig file = branch.onnx();
        return file != null
                        && form == Form.PICTURES
                        && served(branch, file, form) instanceof Input.Pictures taken
                        && taken.type() == OnnxJavaType.FLOAT
                ? taken
                : null;
    }

    /** What an encoder of other origin takes. */
    private static Input<?> served(BranchConfig branch, OnnxConfig file, Form form) throws IOException {
        OnnxEncoder encoder = file.encoder();
        String name = form == Form.ORIGINAL ? encoder.originalInputName() : encoder.inputName();
        return branch.input().served(name, file.takes());
    }
}
