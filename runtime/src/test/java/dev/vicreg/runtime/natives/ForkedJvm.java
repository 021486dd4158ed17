package dev.vicreg.runtime.natives;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/** A JVM of its own, for what can happen only once in a process. */
record ForkedJvm(Process process) {

    /** What the process printed, both streams together, and how it ended. */
    record Result(int exit, String output) {}

    /** Starts a main class on this JVM's class path, less the entries that {@code without} names. */
    static ForkedJvm start(Class<?> main, Predicate<String> without, Map<String, String> environment, String... options)
            throws IOException {
        String classPath = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
        var command = new ArrayList<String>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of(options));
        command.add("-cp");
        command.add(Arrays.stream(classPath.split(File.pathSeparator))
                .filter(without.negate())
                .collect(Collectors.joining(File.pathSeparator)));
        command.add(main.getName());
        var builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().putAll(environment);
        return new ForkedJvm(builder.start());
    }

    Result waitFor() throws IOException, InterruptedException {
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return new Result(process.waitFor(), output);
    }
}
