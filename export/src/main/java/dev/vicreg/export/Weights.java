package dev.vicreg.export;

import dev.vicreg.models.graph.Tensor;
import dev.vicreg.training.run.CheckpointFile;
import dev.vicreg.training.step.TrainingGraph;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** Which weights of a checkpoint an exported encoder has. */
public enum Weights {
    /** Those that the last step left. */
    TRAINED,
    /** Their moving averages, of runs that have some; what never moves has none. */
    AVERAGED;

    /** What the checkpoint holds, by the parameters' names. */
    Map<String, Tensor> of(Path checkpoint) throws IOException {
        Map<String, Tensor> held = CheckpointFile.read(checkpoint);
        Map<String, Tensor> state = new LinkedHashMap<>(held);
        if (this == AVERAGED) {
            held.forEach((name, tensor) -> {
                if (name.startsWith(TrainingGraph.EMA_PREFIX)) {
                    state.put(name.substring(TrainingGraph.EMA_PREFIX.length()), tensor);
                }
            });
        }
        return state;
    }
}
