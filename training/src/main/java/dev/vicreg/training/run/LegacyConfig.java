package dev.vicreg.training.run;

import dev.vicreg.models.setting.SettingException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A config.json from before it had a format number, as commit 8b13b18 wrote it last: names in camel case, a run's settings
 * in one level, those of a branch among those of the graph.
 */
final class LegacyConfig {
    private static final List<String> BRANCH = List.of("encoder", "width", "projector");
    private static final List<String> OPTIONS = List.of("stem", "zeroInitResidual", "patchSize", "pool", "depth");

    private static final Map<String, String> INPUT =
            Map.of("padding", "pad-id", "mask", "mask-id", "special", "special-ids");

    private LegacyConfig() {}

    /** The same as it is written today. */
    static Map<String, Object> translated(Map<?, ?> old) {
        Map<?, ?> settings = map(old, "settings");
        Map<?, ?> graph = map(settings, "graph");
        Map<String, Object> today = new LinkedHashMap<>();
        put(today, "graph", graph(graph));
        Map<String, Object> data = some(settings, List.of("data", "limit", "limitPerClass"));
        put(data, "pairs", renamed(map(settings, "pairs"), Map.of("data", "data-b", "by", "pair-by", "file", "pairs")));
        put(today, "data", data);
        put(today, "views", some(settings, List.of("augment", "augmentB")));
        Map<String, Object> schedule =
                some(settings, List.of("lr", "baseLr", "warmupEpochs", "warmupStart", "schedule", "finalLrFactor"));
        put(schedule, "length", some(settings, List.of("epochs", "steps")));
        put(today, "schedule", schedule);
        put(today, "seed", settings.get("seed"));
        Map<String, Object> machine = some(settings, List.of("device", "threads", "workers"));
        machine.putAll(renamed(
                map(settings, "cuda"),
                Map.of(
                        "memoryLimit", "gpu-memory",
                        "deterministic", "deterministic",
                        "strict", "strict-device",
                        "cudnnSearch", "cudnn-search")));
        put(today, "machine", machine);
        put(today, "output", some(settings, List.of("checkpointEvery", "keep")));
        Map<String, Object> all = some(old, List.of("version", "onnxRuntime", "dataFingerprint", "dataSize"));
        put(all, "settings", today);
        return all;
    }

    /** The same with the name of today for {@code pool} mean of sequences, which was over padding too. */
    @SuppressWarnings("unchecked") // as it is read from JSON
    static Map<?, ?> paddedMeans(Map<?, ?> json) {
        Map<?, ?> graph = map(map(json, "settings"), "graph");
        for (String side : List.of("a", "b")) {
            Map<?, ?> branch = map(graph, side);
            Map<Object, Object> file = (Map<Object, Object>) map(branch, "onnx");
            if ("mean".equals(file.get("pool"))
                    && "sequence".equals(map(branch, "input").get("kind"))) {
                file.put("pool", "padded-mean");
            }
        }
        return json;
    }

    private static Map<String, Object> graph(Map<?, ?> graph) {
        Map<String, Object> today = new LinkedHashMap<>();
        put(today, "a", branch(graph));
        if (graph.containsKey("b")) {
            put(today, "b", branch(map(graph, "b")));
        }
        put(today, "objective", some(graph, List.of("loss", "invariance", "variance", "covariance")));
        put(
                today,
                "update",
                some(
                        graph,
                        List.of("batchSize", "optimizer", "momentum", "weightDecay", "noDecay", "freeze", "lrScale")));
        Map<String, Object> precision = some(graph, List.of("precision"));
        Map<String, String> scaling = Map.of("initial", "loss-scale", "growthInterval", "loss-scale-interval");
        put(precision, "loss-scaling", renamed(map(graph, "lossScaling"), scaling));
        put(today, "precision", precision);
        return today;
    }

    private static Map<String, Object> branch(Map<?, ?> branch) {
        Map<String, Object> today = some(branch, BRANCH);
        put(today, "input", input(map(branch, "input")));
        put(today, "options", some(branch, OPTIONS));
        Map<String, Object> onnx = new LinkedHashMap<>();
        map(branch, "onnx").forEach((name, value) -> onnx.put(kebab((String) name), value));
        put(onnx, "input-shape", onnx.remove("sample"));
        put(today, "onnx", onnx);
        return today;
    }

    private static Map<String, Object> input(Map<?, ?> input) {
        Map<String, Object> today = new LinkedHashMap<>();
        input.forEach((name, value) -> {
            String known = INPUT.getOrDefault(name, kebab((String) name));
            put(today, known, value instanceof Map<?, ?> mel ? logMel(mel) : value);
        });
        return today;
    }

    /** Samples as the milliseconds that they were asked for in. */
    private static String logMel(Map<?, ?> mel) {
        double rate = number(mel, "rate");
        return String.format(
                Locale.ROOT,
                "log-mel,window=%s,hop=%s,bands=%s,low=%s,high=%s",
                number(mel, "window") * 1000 / rate,
                number(mel, "hop") * 1000 / rate,
                mel.get("bands"),
                mel.get("low"),
                mel.get("high"));
    }

    private static double number(Map<?, ?> mel, String name) {
        if (mel.get(name) instanceof Number number) {
            return number.doubleValue();
        }
        throw new SettingException("frontEnd: expected a number as " + name + ", found " + mel.get(name));
    }

    private static Map<?, ?> map(Map<?, ?> parent, String name) {
        return parent.get(name) instanceof Map<?, ?> map ? map : Map.of();
    }

    /** What is not there is left out. */
    private static void put(Map<String, Object> target, String name, @Nullable Object value) {
        if (value != null && !(value instanceof Map<?, ?> map && map.isEmpty())) {
            target.put(name, value);
        }
    }

    private static Map<String, Object> some(Map<?, ?> from, List<String> names) {
        Map<String, Object> some = new LinkedHashMap<>();
        names.forEach(name -> put(some, kebab(name), from.get(name)));
        return some;
    }

    private static Map<String, Object> renamed(Map<?, ?> from, Map<String, String> names) {
        Map<String, Object> renamed = new LinkedHashMap<>();
        names.forEach((old, name) -> put(renamed, name, from.get(old)));
        return renamed;
    }

    private static String kebab(String name) {
        return name.replaceAll("([A-Z])", "-$1").toLowerCase(Locale.ROOT);
    }
}
