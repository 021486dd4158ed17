package dev.vicreg.tools.command;

import dev.vicreg.models.setting.Group;
import dev.vicreg.models.setting.SettingException;
import dev.vicreg.tools.cli.Console;
import dev.vicreg.tools.cli.Setting;
import dev.vicreg.tools.cli.Settings;
import dev.vicreg.tools.cli.Usage;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.JarURLConnection;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Has {@code spark-submit} of the Spark at {@code SPARK_HOME} run the job of the module {@code spark}, whose classes are never
 * loaded here.
 *
 * @param environment where {@code SPARK_HOME} stands
 * @param libraries what has the job and what it needs on its class path, each in a jar
 */
record SparkEngine(Map<String, String> environment, ClassLoader libraries) {
    static final Setting<String> WORDS = Setting.text(
            "spark-options",
            "\"OPTIONS\"",
            Group.MACHINE,
            "engine spark: options of spark-submit, separated by spaces, such as \"--master yarn\"",
            null);
    static final Setting<Integer> TASK_SAMPLES = Setting.integer(
            "task-samples",
            "N",
            Group.MACHINE,
            "engine spark: about how many samples a task has",
            1000,
            1,
            999_999_999);
    static final List<Setting<?>> OPTIONS = List.of(WORDS, TASK_SAMPLES);

    private static final String JOB = "dev.vicreg.spark.EmbedJob";

    /** A class of each jar that executors need. */
    private static final List<String> NEEDED = List.of(
            "dev.vicreg.runtime.EmbeddingModel",
            "ai.onnxruntime.OrtEnvironment",
            "com.google.gson.Gson",
            "com.luciad.imageio.webp.WebPImageReaderSpi");

    /** What the job says before the line that it ends by. */
    private static final String LINE = "vicreg embed: ";

    /**
     * Embeds, and waits for the job's end.
     *
     * @param out a folder for Parquet files
     * @throws SettingException if the job ends with 2
     * @throws IOException if there is no Spark, or no job in this build
     * @throws IllegalStateException if the job fails: says what the job says
     */
    void embed(Settings settings, String out, boolean normalize, Console console)
            throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command(settings, out, normalize))
                .redirectInput(ProcessBuilder.Redirect.INHERIT)
                .start();
        Thread results = new Thread(
                () -> process.inputReader(StandardCharsets.UTF_8).lines().forEach(console.out()::println));
        results.start();
        String last = null;
        try (BufferedReader lines =
                new BufferedReader(new InputStreamReader(process.getErrorStream(), StandardCharsets.UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                if (line.startsWith(LINE)) {
                    last = line.substring(LINE.length());
                } else {
                    console.err().println(line);
                }
            }
        }
        results.join();
        requireSuccess(process.waitFor(), last);
    }

    private static void requireSuccess(int status, @Nullable String last) {
        String message = Optional.ofNullable(last)
                .orElse("spark-submit ended with status " + status + "; what it said stands above");
        if (status == 2) {
            throw new SettingException(message);
        }
        if (status != 0) {
            throw new IllegalStateException(message);
        }
    }

    /** What is run. */
    List<String> command(Settings settings, String out, boolean normalize) throws IOException {
        String submit = submit().toString();
        Path job = jar(JOB).orElseThrow(() -> new IOException("this build has no engine for Spark;"
                + " build it with VICREG_PROFILE=spark, or mvn -Pspark -DskipTests package"));
        List<String> jars = new ArrayList<>();
        for (String needed : NEEDED) {
            jar(needed).map(Path::toString).ifPresent(jars::add);
        }
        List<String> command = new ArrayList<>(List.of(submit, "--class", JOB, "--jars", String.join(",", jars)));
        if (!settings.on(Usage.DEBUG)) {
            command.addAll(List.of("--conf", "spark.log.level=WARN"));
        }
        settings.find(WORDS).ifPresent(words -> command.addAll(words(words)));
        command.add(job.toString());
        command.add("model=" + located(settings.get(SharedSettings.MODEL).toString()));
        command.add("data=" + located(settings.get(SharedSettings.DATA)));
        command.add("out=" + located(out));
        command.add("normalize=" + normalize);
        command.add("device=" + settings.get(SharedSettings.DEVICE));
        command.add("threads=" + settings.get(SharedSettings.THREADS));
        command.add("task-samples=" + settings.get(TASK_SAMPLES));
        command.add("json=" + settings.on(SharedSettings.JSON));
        return command;
    }

    private static List<String> words(String given) {
        List<String> words = List.of(given.strip().split("\\s+"));
        for (String own : List.of("--class", "--jars")) {
            if (words.contains(own)) {
                throw new SettingException("--spark-options has " + own + ", which this engine gives by itself;"
                        + " leave it out, or run spark-submit as docs/spark.md shows");
            }
        }
        return words;
    }

    private Path submit() throws IOException {
        String home = environment.getOrDefault("SPARK_HOME", "");
        if (home.isEmpty()) {
            throw new IOException(
                    "the engine spark needs Spark 4: set SPARK_HOME to its folder, the one with bin/spark-submit");
        }
        Path submit = Path.of(home, "bin", "spark-submit");
        if (!Files.isExecutable(submit)) {
            throw new IOException("SPARK_HOME is " + home + ", which has no bin/spark-submit;"
                    + " set it to the folder of a Spark 4");
        }
        return submit;
    }

    /** The jar that a class lies in. */
    private Optional<Path> jar(String name) throws IOException {
        URL found = libraries.getResource(name.replace('.', '/') + ".class");
        if (found == null || !(found.openConnection() instanceof JarURLConnection jar)) {
            return Optional.empty();
        }
        try {
            return Optional.of(Path.of(jar.getJarFileURL().toURI()));
        } catch (URISyntaxException e) {
            throw new IOException("cannot tell where " + name + " lies: " + e.getMessage(), e);
        }
    }

    /** A name as Hadoop takes it: one without a scheme is this machine's. */
    private static String located(String name) {
        return name.matches("[A-Za-z][A-Za-z0-9+.-]+:/.*")
                ? name
                : "file://" + Path.of(name).toAbsolutePath().normalize();
    }
}
