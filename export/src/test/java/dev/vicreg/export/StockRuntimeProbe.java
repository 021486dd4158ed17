package dev.vicreg.export;

import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/** Runs in a JVM of its own with nothing but the official onnxruntime jar; see {@link StockRuntimeTest}. */
final class StockRuntimeProbe {
    private StockRuntimeProbe() {}

    /** Model, file of pixels, pictures, size; prints whether training is enabled, then the embeddings' bits. */
    public static void main(String[] arguments) throws OrtException, IOException {
        OrtEnvironment environment = OrtEnvironment.getEnvironment();
        long size = Long.parseLong(arguments[3]);
        long[] shape = {Long.parseLong(arguments[2]), size, size, 3};
        ByteBuffer pixels = ByteBuffer.wrap(Files.readAllBytes(Path.of(arguments[1])));
        try (OrtSession session = environment.createSession(arguments[0]);
                OnnxTensor image = OnnxTensor.createTensor(environment, pixels, shape, OnnxJavaType.UINT8);
                OrtSession.Result result = session.run(Map.of("image", image))) {
            System.out.println(environment.isTrainingEnabled());
            FloatBuffer values = ((OnnxTensor) result.get("embedding").orElseThrow()).getFloatBuffer();
            while (values.hasRemaining()) {
                System.out.println(values.get());
            }
        }
    }
}
