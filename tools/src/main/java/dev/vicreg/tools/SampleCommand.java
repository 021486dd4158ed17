package dev.vicreg.tools;

import dev.vicreg.tools.cli.Command;
import dev.vicreg.tools.cli.Console;
import dev.vicreg.tools.cli.Setting;
import dev.vicreg.tools.cli.Setting.Group;
import dev.vicreg.tools.cli.Settings;
import dev.vicreg.tools.sample.SampleSet;
import java.nio.file.Path;
import java.util.List;

/** Draws the sample set into a folder. */
final class SampleCommand {
    private static final Setting<Path> OUT =
            Setting.path("out", "DIR", Group.OUTPUT, "folder for train/CLASS/*.png and test/CLASS/*.png; new or empty");
    private static final Setting<Integer> PER_CLASS = Setting.integer(
            "per-class", "N", Group.DATA, "training pictures of each of the ten classes", 500, 1, 1_000_000);
    private static final Setting<Integer> TEST_PER_CLASS = Setting.integer(
            "test-per-class", "N", Group.DATA, "test pictures of each class, from other seeds", 100, 1, 1_000_000);
    private static final Setting<Integer> IMAGE_SIZE =
            Setting.integer("image-size", "PIXELS", Group.DATA, "side of the square pictures", 32, 16, 1024);
    private static final Setting<Long> SEED = Setting.seed("seed", Group.DATA, "same seed, same pictures", 0);

    static final Command COMMAND = new Command(
            "sample",
            "draws a labelled set of pictures to try everything with",
            List.of(OUT),
            List.of(PER_CLASS, TEST_PER_CLASS, IMAGE_SIZE, SEED),
            "./vicreg sample --out shapes --per-class 500",
            SampleCommand::run);

    private SampleCommand() {}

    private static void run(Settings settings, Console console) throws Exception {
        Path out = settings.get(OUT);
        SampleSet set = new SampleSet(settings.get(IMAGE_SIZE), settings.get(SEED));
        int pictures = set.write(out, settings.get(PER_CLASS), settings.get(TEST_PER_CLASS));
        console.err().println(pictures + " pictures of " + SampleSet.CLASSES + " classes");
        console.out().println(out);
    }
}
