package dev.vicreg.training.run;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.vicreg.training.config.TrainingConfig;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * What config.json of a run holds.
 *
 * @param version of this project that started the run
 * @param onnxRuntime version of the native libraries that started it
 * @param dataFingerprint of the data: see {@link dev.vicreg.training.data.pair.PairedData#fingerprint}
 * @param dataSize samples, or pairs of them, in the data
 * @param settings every resolved setting
 */
public record RunConfig(
        String version, String onnxRuntime, String dataFingerprint, int dataSize, TrainingConfig settings) {
    public static final ObjectMapper JSON = new ObjectMapper()
            .enable(SerializationFeature.INDENT_OUTPUT)
            .setDefaultPropertyInclusion(JsonInclude.Include.NON_NULL);
    /** Settings that may differ when a run goes on: where it runs, not what it computes. The data have a fingerprint. */
    private static final Set<String> FREE =
            Set.of("data", "pairs", "threads", "workers", "device", "cuda", "precision", "checkpointEvery", "keep");

    private static final String LOSS_SCALING = "lossScaling";

    /** Writes the file, complete or not at all. */
    public void write(Path file) throws IOException {
        AtomicFile.write(
                file, ByteBuffer.wrap((JSON.writeValueAsString(this) + "\n").getBytes(StandardCharsets.UTF_8)));
    }

    /**
     * Reads the file.
     *
     * @throws IOException if it is missing or was not written by a run
     */
    public static RunConfig read(Path file) throws IOException {
        try {
            return JSON.readValue(Files.readString(file), RunConfig.class);
        } catch (NoSuchFileException e) {
            throw new NoSuchFileException(file.getParent() + " is no run: it has no " + file.getFileName());
        } catch (JsonProcessingException e) {
            throw new IOException(file + " is not the configuration of a run: " + e.getOriginalMessage(), e);
        }
    }

    /**
     * The settings in which {@code other} differs and which change what a run computes, each as
     * {@code name: ours, asked for theirs}.
     */
    public static List<String> differences(TrainingConfig ours, TrainingConfig other) {
        ObjectNode a = flat(ours);
        ObjectNode b = flat(other);
        Set<String> names = new TreeSet<>();
        a.fieldNames().forEachRemaining(names::add);
        b.fieldNames().forEachRemaining(names::add);
        List<String> differences = new ArrayList<>();
        for (String name : names) {
            JsonNode before = a.path(name);
            JsonNode after = b.path(name);
            boolean otherPrecision = name.equals(LOSS_SCALING) && (before.isMissingNode() || after.isMissingNode());
            if (!FREE.contains(name) && !otherPrecision && !before.equals(after)) {
                differences.add(name + ": " + shown(before) + " in the run, " + shown(after) + " asked for");
            }
        }
        return differences;
    }

    private static String shown(JsonNode value) {
        return value.isMissingNode() ? "nothing" : value.toString();
    }

    private static ObjectNode flat(TrainingConfig config) {
        // Through text, so that numbers compare by what config.json shows of them.
        try {
            ObjectNode node = (ObjectNode) JSON.readTree(JSON.writeValueAsString(config));
            ObjectNode graph = (ObjectNode) node.remove("graph");
            JsonNode second = graph.remove("b");
            putBranch(node, "", graph);
            if (second != null) {
                putBranch(node, "b.", second);
            }
            return node;
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("Settings cannot be written as JSON: " + e.getOriginalMessage(), e);
        }
    }

    private static void putBranch(ObjectNode target, String prefix, JsonNode branch) {
        branch.properties().forEach(entry -> {
            if (entry.getKey().equals("input")) {
                putBranch(target, prefix, entry.getValue());
            } else if (entry.getKey().equals("onnx")) {
                putBranch(target, prefix + "onnx.", entry.getValue());
                target.remove(prefix + "onnx.path"); // the file has a checksum, and the run a copy
            } else {
                target.set(prefix + entry.getKey(), entry.getValue());
            }
        });
    }
}
