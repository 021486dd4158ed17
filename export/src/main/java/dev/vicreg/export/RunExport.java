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
     * Exports the encoder of the newest checkpoint.
     *
     * @throws IOException if {@code run} holds no run or no checkpoint yet, or as {@link EncoderExport#export}
     */
    public static EncoderExport.Result newest(Path run, Path target) throws IOException {
        RunConfig config = RunConfig.read(run.resolve("config.json"));
        List<RunFolder.Saved> saved = RunFolder.saved(run);
        if (saved.isEmpty()) {
            throw new IOException("Run " + run + " has no checkpoint yet: expected a folder checkpoints/step-<number>;"
                    + " train until one is saved");
        }
        return export(run, config, saved.get(saved.size() - 1).file(), target);
    }

    /**
     * Exports the encoder as it was before the first step, to compare with.
     *
     * @throws IOException if {@code run} holds no run, or as {@link EncoderExport#export}
     */
    public static EncoderExport.Result initial(Path run, Path target) throws IOException {
        RunConfig config = RunConfig.read(run.resolve("config.json"));
        return export(run, config, artifacts(run).checkpoint(), target);
    }

    private static Artifacts artifacts(Path run) {
        return Artifacts.in(run.resolve("artifacts"));
    }

    private static EncoderExport.Result export(Path run, RunConfig config, Path checkpoint, Path target)
            throws IOException {
        GraphConfig graph = config.settings().graph();
        EncoderExport.Description description = new EncoderExport.Description(
                config.version(),
                graph.encoder(),
                Manifest.Input.picture(graph.imageSize(), graph.mean(), graph.std()),
                sha256(run.resolve("config.json")),
                Map.of());
        return EncoderExport.export(artifacts(run).evalModel(), checkpoint, description, target);
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
