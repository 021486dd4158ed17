package dev.vicreg.training.session;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.OrtTrainingSession;
import dev.vicreg.runtime.natives.Device;
import dev.vicreg.runtime.natives.OrtSessions;
import dev.vicreg.training.step.StepSignature;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A step as one graph, which a training session of ONNX Runtime runs and which writes over its state by itself: the only class
 * that touches such sessions.
 */
record WholeStep(OrtTrainingSession session) implements StepEngine {
    /**
     * Opens a session.
     *
     * @param profile what the record of operators starts with; null for none
     * @throws IOException if a file cannot be loaded, or the two do not belong together
     */
    static WholeStep open(
            StepSignature signature,
            Path checkpoint,
            Path trainingModel,
            Device device,
            int threads,
            @Nullable Path profile)
            throws IOException {
        try (OrtSession.SessionOptions options = OrtSessions.options(device, threads)) {
            if (profile != null) {
                options.enableProfiling(profile.toString());
            }
            OrtTrainingSession session = OrtEnvironment.getEnvironment()
                    .createTrainingSession(checkpoint.toString(), trainingModel.toString(), null, null, options);
            List<String> fed = List.copyOf(session.getTrainInputNames());
            if (!fed.equals(signature.fed())) {
                session.close();
                throw new IOException("Checkpoint " + checkpoint + " does not hold every parameter of " + trainingModel
                        + ": the model would have to be fed " + fed + ", expected " + signature.fed());
            }
            return new WholeStep(session);
        } catch (OrtException e) {
            throw new IOException(
                    "Cannot train " + trainingModel + " from checkpoint " + checkpoint + ": "
                            + TrainingSession.oneLine(e),
                    e);
        }
    }

    @Override
    public Fetched step(Map<String, OnnxTensor> fed) throws OrtException {
        OrtSession.Result result = session.trainStep(fed);
        return new Fetched() {
            @Override
            public Optional<OnnxTensor> get(String name) {
                return result.get(name).map(OnnxTensor.class::cast);
            }

            @Override
            public void close() {
                result.close();
            }
        };
    }

    @Override
    public void save(Path checkpoint) throws OrtException {
        session.saveCheckpoint(checkpoint, false);
    }

    @Override
    public void close() {
        session.close();
    }
}
