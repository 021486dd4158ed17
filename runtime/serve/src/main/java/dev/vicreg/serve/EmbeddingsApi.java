package dev.vicreg.serve;

import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonWriter;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * OpenAI's embeddings and list of models, for its clients and those of servers that follow it. Pictures and recordings are
 * strings in base64 or data URIs.
 *
 * @see <a href="https://platform.openai.com/docs/api-reference/embeddings">Embeddings</a>
 */
final class EmbeddingsApi {
    private static final String INPUT = "input";

    private final Models models;
    private final Embedding embedding;

    EmbeddingsApi(Models models, Embedding embedding) {
        this.models = models;
        this.embedding = embedding;
    }

    /** All models. */
    Reply list() {
        return Reply.json(out -> {
            out.beginObject().name("object").value("list").name("data").beginArray();
            for (ModelSlot slot : models.all()) {
                describe(out, slot);
            }
            out.endArray().endObject();
        });
    }

    /** One model. */
    Reply one(Call call) {
        ModelSlot slot = models.named(call.part("model"));
        return Reply.json(out -> describe(out, slot));
    }

    private static void describe(JsonWriter out, ModelSlot slot) throws IOException {
        out.beginObject().name("id").value(slot.name()).name("object").value("model");
        out.name("created")
                .value(slot.loaded().getEpochSecond())
                .name("owned_by")
                .value("vicreg")
                .endObject();
    }

    /** Vectors of what is sent. */
    CompletableFuture<Reply> embeddings(Call call) {
        String name = call.json(EmbeddingsApi::model) // needed first, and may stand behind the input
                .orElseThrow(() -> Refusal.bad("expected a model, one of " + String.join(", ", models.names()))
                        .about("model"));
        ModelSlot slot = models.named(name);
        return embeddings(slot, slot.current(), call);
    }

    private static Optional<String> model(JsonReader in) throws IOException {
        String[] model = {null};
        JsonBody.object(in, (field, value) -> {
            if (field.equals("model")) {
                model[0] = JsonBody.string(value);
            } else {
                value.skipValue();
            }
        });
        return Optional.ofNullable(model[0]);
    }

    private <S> CompletableFuture<Reply> embeddings(ModelSlot slot, OpenModel<S> model, Call call) {
        Asked<S> asked = call.json(in -> {
            Asked<S> found = new Asked<>(model, embedding.most());
            JsonBody.object(in, found::field);
            return found;
        });
        List<Draft<S>> drafts = asked.drafts;
        if (drafts == null) {
            throw Refusal.bad("expected an input, found none").about(INPUT);
        }
        return embedding
                .outcomes(slot, drafts, index -> INPUT + "[" + index + "]")
                .thenApply(outcomes -> answer(slot.name(), asked.base64, outcomes));
    }

    private static final class Asked<S> {
        private final OpenModel<S> model;
        private final int most;
        private @Nullable List<Draft<S>> drafts;
        private boolean base64;

        Asked(OpenModel<S> model, int most) {
            this.model = model;
            this.most = most;
        }

        void field(String name, JsonReader in) throws IOException {
            switch (name) {
                case INPUT -> {
                    try {
                        drafts = Items.read(in, model.wire(), INPUT, most);
                    } catch (Refusal e) {
                        throw e.about(INPUT);
                    }
                }
                case "encoding_format" -> {
                    String format = JsonBody.string(in);
                    base64 = format.equals("base64");
                    if (!base64 && !format.equals("float")) {
                        throw Refusal.bad("expected the encoding_format float or base64")
                                .about(name);
                    }
                }
                case "dimensions" -> {
                    int width = model.manifest().dimension();
                    if (JsonBody.whole(in) != width) {
                        throw Refusal.bad("this model's vectors have " + width + " dimensions, and can't be shortened")
                                .about(name);
                    }
                }
                default -> in.skipValue();
            }
        }
    }

    private static Reply answer(String model, boolean base64, List<Outcome> outcomes) {
        return Reply.json(out -> {
                    out.beginObject().name("object").value("list").name("data").beginArray();
                    for (int i = 0; i < outcomes.size(); i++) {
                        out.beginObject()
                                .name("object")
                                .value("embedding")
                                .name("index")
                                .value(i);
                        out.name("embedding");
                        float[] vector = outcomes.get(i).embedding();
                        if (base64) {
                            out.value(Base64.getEncoder().encodeToString(little(vector)));
                        } else {
                            Reply.floats(out, vector);
                        }
                        out.endObject();
                    }
                    out.endArray().name("model").value(model).name("usage").beginObject(); // nothing is counted here
                    out.name("prompt_tokens")
                            .value(0)
                            .name("total_tokens")
                            .value(0)
                            .endObject()
                            .endObject();
                })
                .by(model);
    }

    private static byte[] little(float[] vector) {
        ByteBuffer bytes = ByteBuffer.allocate(vector.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(vector);
        return bytes.array();
    }

    /** An error as OpenAI's clients read it: all four keys. */
    static Reply error(Refusal refusal) {
        return Reply.json(refusal.status(), out -> {
                    out.beginObject().name("error").beginObject();
                    out.name("message").value(refusal.message()).name("type").value(type(refusal.status()));
                    out.name("param").value(refusal.param()).name("code").value(refusal.code());
                    out.endObject().endObject();
                })
                .with(refusal.headers());
    }

    private static String type(int status) {
        return switch (status) {
            case 401, 403 -> "authentication_error";
            case 429 -> "rate_limit_error";
            default -> status < 500 ? "invalid_request_error" : "server_error";
        };
    }
}
