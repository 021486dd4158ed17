package dev.vicreg.models.onnx;

import dev.vicreg.models.graph.Tensor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;

/** Edits files as if far less fitted into one than does. */
public final class SmallFiles {
    private SmallFiles() {}

    /** {@link OnnxFile#withInitializers} where files have at most {@code most} bytes. */
    public static EditedModel edit(Path original, Map<String, Tensor> values, Map<String, String> metadata, long most)
            throws IOException {
        return new EditedModel(original, values, true, metadata, OnnxFile.Statistics.AS_THEY_ARE, most);
    }
}
