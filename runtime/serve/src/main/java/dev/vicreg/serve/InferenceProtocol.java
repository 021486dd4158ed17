package dev.vicreg.serve;

import com.google.gson.stream.JsonWriter;
import dev.vicreg.runtime.Manifest;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.function.IntFunction;

/**
 * The Open Inference Protocol v2 over REST, as KServe's and Triton's clients speak it; one input a model, and as outputs the
 * embedding and a classifier's probabilities.
 */
final class InferenceProtocol {
    private static final String PLATFORM = "onnxruntime_onnx";

    private final Models models;
    private final Embedding embedding;
    private final String version;

    InferenceProtocol(Models models, Embedding embedding, String version) {
        this.models = models;
        this.embedding = embedding;
        this.version = version;
    }

    /** What the server is. */
    Reply server() {
        return Reply.json(out -> {
            out.beginObject().name("name").value("vicreg").name("version").value(version);
            out.name("extensions").beginArray();
            out.value("binary_tensor_data")
                    .value("model_configuration")
                    .endArray()
                    .endObject();
        });
    }

    /** What a model takes and gives. */
    Reply metadata(Call call) {
        ModelSlot slot = models.named(call.part("model"));
        OpenModel<?> model = slot.current();
        return Reply.json(out -> {
            out.beginObject().name("name").value(slot.name()).name("platform").value(PLATFORM);
            tensors(out, model, "inputs", "outputs", InferenceProtocol::tensor);
            out.endObject();
        });
    }

    /** Writes what a tensor is. */
    private interface Form {
        void write(JsonWriter out, String name, Datatype type, long... shape) throws IOException;
    }

    private static void tensors(JsonWriter out, OpenModel<?> model, String inputs, String outputs, Form form)
            throws IOException {
        Wire<?> wire = model.wire();
        out.name(inputs).beginArray();
        form.write(out, wire.tensor(), wire.datatype(), wire.shape());
        out.endArray().name(outputs).beginArray();
        for (Map.Entry<String, Integer> output : widths(model).entrySet()) {
            form.write(out, output.getKey(), Datatype.FP32, output.getValue());
        }
        out.endArray();
    }

    private static void tensor(JsonWriter out, String name, Datatype type, long... shape) throws IOException {
        out.beginObject().name("name").value(name).name("datatype").value(type.name());
        out.name("shape").beginArray().value(-1);
        for (long axis : shape) {
            out.value(axis);
        }
        out.endArray().endObject();
    }

    /** Outputs and how wide they are, in their order. */
    private static Map<String, Integer> widths(OpenModel<?> model) {
        Map<String, Integer> widths = new LinkedHashMap<>();
        widths.put(Manifest.EMBEDDING, model.manifest().dimension());
        List<String> labels = model.labels();
        if (labels != null) {
            widths.put(Manifest.PROBABILITIES, labels.size());
        }
        return widths;
    }

    /** The same as Triton's model configuration. */
    Reply config(Call call) {
        ModelSlot slot = models.named(call.part("model"));
        OpenModel<?> model = slot.current();
        return Reply.json(out -> {
            out.beginObject().name("name").value(slot.name()).name("platform").value(PLATFORM);
            out.name("backend").value("onnxruntime").name("max_batch_size").value(embedding.most());
            tensors(out, model, "input", "output", InferenceProtocol::configured);
            out.endObject();
        });
    }

    private static void configured(JsonWriter out, String name, Datatype type, long... shape) throws IOException {
        out.beginObject().name("name").value(name).name("data_type").value("TYPE_" + type.name());
        out.name("dims").beginArray();
        for (long axis : shape) {
            out.value(axis);
        }
        out.endArray().endObject();
    }

    /** Whether a model answers. */
    Reply ready(Call call, boolean serverIsReady) {
        ModelSlot slot = models.named(call.part("model"));
        boolean ready = serverIsReady && slot.current().isHealthy();
        return Reply.json(
                ready ? 200 : 503,
                out -> out.beginObject()
                        .name("name")
                        .value(slot.name())
                        .name("ready")
                        .value(ready)
                        .endObject());
    }

    /** Runs a model. */
    CompletableFuture<Reply> infer(Call call) {
        ModelSlot slot = models.named(call.part("model"));
        return infer(slot, slot.current(), call);
    }

    private <S> CompletableFuture<Reply> infer(ModelSlot slot, OpenModel<S> model, Call call) {
        Wire<S> wire = model.wire();
        InferRequest request =
                InferRequest.read(call.body(), call.headers().get(InferRequest.JSON_LENGTH), wire, embedding.most());
        List<Result> results = results(request, model);
        IntFunction<String> where = index -> wire.tensor() + "[" + index + "]";
        List<Draft<S>> drafts = new ArrayList<>(request.count());
        for (int i = 0; i < request.count(); i++) {
            S sample = wire.row(request.row(i, wire.rowBytes()), where.apply(i));
            drafts.add(() -> sample);
        }
        return embedding
                .outcomes(slot, drafts, where)
                .thenApply(outcomes ->
                        answer(slot.name(), request, results, outcomes).by(slot.name()));
    }

    /** An output of the answer, and where its values are. */
    private record Result(String name, int width, boolean binary, Function<Outcome, float[]> values) {}

    private static List<Result> results(InferRequest request, OpenModel<?> model) {
        Map<String, Integer> widths = widths(model);
        List<InferRequest.Output> asked = request.outputs().isEmpty()
                ? widths.keySet().stream()
                        .map(name -> new InferRequest.Output(name, null))
                        .toList()
                : request.outputs();
        List<Result> results = new ArrayList<>();
        for (InferRequest.Output output : asked) {
            Integer width = widths.get(output.name());
            if (width == null) {
                throw Refusal.bad("no such output, expected one of " + String.join(", ", widths.keySet()));
            }
            boolean binary = output.binary() == null ? request.binary() : output.binary();
            boolean embeds = output.name().equals(Manifest.EMBEDDING);
            results.add(new Result(
                    output.name(), width, binary, embeds ? Outcome::embedding : InferenceProtocol::probabilities));
        }
        return results;
    }

    private static float[] probabilities(Outcome outcome) {
        float[] probabilities = outcome.probabilities();
        return probabilities == null ? new float[0] : probabilities;
    }

    private static Reply answer(String model, InferRequest request, List<Result> results, List<Outcome> outcomes) {
        byte[] json = Reply.bytes(out -> {
            out.beginObject().name("model_name").value(model);
            if (request.id() != null) {
                out.name("id").value(request.id());
            }
            out.name("outputs").beginArray();
            for (Result result : results) {
                output(out, result, outcomes);
            }
            out.endArray().endObject();
        });
        if (results.stream().noneMatch(Result::binary)) {
            return Reply.of(200, Reply.JSON, json);
        }
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        body.writeBytes(json);
        results.stream().filter(Result::binary).forEach(result -> body.writeBytes(values(result, outcomes)));
        return Reply.of(200, "application/octet-stream", body.toByteArray())
                .with(InferRequest.JSON_LENGTH, Integer.toString(json.length));
    }

    private static void output(JsonWriter out, Result result, List<Outcome> outcomes) throws IOException {
        out.beginObject().name("name").value(result.name).name("datatype").value("FP32");
        out.name("shape")
                .beginArray()
                .value(outcomes.size())
                .value(result.width)
                .endArray();
        if (result.binary) {
            out.name("parameters").beginObject().name("binary_data_size");
            out.value((long) outcomes.size() * result.width * Float.BYTES).endObject();
        } else {
            out.name("data").beginArray();
            for (Outcome outcome : outcomes) {
                for (float value : result.values.apply(outcome)) {
                    out.value(value);
                }
            }
            out.endArray();
        }
        out.endObject();
    }

    private static byte[] values(Result result, List<Outcome> outcomes) {
        ByteBuffer bytes = ByteBuffer.allocate(outcomes.size() * result.width * Float.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN);
        for (Outcome outcome : outcomes) {
            for (float value : result.values.apply(outcome)) {
                bytes.putFloat(value);
            }
        }
        return bytes.array();
    }
}
