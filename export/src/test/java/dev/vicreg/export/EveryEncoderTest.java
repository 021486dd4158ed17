package dev.vicreg.export;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vicreg.models.encoder.Encoders;
import dev.vicreg.models.nn.Parameter;
import dev.vicreg.runtime.EmbeddingModel;
import dev.vicreg.runtime.natives.Device;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.bytedeco.onnx.global.onnx;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The way of every picture encoder of the registry from a checkpoint to a file that serves. */
class EveryEncoderTest {
    @TempDir
    Path folder;

    static List<String> names() {
        return Encoders.names().stream()
                .filter(name -> Encoders.input(name) == Encoders.Input.PICTURES)
                .toList();
    }

    @ParameterizedTest
    @MethodSource("names")
    void isExportedForOldRuntimesAndServes(String name) throws IOException {
        int width = name.startsWith("vit") ? 12 : 8;
        TestRun run = TestRun.write(folder.resolve("run"), name, width, "8", 1);
        Path target = folder.resolve("encoder.onnx");
        EncoderExport.Result result = run.export(target);
        assertTrue(result.difference() <= 1e-4, "difference " + result.difference());

        long trained = run.built().parameters().all().stream()
                .filter(parameter -> parameter.isTrained() && parameter.name().startsWith("encoder."))
                .map(Parameter::shape)
                .mapToLong(shape -> shape.elements())
                .sum();
        assertEquals(trained, result.manifest().parameters());
        int dimension =
                Encoders.of(name, new Encoders.Spec(width, TestRun.IMAGE_SIZE)).dimension();
        try (EmbeddingModel model = EmbeddingModel.load(target, Device.CPU, 1)) {
            assertEquals(dimension, model.dimension());
            assertEquals(result.manifest(), model.manifest());
        }
        onnx.check_model(target.toString(), true, false, false);
        var model = ai.onnx.proto.OnnxMl.ModelProto.parseFrom(Files.readAllBytes(target));
        assertEquals(17, model.getOpsetImport(0).getVersion());
    }
}
