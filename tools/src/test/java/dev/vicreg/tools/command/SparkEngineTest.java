package dev.vicreg.tools.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vicreg.models.setting.SettingException;
import dev.vicreg.tools.cli.CommandLine;
import dev.vicreg.tools.cli.Console;
import dev.vicreg.tools.cli.Settings;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** The engine over a made-up Spark whose spark-submit is a script; the job itself is tested in its module. */
@EnabledOnOs(OS.LINUX)
class SparkEngineTest {
    @TempDir
    Path folder;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();
    private ClassLoader libraries;

    @BeforeEach
    void makeLibraries() throws IOException {
        URL job = jar("vicreg-spark.jar", "dev/vicreg/spark/EmbedJob.class");
        URL runtime = jar("vicreg-runtime.jar", "dev/vicreg/runtime/EmbeddingModel.class");
        URL natives = jar("onnxruntime.jar", "ai/onnxruntime/OrtEnvironment.class");
        libraries = new URLClassLoader(new URL[] {job, runtime, natives}, null);
    }

    private URL jar(String name, String entry) throws IOException {
        Path file = folder.resolve(name);
        try (var zip = new ZipOutputStream(Files.newOutputStream(file))) {
            zip.putNextEntry(new ZipEntry(entry));
        }
        return file.toUri().toURL();
    }

    private Map<String, String> spark(String script) throws IOException {
        Path submit = Files.createDirectories(folder.resolve("spark/bin")).resolve("spark-submit");
        Files.writeString(submit, "#!/bin/bash\n" + script);
        Files.setPosixFilePermissions(submit, PosixFilePermissions.fromString("rwxr-xr-x"));
        return Map.of("SPARK_HOME", folder.resolve("spark").toString());
    }

    private static Settings settings(String... more) throws IOException {
        return settings("spark", more);
    }

    private static Settings settings(String engine, String[] more) throws IOException {
        List<String> words = new ArrayList<>(List.of("--model", "m.onnx", "--data", "hdfs://a/b", "--out", "o"));
        words.addAll(List.of("--engine", engine));
        words.addAll(List.of(more));
        return CommandLine.parse(Commands.named("embed").orElseThrow(), words).orElseThrow();
    }

    private void embed(Map<String, String> environment, Settings settings) throws Exception {
        Console console = new Console(new PrintStream(out), new PrintStream(err), false, () -> () -> false);
        new SparkEngine(environment, libraries).embed(settings, "out folder", true, console);
    }

    @Test
    void sparkSubmitGetsTheJobWithItsJarsAndSettings() throws Exception {
        Map<String, String> environment = spark("printf '%s\\n' \"$@\"; echo progress >&2\n");
        embed(environment, settings("--spark-options", "--master  local[2]", "--task-samples", "7", "--json"));
        Path here = Path.of("").toAbsolutePath();
        assertEquals(
                List.of(
                        "--class",
                        "dev.vicreg.spark.EmbedJob",
                        "--jars",
                        folder.resolve("vicreg-runtime.jar") + "," + folder.resolve("onnxruntime.jar"),
                        "--conf",
                        "spark.log.level=WARN",
                        "--master",
                        "local[2]",
                        folder.resolve("vicreg-spark.jar").toString(),
                        "model=file://" + here.resolve("m.onnx"),
                        "data=hdfs://a/b",
                        "out=file://" + here.resolve("out folder"),
                        "normalize=true",
                        "device=auto",
                        "threads=0",
                        "task-samples=7",
                        "json=true"),
                out.toString(StandardCharsets.UTF_8).lines().toList());
        assertEquals("progress\n", err.toString(StandardCharsets.UTF_8));
    }

    @Test
    void failedJobEndsByItsOwnLine() throws Exception {
        Map<String, String> environment = spark("echo 'vicreg embed: no such model: m' >&2; echo later >&2; exit 1\n");
        var failure = assertThrows(IllegalStateException.class, () -> embed(environment, settings()));
        assertEquals("no such model: m", failure.getMessage());
        assertEquals("later\n", err.toString(StandardCharsets.UTF_8));
        Map<String, String> silent = spark("exit 3\n");
        failure = assertThrows(IllegalStateException.class, () -> embed(silent, settings()));
        assertTrue(failure.getMessage().startsWith("spark-submit ended with status 3"), failure.getMessage());
        Map<String, String> usage = spark("echo 'vicreg embed: `threads` must be' >&2; exit 2\n");
        assertThrows(SettingException.class, () -> embed(usage, settings()));
    }

    @Test
    void whatIsMissingIsSaidInOneLine() throws Exception {
        var failure = assertThrows(IOException.class, () -> embed(Map.of(), settings()));
        assertTrue(failure.getMessage().contains("set SPARK_HOME to its folder"), failure.getMessage());
        Map<String, String> wrong = Map.of("SPARK_HOME", folder.toString());
        failure = assertThrows(IOException.class, () -> embed(wrong, settings()));
        assertTrue(failure.getMessage().contains("has no bin/spark-submit"), failure.getMessage());
        Map<String, String> environment = spark("");
        libraries = new URLClassLoader(new URL[0], null);
        failure = assertThrows(IOException.class, () -> embed(environment, settings()));
        assertTrue(failure.getMessage().contains("this build has no engine for Spark"), failure.getMessage());
    }

    @Test
    void optionsOfTheOtherEngineAreRefused() throws Exception {
        Console console = new Console(new PrintStream(out), new PrintStream(err), false, () -> () -> false);
        var failure = assertThrows(SettingException.class, () -> EmbedCommand.run(settings("--limit", "3"), console));
        assertEquals("--limit is for the engine local; leave it out", failure.getMessage());
        failure = assertThrows(
                SettingException.class,
                () -> EmbedCommand.run(settings("local", new String[] {"--task-samples", "3"}), console));
        assertEquals("--task-samples is for the engine spark; leave it out", failure.getMessage());
        Map<String, String> environment = spark("");
        failure = assertThrows(
                SettingException.class, () -> embed(environment, settings("--spark-options", "--jars a.jar")));
        assertTrue(failure.getMessage().contains("--spark-options has --jars"), failure.getMessage());
    }
}
