package dev.vicreg.tools.command;

import dev.vicreg.models.setting.Group;
import dev.vicreg.models.setting.SettingException;
import dev.vicreg.runtime.EmbeddingModel;
import dev.vicreg.runtime.Embeddings;
import dev.vicreg.runtime.file.AtomicFile;
import dev.vicreg.runtime.file.TemporaryFolder;
import dev.vicreg.runtime.search.SearchIndex;
import dev.vicreg.tools.cli.Console;
import dev.vicreg.tools.cli.Setting;
import dev.vicreg.tools.cli.Settings;
import dev.vicreg.tools.cli.Usage;
import dev.vicreg.tools.evaluation.ContactSheet;
import dev.vicreg.tools.evaluation.Duplicates;
import dev.vicreg.tools.evaluation.SampleForms;
import dev.vicreg.tools.output.Csv;
import dev.vicreg.tools.output.Json;
import dev.vicreg.training.data.Datasets;
import dev.vicreg.training.data.source.Dataset;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Groups samples that are nearly the same; deletes nothing. */
final class DedupCommand {
    private static final int SHEET_GROUPS = 50;
    private static final int SHEET_COLUMNS = 9;

    private static final Setting<Path> INDEX =
            Setting.path("index", "FILE", Group.MODEL, "index as ./vicreg index writes it, or --model and --data");
    private static final Setting<String> DATA =
            Setting.text("data", "DIR|ARCHIVE|FILE", Group.DATA, "samples, where there is no index of them", null);
    private static final Setting<Double> THRESHOLD = Setting.decimal(
            "threshold", "X", Group.EVALUATION, "cosine from which on two are nearly the same", "0.95", 1e-3, 1);
    private static final Setting<String> KEEP = Setting.choice(
            "keep",
            List.of("first", "largest"),
            Group.OUTPUT,
            "print the others of each group, one a line: those that could be deleted",
            null);
    private static final Setting<Path> CSV =
            Setting.path("csv", "FILE.csv", Group.OUTPUT, "also write the groups as a table");

    private static final List<Setting<?>> OF_MODELS = Stream.of(
                    ModelFile.OPTIONS,
                    List.<Setting<?>>of(
                            SharedSettings.DEVICE,
                            SharedSettings.GPU_MEMORY,
                            SharedSettings.CUDNN_SEARCH,
                            SharedSettings.TF32))
            .flatMap(List::stream)
            .toList();

    static final Usage USAGE = new Usage(
            List.of(),
            Stream.of(
                            List.of(INDEX, SharedSettings.MODEL, DATA, THRESHOLD, KEEP, CSV, SearchCommand.SHEET),
                            ModelFile.OPTIONS,
                            SharedSettings.EMBEDDING)
                    .<Setting<?>>flatMap(List::stream)
                    .toList(),
            "./vicreg dedup --index shapes.index --threshold 0.95");

    private DedupCommand() {}

    static void run(Settings settings, Console console) throws Exception {
        Optional<Path> sheet = settings.find(SearchCommand.SHEET);
        if (sheet.isPresent()) {
            ContactSheet.requireWritable("--" + SearchCommand.SHEET.name(), sheet.get());
        }
        Optional<Path> csv = settings.find(CSV);
        if (csv.isPresent()) {
            AtomicFile.requireWritable(csv.get());
        }
        boolean made = settings.isGiven(SharedSettings.MODEL) && settings.isGiven(DATA);
        boolean any = settings.isGiven(SharedSettings.MODEL) || settings.isGiven(DATA);
        if (settings.isGiven(INDEX) ? any : !made) {
            throw new SettingException("give --index, or --model and --data");
        }
        if (settings.isGiven(INDEX)) {
            refuseOfModels(settings);
            try (SearchIndex index = SearchIndex.open(settings.get(INDEX))) {
                if (sheet.isPresent()) {
                    SearchCommand.requirePictures(index, settings.get(INDEX));
                }
                group(index, settings, console);
            }
            return;
        }
        try (TemporaryFolder folder = TemporaryFolder.create("vicreg-dedup")) {
            Path file = folder.path().resolve("samples.index");
            make(file, sheet.isPresent(), settings, console);
            try (SearchIndex index = SearchIndex.open(file)) {
                group(index, settings, console);
            }
        }
    }

    /** Refuses what says how samples are embedded. */
    private static void refuseOfModels(Settings settings) {
        for (Setting<?> setting : OF_MODELS) {
            if (settings.isGiven(setting)) {
                throw new SettingException("--" + setting.name() + " is for --model and --data; leave it out");
            }
        }
    }

    private static void make(Path file, boolean pictures, Settings settings, Console console) throws IOException {
        String named = settings.get(DATA);
        try (Datasets datasets = new Datasets(new Reading(console))) {
            ModelFile files = new ModelFile(settings, named, datasets, console);
            Path onnx = settings.get(SharedSettings.MODEL);
            try (EmbeddingModel model = files.open(onnx)) {
                files.requireUses();
                Dataset<?> data =
                        InputOptions.open(model.manifest(), named, null, SharedSettings.selection(settings), datasets);
                SearchIndex.Description description = IndexCommand.description(file, onnx, named, model);
                Indexing.Result made = new Indexing(
                                file, model, description, null, pictures, Integer.MAX_VALUE, console)
                        .run(SampleForms.of(data), data);
                if (made.left() > 0) {
                    throw new IllegalStateException(
                            "stopped: " + made.left() + " samples were not looked at, and nothing was grouped");
                }
            }
        }
    }

    /** A sample of a group. */
    private record Member(int group, String path, long bytes, float similarity, boolean kept) {}

    private static void group(SearchIndex index, Settings settings, Console console) throws IOException {
        float[][] vectors =
                IntStream.range(0, index.size()).mapToObj(index::vector).toArray(float[][]::new);
        float threshold = settings.get(THRESHOLD).floatValue();
        List<List<Integer>> groups = new ArrayList<>();
        boolean largest = settings.find(KEEP).orElse("first").equals("largest");
        for (List<Integer> group : Duplicates.groups(vectors, threshold, settings.get(SharedSettings.THREADS))) {
            groups.add(largest ? largestFirst(group, index) : group);
        }
        List<Member> members = new ArrayList<>();
        for (int g = 0; g < groups.size(); g++) {
            int kept = groups.get(g).get(0);
            for (int place : groups.get(g)) {
                SearchIndex.Entry entry = index.entry(place);
                float similarity = Embeddings.cosine(vectors[kept], vectors[place]);
                members.add(new Member(g + 1, entry.path(), entry.size(), similarity, place == kept));
            }
        }
        Optional<Path> csv = settings.find(CSV);
        if (csv.isPresent()) {
            AtomicFile.write(csv.get(), ByteBuffer.wrap(csv(members).getBytes(StandardCharsets.UTF_8)));
        }
        Optional<Path> sheet = settings.find(SearchCommand.SHEET);
        if (sheet.isPresent() && !groups.isEmpty()) {
            draw(index, groups, sheet.get(), console);
        }
        tell(index.size(), groups.size(), members, settings, console);
    }

    /** Of equal ones the first stays first. */
    private static List<Integer> largestFirst(List<Integer> group, SearchIndex index) {
        return group.stream()
                .sorted(Comparator.comparingLong(
                                (Integer place) -> index.entry(place).size())
                        .reversed())
                .toList();
    }

    private static String csv(List<Member> members) {
        StringBuilder table = new StringBuilder("group,path,bytes,similarity,kept\n");
        for (Member member : members) {
            table.append(
                    Csv.line(member.group, member.path, member.bytes, member.similarity, member.kept ? "yes" : "no"));
        }
        return table.toString();
    }

    private static void draw(SearchIndex index, List<List<Integer>> groups, Path sheet, Console console)
            throws IOException {
        List<List<BufferedImage>> rows = new ArrayList<>();
        for (List<Integer> group : groups.subList(0, Math.min(SHEET_GROUPS, groups.size()))) {
            List<BufferedImage> row = new ArrayList<>();
            for (int place : group.subList(0, Math.min(SHEET_COLUMNS, group.size()))) {
                row.add(SearchCommand.picture(index, place));
            }
            rows.add(row);
        }
        ContactSheet.of(rows).write(sheet);
        if (groups.size() > SHEET_GROUPS) {
            console.err().println("note: " + sheet + " shows the first " + SHEET_GROUPS + " groups");
        }
    }

    /** Whether a name printed alone is one name to whoever reads line by line. */
    private static boolean isLine(String name) {
        return name.indexOf('\n') < 0 && name.indexOf('\r') < 0;
    }

    private static void tell(int samples, int groups, List<Member> members, Settings settings, Console console) {
        if (settings.on(SharedSettings.JSON)) {
            Map<String, Object> json = new LinkedHashMap<>();
            json.put("samples", samples);
            json.put("groups", groups);
            json.put("duplicates", members.size() - groups);
            json.put("members", members);
            console.out().println(Json.line(json));
            return;
        }
        boolean lists = settings.isGiven(KEEP);
        int unlisted = 0;
        int group = 0;
        for (Member member : members) {
            if (lists && !member.kept && isLine(member.path)) {
                console.out().println(member.path);
            } else if (lists && !member.kept) {
                unlisted++;
            } else if (!lists) {
                if (member.group != group) {
                    group = member.group;
                    console.out().println("group " + group);
                }
                console.out()
                        .println(String.format(
                                Locale.ROOT, "  %6.3f  %9d bytes  %s", member.similarity, member.bytes, member.path));
            }
        }
        if (unlisted > 0) {
            console.err()
                    .println("note: " + unlisted + (unlisted == 1 ? " sample has a name" : " samples have names")
                            + " of several lines, and " + (unlisted == 1 ? "is" : "are")
                            + " not listed; --csv and --json have " + (unlisted == 1 ? "it" : "them"));
        }
        console.err()
                .println(groups + (groups == 1 ? " group" : " groups") + " of " + members.size() + " samples among "
                        + samples + "; " + (members.size() - groups - unlisted)
                        + (lists ? " are listed, none was deleted" : " could be deleted"));
    }
}
