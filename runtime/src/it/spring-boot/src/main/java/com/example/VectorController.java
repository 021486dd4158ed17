package com.example;

import dev.vicreg.runtime.EmbeddingModel;
import java.io.IOException;
import org.springframework.http.HttpStatus;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.ResponseStatus;
import org.springframework.web.bind.annotation.RestController;

/** {@code curl -H 'Content-Type: image/jpeg' --data-binary @picture.jpg localhost:8080/vector}. */
@RestController
class VectorController {
    private final EmbeddingModel model;

    VectorController(EmbeddingModel model) {
        this.model = model;
    }

    @PostMapping(path = "/vector", consumes = "image/*")
    float[] vector(@RequestBody byte[] picture) throws IOException {
        return model.embed(picture);
    }

    /** No picture, or a damaged one. */
    @ExceptionHandler
    @ResponseStatus(HttpStatus.BAD_REQUEST)
    String refused(IOException e) {
        return e.getMessage();
    }
}
