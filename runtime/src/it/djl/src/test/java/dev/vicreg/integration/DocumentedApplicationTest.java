package dev.vicreg.integration;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What docs/library.md shows of DJL compiles as it stands there; {@link DjlFirstTest} runs the same calls. */
class DocumentedApplicationTest {
    @TempDir
    Path folder;

    @Test
    void documentedPieceCompiles() throws Exception {
        String page = Files.readString(Path.of("..", "..", "..", "..", "docs", "library.md"));
        Matcher block = Pattern.compile("```java\n(import ai\\.djl.*?)```", Pattern.DOTALL)
                .matcher(page);
        assertEquals(true, block.find(), "docs/library.md shows nothing of DJL");
        String imports = block.group(1)
                .lines()
                .filter(line -> line.startsWith("import "))
                .collect(Collectors.joining("\n"));
        String statements = block.group(1)
                .lines()
                .filter(line -> !line.startsWith("import "))
                .collect(Collectors.joining("\n"));
        Path file = Files.writeString(
                folder.resolve("Application.java"),
                imports + "\npublic class Application { public static void main(String[] args) throws Exception {\n"
                        + statements + "\n} }\n");
        var messages = new ByteArrayOutputStream();
        int status = ToolProvider.getSystemJavaCompiler()
                .run(
                        null,
                        messages,
                        messages,
                        "-cp",
                        System.getProperty("java.class.path"),
                        "-proc:none",
                        "-d",
                        folder.toString(),
                        file.toString());
        assertEquals(0, status, () -> messages.toString(StandardCharsets.UTF_8));
    }
}
