package dev.vicreg.tools.command;

import dev.vicreg.models.setting.Group;
import dev.vicreg.models.setting.SettingException;
import dev.vicreg.runtime.EmbeddingModel;
import dev.vicreg.runtime.input.Input;
import dev.vicreg.runtime.picture.Picture;
import dev.vicreg.runtime.search.SearchIndex;
import dev.vicreg.tools.cli.Console;
import dev.vicreg.tools.cli.Setting;
import dev.vicreg.tools.cli.Settings;
import dev.vicreg.tools.cli.Usage;
import dev.vicreg.tools.evaluation.ContactSheet;
import dev.vicreg.tools.evaluation.Look;
import dev.vicreg.tools.output.Csv;
import dev.vicreg.tools.output.Json;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;
import javax.imageio.ImageIO;

/** Finds what in an index is nearest to samples. */
final class SearchCommand {
    private static final int USUAL = 10;
    private static final int SHEET_QUERIES = 50;
    private static final int SHEET_RESULTS = 20;

    static final Setting<Path> INDEX = Setting.path("index", "FILE", Group.MODEL, "index as ./vicreg index writes it");
    private static final Setting<List<Path>> QUERY =
            Setting.paths("query", "FILE", Group.DATA, "a sample to search for; several, with or without --query");
    private static final Setting<Path> MODEL =
            Setting.path("model", "FILE.onnx", Group.MODEL, "where the index's model lies now, if not where it was");
    private static final Setting<Integer> K = Setting.integer(
            "k",
            "N",
            Group.OUTPUT,
            "how many of the nearest; without it 10, of a smaller index all",
            null,
            1,
            1_000_000);
    private static final Setting<Boolean> EXACT =
            Setting.flag("exact", Group.OUTPUT, "compare with all vectors, where a graph of neighbours is there too");
    private static final Setting<Boolean> CSV = Setting.flag("csv", Group.OUTPUT, "print a table with commas");
    static final Setting<Path> SHEET = Setting.path(
            "sheet", "FILE.png", Group.OUTPUT, "also draw what was found, from an index that has --thumbnails");

    static final Usage USAGE = new Usage(
            List.of(INDEX),
            Stream.of(List.of(QUERY, MODEL, K, EXACT, CSV, SHEET), SharedSettings.EMBEDDING)
                    .<Setting<?>>flatMap(List::stream)
                    .toList(),
            QUERY,
            true,
            "./vicreg search --index shapes.index --query photo.jpg --k 10");

    private SearchCommand() {}

    static void run(Settings settings, Console console) throws Exception {
        List<Path> queries = settings.find(QUERY).orElse(List.of());
        if (queries.isEmpty()) {
            throw new SettingException("name a file to search for: --query FILE");
        }
        if (settings.on(CSV) && settings.on(SharedSettings.JSON)) {
            throw new SettingException("--csv and --json are given: which of the two?");
        }
        Optional<Path> sheet = settings.find(SHEET);
        if (sheet.isPresent()) {
            ContactSheet.requireWritable("--" + SHEET.name(), sheet.get());
        }
        try (SearchIndex index = SearchIndex.open(settings.get(INDEX))) {
            if (sheet.isPresent()) {
                requirePictures(index, settings.get(INDEX));
            }
            List<float[]> vectors = vectors(index, queries, settings);
            List<List<SearchIndex.Match>> found = search(index, vectors, settings);
            if (settings.on(SharedSettings.JSON)) {
                for (int i = 0; i < queries.size(); i++) {
                    console.out().println(Json.line(new Found(queries.get(i).toString(), found.get(i))));
                }
            } else if (settings.on(CSV)) {
                console.out().print(csv(queries, found));
            } else {
                print(queries, found, console);
            }
            if (sheet.isPresent()) {
                draw(index, queries, found, sheet.get(), console);
            }
        }
    }

    /** A line of JSON. */
    private record Found(String query, List<SearchIndex.Match> results) {}

    /** Refuses an index without small pictures. */
    static void requirePictures(SearchIndex index, Path file) {
        if (!index.hasPictures()) {
            throw new SettingException(
                    "--sheet needs small pictures, which " + file + " has not; build it with --thumbnails");
        }
    }

    private static List<float[]> vectors(SearchIndex index, List<Path> queries, Settings settings) throws IOException {
        Path file = settings.find(MODEL).orElse(index.model());
        if (!Files.isRegularFile(file)) {
            throw new NoSuchFileException(
                    file + ": the model of the index is not there; name where it lies now with --model");
        }
        index.requireModel(file);
        try (EmbeddingModel model = EmbeddingModel.load(
                file,
                (inputs, outputs) -> index.description().manifest(),
                SharedSettings.device(settings),
                settings.get(SharedSettings.THREADS))) {
            List<float[]> vectors = new ArrayList<>();
            for (Path query : queries) {
                vectors.add(model.embed(query));
            }
            return vectors;
        }
    }

    private static List<List<SearchIndex.Match>> search(SearchIndex index, List<float[]> vectors, Settings settings) {
        int k = settings.find(K).orElse(Math.min(USUAL, index.size()));
        if (k > index.size()) {
            throw new SettingException(
                    "--k must be at most " + index.size() + ", the vectors of " + settings.get(INDEX) + ", found " + k);
        }
        try {
            if (settings.on(EXACT) || index.isExact()) {
                return index.searchExactly(vectors, k);
            }
            return vectors.stream().map(vector -> index.search(vector, k)).toList();
        } catch (IllegalArgumentException e) { // a vector of zeros, or not finite
            throw new IllegalStateException("Cannot search: " + e.getMessage(), e);
        }
    }

    private static String csv(List<Path> queries, List<List<SearchIndex.Match>> found) {
        StringBuilder table = new StringBuilder("query,rank,path,score\n");
        for (int i = 0; i < queries.size(); i++) {
            int rank = 1;
            for (SearchIndex.Match match : found.get(i)) {
                table.append(Csv.line(queries.get(i), rank++, match.path(), match.score()));
            }
        }
        return table.toString();
    }

    private static void print(List<Path> queries, List<List<SearchIndex.Match>> found, Console console) {
        for (int i = 0; i < queries.size(); i++) {
            console.out().println(queries.get(i));
            for (SearchIndex.Match match : found.get(i)) {
                console.out().println(String.format(Locale.ROOT, "  %6.3f  %s", match.score(), match.path()));
            }
        }
    }

    private static void draw(
            SearchIndex index, List<Path> queries, List<List<SearchIndex.Match>> found, Path sheet, Console console)
            throws IOException {
        List<List<BufferedImage>> rows = new ArrayList<>();
        for (int i = 0; i < Math.min(SHEET_QUERIES, queries.size()); i++) {
            List<SearchIndex.Match> matches = found.get(i);
            List<BufferedImage> row = new ArrayList<>();
            row.add(seen(queries.get(i), index));
            for (SearchIndex.Match match : matches.subList(0, Math.min(SHEET_RESULTS, matches.size()))) {
                row.add(picture(index, match.index()));
            }
            rows.add(row);
        }
        ContactSheet.of(rows).write(sheet);
        if (queries.size() > SHEET_QUERIES) {
            console.err().println("note: " + sheet + " shows the first " + SHEET_QUERIES + " queries");
        }
        if (found.get(0).size() > SHEET_RESULTS) {
            console.err().println("note: " + sheet + " shows the first " + SHEET_RESULTS + " results of each");
        }
    }

    /** The query, where it is a picture, as those of an index are; else nothing but white. */
    private static BufferedImage seen(Path query, SearchIndex index) throws IOException {
        if (!(index.description().manifest().input() instanceof Input.Pictures)) {
            return blank();
        }
        Picture whole = Picture.decode(Files.readAllBytes(query), query.toString());
        return Look.Pixels.of(whole).image();
    }

    private static BufferedImage blank() {
        BufferedImage white = new BufferedImage(1, 1, BufferedImage.TYPE_INT_RGB);
        white.setRGB(0, 0, 0xFFFFFF);
        return white;
    }

    /** A sample's small picture; white where it has none. */
    static BufferedImage picture(SearchIndex index, int place) throws IOException {
        BufferedImage picture = ImageIO.read(new ByteArrayInputStream(index.picture(place)));
        return picture == null ? blank() : picture;
    }
}
