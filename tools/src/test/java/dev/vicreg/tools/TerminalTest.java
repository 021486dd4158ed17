package dev.vicreg.tools;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vicreg.training.run.CheckpointFile;
import dev.vicreg.training.run.RunFolder;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.api.io.TempDir;

/** The program in a pseudo-terminal, which {@code script} of util-linux makes: keys, the window's size, progress. */
@EnabledIf(value = "hasTools", disabledReason = "script, stty or env --default-signal are not on this machine")
@Timeout(180) // seconds: what is waited for may never come
class TerminalTest {
    private static final int CTRL_C = 3;
    private static final List<String> SMALL =
            List.of("--projector", "16-16", "--batch-size", "32", "--threads", "1", "--workers", "1");

    @TempDir
    Path folder;

    private Path data;
    private Path run;
    private Path screen;
    private Path name;

    static boolean hasTools() throws InterruptedException {
        String tools = "script --version && stty --version && env --default-signal=INT true";
        try {
            return new ProcessBuilder("sh", "-c", tools)
                            .redirectErrorStream(true)
                            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                            .start()
                            .waitFor()
                    == 0;
        } catch (IOException e) {
            return false;
        }
    }

    @BeforeEach
    void nameFiles() {
        data = folder.resolve("pictures");
        run = folder.resolve("run");
        screen = folder.resolve("screen.txt");
        name = folder.resolve("tty");
    }

    private void drawPictures(int perClass) {
        Cli.run("sample", "--out", data.toString(), "--per-class", "" + perClass, "--test-per-class", "1");
    }

    @Test
    void ctrlCSavesTheRunAlsoAfterTheWindowChanged() throws Exception {
        drawPictures(10);
        Process process = start(train("--width", "4"));
        waitFor(process, () -> screen().contains(" left"));
        assertEquals(
                0,
                new ProcessBuilder("stty", "-F", name(), "cols", "60", "rows", "20")
                        .start()
                        .waitFor());
        press(process);
        assertEquals(130, exit(process), screen());
        requireSaved(run);
        for (String line : screen().replace("^C", "").lines().toList()) {
            assertTrue(line.length() < 80 || line.startsWith("stopped and saved"), line);
        }
        assertTrue(screen().matches("(?s).*\rtrain \\[ +\\] 0/100000 .*"), screen());
        assertTrue(
                screen().matches("(?s).*\rtrain \\[ +\\] \\d+/100000  [\\d.]+/s  \\d+ (s|min|h) left  loss.*"),
                screen());
    }

    /** Whoever is impatient loses nothing. */
    @Test
    void manyCtrlCSaveTheRunAndSayHowToEndAtOnce() throws Exception {
        drawPictures(10);
        Process process = start(train("--width", "32"));
        waitFor(process, () -> isWritten(run.resolve("metrics.jsonl")));
        for (int i = 0; i < 5 && process.isAlive(); i++) {
            press(process);
            Thread.sleep(50);
        }
        assertEquals(130, exit(process), screen());
        assertTrue(screen().contains("kill -9 "), screen());
        requireSaved(run);
    }

    @Test
    void ctrlCSavesTheRunOfAQuickstart() throws Exception {
        List<String> words = new ArrayList<>(
                List.of("quickstart", "--out", folder.resolve("quick").toString()));
        words.addAll(SMALL);
        words.addAll(List.of("--per-class", "10", "--test-per-class", "2", "--width", "4", "--epochs", "100000"));
        Process process = start(words);
        Path inside = folder.resolve("quick/run");
        waitFor(process, () -> isWritten(inside.resolve("metrics.jsonl")));
        press(process);
        assertEquals(130, exit(process), screen());
        requireSaved(inside);
    }

    @Test
    void ctrlCLeavesNothingOfVectors() throws Exception {
        drawPictures(60);
        List<String> words = new ArrayList<>(List.of("train", "--data", data + "/train", "--out", run.toString()));
        words.addAll(SMALL);
        words.addAll(List.of("--width", "64", "--steps", "1"));
        assertEquals(0, Cli.run(words.toArray(String[]::new)).status());
        Path out = Files.createDirectory(folder.resolve("out"));
        Process process = start(List.of(
                "embed",
                "--model",
                run + "/encoder.onnx",
                "--data",
                data + "/train",
                "--threads",
                "1",
                "--out",
                out + "/v.npy"));
        waitFor(process, () -> !left(out).isEmpty());
        press(process);
        assertEquals(130, exit(process), screen());
        assertTrue(screen().contains("stopped; nothing was written"), screen());
        assertEquals(List.of(), left(out));
    }

    /** What was saved is the last step that was made, and nothing is half written. */
    private void requireSaved(Path run) throws IOException {
        List<RunFolder.Saved> saved = RunFolder.saved(run);
        RunFolder.Saved last = saved.get(saved.size() - 1);
        assertEquals(last.step(), Cli.steps(run).size());
        assertTrue(
                screen().contains("stopped and saved at step " + last.step() + "; go on with: ./vicreg train --out "
                        + run + " --resume"),
                screen());
        assertEquals(CheckpointFile.types(run.resolve("artifacts/checkpoint")), CheckpointFile.types(last.file()));
        assertEquals(
                List.of(".lock"),
                left(run).stream().filter(file -> file.startsWith(".")).toList());
    }

    /** Names of all files and folders in it. */
    private static List<String> left(Path root) throws IOException {
        try (Stream<Path> files = Files.walk(root)) {
            return files.skip(1).map(file -> file.getFileName().toString()).toList();
        }
    }

    private List<String> train(String... more) {
        List<String> words = new ArrayList<>(List.of("train", "--data", data + "/train", "--out", run.toString()));
        words.addAll(SMALL);
        words.addAll(List.of(more));
        words.addAll(List.of("--steps", "100000"));
        return words;
    }

    private Process start(List<String> words) throws IOException {
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        List<String> command = new ArrayList<>(List.of("exec", "env", "--default-signal=INT", java, "-Xmx512m"));
        command.addAll(List.of("-Dvicreg.terminal=true", "-cp", System.getProperty("java.class.path")));
        command.add("dev.vicreg.tools.Main");
        command.addAll(words);
        String line = "stty cols 80 rows 24; tty >'" + name + "'; "
                + command.stream().map(word -> "'" + word + "'").collect(Collectors.joining(" "));
        ProcessBuilder builder = new ProcessBuilder("script", "-qec", line.replace("'exec'", "exec"), "/dev/null");
        builder.environment().put("SHELL", "/bin/sh");
        return builder.directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectOutput(screen.toFile())
                .start();
    }

    private String name() throws IOException {
        return Files.readString(name).strip();
    }

    private String screen() throws IOException {
        return Files.readString(screen);
    }

    private static void press(Process process) throws Exception {
        try {
            OutputStream keys = process.getOutputStream();
            keys.write(CTRL_C);
            keys.flush();
        } catch (IOException e) {
            if (!process.waitFor(5, TimeUnit.SECONDS)) { // else it ended before the key came
                throw e;
            }
        }
    }

    private static boolean isWritten(Path file) throws IOException {
        return Files.exists(file) && Files.size(file) > 0;
    }

    private void waitFor(Process process, Callable<Boolean> condition) throws Exception {
        while (!condition.call()) {
            assertTrue(process.isAlive(), screen());
            Thread.sleep(20);
        }
    }

    private static int exit(Process process) throws InterruptedException {
        assertTrue(process.waitFor(120, TimeUnit.SECONDS), "the program hangs");
        return process.exitValue();
    }
}
