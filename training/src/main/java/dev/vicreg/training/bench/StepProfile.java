package dev.vicreg.training.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.vicreg.runtime.file.TemporaryFolder;
import dev.vicreg.runtime.natives.CudaOptions;
import dev.vicreg.runtime.natives.Device;
import dev.vicreg.training.config.GraphConfig;
import dev.vicreg.training.run.Artifacts;
import dev.vicreg.training.session.StepNumbers;
import dev.vicreg.training.session.TrainingSession;
import dev.vicreg.training.step.Side;
import dev.vicreg.training.step.TrainingGraph;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Where the operators of one training step ran, as ONNX Runtime itself recorded it.
 *
 * @param operators in the order in which they ran
 */
public record StepProfile(List<Operator> operators) {
    /** A scalar: what may go to the host and back without counting as a copy. */
    private static final long SCALAR_BYTES = 8;

    /** Where ONNX Runtime starts the name of its record. */
    private static final String PROFILE = "step";

    private static final String CPU = "CPUExecutionProvider";
    private static final String TO_HOST = "MemcpyToHost";
    private static final String FROM_HOST = "MemcpyFromHost";

    /**
     * One operator of the graph as it was executed, after ONNX Runtime's own rewriting.
     *
     * @param name of the node; empty where ONNX Runtime gave it none
     * @param type in the words of ONNX
     * @param provider that ran it, such as {@code CUDAExecutionProvider}
     * @param bytes of its outputs
     * @param microseconds on the CPU; on a GPU the time that it took to start the kernel
     */
    public record Operator(String name, String type, String provider, long bytes, long microseconds) {
        /** Whether this moves more than a scalar between host and device. */
        public boolean isCopy() {
            return (type.equals(TO_HOST) || type.equals(FROM_HOST)) && bytes > SCALAR_BYTES;
        }

        /** Whether the host computes this. */
        public boolean isOnHost() {
            return provider.equals(CPU);
        }
    }

    /**
     * Takes one step on random views from the artifacts' checkpoint and records it. No file changes. On CUDA no time
     * is spent on searching convolutions' algorithms for it.
     *
     * @param built what the files were written from
     * @param config what that was built from
     * @throws IOException if a file cannot be loaded, or the record not be written
     */
    public static StepProfile of(
            TrainingGraph.Built built, GraphConfig config, Artifacts artifacts, Device device, int threads)
            throws IOException {
        try (TemporaryFolder folder = TemporaryFolder.create("vicreg-profile")) {
            try (TrainingSession session = TrainingSession.open(
                    built.signature(),
                    artifacts.checkpoint(),
                    artifacts.trainingModel(),
                    quick(device),
                    threads,
                    folder.path().resolve(PROFILE))) {
                session.step(
                        StepBenchmark.randomViews(built, Side.A, config),
                        StepBenchmark.randomViews(built, Side.B, config),
                        new StepNumbers(0));
            }
            return read(only(folder.path()));
        }
    }

    private static Device quick(Device device) {
        CudaOptions cuda = device.cuda();
        return cuda.deterministic()
                ? device
                : device.with(new CudaOptions(cuda.memoryLimit(), false, cuda.tf32(), CudaOptions.HEURISTIC));
    }

    /** The file of ONNX Runtime's profiler: a list of events in Chrome's format. */
    public static StepProfile read(Path file) throws IOException {
        List<Operator> operators = new ArrayList<>();
        for (JsonNode event : new ObjectMapper().readTree(file.toFile())) {
            String name = event.path("name").asText();
            JsonNode args = event.path("args");
            if (event.path("cat").asText().equals("Node") && name.endsWith("_kernel_time")) {
                operators.add(new Operator(
                        name.substring(0, name.length() - "_kernel_time".length()),
                        args.path("op_name").asText(),
                        args.path("provider").asText(),
                        args.path("output_size").asLong(),
                        event.path("dur").asLong()));
            }
        }
        if (operators.isEmpty()) {
            throw new IOException("ONNX Runtime's profile " + file + " names no operator: expected those of a step");
        }
        return new StepProfile(List.copyOf(operators));
    }

    /** What is moved between host and device in the middle of the step, beyond scalars. */
    public List<Operator> copies() {
        return operators.stream().filter(Operator::isCopy).toList();
    }

    /**
     * What the host computes, but for step counts, which AdamW's kernel wants there: number of operators by type. On the CPU
     * that is everything.
     */
    public Map<String, Long> onHost() {
        return operators.stream()
                .filter(operator -> operator.isOnHost() && !isStepCount(operator))
                .collect(Collectors.groupingBy(Operator::type, TreeMap::new, Collectors.counting()));
    }

    private static boolean isStepCount(Operator operator) {
        return operator.type().equals("Cast")
                && operator.name().startsWith("update.")
                && operator.bytes() <= SCALAR_BYTES;
    }

    /** Total time of each type of operator, the longest first. */
    public Map<String, Long> microsecondsByType() {
        Map<String, Long> sums = operators.stream()
                .collect(Collectors.groupingBy(Operator::type, Collectors.summingLong(Operator::microseconds)));
        return sums.entrySet().stream()
                .sorted(Map.Entry.<String, Long>comparingByValue(Comparator.reverseOrder())
                        .thenComparing(Map.Entry.comparingByKey()))
                .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue, (a, b) -> a, LinkedHashMap::new));
    }

    /**
     * Checks that the step stays on the device that it was recorded on, where that is wanted.
     *
     * @throws IllegalStateException if the device's options are strict and the step copies more than scalars
     */
    public void requireOn(Device device) {
        if (device.cuda().strict() && !copies().isEmpty()) {
            throw new IllegalStateException("The step doesn't stay on " + device + ": " + summary()
                    + "; leave `strict-device` out, or use an encoder without them");
        }
    }

    /** One line on what leaves the GPU, for people. */
    public String summary() {
        List<Operator> copies = copies();
        if (copies.isEmpty()) {
            return operators.size() + " operators a step, no copies between host and GPU but scalars";
        }
        long bytes = copies.stream().mapToLong(Operator::bytes).sum();
        String where = operators.stream()
                .filter(operator -> operator.isOnHost() && !isStepCount(operator))
                .limit(3)
                .map(operator -> operator.type() + " in " + operator.name())
                .collect(Collectors.joining(", "));
        return operators.size() + " operators a step, of which " + onHost() + " have no CUDA kernel (" + where + "): "
                + copies.size() + " copies of together " + bytes + " bytes between host and GPU";
    }

    private static Path only(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(file -> file.getFileName().toString().startsWith(PROFILE))
                    .findFirst()
                    .orElseThrow(() -> new IOException("ONNX Runtime wrote no profile into " + folder));
        }
    }
}
