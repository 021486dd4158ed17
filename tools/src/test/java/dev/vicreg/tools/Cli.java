package dev.vicreg.tools;

import dev.vicreg.tools.cli.Command;
import dev.vicreg.tools.cli.Console;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import java.util.function.ToIntFunction;

/** Runs a command line in this JVM. */
record Cli(int status, String out, String err) {
    static Cli run(String... words) {
        return of(console -> Main.run(List.of(words), console));
    }

    /** Runs a command line that is asked to stop once it has looked for that so many times. */
    static Cli runStopped(int looks, String... words) {
        AtomicInteger looked = new AtomicInteger();
        return of(console -> Main.run(List.of(words), console), () -> () -> looked.incrementAndGet() > looks);
    }

    /** Runs one command, without options. */
    static Cli run(Command command) {
        return of(console -> Main.run(command, List.of(), console));
    }

    /** Draws ten classes of samples into {@code out}/train and {@code out}/test; fails if that fails. */
    static void sample(String kind, Path out, int perClass, int testPerClass) {
        Cli done = run(
                "sample",
                "--kind",
                kind,
                "--out",
                out.toString(),
                "--per-class",
                Integer.toString(perClass),
                "--test-per-class",
                Integer.toString(testPerClass));
        if (done.status != 0) {
            throw new AssertionError(done.err);
        }
    }

    /** The lines of a run's metrics that are steps: findings and what was measured have lines of their own. */
    static List<String> steps(Path run) throws IOException {
        return Files.readAllLines(run.resolve("metrics.jsonl")).stream()
                .filter(line -> line.contains("\"loss\":"))
                .toList();
    }

    private static Cli of(ToIntFunction<Console> run) {
        return of(run, () -> () -> false);
    }

    private static Cli of(ToIntFunction<Console> run, Supplier<Console.Hold> holds) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        Console console = new Console(print(out), print(err), false, holds);
        int status = run.applyAsInt(console);
        return new Cli(status, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }

    private static PrintStream print(ByteArrayOutputStream bytes) {
        return new PrintStream(bytes, true, StandardCharsets.UTF_8);
    }

    /** The one line of error; fails if there are more or none. */
    String errorLine() {
        if (err.lines().count() != 1) {
            throw new AssertionError("expected one line of error, found: " + err);
        }
        return err.strip();
    }
}
