package dev.vicreg.tools.command;

import dev.vicreg.runtime.Embedder;
import dev.vicreg.runtime.EmbeddingModel;
import dev.vicreg.runtime.file.FileDigest;
import dev.vicreg.runtime.search.IndexBuilder;
import dev.vicreg.runtime.search.SearchIndex;
import dev.vicreg.tools.cli.Console;
import dev.vicreg.tools.evaluation.Look;
import dev.vicreg.tools.evaluation.SampleForm;
import dev.vicreg.tools.evaluation.SampleForms;
import dev.vicreg.tools.output.Progress;
import dev.vicreg.training.data.source.Dataset;
import dev.vicreg.training.data.source.InOrder;
import java.awt.Color;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import javax.imageio.ImageIO;
import org.jspecify.annotations.Nullable;

/**
 * Makes an index of a data set, from one that may be there: what is stored as it was keeps its vector, the rest is embedded.
 * Asked to stop, it leaves an index of what it has got, and of what it hasn't looked at as it was. Used once.
 */
final class Indexing {
    private final Path out;
    private final EmbeddingModel model;
    private final SearchIndex.Description description;
    private final Console console;
    private final boolean pictures;
    private final int approximateFrom;
    private final @Nullable SearchIndex old;
    private final Map<String, Integer> known = new HashMap<>(); // places in the old one, by name
    private int added;
    private int changed;
    private int unchanged;
    private boolean drawn; // whether there is a picture that was not there

    /**
     * What came of it.
     *
     * @param added samples that were not in the index
     * @param changed others that are stored otherwise now, or were made with another model
     * @param unchanged samples that keep their vectors
     * @param removed samples that are gone
     * @param skipped samples that could not be decoded
     * @param left samples that were not looked at, since it was asked to stop
     * @param samples that the index has now
     */
    record Result(int added, int changed, int unchanged, int removed, int skipped, int left, int samples) {
        boolean changesNothing() {
            return added + changed + removed + left == 0;
        }
    }

    /**
     * @param old the index that is there and of the same model; null for none. Stays open
     * @param pictures whether to keep a small picture of each sample
     * @param approximateFrom how many vectors get a graph
     */
    Indexing(
            Path out,
            EmbeddingModel model,
            SearchIndex.Description description,
            @Nullable SearchIndex old,
            boolean pictures,
            int approximateFrom,
            Console console) {
        this.out = out;
        this.model = model;
        this.description = description;
        this.old = old;
        this.pictures = pictures;
        this.approximateFrom = approximateFrom;
        this.console = console;
        for (int i = 0; old != null && i < old.size(); i++) {
            known.put(old.entry(i).path(), i);
        }
    }

    /** A sample on its way: either a place in the old index, or what is to be embedded. */
    private record Item<S>(
            SearchIndex.Entry entry,
            @Nullable Integer kept,
            @Nullable S sample,
            byte[] picture,
            boolean isDrawn) {}

    private static final class Stopped extends IOException {
        private static final long serialVersionUID = 1;
    }

    /** Makes the index; one that is already what it would be stays as it is. */
    <S, R> Result run(SampleForm<S, R> form, Dataset<?> any) throws IOException {
        Dataset<S> data = form.kind().require(any);
        try (Console.Hold hold = console.hold();
                IndexBuilder builder = IndexBuilder.create(out, model.dimension(), description)) {
            int[] seen = {0};
            int skipped = 0;
            try (Progress progress = new Progress(console, "index", 0, data.size())) {
                Embedder<S> embedder = SampleForms.embedder(form, model);
                Function<S, R> raw = form.raw(model, data);
                InOrder.Reader<Item<S>> reader = index -> item(index, data, form, embedder, raw);
                skipped = InOrder.forEachBatch(data, model.batchSize(), reader, items -> {
                    add(items.stream().map(InOrder.Item::value).toList(), embedder, builder);
                    seen[0] = items.get(items.size() - 1).index() + 1;
                    progress.at(seen[0]);
                    if (hold.isStopRequested() && seen[0] < data.size()) {
                        throw new Stopped();
                    }
                });
            } catch (Stopped e) {
                for (int i = seen[0]; i < data.size(); i++) {
                    keep(known.remove(data.name(i)), builder);
                }
            }
            int left = hold.isStopRequested() ? data.size() - seen[0] : 0;
            Result result =
                    new Result(added, changed, unchanged, left > 0 ? 0 : known.size(), skipped, left, builder.size());
            if (!(result.changesNothing() && isAsWanted())) {
                publish(builder, hold);
            }
            return result;
        }
    }

    private boolean isAsWanted() {
        return old != null
                && old.description().equals(description)
                && !drawn
                && old.isExact() != IndexBuilder.links(old.size(), approximateFrom);
    }

    private void publish(IndexBuilder builder, Console.Hold hold) throws IOException {
        if (!IndexBuilder.links(builder.size(), approximateFrom)) {
            if (builder.size() >= approximateFrom) {
                console.err()
                        .println("note: more than " + IndexBuilder.MOST_LINKED + " vectors get no graph, and are"
                                + " searched exactly; several indexes would have one each");
            }
            builder.publish(approximateFrom, new IndexBuilder.Watch() {});
            return;
        }
        try (Progress progress = new Progress(console, "link", 0, builder.size())) {
            builder.publish(approximateFrom, new IndexBuilder.Watch() {
                @Override
                public void linked(int done, int of) {
                    progress.at(done);
                }

                @Override
                public boolean isStopRequested() {
                    return hold.isStopRequested();
                }
            });
        }
    }

    private <S, R> Item<S> item(
            int index, Dataset<S> data, SampleForm<S, R> form, Embedder<S> embedder, Function<S, R> raw)
            throws IOException {
        byte[] stored = data.stored(index);
        SearchIndex.Entry entry = new SearchIndex.Entry(data.name(index), stored.length, FileDigest.sha256(stored));
        SearchIndex before = old;
        Integer place = known.get(entry.path());
        if (before != null && place != null && before.entry(place).equals(entry)) {
            byte[] kept = before.picture(place);
            boolean isMissing = pictures && kept.length == 0; // as in an index without any, or one that was stopped
            byte[] picture = isMissing ? picture(form, data.sample(index), data, raw) : kept;
            return new Item<>(entry, place, null, picture, isMissing);
        }
        S sample = data.sample(index);
        return new Item<>(entry, null, embedder.prepare(sample), picture(form, sample, data, raw), pictures);
    }

    /** A small JPEG of what people see of a sample; empty where none is wanted. */
    private <S, R> byte[] picture(SampleForm<S, R> form, S sample, Dataset<S> data, Function<S, R> raw)
            throws IOException {
        if (!pictures) {
            return new byte[0];
        }
        BufferedImage seen =
                form.look(sample, data) instanceof Look.Pixels pixels ? pixels.image() : form.cell(raw.apply(sample));
        BufferedImage opaque = new BufferedImage(seen.getWidth(), seen.getHeight(), BufferedImage.TYPE_INT_RGB);
        opaque.createGraphics().drawImage(seen, 0, 0, Color.WHITE, null);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        ImageIO.write(opaque, "jpeg", bytes);
        return bytes.toByteArray();
    }

    private <S> void add(List<Item<S>> items, Embedder<S> embedder, IndexBuilder builder) throws IOException {
        List<S> samples = new ArrayList<>();
        for (Item<S> item : items) {
            if (item.sample() != null) {
                samples.add(item.sample());
            }
        }
        Iterator<float[]> vectors = List.of(embedder.embed(samples)).iterator();
        for (Item<S> item : items) {
            drawn |= item.isDrawn();
            boolean before = known.remove(item.entry().path()) != null;
            if (item.kept() != null && old != null) {
                builder.add(item.entry(), old.vector(item.kept()), item.picture());
                unchanged++;
            } else {
                add(item, vectors.next(), builder);
                added += before ? 0 : 1;
                changed += before ? 1 : 0;
            }
        }
    }

    private <S> void add(Item<S> item, float[] vector, IndexBuilder builder) throws IOException {
        try {
            builder.add(item.entry(), vector, item.picture());
        } catch (IllegalArgumentException e) { // a vector that is not finite
            throw new IOException("The model gives no vector of " + e.getMessage(), e);
        }
    }

    private void keep(@Nullable Integer place, IndexBuilder builder) throws IOException {
        if (place != null && old != null) {
            builder.add(old.entry(place), old.vector(place), pictures ? old.picture(place) : new byte[0]);
        }
    }
}
