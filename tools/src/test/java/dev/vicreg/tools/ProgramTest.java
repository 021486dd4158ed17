package dev.vicreg.tools;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vicreg.training.run.RunFolder;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** The program as a process of its own: streams, signals and a full disk. */
@EnabledOnOs(OS.LINUX)
class ProgramTest {
    @TempDir
    Path folder;

    private Path data;
    private Path run;

    @BeforeEach
    void drawPictures() {
        data = folder.resolve("pictures");
        run = folder.resolve("run");
        Cli.run("sample", "--out", data.toString(), "--per-class", "10", "--test-per-class", "1");
    }

    @Test
    void standardOutputHoldsTheResultAlone() throws Exception {
        Process process = start("", train("--steps", "2", "--json", "--eval-data", data + "/test"));
        String out = text(process.getInputStream());
        assertEquals(0, exit(process));
        assertEquals(1, out.lines().count(), out);
        assertTrue(out.startsWith("{") && out.contains("\"encoder\":\"" + run.resolve("encoder.onnx") + "\""), out);
    }

    @Test
    void signalSavesSaysHowToGoOnAndLeavesARunThatDoes() throws Exception {
        Process process = start("", train("--steps", "100000"));
        waitFor(run.resolve("metrics.jsonl"));
        process.toHandle().destroy(); // TERM: unlike INT it cannot have been switched off by whoever started the tests
        String err = text(process.getErrorStream());
        assertEquals(128 + 15, exit(process), err);
        assertTrue(err.contains("go on with: ./vicreg train --out " + run + " --resume"), err);
        List<RunFolder.Saved> saved = RunFolder.saved(run);
        long step = saved.get(saved.size() - 1).step();
        assertEquals(step, Cli.steps(run).size());
        assertFalse(Files.exists(run.resolve("encoder.onnx")));
        String fewer = Cli.run("train", "--out", run.toString(), "--resume", "--steps", "" + (step - 1))
                .errorLine();
        assertTrue(step == 1 || fewer.contains("the run would have " + (step - 1) + " steps, and " + step), fewer);
        Cli longer = Cli.run("train", "--out", run.toString(), "--resume", "--steps", "" + (step + 1));
        assertEquals(0, longer.status(), longer.err());
        assertTrue(longer.err().contains("now a run of " + (step + 1) + " steps, " + step + " of them"), longer.err());
        assertTrue(Files.exists(run.resolve("encoder.onnx")));
    }

    /** Whatever was there when it was killed, one of the two commands goes on. */
    @Test
    void aStartThatIsKilledCanBeDoneAgain() throws Exception {
        Process process = start("", train("--steps", "2"));
        while (!Files.exists(run.resolve("artifacts"))) {
            assertTrue(process.isAlive(), "it ended by itself");
            Thread.sleep(1);
        }
        process.destroyForcibly().waitFor();
        boolean started = Files.exists(run.resolve("config.json"));
        List<String> again = started ? train("--resume") : train("--steps", "2");
        Cli cli = Cli.run(again.toArray(String[]::new));
        assertEquals(0, cli.status(), cli.err());
        assertEquals(2, RunFolder.saved(run).get(0).step());
    }

    @Test
    void fullDiskEndsInOneLineAndLeavesNothingHalfWritten() throws Exception {
        // A limit of 40 KiB on the size of files fails the same calls.
        Process process = start("ulimit -f 40; ", train("--steps", "3"));
        String err = text(process.getErrorStream());
        assertEquals(1, exit(process), err);
        List<String> lines =
                err.lines().filter(line -> !line.startsWith("train ")).toList(); // progress
        assertEquals(1, lines.size(), err);
        assertTrue(lines.get(0).startsWith("vicreg train: Cannot write "), err);
        try (Stream<Path> left = Files.walk(run)) {
            assertEquals(
                    List.of(),
                    left.filter(file -> file.toString().endsWith(".tmp")).toList());
        }
    }

    @Test
    void fullDiskLeavesNoVectors() throws Exception {
        Cli trained = Cli.run(train("--steps", "1").toArray(String[]::new));
        assertEquals(0, trained.status(), trained.err());
        Path vectors = folder.resolve("vectors.npy");
        List<String> embed = List.of(
                "embed", "--model", run + "/encoder.onnx", "--data", data + "/train", "--out", vectors.toString());
        Process process = start("ulimit -f 4; ", embed);
        String err = text(process.getErrorStream());
        assertEquals(1, exit(process), err);
        String last = err.lines().reduce((before, line) -> line).orElse("");
        assertTrue(last.startsWith("vicreg embed: Cannot write " + vectors + ": "), err);
        try (Stream<Path> left = Files.list(folder)) {
            assertEquals(List.of(data, run), left.sorted().toList());
        }
    }

    /** Deriving the options of all commands once took a third of the time until this page. */
    @Test
    void pageOfCommandsDerivesNoOptions() throws Exception {
        Process process = start("export JDK_JAVA_OPTIONS=-Xlog:class+load; ", List.of("--help"));
        String out = text(process.getInputStream());
        assertEquals(0, exit(process));
        assertTrue(out.contains("dev.vicreg.tools.command.Commands "), out);
        assertFalse(out.contains("dev.vicreg.models.setting.Schema "), out);
        assertFalse(out.contains("dev.vicreg.tools.cli.Setting "), out);
    }

    @Test
    void resultsThatCannotBeWrittenAreAFailure() throws Exception {
        for (List<String> words : List.of(List.of("inspect", "--operators", "--json"), List.of("--help"))) {
            Process process = start("exec >/dev/full; ", words);
            String err = text(process.getErrorStream());
            assertEquals(1, exit(process), err);
            assertEquals(
                    "vicreg: cannot write to standard output: is the disk full, or has what reads it ended?\n", err);
        }
    }

    private List<String> train(String... more) {
        List<String> words = new ArrayList<>(List.of("train", "--data", data + "/train", "--out", run.toString()));
        words.addAll(List.of("--width", "4", "--projector", "16-16", "--batch-size", "32", "--threads", "1"));
        words.addAll(List.of(more));
        return words;
    }

    private Process start(String before, List<String> words) throws IOException {
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        List<String> command = new ArrayList<>(List.of("bash", "-c", before + "exec \"$@\"", "bash", java, "-Xmx512m"));
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), "dev.vicreg.tools.Main"));
        command.addAll(words);
        return new ProcessBuilder(command).directory(folder.toFile()).start();
    }

    /** All that the process writes there until it ends; the other stream must stay small. */
    private static String text(InputStream stream) throws IOException {
        return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
    }

    private static int exit(Process process) throws InterruptedException {
        assertTrue(process.waitFor(120, TimeUnit.SECONDS), "the program hangs");
        return process.exitValue();
    }

    private static void waitFor(Path file) throws Exception {
        for (int i = 0; i < 1200 && !(Files.exists(file) && Files.size(file) > 0); i++) {
            Thread.sleep(100);
        }
    }
}
