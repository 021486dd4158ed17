package dev.vicreg.training.session;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/** What carries out steps for a {@link TrainingSession}, and holds parameters and state meanwhile. Not thread-safe. */
interface StepEngine extends AutoCloseable {
    /** What a step gave; closed once it is read. */
    interface Fetched extends AutoCloseable {
        /** The output of that name, which this owns. */
        Optional<OnnxTensor> get(String name);

        @Override
        void close();
    }

    /**
     * One step.
     *
     * @param fed in the signature's order; the caller keeps the tensors
     */
    Fetched step(Map<String, OnnxTensor> fed) throws OrtException;

    /** Writes parameters and state as they are now, as a checkpoint; the file isn't synced. */
    void save(Path checkpoint) throws OrtException, IOException;

    @Override
    void close();
}
