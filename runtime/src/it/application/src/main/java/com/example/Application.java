package com.example;

import dev.vicreg.runtime.EmbeddingModel;
import java.nio.file.Path;
import java.util.Arrays;

/** Prints a picture's vector: {@code Application encoder.onnx picture.jpg}. */
public final class Application {
    private Application() {}

    public static void main(String[] arguments) throws Exception {
        try (EmbeddingModel model = EmbeddingModel.load(Path.of(arguments[0]))) {
            float[] vector = model.embed(Path.of(arguments[1]));
            System.out.println(Arrays.toString(vector));
        }
    }
}
