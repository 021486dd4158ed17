package com.example;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vicreg.runtime.EmbeddingModel;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.web.client.TestRestTemplate;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.http.RequestEntity;
import org.springframework.http.ResponseEntity;

@SpringBootTest(
        webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT,
        properties = {"encoder=../encoder.onnx", "spring.main.banner-mode=off", "logging.level.root=warn"})
class VectorApplicationTest {
    @Autowired
    TestRestTemplate client;

    @Autowired
    EmbeddingModel model;

    private <T> ResponseEntity<T> post(byte[] body, Class<T> type) {
        return client.exchange(
                RequestEntity.post("/vector").contentType(MediaType.IMAGE_PNG).body(body), type);
    }

    @Test
    void picturesBecomeVectors() throws Exception {
        var png = new ByteArrayOutputStream();
        ImageIO.write(new BufferedImage(90, 60, BufferedImage.TYPE_INT_RGB), "png", png);
        ResponseEntity<float[]> answer = post(png.toByteArray(), float[].class);
        assertEquals(HttpStatus.OK, answer.getStatusCode());
        assertEquals(16, answer.getBody().length);
        assertArrayEquals(model.embed(png.toByteArray()), answer.getBody());
    }

    @Test
    void whatIsNoPictureIsRefusedInWords() {
        ResponseEntity<String> answer = post(new byte[] {1, 2}, String.class);
        assertEquals(HttpStatus.BAD_REQUEST, answer.getStatusCode());
        assertTrue(answer.getBody().contains("no reader knows its format"), answer.getBody());
    }
}
