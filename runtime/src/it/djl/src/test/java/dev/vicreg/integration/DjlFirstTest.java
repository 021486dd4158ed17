package dev.vicreg.integration;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.djl.engine.Engine;
import ai.djl.inference.Predictor;
import ai.djl.modality.cv.Image;
import ai.djl.modality.cv.ImageFactory;
import ai.djl.repository.zoo.Criteria;
import ai.djl.repository.zoo.ZooModel;
import dev.vicreg.runtime.EmbeddingModel;
import dev.vicreg.runtime.Manifest;
import dev.vicreg.runtime.djl.EmbeddingTranslator;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** DJL's OnnxRuntime engine runs exported encoders and gives what {@link EmbeddingModel} does, which comes after it. */
class DjlFirstTest {
    @TempDir
    Path folder;

    @BeforeAll
    static void djlComesFirstAndMayComeAfterAManifest(@TempDir Path folder) throws IOException {
        assertEquals(3, Manifest.read(TestEncoders.own(folder)).dimension());
        assertEquals("OnnxRuntime", Engine.getEngine("OnnxRuntime").getEngineName());
    }

    @Test
    void ownEncodersGiveTheSameVectors() throws Exception {
        givesTheSame(TestEncoders.own(folder));
    }

    @Test
    void encodersOfOtherOriginGiveTheSameVectors() throws Exception {
        givesTheSame(TestEncoders.imported(folder));
    }

    private void givesTheSame(Path encoder) throws Exception {
        List<Path> pictures = TestEncoders.pictures(folder);
        List<float[]> expected = new ArrayList<>();
        try (EmbeddingModel model = EmbeddingModel.load(encoder)) {
            for (Path picture : pictures) {
                expected.add(model.embed(picture));
            }
        }
        Criteria<Image, float[]> criteria = Criteria.builder()
                .setTypes(Image.class, float[].class)
                .optModelPath(encoder)
                .optEngine("OnnxRuntime")
                .optTranslator(new EmbeddingTranslator(Manifest.read(encoder)))
                .build();
        try (ZooModel<Image, float[]> model = criteria.loadModel();
                Predictor<Image, float[]> predictor = model.newPredictor()) {
            List<float[]> together = predictor.batchPredict(
                    pictures.stream().map(DjlFirstTest::read).toList());
            assertEquals(pictures.size(), together.size());
            for (int i = 0; i < pictures.size(); i++) {
                assertEquals(3, expected.get(i).length);
                assertArrayEquals(expected.get(i), predictor.predict(read(pictures.get(i))), 1e-6f);
                assertArrayEquals(expected.get(i), together.get(i), 1e-6f);
            }
        }
    }

    private static Image read(Path picture) {
        try {
            return ImageFactory.getInstance().fromFile(picture);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
