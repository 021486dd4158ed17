package dev.vicreg.tools.command;

import dev.vicreg.models.setting.Group;
import dev.vicreg.runtime.EmbeddingModel;
import dev.vicreg.runtime.file.AtomicFile;
import dev.vicreg.runtime.file.FileDigest;
import dev.vicreg.runtime.search.SearchIndex;
import dev.vicreg.tools.cli.Console;
import dev.vicreg.tools.cli.Setting;
import dev.vicreg.tools.cli.Settings;
import dev.vicreg.tools.cli.Usage;
import dev.vicreg.tools.evaluation.SampleForms;
import dev.vicreg.tools.output.Json;
import dev.vicreg.training.data.Datasets;
import dev.vicreg.training.data.source.Dataset;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Makes an index of a data set, or brings it up to date. */
final class IndexCommand {
    private static final int RECALL_QUERIES = 200;
    private static final int RECALL_AT = 10;

    private static final Setting<Path> OUT = Setting.path(
            "out",
            "FILE",
            Group.OUTPUT,
            "the index; one that is there is brought up to date: new samples are embedded");
    private static final Setting<Boolean> THUMBNAILS = Setting.flag(
            "thumbnails", Group.OUTPUT, "keep a small picture of each sample in it, for sheets and the server's page");
    private static final Setting<Integer> APPROXIMATE_FROM = Setting.integer(
            "approximate-from",
            "N",
            Group.OUTPUT,
            "so many vectors or more are searched along a graph of neighbours, which finds nearly all and is faster",
            100_000,
            2,
            Integer.MAX_VALUE);

    static final Usage USAGE = new Usage(
            List.of(SharedSettings.MODEL, SharedSettings.DATA, OUT),
            Stream.of(
                            ModelFile.OPTIONS,
                            List.of(THUMBNAILS, APPROXIMATE_FROM),
                            List.of(SharedSettings.LIMIT, SharedSettings.LIMIT_PER_CLASS),
                            SharedSettings.EMBEDDING)
                    .<Setting<?>>flatMap(List::stream)
                    .toList(),
            "./vicreg index --model run/encoder.onnx --data shapes/train --out shapes.index");

    private IndexCommand() {}

    static void run(Settings settings, Console console) throws Exception {
        Path out = settings.get(OUT);
        AtomicFile.requireWritable(out);
        String named = settings.get(SharedSettings.DATA);
        Path file = settings.get(SharedSettings.MODEL);
        try (Datasets datasets = new Datasets(new Reading(console))) {
            ModelFile files = new ModelFile(settings, named, datasets, console);
            try (EmbeddingModel model = files.open(file)) {
                files.requireUses();
                Dataset<?> data =
                        InputOptions.open(model.manifest(), named, null, SharedSettings.selection(settings), datasets);
                SearchIndex.Description description = description(out, file, named, model);
                try (SearchIndex old = open(out)) {
                    SearchIndex known = old != null
                                    && old.description().checksum().equals(description.checksum())
                                    && old.description().manifest().equals(description.manifest())
                            ? old
                            : null;
                    if (old != null && known == null) {
                        console.err()
                                .println(
                                        "note: " + out + " was made with another model; all samples are embedded anew");
                    }
                    boolean thumbnails = settings.on(THUMBNAILS) || (known != null && known.hasPictures());
                    Indexing indexing = new Indexing(
                            out, model, description, known, thumbnails, settings.get(APPROXIMATE_FROM), console);
                    Indexing.Result result = indexing.run(SampleForms.of(data), data);
                    if (result.left() > 0) {
                        throw new IllegalStateException("stopped: " + out + " has " + result.samples() + " samples, "
                                + result.left() + " were not looked at; the same command goes on");
                    }
                    tell(out, result, settings, console);
                }
            }
        }
    }

    /** Where vectors of a model come from; its file is named relative to the index's folder where that can be. */
    static SearchIndex.Description description(Path index, Path model, String data, EmbeddingModel opened)
            throws IOException {
        Path folder = index.toAbsolutePath().normalize().getParent();
        Path file = model.toAbsolutePath().normalize();
        Path known =
                folder != null && Objects.equals(folder.getRoot(), file.getRoot()) ? folder.relativize(file) : file;
        return new SearchIndex.Description(
                known.toString().replace('\\', '/'), FileDigest.sha256(model), data, opened.manifest());
    }

    private static @Nullable SearchIndex open(Path out) throws IOException {
        if (!Files.exists(out)) {
            return null;
        }
        try {
            return SearchIndex.open(out);
        } catch (IOException e) { // what is there may be somebody's
            throw new IOException(e.getMessage() + ", and nothing was written; delete it, or name another file", e);
        }
    }

    private static void tell(Path out, Indexing.Result result, Settings settings, Console console) throws IOException {
        try (SearchIndex index = SearchIndex.open(out)) {
            Optional<Double> recall =
                    index.isExact() ? Optional.empty() : Optional.of(index.recall(RECALL_QUERIES, RECALL_AT));
            if (settings.on(SharedSettings.JSON)) {
                Map<String, Object> json = new LinkedHashMap<>();
                json.put("index", out.toString());
                json.put("samples", index.size());
                json.put("dimension", index.dimension());
                json.put("added", result.added());
                json.put("changed", result.changed());
                json.put("unchanged", result.unchanged());
                json.put("removed", result.removed());
                json.put("skipped", result.skipped());
                json.put("exact", index.isExact());
                recall.ifPresent(found -> json.put("recall_at_" + RECALL_AT, found));
                console.out().println(Json.line(json));
                return;
            }
            console.err()
                    .println(index.size() + (index.size() == 1 ? " vector of " : " vectors of ") + index.dimension()
                            + " values: " + result.added() + " new, " + result.changed() + " changed, "
                            + result.unchanged() + " as they were; " + result.removed() + " removed");
            recall.ifPresent(found -> console.err()
                    .println(String.format(
                            Locale.ROOT,
                            "searched along a graph: of the %d nearest %.1f %% are found, by %d samples of it",
                            RECALL_AT,
                            100 * found,
                            Math.min(RECALL_QUERIES, index.size()))));
            console.out().println(out);
        }
    }
}
