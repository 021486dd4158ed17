package dev.vicreg.tools.command;

import dev.vicreg.models.setting.Group;
import dev.vicreg.models.setting.SettingException;
import dev.vicreg.runtime.Embedder;
import dev.vicreg.runtime.EmbeddingModel;
import dev.vicreg.runtime.Embeddings;
import dev.vicreg.tools.cli.Console;
import dev.vicreg.tools.cli.Setting;
import dev.vicreg.tools.cli.Settings;
import dev.vicreg.tools.cli.Usage;
import dev.vicreg.tools.evaluation.SampleForm;
import dev.vicreg.tools.evaluation.SampleForms;
import dev.vicreg.tools.output.Json;
import dev.vicreg.tools.output.Progress;
import dev.vicreg.tools.output.VectorFile;
import dev.vicreg.training.data.Datasets;
import dev.vicreg.training.data.source.Dataset;
import dev.vicreg.training.data.source.InOrder;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** Turns a data set into a file of vectors. */
final class EmbedCommand {
    private static final Setting<String> OUT = Setting.text(
            "out",
            "FILE.npy|.csv|FOLDER",
            Group.OUTPUT,
            "the vectors, one row a sample; the samples' names go to FILE.paths.txt beside it. Engine spark: a folder of"
                    + " Parquet files, to which what it lacks is added",
            null);
    private static final Setting<Boolean> NORMALIZE =
            Setting.flag("normalize", Group.OUTPUT, "scale every vector to length 1");
    private static final Setting<String> ENGINE = Setting.choice(
            "engine",
            List.of("local", "spark"),
            Group.MACHINE,
            "what embeds: this process, or a cluster, by spark-submit of SPARK_HOME",
            "local");

    static final Usage USAGE = new Usage(
            List.of(SharedSettings.MODEL, SharedSettings.DATA, OUT),
            Stream.of(
                            ModelFile.OPTIONS,
                            List.of(SharedSettings.LIMIT, SharedSettings.LIMIT_PER_CLASS, NORMALIZE),
                            SharedSettings.CROPPING,
                            SharedSettings.EMBEDDING,
                            List.of(ENGINE),
                            SparkEngine.OPTIONS)
                    .<Setting<?>>flatMap(List::stream)
                    .toList(),
            "./vicreg embed --model run/encoder.onnx --data shapes/test --out vectors.npy");

    private EmbedCommand() {}

    /** What the engine spark has no use for. */
    private static final List<Setting<?>> LOCAL = Stream.of(
                    ModelFile.OPTIONS,
                    List.of(SharedSettings.LIMIT, SharedSettings.LIMIT_PER_CLASS),
                    SharedSettings.CROPPING,
                    List.of(SharedSettings.GPU_MEMORY, SharedSettings.CUDNN_SEARCH, SharedSettings.TF32))
            .<Setting<?>>flatMap(List::stream)
            .toList();

    static void run(Settings settings, Console console) throws Exception {
        boolean cluster = settings.get(ENGINE).equals("spark");
        for (Setting<?> useless : cluster ? LOCAL : SparkEngine.OPTIONS) {
            if (settings.isGiven(useless)) {
                throw new SettingException("--" + useless.name() + " is for the engine " + (cluster ? "local" : "spark")
                        + "; leave it out");
            }
        }
        if (cluster) {
            new SparkEngine(System.getenv(), EmbedCommand.class.getClassLoader())
                    .embed(settings, settings.get(OUT), settings.on(NORMALIZE), console);
            return;
        }
        Path out = Path.of(settings.get(OUT));
        VectorFile.requireWritable(out);
        String named = settings.get(SharedSettings.DATA);
        try (Datasets datasets = new Datasets(new Reading(console))) {
            embed(settings, named, out, datasets, console);
        }
    }

    private static void embed(Settings settings, String named, Path out, Datasets datasets, Console console)
            throws IOException {
        ModelFile files = new ModelFile(settings, named, datasets, console);
        try (EmbeddingModel model = files.open(settings.get(SharedSettings.MODEL))) {
            files.requireUses();
            Dataset<?> data =
                    InputOptions.open(model.manifest(), named, null, SharedSettings.selection(settings), datasets);
            VectorWriter writer = new VectorWriter(model, out, settings.on(NORMALIZE), console);
            int skipped = embed(SharedSettings.form(settings, data), model, data, writer);
            int rows = data.size() - skipped;
            if (settings.on(SharedSettings.JSON)) {
                console.out()
                        .println(Json.line(Map.of(
                                "vectors",
                                out.toString(),
                                "paths",
                                VectorFile.pathsFile(out).toString(),
                                "samples",
                                rows,
                                "skipped",
                                skipped,
                                "dimension",
                                model.dimension())));
            } else {
                console.err()
                        .println(rows
                                + (rows == 1 ? " vector of " : " vectors of ")
                                + model.dimension()
                                + (model.dimension() == 1 ? " value" : " values"));
                console.out().println(out);
            }
        }
    }

    /** Writes the vectors of all samples as they are; answers how many of them could not be decoded. */
    static int embed(EmbeddingModel model, Dataset<?> data, Path out, Console console) throws IOException {
        return embed(SampleForms.of(data), model, data, new VectorWriter(model, out, false, console));
    }

    private static <S> int embed(SampleForm<S, ?> form, EmbeddingModel model, Dataset<?> data, VectorWriter writer)
            throws IOException {
        return writer.write(form.kind().require(data), SampleForms.embedder(form, model));
    }

    private record VectorWriter(EmbeddingModel model, Path out, boolean normalize, Console console) {
        <T> int write(Dataset<T> data, Embedder<T> embedder) throws IOException {
            try (Console.Hold hold = console.hold();
                    VectorFile file = VectorFile.create(out, model.dimension());
                    Progress progress = new Progress(console, "embed", 0, data.size())) {
                InOrder.Reader<T> prepared = index -> embedder.prepare(data.sample(index));
                int skipped = InOrder.forEachBatch(data, model.batchSize(), prepared, items -> {
                    List<T> samples = items.stream().map(InOrder.Item::value).toList();
                    float[][] vectors = embedder.embed(samples);
                    for (int i = 0; i < vectors.length; i++) {
                        String name = data.name(items.get(i).index());
                        float[] vector = normalize ? Embeddings.normalised(vectors[i]) : vectors[i];
                        written(() -> file.add(name, vector));
                    }
                    progress.at(items.get(items.size() - 1).index() + 1);
                    if (hold.isStopRequested()) {
                        throw new IllegalStateException("stopped; nothing was written");
                    }
                });
                written(file::publish);
                return skipped;
            }
        }

        private interface Writing {
            void run() throws IOException;
        }

        /** What a full disk says doesn't name the file. */
        private void written(Writing writing) throws IOException {
            try {
                writing.run();
            } catch (IOException e) {
                String message = String.valueOf(e.getMessage());
                throw message.startsWith("Cannot write ")
                        ? e
                        : new IOException("Cannot write " + out + ": " + message + "; nothing was written", e);
            }
        }
    }
}
