package dev.vicreg.tools.command;

import dev.vicreg.models.setting.Group;
import dev.vicreg.tools.cli.Console;
import dev.vicreg.tools.cli.Setting;
import dev.vicreg.tools.cli.Settings;
import dev.vicreg.tools.cli.Usage;
import dev.vicreg.training.config.InputConfig;
import dev.vicreg.training.config.ViewsConfig;
import dev.vicreg.training.data.Datasets;
import dev.vicreg.training.data.pair.PairLoader;
import dev.vicreg.training.data.source.Dataset;
import dev.vicreg.training.data.source.Selection;
import dev.vicreg.training.data.view.ViewKey;
import dev.vicreg.training.data.view.ViewSource;
import dev.vicreg.training.step.Side;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Times what feeds a run: views made of samples, and pairs of them by the workers of a run, reading included. */
final class BenchAugmentCommand {
    private static final Setting<Integer> SAMPLES =
            Setting.integer("samples", "N", Group.DATA, "of the data's first samples, so many", 256, 1, 100_000);
    private static final Setting<Integer> BATCHES =
            Setting.integer("batches", "N", Group.OPTIMIZATION, "batches that the workers make", 20, 1, 100_000);
    private static final Setting<Integer> WORKERS = Setting.integer(
            "workers",
            "N",
            Group.MACHINE,
            "threads that make them, beside one alone; 0 for one a processor",
            0,
            0,
            4096);
    private static final Setting<Integer> BATCH_SIZE =
            Setting.integer("batch-size", "N", Group.OPTIMIZATION, "pairs a batch", 128, 1, 100_000);

    /** Batches that are made ahead, and one more. */
    private static final int BEFORE = 4;

    static final Usage USAGE = new Usage(
            List.of(SharedSettings.DATA),
            Stream.of(
                            InputOptions.ALL,
                            Setting.of(ViewsConfig.class),
                            List.of(SAMPLES, BATCHES, BATCH_SIZE, WORKERS, SharedSettings.JSON))
                    .<Setting<?>>flatMap(List::stream)
                    .toList(),
            "./vicreg bench augment --data shapes/train --augment official --image-size 64");

    private BenchAugmentCommand() {}

    static void run(Settings given, Console console) throws Exception {
        Settings settings = InputOptions.preprocessed(given);
        try (Datasets datasets = new Datasets(new Reading(console))) {
            InputConfig input = SideInputs.of(settings, Selection.ALL, datasets).a();
            Dataset<?> data = open(settings, input, datasets);
            ViewsConfig views = RunOptions.views(settings, input, input);
            ViewSource a = input.views(data, views.of(Side.A));
            ViewSource b = input.views(data, views.of(Side.B));
            int batch = Math.min(settings.get(BATCH_SIZE), data.size());
            Map<String, Object> figures = new LinkedHashMap<>();
            figures.put("bytes_a_view", a.type().bytes());
            BenchFigures.put(figures, "milliseconds_a_view", views(a, places(data, settings)));
            int asked = settings.get(WORKERS);
            int workers = asked == 0 ? Runtime.getRuntime().availableProcessors() : asked;
            figures.put("batch_size", batch);
            figures.put("pairs_per_second_1_worker", pairs(a, b, batch, 1, settings.get(BATCHES)));
            if (workers > 1) {
                figures.put(
                        "pairs_per_second_" + workers + "_workers", pairs(a, b, batch, workers, settings.get(BATCHES)));
            }
            BenchFigures.tell(figures, settings, console);
        }
    }

    private static Dataset<?> open(Settings settings, InputConfig input, Datasets datasets) throws IOException {
        return datasets.open(settings.get(SharedSettings.DATA), input.reading(), Selection.ALL);
    }

    private static List<Integer> places(Dataset<?> data, Settings settings) {
        return IntStream.range(0, Math.min(settings.get(SAMPLES), data.size()))
                .boxed()
                .toList();
    }

    /** One view of each sample, which is decoded before. */
    private static double[] views(ViewSource source, List<Integer> places) throws IOException {
        ByteBuffer into = ByteBuffer.allocateDirect(source.type().bytes()).order(ByteOrder.nativeOrder());
        double[] times = new double[places.size()];
        for (int warm = 0; warm < 2; warm++) {
            for (int place : places) {
                ViewSource.Sample sample = source.sample(place);
                ViewKey key = new ViewKey(0, warm, place, 0);
                long start = System.nanoTime();
                sample.write(key, into, 0);
                times[place] = (System.nanoTime() - start) / 1e6;
            }
        }
        return times;
    }

    /** Pairs a second of batches as a run gets them, decoding included; the first few batches aren't counted. */
    private static double pairs(ViewSource a, ViewSource b, int batch, int workers, int batches)
            throws IOException, InterruptedException {
        try (PairLoader loader = new PairLoader(a, b, batch, 0, workers, 0)) {
            for (int i = 0; i < BEFORE; i++) {
                loader.next();
            }
            long start = System.nanoTime();
            for (int i = 0; i < batches; i++) {
                loader.next();
            }
            return batch * batches * 1e9 / (System.nanoTime() - start);
        }
    }
}
