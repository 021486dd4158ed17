package dev.vicreg.serve;

import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonWriter;
import dev.vicreg.runtime.Classification;
import dev.vicreg.runtime.search.SearchIndex;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * Routes of our own, which take files as they are: one as the body, several as a form, or samples as {@code {"inputs": …}}
 * in JSON.
 */
final class FileRoutes {
    private static final String FORM = "multipart/form-data";
    private static final String BYTES = "application/octet-stream";
    private static final String INPUTS = "inputs";
    private static final int USUAL_RESULTS = 10;
    private static final int MOST_RESULTS = 1000;

    private final Models models;
    private final Embedding embedding;

    FileRoutes(Models models, Embedding embedding) {
        this.models = models;
        this.embedding = embedding;
    }

    /** The media types that a body may have, whatever the model. */
    static final List<String> TYPES =
            List.of("image/*", "audio/*", "text/plain", "text/csv", BYTES, FORM, "application/json", "");

    /** Vectors: {@code {"model", "embeddings": [[…]]}}. */
    CompletableFuture<Reply> embed(Call call) {
        ModelSlot slot = call.asked("model")
                .map(models::named)
                .orElseGet(() -> models.names().size() == 1
                        ? models.only(model -> true, "models")
                        : models.only(model -> model.labels() == null, "encoders"));
        return reply(
                slot, slot.current(), call, "embeddings", (out, outcome) -> Reply.floats(out, outcome.embedding()));
    }

    /** Classes: {@code {"model", "classifications": [{"label", "probability", "top": […]}]}}. */
    CompletableFuture<Reply> classify(Call call) {
        ModelSlot slot = call.asked("model")
                .map(models::named)
                .orElseGet(() -> models.only(model -> model.labels() != null, "classifiers"));
        OpenModel<?> model = slot.current();
        List<String> labels = model.labels();
        if (labels == null) {
            throw Refusal.bad("model " + slot.name() + " is an encoder, which knows no classes");
        }
        int top = number(call, "top", "classes", labels.size());
        return reply(slot, model, call, "classifications", (out, outcome) -> {
            float[] probabilities = Objects.requireNonNull(outcome.probabilities());
            classification(out, new Classification(labels, probabilities, outcome.embedding()), top);
        });
    }

    /**
     * What is nearest in a model's index: {@code {"results": [{"index", "path", "score"}], "exact"}}; with {@code ?map=true}
     * also where query and results lie on its map.
     */
    CompletableFuture<Reply> search(Call call) {
        ModelSlot slot = call.asked("model")
                .map(models::named)
                .orElseGet(() -> models.only(model -> model.index() != null, "indexes"));
        OpenModel<?> model = slot.current();
        SearchIndex index = model.index();
        if (index == null) {
            throw Refusal.bad("model " + slot.name() + " has no index (`index`)");
        }
        long since = System.nanoTime();
        boolean mapped = isMapped(call);
        if (call.mediaType().equals(Reply.JSON)) {
            VectorQuery query = call.json(in -> VectorQuery.read(in, index.dimension()));
            int k = requireK(query.k() == null ? k(call, index) : query.k(), index);
            return embedding.searched(since, () -> found(slot, model, query.vector(), k, mapped));
        }
        int k = requireK(k(call, index), index);
        return byFile(since, slot, model, call, vector -> found(slot, model, vector, k, mapped));
    }

    private <S> CompletableFuture<Reply> byFile(
            long since, ModelSlot slot, OpenModel<S> model, Call call, Function<float[], Reply> search) {
        Drafts<S> drafts = drafts(slot, model, call);
        if (drafts.list().size() != 1) {
            throw Refusal.bad(drafts.list().size() + " files, expected one to search for");
        }
        return embedding.searched(since, slot, drafts.list().get(0), drafts.where(), search);
    }

    /** What can be searched: {@code {"indexes": [{"model", "samples", "dimension", "exact", "pictures"}]}}. */
    Reply indexes() {
        return Reply.json(out -> {
            out.beginObject().name("indexes").beginArray();
            for (ModelSlot slot : models.all()) {
                SearchIndex index = slot.current().index();
                if (index != null) {
                    out.beginObject().name("model").value(slot.name());
                    out.name("samples").value(index.size()).name("dimension").value(index.dimension());
                    out.name("exact").value(index.isExact()).name("pictures").value(index.hasPictures());
                    out.endObject();
                }
            }
            out.endArray().endObject();
        });
    }

    /** The map of a model's index: {@code {"samples", "share", "points": [{"index", "path", "place": [x, y]}]}}. */
    CompletableFuture<Reply> map(Call call) {
        ModelSlot slot = models.named(call.part("model"));
        IndexMap map = slot.current().map();
        if (map == null) {
            throw new Refusal(404, "model " + slot.name() + " has no index (`index`)");
        }
        return embedding.searched(System.nanoTime(), () -> map.reply().by(slot.name()));
    }

    /** The small picture of a sample of an index. */
    Reply picture(Call call) {
        ModelSlot slot = models.named(call.part("model"));
        OpenModel<?> model = slot.current();
        SearchIndex index = model.index();
        String text = call.part("index");
        if (index == null || !text.matches("[0-9]{1,9}") || Integer.parseInt(text) >= index.size()) {
            throw new Refusal(404, "there is no such sample");
        }
        try {
            byte[] picture = index.picture(Integer.parseInt(text));
            if (picture.length == 0) {
                throw new Refusal(404, "there is no picture of this sample");
            }
            return Reply.of(200, "image/jpeg", picture).by(slot.name());
        } catch (IllegalStateException e) {
            throw closed(slot, model, e);
        } catch (IOException e) {
            throw new Refusal(500, "this server failed; its log says why").because(e);
        }
    }

    private static int k(Call call, SearchIndex index) {
        return number(call, "k", "results", Math.min(USUAL_RESULTS, index.size()));
    }

    /** How many the address asks for, 1 or more; the usual number where it doesn't say. */
    private static int number(Call call, String name, String noun, int usual) {
        String text = call.asked(name).orElse(null);
        if (text == null) {
            return usual;
        }
        if (!text.matches("[1-9][0-9]{0,6}")) {
            throw Refusal.bad(name + ": expected a number of " + noun + ", 1 or more");
        }
        return Integer.parseInt(text);
    }

    private static int requireK(int k, SearchIndex index) {
        if (k < 1 || k > MOST_RESULTS) {
            throw Refusal.bad("k is " + k + ", expected 1 to " + MOST_RESULTS);
        }
        if (k > index.size()) {
            throw Refusal.bad("k is " + k + ", expected 1 to " + index.size() + ", the vectors of the index");
        }
        return k;
    }

    private static boolean isMapped(Call call) {
        String asked = call.asked("map").orElse("false");
        if (!asked.equals("true") && !asked.equals("false")) {
            throw Refusal.bad("map: expected true or false");
        }
        return asked.equals("true");
    }

    private static Reply found(ModelSlot slot, OpenModel<?> model, float[] vector, int k, boolean mapped) {
        SearchIndex index = Objects.requireNonNull(model.index());
        IndexMap map = Objects.requireNonNull(model.map());
        List<SearchIndex.Match> matches;
        try {
            matches = index.search(vector, k);
        } catch (IllegalArgumentException e) { // worded for whoever asked
            throw Refusal.bad(String.valueOf(e.getMessage())).because(e);
        } catch (IllegalStateException e) {
            throw closed(slot, model, e);
        }
        if (slot.current() != model) { // by which the vector may have been made
            throw exchanged();
        }
        return Reply.json(out -> {
                    out.beginObject().name("results").beginArray();
                    for (SearchIndex.Match match : matches) {
                        out.beginObject().name("index").value(match.index());
                        out.name("path").value(match.path()).name("score").value(match.score());
                        if (mapped) {
                            map.write(out, index.vector(match.index()));
                        }
                        out.endObject();
                    }
                    out.endArray().name("exact").value(index.isExact());
                    if (mapped) {
                        map.write(out, vector);
                    }
                    out.endObject();
                })
                .by(slot.name());
    }

    /** What is told of an index that can't be used: it may be that of a model that serves no more. */
    private static RuntimeException closed(ModelSlot slot, OpenModel<?> model, IllegalStateException cause) {
        return slot.current() == model ? cause : exchanged().because(cause);
    }

    private static Refusal exchanged() {
        return Refusal.later(503, "the model was exchanged meanwhile");
    }

    private interface Result {
        void write(JsonWriter out, Outcome outcome) throws IOException;
    }

    /** {@code {"model", NAME: […]}} of what comes of the samples. */
    private CompletableFuture<Reply> reply(ModelSlot slot, OpenModel<?> model, Call call, String name, Result result) {
        return outcomes(slot, model, call)
                .thenApply(outcomes -> Reply.json(out -> {
                            out.beginObject().name("model").value(slot.name());
                            out.name(name).beginArray();
                            for (Outcome outcome : outcomes) {
                                result.write(out, outcome);
                            }
                            out.endArray().endObject();
                        })
                        .by(slot.name()));
    }

    private static void classification(JsonWriter out, Classification found, int top) throws IOException {
        out.beginObject().name("label").value(found.label());
        out.name("probability").value(found.probability()).name("top").beginArray();
        for (Classification.Score score : found.top(top)) {
            out.beginObject().name("label").value(score.label());
            out.name("probability").value(score.probability()).endObject();
        }
        out.endArray().endObject();
    }

    /**
     * Samples of a request, not made yet.
     *
     * @param where what messages call each
     */
    private record Drafts<S>(List<Draft<S>> list, IntFunction<String> where) {}

    private <S> CompletableFuture<List<Outcome>> outcomes(ModelSlot slot, OpenModel<S> model, Call call) {
        Drafts<S> drafts = drafts(slot, model, call);
        return embedding.outcomes(slot, drafts.list(), drafts.where());
    }

    private <S> Drafts<S> drafts(ModelSlot slot, OpenModel<S> model, Call call) {
        String type = call.mediaType();
        if (type.equals(FORM)) {
            String header = String.valueOf(call.headers().get("Content-Type"));
            List<byte[]> files = Uploads.read(call.body(), header, embedding.most());
            IntFunction<String> where = index -> "file " + (index + 1);
            List<Draft<S>> drafts = new ArrayList<>();
            for (int i = 0; i < files.size(); i++) {
                drafts.add(model.wire().file(files.get(i), where.apply(i)));
            }
            return new Drafts<>(drafts, where);
        }
        if (type.equals(Reply.JSON)) {
            List<Draft<S>> drafts = call.json(in -> inputs(in, model.wire()));
            return new Drafts<>(drafts, index -> INPUTS + "[" + index + "]");
        }
        requireFits(type, slot.name(), model.wire());
        String where = "in the body";
        return new Drafts<>(List.of(model.wire().file(call.body(), where)), index -> where);
    }

    private static void requireFits(String type, String name, Wire<?> wire) {
        boolean anything = type.isEmpty() || type.equals(BYTES);
        if (!anything && !Call.isAmong(type, wire.mediaTypes())) {
            throw Refusal.unsupported("model " + name + " takes " + String.join(", ", wire.mediaTypes()) + ", " + BYTES
                    + ", " + FORM + " or application/json");
        }
    }

    private <S> List<Draft<S>> inputs(JsonReader in, Wire<S> wire) throws IOException {
        Found<S> found = new Found<>();
        JsonBody.object(in, (field, value) -> {
            if (!field.equals(INPUTS)) {
                throw Refusal.bad("expected {\"" + INPUTS + "\": …} alone");
            }
            found.drafts = Items.read(value, wire, INPUTS, embedding.most());
        });
        if (found.drafts == null) {
            throw Refusal.bad("expected {\"" + INPUTS + "\": …}, found none");
        }
        return found.drafts;
    }

    private static final class Found<S> {
        private @Nullable List<Draft<S>> drafts;
    }
}
