package dev.vicreg.spark;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What a job is told, in words {@code name=value}. Paths are as Hadoop takes them: without a scheme they are of the
 * cluster's default file system.
 *
 * @param model file of an exported encoder
 * @param data folder, .tar, single file or {@code .parquet} table of paths
 * @param out folder of Parquet files that vectors are appended to
 * @param normalize whether every vector is scaled to length 1
 * @param device where executors run the encoder, as {@code Device.parse} takes it
 * @param threads of the encoder for one call; 0 for as many as Spark gives a task
 * @param taskSamples about how many samples a task has: so many are done again where one is lost, and stand in a file
 * @param json whether the result is printed as JSON
 */
record EmbedSettings(
        String model,
        String data,
        String out,
        boolean normalize,
        String device,
        int threads,
        int taskSamples,
        boolean json) {
    private static final Map<String, String> DEFAULTS =
            Map.of("normalize", "false", "device", "auto", "threads", "0", "task-samples", "1000", "json", "false");
    private static final List<String> REQUIRED = List.of("model", "data", "out");

    /** @throws IllegalArgumentException if a word is none of these settings, or one is missing or wrong */
    static EmbedSettings parse(List<String> words) {
        Map<String, String> given = new HashMap<>(DEFAULTS);
        for (String word : words) {
            int equals = word.indexOf('=');
            String name = word.substring(0, Math.max(0, equals));
            if (!DEFAULTS.containsKey(name) && !REQUIRED.contains(name)) {
                throw new IllegalArgumentException(
                        "expected NAME=VALUE with a name of model, data, out, normalize, device,"
                                + " threads, task-samples and json, found " + word);
            }
            given.put(name, word.substring(equals + 1));
        }
        for (String name : REQUIRED) {
            if (given.getOrDefault(name, "").isEmpty()) {
                throw new IllegalArgumentException("`" + name + "` is missing: give model=FILE data=FOLDER out=FOLDER");
            }
        }
        return new EmbedSettings(
                given.getOrDefault("model", ""),
                given.getOrDefault("data", ""),
                given.getOrDefault("out", ""),
                truth("normalize", given),
                given.getOrDefault("device", ""),
                whole("threads", 0, given),
                whole("task-samples", 1, given),
                truth("json", given));
    }

    private static boolean truth(String name, Map<String, String> given) {
        String text = given.getOrDefault(name, "");
        if (!Set.of("true", "false").contains(text)) {
            throw new IllegalArgumentException("`" + name + "` must be true or false, found " + text);
        }
        return Boolean.parseBoolean(text);
    }

    private static int whole(String name, int least, Map<String, String> given) {
        String text = given.getOrDefault(name, "");
        if (!text.matches("\\d{1,9}") || Integer.parseInt(text) < least) {
            throw new IllegalArgumentException(
                    "`" + name + "` must be a whole number of at least " + least + ", found " + text);
        }
        return Integer.parseInt(text);
    }
}
