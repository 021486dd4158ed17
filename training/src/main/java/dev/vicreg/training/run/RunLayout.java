package dev.vicreg.training.run;

import dev.vicreg.training.step.Side;
import java.nio.file.Path;
import java.util.OptionalLong;

/**
 * Where a run has its files: the one place that knows their names. Says nothing of whether they are there.
 *
 * @param root the run's folder
 */
public record RunLayout(Path root) {
    private static final String STEP = "step-";

    /** The settings: {@code config.json}. */
    public Path config() {
        return root.resolve("config.json");
    }

    /** One line for each step: {@code metrics.jsonl}. */
    public Path metrics() {
        return root.resolve("metrics.jsonl");
    }

    /** The page about the run: {@code report.html}. */
    public Path report() {
        return root.resolve("report.html");
    }

    /** What is kept of a step whose numbers went wrong: {@code incident}. */
    public Path incident() {
        return root.resolve("incident");
    }

    /** The folder of curves for TensorBoard: {@code tensorboard}. */
    public Path tensorboard() {
        return root.resolve("tensorboard");
    }

    /** What says that a process uses the run, empty: {@code .lock}. */
    Path lock() {
        return root.resolve(".lock");
    }

    /** The folder of {@link Artifacts}, and of copies of the files that encoders came in: {@code artifacts}. */
    public Path artifacts() {
        return root.resolve("artifacts");
    }

    /** The folder of the saved states: {@code checkpoints}. */
    public Path checkpoints() {
        return root.resolve("checkpoints");
    }

    /** The folder of the state after so many steps: {@code checkpoints/step-00000004}. */
    Path saved(long step) {
        return checkpoints().resolve(STEP + "%08d".formatted(step));
    }

    /** The steps that a folder among {@link #checkpoints} is of; empty if it is none of them. */
    static OptionalLong step(Path folder) {
        String name = folder.getFileName().toString();
        return name.matches(STEP + "[0-9]{8,18}")
                ? OptionalLong.of(Long.parseLong(name.substring(STEP.length())))
                : OptionalLong.empty();
    }

    /** What a saved state's folder tells of it: {@code state.json}. */
    static Path state(Path folder) {
        return folder.resolve("state.json");
    }

    /** What learns beside the run, of a saved state that has it: {@code online}. */
    static Path online(Path folder) {
        return folder.resolve("online");
    }

    /** Which of the saved states is the best: {@code checkpoints/best.json}. */
    Path best() {
        return checkpoints().resolve("best.json");
    }

    /**
     * The copy of the file that a side's encoder came in: {@code artifacts/encoder-original.onnx},
     * {@code encoder-original-b.onnx}.
     */
    public Path original(Side side) {
        return artifacts().resolve(side == Side.A ? "encoder-original.onnx" : "encoder-original-b.onnx");
    }

    /** The newest state in another precision, from which a run goes on: {@code artifacts/checkpoint-resumed}. */
    public Path resumedCheckpoint() {
        return artifacts().resolve("checkpoint-resumed");
    }

    /** The graph of a step within the folder of artifacts: {@code training_model.onnx}. */
    static Path trainingModel(Path folder) {
        return folder.resolve("training_model.onnx");
    }

    /** The graph of both networks within the folder of artifacts: {@code eval_model.onnx}. */
    static Path evalModel(Path folder) {
        return folder.resolve("eval_model.onnx");
    }

    /** The parameters within a saved state's folder, or within that of artifacts: {@code checkpoint}. */
    public static Path checkpoint(Path folder) {
        return folder.resolve("checkpoint");
    }

    /** The trained encoder of a side: {@code encoder.onnx}, {@code encoder-b.onnx}. */
    public Path encoder(Side side) {
        return root.resolve(side == Side.A ? "encoder.onnx" : "encoder-b.onnx");
    }

    /** A side's trained encoder with averaged weights: {@code encoder-ema.onnx}, {@code encoder-ema-b.onnx}. */
    public Path averagedEncoder(Side side) {
        return root.resolve(side == Side.A ? "encoder-ema.onnx" : "encoder-ema-b.onnx");
    }

    /** The encoder before training: {@code encoder-initial.onnx}, {@code encoder-initial-b.onnx}. */
    public Path initialEncoder(Side side) {
        return root.resolve(side == Side.A ? "encoder-initial.onnx" : "encoder-initial-b.onnx");
    }
}
