package dev.vicreg.models.onnx;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.bytedeco.onnx.global.onnx;

/** ONNX's own checker, with its full shape inference. */
public final class OnnxChecker {
    private OnnxChecker() {}

    public static void check(byte[] model, Path folder) throws IOException {
        Path file = Files.write(folder.resolve("checked.onnx"), model);
        onnx.check_model(file.toString(), true, false, false);
    }
}
