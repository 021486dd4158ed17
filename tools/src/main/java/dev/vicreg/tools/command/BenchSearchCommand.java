package dev.vicreg.tools.command;

import dev.vicreg.models.setting.Group;
import dev.vicreg.runtime.Manifest;
import dev.vicreg.runtime.file.FileDigest;
import dev.vicreg.runtime.file.TemporaryFolder;
import dev.vicreg.runtime.input.Input;
import dev.vicreg.runtime.search.IndexBuilder;
import dev.vicreg.runtime.search.SearchIndex;
import dev.vicreg.tools.cli.Console;
import dev.vicreg.tools.cli.Setting;
import dev.vicreg.tools.cli.Settings;
import dev.vicreg.tools.cli.Usage;
import dev.vicreg.tools.cli.Version;
import dev.vicreg.tools.output.Progress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Collectors;

/** Times searches among random vectors in clusters, exact and along a graph of neighbours. */
final class BenchSearchCommand {
    private static final int K = 10;
    private static final int BATCH = 64;
    private static final int BATCHES = 5;

    /** Standard deviation of each value around its cluster's centre, whose values have one of 1. */
    private static final double SPREAD = 0.5;

    private static final Setting<Integer> VECTORS =
            Setting.integer("vectors", "N", Group.DATA, "vectors of the index", 1_000_000, K, 16_000_000);
    private static final Setting<Integer> DIMENSION =
            Setting.integer("dimension", "N", Group.DATA, "values of each", 128, 2, 1 << 16);
    private static final Setting<Integer> CLUSTERS =
            Setting.integer("clusters", "N", Group.DATA, "centres that they lie around", 1000, 1, 1_000_000);
    private static final Setting<Integer> QUERIES =
            Setting.integer("queries", "N", Group.EVALUATION, "vectors that are searched for", 200, 1, 100_000);

    private static final Setting<Boolean> EXACT =
            Setting.flag("exact", Group.EVALUATION, "only the exact search: no graph is made, which takes longest");

    static final Usage USAGE = new Usage(
            List.of(),
            List.of(VECTORS, DIMENSION, CLUSTERS, QUERIES, EXACT, SharedSettings.JSON),
            "./vicreg bench search --vectors 10000 --dimension 32");

    private BenchSearchCommand() {}

    static void run(Settings settings, Console console) throws Exception {
        Clusters clusters = new Clusters(settings.get(CLUSTERS), settings.get(DIMENSION));
        int count = settings.get(VECTORS);
        try (TemporaryFolder folder = TemporaryFolder.create("vicreg-bench")) {
            Path file = folder.path().resolve("bench.index");
            long start = System.nanoTime();
            long linking = build(file, count, settings.on(EXACT) ? Integer.MAX_VALUE : 2, clusters, console);
            long end = System.nanoTime();
            Map<String, Object> figures = new LinkedHashMap<>();
            figures.put("vectors", count);
            figures.put("dimension", settings.get(DIMENSION));
            figures.put("seconds_to_build", (end - start) / 1e9);
            figures.put("seconds_of_it_to_link", (end - linking) / 1e9);
            figures.put("bytes", Files.size(file));
            measure(file, clusters, count, settings.get(QUERIES), figures);
            BenchFigures.tell(figures, settings, console);
        }
    }

    /** Vectors by their number. */
    private static final class Clusters {
        private final float[][] centres;

        Clusters(int count, int dimension) {
            SplittableRandom random = new SplittableRandom(0);
            centres = new float[count][dimension];
            for (float[] centre : centres) {
                for (int d = 0; d < dimension; d++) {
                    centre[d] = (float) random.nextGaussian();
                }
            }
        }

        float[] vector(int number) {
            SplittableRandom random = new SplittableRandom(number + 1L);
            float[] centre = centres[random.nextInt(centres.length)];
            float[] vector = new float[centre.length];
            for (int d = 0; d < vector.length; d++) {
                vector[d] = centre[d] + (float) (SPREAD * random.nextGaussian());
            }
            return vector;
        }

        int dimension() {
            return centres[0].length;
        }
    }

    /** Writes the index; when its linking began. */
    private static long build(Path file, int count, int approximateFrom, Clusters clusters, Console console)
            throws IOException {
        Input.Vectors input = Input.vectors(List.of("x"), List.of(0f), List.of(1f));
        Manifest manifest = new Manifest(2, Version.TEXT, "none", input, clusters.dimension(), 0, "", Map.of());
        String none = FileDigest.sha256(new byte[0]);
        try (IndexBuilder builder = IndexBuilder.create(
                file, clusters.dimension(), new SearchIndex.Description("none", none, "made up", manifest))) {
            for (int i = 0; i < count; i++) {
                builder.add(new SearchIndex.Entry("" + i, 0, none), clusters.vector(i), new byte[0]);
            }
            long linking = System.nanoTime();
            try (Progress progress = new Progress(console, "link", 0, count)) {
                builder.publish(approximateFrom, new IndexBuilder.Watch() {
                    @Override
                    public void linked(int done, int of) {
                        progress.at(done);
                    }
                });
            }
            return linking;
        }
    }

    private static void measure(Path file, Clusters clusters, int count, int queries, Map<String, Object> figures)
            throws IOException {
        List<float[]> asked = new ArrayList<>();
        for (int i = 0; i < queries; i++) {
            asked.add(clusters.vector(count + i));
        }
        try (SearchIndex index = SearchIndex.open(file)) {
            index.searchExactly(asked.subList(0, 1), K); // warms
            List<List<SearchIndex.Match>> truth = new ArrayList<>();
            figures.put(
                    "milliseconds_exact", median(asked, query -> truth.addAll(index.searchExactly(List.of(query), K))));
            List<float[]> batch = new ArrayList<>();
            for (int i = 0; i < BATCH; i++) {
                batch.add(asked.get(i % queries));
            }
            List<float[]> batches = asked.subList(0, Math.min(BATCHES, queries));
            figures.put(
                    "milliseconds_exact_batch_of_" + BATCH, median(batches, query -> index.searchExactly(batch, K)));
            if (!index.isExact()) {
                asked.forEach(query -> index.search(query, K)); // warms
                List<List<SearchIndex.Match>> found = new ArrayList<>();
                figures.put("milliseconds_approximate", median(asked, query -> found.add(index.search(query, K))));
                figures.put("recall_at_" + K, recall(truth, found));
            }
        }
    }

    private static double median(List<float[]> queries, BenchFigures.Work<float[]> search) throws IOException {
        return BenchFigures.median(BenchFigures.milliseconds(queries, search));
    }

    private static double recall(List<List<SearchIndex.Match>> truth, List<List<SearchIndex.Match>> found) {
        double sum = 0;
        for (int i = 0; i < truth.size(); i++) {
            var places = found.get(i).stream().map(SearchIndex.Match::index).collect(Collectors.toSet());
            sum += truth.get(i).stream()
                            .filter(match -> places.contains(match.index()))
                            .count()
                    / (double) K;
        }
        return sum / truth.size();
    }
}
