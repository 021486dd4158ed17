package dev.vicreg.tools;

import dev.vicreg.runtime.EmbeddingModel;
import dev.vicreg.runtime.picture.Picture;
import dev.vicreg.tools.cli.Command;
import dev.vicreg.tools.cli.Console;
import dev.vicreg.tools.cli.Setting;
import dev.vicreg.tools.cli.Setting.Group;
import dev.vicreg.tools.cli.Settings;
import dev.vicreg.tools.eval.PicturePreparation;
import dev.vicreg.tools.eval.Vectors;
import dev.vicreg.tools.output.Json;
import dev.vicreg.tools.output.Progress;
import dev.vicreg.tools.output.VectorFile;
import dev.vicreg.training.data.Datasets;
import dev.vicreg.training.data.InOrder;
import dev.vicreg.training.data.PictureDataset;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** Turns a data set into a file of vectors. */
final class EmbedCommand {
    private static final int BATCH = 256;

    private static final Setting<Path> OUT = Setting.path(
            "out",
            "FILE.npy|FILE.csv",
            Group.OUTPUT,
            "the vectors, one row a picture; the pictures' names go to FILE.paths.txt beside it");
    private static final Setting<Boolean> NORMALIZE =
            Setting.flag("normalize", Group.OUTPUT, "scale every vector to length 1");

    static final Command COMMAND = new Command(
            "embed",
            "turns pictures into vectors with a trained encoder",
            List.of(SharedSettings.MODEL, SharedSettings.DATA, OUT),
            List.of(
                    SharedSettings.LIMIT,
                    SharedSettings.LIMIT_PER_CLASS,
                    NORMALIZE,
                    SharedSettings.JSON,
                    SharedSettings.DEVICE,
                    SharedSettings.THREADS),
            "./vicreg embed --model run/encoder.onnx --data shapes/test --out vectors.npy",
            EmbedCommand::run);

    private EmbedCommand() {}

    private static void run(Settings settings, Console console) throws Exception {
        Path out = settings.get(OUT);
        try (EmbeddingModel model = EmbeddingModel.load(
                        settings.get(SharedSettings.MODEL),
                        settings.get(SharedSettings.DEVICE),
                        settings.get(SharedSettings.THREADS));
                PictureDataset data =
                        Datasets.open(settings.get(SharedSettings.DATA), SharedSettings.selection(settings))) {
            int skipped = embed(model, data, out, settings.on(NORMALIZE), console);
            int rows = data.size() - skipped;
            if (settings.on(SharedSettings.JSON)) {
                console.out()
                        .println(Json.line(Map.of(
                                "vectors", out.toString(),
                                "paths", VectorFile.pathsFile(out).toString(),
                                "pictures", rows,
                                "skipped", skipped,
                                "dimension", model.dimension())));
            } else {
                console.err().println(rows + " vectors of " + model.dimension() + " values");
                console.out().println(out);
            }
        }
    }

    /** Writes the vectors of all pictures; answers how many pictures could not be decoded. */
    static int embed(EmbeddingModel model, PictureDataset data, Path out, boolean normalize, Console console)
            throws IOException {
        try (VectorFile file = VectorFile.create(out, model.dimension());
                Progress progress = new Progress(console, "embed", data.size())) {
            int skipped = InOrder.forEachBatch(data, BATCH, PicturePreparation.of(model)::apply, items -> {
                List<Picture> pictures = items.stream().map(InOrder.Item::value).toList();
                float[][] vectors = model.embedPictures(pictures);
                for (int i = 0; i < vectors.length; i++) {
                    file.add(data.name(items.get(i).index()), normalize ? Vectors.normalized(vectors[i]) : vectors[i]);
                }
                progress.at(items.get(items.size() - 1).index() + 1, "");
                if (console.stopRequested().getAsBoolean()) {
                    throw new IllegalStateException("stopped; nothing was written");
                }
            });
            file.publish();
            return skipped;
        }
    }
}
