package com.example;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ApplicationTest {
    @TempDir
    Path folder;

    /** In a JVM of its own, with what Maven put on the class path. */
    @Test
    void printsTheVectorOfAPicture() throws Exception {
        Path picture = folder.resolve("picture.png");
        ImageIO.write(new BufferedImage(90, 60, BufferedImage.TYPE_INT_RGB), "png", picture.toFile());
        Path output = folder.resolve("output");
        int exit = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        Application.class.getName(),
                        Path.of("..", "encoder.onnx").toString(),
                        picture.toString())
                .redirectOutput(output.toFile())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start()
                .waitFor();
        assertEquals(0, exit);
        List<String> lines = Files.readAllLines(output);
        assertEquals(1, lines.size());
        assertTrue(lines.get(0).startsWith("[") && lines.get(0).split(",").length == 16, lines::toString);
    }
}
