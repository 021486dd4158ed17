package dev.vicreg.tools.command;

import dev.vicreg.models.setting.Group;
import dev.vicreg.tools.cli.Console;
import dev.vicreg.tools.cli.Setting;
import dev.vicreg.tools.cli.Settings;
import dev.vicreg.tools.cli.Usage;
import dev.vicreg.tools.sample.SampleSequences;
import dev.vicreg.tools.sample.SampleSet;
import dev.vicreg.tools.sample.SampleSignals;
import dev.vicreg.tools.sample.SampleVectors;
import java.nio.file.Path;
import java.util.List;

/** Makes a sample set in a folder. */
final class SampleCommand {
    private static final Setting<Path> OUT = Setting.path(
            "out",
            "DIR",
            Group.OUTPUT,
            "folder for train/CLASS/*.png and test/CLASS/*.png, or .wav, or train and test .csv or .ids; new or empty");
    private static final Setting<String> KIND = Setting.choice(
            "kind", List.of("pictures", "vectors", "signals", "sequences"), Group.DATA, "what is made", "pictures");
    private static final Setting<Integer> PER_CLASS = Setting.integer(
            "per-class", "N", Group.DATA, "training samples of each of the ten classes", 500, 1, 1_000_000);
    private static final Setting<Integer> TEST_PER_CLASS = Setting.integer(
            "test-per-class", "N", Group.DATA, "test samples of each class, from other seeds", 100, 1, 1_000_000);
    private static final Setting<Integer> IMAGE_SIZE =
            Setting.integer("image-size", "PIXELS", Group.DATA, "pictures: side of the squares", 32, 16, 1024);
    private static final Setting<Long> SEED = Setting.seed("seed", Group.DATA, "same seed, same samples", 0);

    static final Usage USAGE = new Usage(
            List.of(OUT),
            List.of(KIND, PER_CLASS, TEST_PER_CLASS, IMAGE_SIZE, SEED),
            "./vicreg sample --out shapes --per-class 500");

    private SampleCommand() {}

    static void run(Settings settings, Console console) throws Exception {
        Path out = settings.get(OUT);
        String kind = settings.get(KIND);
        long seed = settings.get(SEED);
        int train = settings.get(PER_CLASS);
        int test = settings.get(TEST_PER_CLASS);
        int samples = switch (kind) {
            case "vectors" -> new SampleVectors(seed).write(out, train, test);
            case "sequences" -> new SampleSequences(seed).write(out, train, test);
            case "signals" -> new SampleSignals(seed).write(out, train, test);
            default -> new SampleSet(settings.get(IMAGE_SIZE), seed).write(out, train, test);
        };
        console.err().println(samples + " " + kind + " of " + SampleSet.CLASSES + " classes");
        console.out().println(out);
    }
}
