package dev.vicreg.export;

import dev.vicreg.runtime.Manifest;
import dev.vicreg.training.loop.Artifacts;
import dev.vicreg.training.loop.GraphConfig;
import dev.vicreg.training.loop.RunConfig;
import dev.vicreg.training.loop.RunFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;

/** Exports the encoders of a run's folder; needs no lock on it. */
public final class RunExport {
    private RunExport() {}

    /**
     * The newest checkpoint of the run in {@code run}.
     *
     * @throws IOException if there is no run, or it has saved nothing yet
     */
    public static RunFolder.Saved newest(Path run) throws IOException {
        RunConfig.read(run.resolve("config.json"));
        List<RunFolder.Saved> saved = RunFolder.saved(run);
        if (saved.isEmpty()) {
            throw new IOException("Run " + run + " has no checkpoint yet: expected a folder checkpoints/step-<number>;"
                    + " train until one is saved");
        }
        return saved.get(saved.size() - 1);
    }

    /**
     * Exports the encoder of one checkpoint: of {@link #newest}, or of the run's artifacts for the encoder before the
     * first step.
     *
     * @param version of this project, for the manifest
     * @param evaluation figures measured on this encoder, by name; may be empty
     * @throws IOException if {@code run} holds no run, or as {@link EncoderExport#export}
     */
    public static EncoderExport.Result export(
            Path run, Path checkpoint, String version, Map<String, Double> evaluation, Path target) throws IOException {
        Path configFile = run.resolve("config.json");
        GraphConfig graph = RunConfig.read(configFile).settings().graph();
        EncoderExport.Description description = new EncoderExport.Description(
                version,
                graph.a().encoder(),
                Manifest.Input.picture(
                        graph.a().imageSize(), graph.a().mean(), graph.a().std()),
                sha256(configFile),
                evaluation);
        Path evalModel = Artifacts.in(run.resolve("artifacts")).evalModel();
        return EncoderExport.export(evalModel, checkpoint, description, target);
    }

    /** What {@code sha256sum} prints. */
    private static String sha256(Path file) throws IOException {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(file)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("Every Java platform has SHA-256", e);
        }
    }
}
