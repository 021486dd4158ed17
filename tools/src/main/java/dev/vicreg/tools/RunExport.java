package dev.vicreg.tools;

import dev.vicreg.export.EncoderExport;
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

/** Exports the encoder of a run's folder. */
final class RunExport {
    private RunExport() {}

    /**
     * The newest checkpoint of the run.
     *
     * @throws IOException if the folder holds no run, or the run has saved nothing yet
     */
    static RunFolder.Saved newest(Path run) throws IOException {
        RunConfig.read(run.resolve("config.json"));
        List<RunFolder.Saved> saved = RunFolder.saved(run);
        if (saved.isEmpty()) {
            throw new IOException(run + " has no checkpoint yet: expected checkpoints/step-*; go on with ./vicreg train"
                    + " --out " + run + " --resume");
        }
        return saved.get(saved.size() - 1);
    }

    /**
     * Exports one checkpoint.
     *
     * @param evaluation figures measured on this encoder, for its manifest
     */
    static EncoderExport.Result export(Path run, Path checkpoint, Path target, Map<String, Double> evaluation)
            throws IOException {
        Path configFile = run.resolve("config.json");
        RunConfig config = RunConfig.read(configFile);
        GraphConfig graph = config.settings().graph();
        EncoderExport.Description description = new EncoderExport.Description(
                config.version(),
                graph.encoder(),
                Manifest.Input.picture(graph.imageSize(), graph.mean(), graph.std()),
                sha256(Files.readAllBytes(configFile)),
                evaluation);
        Path evalModel = Artifacts.in(run.resolve("artifacts")).evalModel();
        return EncoderExport.export(evalModel, checkpoint, description, target);
    }

    private static String sha256(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
