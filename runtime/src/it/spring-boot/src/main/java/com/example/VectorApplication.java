package com.example;

import dev.vicreg.runtime.EmbeddingModel;
import java.io.IOException;
import java.nio.file.Path;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.context.annotation.Bean;

/** Serves vectors: {@code --encoder=encoder.onnx}. */
@SpringBootApplication
public class VectorApplication {
    public static void main(String[] arguments) {
        SpringApplication.run(VectorApplication.class, arguments);
    }

    /** One model for all requests: it is thread-safe. Spring closes it at the end. */
    @Bean
    EmbeddingModel model(@Value("${encoder}") String encoder) throws IOException {
        return EmbeddingModel.load(Path.of(encoder));
    }
}
