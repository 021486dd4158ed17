package dev.vicreg.training.session;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.TensorType;
import dev.vicreg.models.onnx.OnnxFile;
import dev.vicreg.runtime.natives.Device;
import dev.vicreg.runtime.natives.OrtSessions;
import dev.vicreg.training.run.CheckpointFile;
import dev.vicreg.training.step.lowering.Lowering;
import dev.vicreg.training.step.pass.StepParts;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;

/**
 * A step in parts ({@link StepParts}), each a session of its own; the two of a stage run side by side. Parameters and state
 * are tensors in memory of this JVM: a part's new values are written straight into them, or, where something may read the old
 * ones still, into a second tensor, with which the first changes places after the step. On the CPU alone.
 */
final class PartedStep implements StepEngine {
    private final List<List<Running>> stages = new ArrayList<>();
    private final List<Set<String>> lastRead; // by stage
    private final Map<String, TensorType> types = new LinkedHashMap<>(); // of the state
    private final Map<String, OnnxTensor> state = new HashMap<>();
    private final Map<String, OnnxTensor> spare = new HashMap<>(); // by the targets that aren't written in place
    private final ExecutorService beside = Executors.newSingleThreadExecutor(task -> {
        Thread thread = new Thread(task, "second branch");
        thread.setDaemon(true);
        return thread;
    });

    /**
     * A part that is open.
     *
     * @param inputs names of what it reads
     * @param fetched names of what is taken from its session: all outputs but new values
     */
    private record Running(StepParts.Part part, OrtSession session, Set<String> inputs, Set<String> fetched) {}

    private PartedStep(StepParts parts) {
        lastRead = lastRead(parts.stages());
    }

    /**
     * Opens the parts.
     *
     * @param lowering by which their kernels were chosen
     * @param checkpoint parameters and state
     * @param threads of all that runs at a time
     */
    static PartedStep open(StepParts parts, Lowering lowering, Map<String, Tensor> checkpoint, int threads)
            throws OrtException {
        PartedStep step = new PartedStep(parts);
        try {
            for (List<StepParts.Part> stage : parts.stages()) {
                List<Running> running = new ArrayList<>();
                step.stages.add(running);
                for (StepParts.Part part : stage) {
                    running.add(running(part, lowering, Math.max(1, threads / stage.size())));
                }
            }
            for (Map.Entry<String, Tensor> entry : checkpoint.entrySet()) {
                step.types.put(entry.getKey(), entry.getValue().type());
                step.state.put(entry.getKey(), StepRun.copy(entry.getValue()));
            }
            for (List<Running> stage : step.stages) {
                for (Running running : stage) {
                    for (Map.Entry<String, String> next : running.part.next().entrySet()) {
                        if (!isWrittenInPlace(running, next, stage)) {
                            String target = next.getValue();
                            step.spare.put(target, StepRun.copy(Objects.requireNonNull(checkpoint.get(target))));
                        }
                    }
                }
            }
            return step;
        } catch (OrtException | RuntimeException | Error e) {
            step.close();
            throw e;
        }
    }

    private static Running running(StepParts.Part part, Lowering lowering, int threads) throws OrtException {
        byte[] model = OnnxFile.bytes(part.graph(), Map.of(), lowering.opset(part.graph()));
        try (OrtSession.SessionOptions options = OrtSessions.options(Device.CPU, threads)) {
            Set<String> fetched = new HashSet<>(part.graph().outputs().keySet());
            fetched.removeAll(part.next().keySet());
            OrtSession session = OrtEnvironment.getEnvironment().createSession(model, options);
            return new Running(part, session, part.inputs(), fetched);
        }
    }

    private static boolean isWrittenInPlace(Running running, Map.Entry<String, String> next, List<Running> stage) {
        return running.part.isWrittenInPlace(next.getKey())
                && stage.stream().allMatch(other -> other.equals(running) || !other.inputs.contains(next.getValue()));
    }

    @Override
    public Fetched step(Map<String, OnnxTensor> fed) throws OrtException {
        Map<String, OnnxTensor> made = new HashMap<>(); // of this step, for later parts and the caller
        boolean done = false;
        try {
            for (int i = 0; i < stages.size(); i++) {
                run(stages.get(i), fed, made);
                for (String unread : lastRead.get(i)) {
                    Objects.requireNonNull(made.remove(unread)).close();
                }
            }
            take(made);
            done = true;
            return fetched(made);
        } finally {
            if (!done) {
                made.values().forEach(OnnxTensor::close);
            }
        }
    }

    /** New values that weren't written in place take the old ones' places, but where the step says that they stay. */
    private void take(Map<String, OnnxTensor> made) {
        for (List<Running> stage : stages) {
            for (Running running : stage) {
                for (String target : running.part.next().values()) {
                    OnnxTensor after = spare.get(target);
                    boolean stays = running.part.guarded().contains(target)
                            && !isTrue(Objects.requireNonNull(made.get(StepParts.guardOf(target))));
                    if (after != null && !stays) {
                        spare.put(target, Objects.requireNonNull(state.put(target, after)));
                    }
                }
            }
        }
    }

    private static boolean isTrue(OnnxTensor scalar) {
        return scalar.getByteBuffer().get(0) != 0;
    }

    /** What came of a part: what it made, or why it failed. */
    private record Outcome(
            Map<String, OnnxTensor> made, @Nullable Throwable failure) {}

    /** Runs the parts of a stage side by side, and waits for all of them whatever happens. */
    private void run(List<Running> stage, Map<String, OnnxTensor> fed, Map<String, OnnxTensor> made)
            throws OrtException {
        Map<String, OnnxTensor> before = Map.copyOf(made);
        List<CompletableFuture<Outcome>> others = stage.stream()
                .skip(1)
                .map(other -> CompletableFuture.supplyAsync(() -> outcome(other, fed, before), beside))
                .toList();
        List<Outcome> outcomes = new ArrayList<>(List.of(outcome(stage.get(0), fed, before)));
        others.forEach(other -> outcomes.add(other.join()));
        outcomes.forEach(outcome -> made.putAll(outcome.made));
        for (Outcome outcome : outcomes) {
            if (outcome.failure instanceof OrtException e) {
                throw e;
            } else if (outcome.failure instanceof Error e) {
                throw e;
            } else if (outcome.failure != null) {
                throw (RuntimeException) outcome.failure;
            }
        }
    }

    private Outcome outcome(Running running, Map<String, OnnxTensor> fed, Map<String, OnnxTensor> before) {
        try {
            return new Outcome(run(running, fed, before), null);
        } catch (OrtException | RuntimeException | Error e) { // thrown on by who waits for all
            return new Outcome(Map.of(), e);
        }
    }

    private Map<String, OnnxTensor> run(Running running, Map<String, OnnxTensor> fed, Map<String, OnnxTensor> before)
            throws OrtException {
        Map<String, OnnxTensor> read = new HashMap<>();
        for (String input : running.inputs) {
            OnnxTensor tensor = before.getOrDefault(input, fed.getOrDefault(input, state.get(input)));
            read.put(input, Objects.requireNonNull(tensor, input));
        }
        Map<String, OnnxTensor> written = new HashMap<>();
        running.part
                .next()
                .forEach((output, target) ->
                        written.put(output, spare.getOrDefault(target, Objects.requireNonNull(state.get(target)))));
        OrtSession.Result result =
                running.session.run(read, running.fetched, written); // not closed: its values live on
        Map<String, OnnxTensor> made = new HashMap<>();
        for (String output : running.fetched) {
            made.put(output, (OnnxTensor) result.get(output).orElseThrow());
        }
        return made;
    }

    /** Of each stage what was handed over to it and no part after it reads. */
    private static List<Set<String>> lastRead(List<List<StepParts.Part>> stages) {
        Set<String> handedOver = new HashSet<>();
        stages.forEach(stage -> stage.forEach(part -> handedOver.addAll(part.handedOver())));
        List<Set<String>> lastRead = new ArrayList<>();
        for (int i = stages.size() - 1; i >= 0; i--) {
            Set<String> read = new HashSet<>();
            stages.get(i).forEach(part -> read.addAll(part.inputs()));
            read.retainAll(handedOver);
            handedOver.removeAll(read);
            lastRead.add(0, read);
        }
        return lastRead;
    }

    private static Fetched fetched(Map<String, OnnxTensor> made) {
        return new Fetched() {
            @Override
            public Optional<OnnxTensor> get(String name) {
                return Optional.ofNullable(made.get(name));
            }

            @Override
            public void close() {
                made.values().forEach(OnnxTensor::close);
            }
        };
    }

    @Override
    public void save(Path checkpoint) throws IOException {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        types.forEach((name, type) -> {
            ByteBuffer data = Objects.requireNonNull(state.get(name)).getByteBuffer();
            byte[] bytes = new byte[data.remaining()];
            data.get(bytes);
            tensors.put(name, new Tensor(type, bytes));
        });
        CheckpointFile.write(checkpoint, tensors);
    }

    @Override
    public void close() {
        beside.shutdown();
        state.values().forEach(OnnxTensor::close);
        spare.values().forEach(OnnxTensor::close);
        for (List<Running> stage : stages) {
            for (Running running : stage) {
                try {
                    running.session.close();
                } catch (OrtException e) {
                    throw new IllegalStateException(
                            "Cannot close a part of the step: " + TrainingSession.oneLine(e), e);
                }
            }
        }
    }
}
