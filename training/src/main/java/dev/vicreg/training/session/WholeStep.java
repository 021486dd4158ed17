package dev.vicreg.training.session;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.OrtTrainingSession;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/** A step as one graph, which a training session of ONNX Runtime runs and which writes over its state by itself. */
record WholeStep(OrtTrainingSession session) implements StepEngine {
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
