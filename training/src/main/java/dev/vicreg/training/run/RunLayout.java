package dev.vicreg.training.run;

import dev.vicreg.training.step.Side;
import java.nio.file.Path;

/**
 * Where a run has its files: the one place that knows their names. Says nothing of whether they are there.
 *
 * @param root the run's folder
 */
public record RunLayout(Path root) {
    /** The settings: {@code config.json}. */
    public Path config() {
        return root.resolve("config.json");
    }

    /** One line for each step: {@code metrics.jsonl}. */
    public Path metrics() {
        return root.resolve("metrics.jsonl");
    }

    /** The folder of {@link Artifacts}, and of copies of the files that encoders came in: {@code artifacts}. */
    public Path artifacts() {
        return root.resolve("artifacts");
    }

    /** The folder of the saved states: {@code checkpoints}. */
    public Path checkpoints() {
        return root.resolve("checkpoints");
    }

    /** The parameters within a saved state's folder, or within that of artifacts: {@code checkpoint}. */
    public static Path checkpoint(Path folder) {
        return folder.resolve("checkpoint");
    }

    /** The trained encoder of a side: {@code encoder.onnx}, {@code encoder-b.onnx}. */
    public Path encoder(Side side) {
        return root.resolve(side == Side.A ? "encoder.onnx" : "encoder-b.onnx");
    }

    /** The encoder before training: {@code encoder-initial.onnx}, {@code encoder-initial-b.onnx}. */
    public Path initialEncoder(Side side) {
        return root.resolve(side == Side.A ? "encoder-initial.onnx" : "encoder-initial-b.onnx");
    }
}
