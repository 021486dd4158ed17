package dev.vicreg.tools;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What users may get wrong, over all commands: one line that says what it is, without names of Java's. */
class BadInputsTest {
    /** Exceptions and errors, classes with their packages, arrays as the JVM writes them, places in C++ sources. */
    private static final Pattern FOREIGN = Pattern.compile("[A-Z]\\w*(Exception|Error)\\b"
            + "|\\b(java|javax|sun|com|org|ai|dev)\\.[a-z]\\w*\\.|class \\[|\\[[BCDFIJ]\\b|Optional\\[|@[0-9a-f]{5,}"
            + "|\\bnull\\b|JsonToken|\\.cc:\\d|REDACTED|a mistake in this program");

    private static final String SMALL = " --width 4 --projector 16-16 --batch-size 16 --steps 1 --threads 1 ";

    /** Each with a part of what is said; {@code ~} is the folder. */
    private static final String LINES = """
            train --out ~/new SMALL --data ~/none                     => no such file or folder: ~/none
            train --out ~/new SMALL --data ~/void                     => no pictures in ~/void
            train --out ~/new SMALL --data ~/broken                   => at most 2
            train --out ~/new SMALL --data ~/empty.npy                => is no NumPy file
            train --out ~/new SMALL --data ~/head.npy                 => is damaged
            train --out ~/new SMALL --data ~/huge.npy                 => its shape is (99999999999, 9)
            train --out ~/new SMALL --data ~/objects.npy              => '|O'
            train --out ~/new SMALL --data ~/words.csv                => has no column of numbers
            train --out ~/new SMALL --data ~/ragged.csv               => row 2 has 1 values
            train --out ~/new SMALL --data ~/open.csv                 => never closed
            train --out ~/new SMALL --data ~/empty.csv                => is empty
            train --out ~/new SMALL --data ~/bad.wav                  => at most 1
            train --out ~/new SMALL --data ~/bad.zip                  => cannot read the archive
            train --out ~/new SMALL --data ~/bad.tar                  => no pictures in
            train --out ~/new SMALL --data ~/bad.tar.gz               => ~/bad.tar.gz: damaged or truncated (it isn't compressed by gzip)
            train --out ~/new SMALL --data ~/no.ids                   => line 1 has 'x'
            train --out ~/new SMALL --data ~/big.ids                  => at most 9 digits
            train --out ~/new SMALL --data ~/text.onnx                => found 1 other files
            train --out ~/new SMALL --data ~/run                      => no pictures in ~/run
            train --out ~/new SMALL --data ~/p/train --augment x      => unknown augmentation preset
            train --out ~/new SMALL --data ~/p/train --augment hue=x  => hue must be a number
            train --out ~/new SMALL --data ~/p/train --augment blue=1 => unknown augmentation setting
            train --out ~/new SMALL --data ~/p/train --lr NaN         => --lr must be from
            train --out ~/new SMALL --data ~/p/train --encoder nope   => --encoder must be one of
            train --out ~/new SMALL --data ~/p/train --encoder ~/text.onnx  => not an ONNX model
            train --out ~/new SMALL --data ~/p/train --encoder ~/half.onnx  => or a truncated one
            train --out ~/new SMALL --data ~/p/train --encoder ~/none.onnx  => No ONNX file at
            train --out ~/new SMALL --data ~/p/train --device tpu     => --device must be
            train --out ~/new SMALL --data ~/p/train --seed x         => --seed must be
            train --out ~/new SMALL --data ~/p/train --freeze [       => No parameter fits
            train --out ~/new SMALL --data ~/p/train --lr-scale x     => a pattern and a factor
            train --out ~/new SMALL --data ~/p/train --clip -1        => --clip must be
            train --out ~/new SMALL --data ~/p/train --ema 1          => --ema must be
            train --out ~/new SMALL --data ~/p/train --accumulate 0   => --accumulate must be
            train --out ~/new SMALL --data ~/p/train --schedule stairs                             => --schedule must be
            train --out ~/new SMALL --data ~/p/train --schedule step --lr-milestones x             => must be shares
            train --out ~/new SMALL --data ~/p/train --schedule step --lr-milestones 0.8,0.6       => larger than the one
            train --out ~/new SMALL --data ~/p/train --schedule step --lr-gamma 2                  => --lr-gamma must be
            train --out ~/new SMALL --data ~/p/train --lr-milestones 0.5   => belong to --schedule step, found cosine
            train --out ~/new SMALL --data ~/p/train --image-size 16,32      => --image-size must say how long pictures of 16
            train --out ~/new SMALL --data ~/p/train --image-size 16:1,32:1  => the run's 1 steps end before pictures of 32
            train --out ~/new SMALL --data ~/p/train --image-size 16:0,32    => --image-size must be 8 to 4096 pixels
            train --out ~/new SMALL --data ~/p/train --image-size 8:50%,7    => --image-size must be 8 to 4096 pixels
            train --out ~/new --width 12 --projector 16-16 --batch-size 16 --epochs 2 --encoder vit-tiny --data ~/p/train --image-size 16:1,32 => takes pictures of one size
            train --out ~/new SMALL --data ~/p/train --mean x         => --mean must be numbers
            train --out ~/new SMALL --data ~/p/train --label x        => --label is for vectors
            train --out ~/new SMALL --data ~/p/train --eval-data ~/none        => no such file or folder
            train --out ~/new SMALL --data ~/p/train --eval-data ~/v/test.csv  => --eval-data ~/v/test.csv: The data are vectors, expected pictures
            train --out ~/new SMALL --data ~/p/train --eval-data ~/broken      => cannot be decoded
            train --out ~/new SMALL --data ~/p/train --config ~/none      => no such file
            train --out ~/new SMALL --data ~/p/train --config ~/bad.yaml  => line 1
            train --out ~/new SMALL --data ~/p/train --config ~/list.yaml => lines of the form name: value
            train --out ~/new SMALL --data ~/p/train --config ~/typo.yaml => did you mean width?
            train --out ~/new SMALL --data ~/p/train --config ~/deep.yaml => must have one value
            train --out ~/run SMALL --data ~/p/train       => is not empty
            train --resume --out ~/none                    => is no run
            train --resume --out ~/damaged                 => is damaged: it is no JSON from line 2 on
            train --resume --out ~/array                   => it has no settings
            train --resume --out ~/number                  => it has no settings
            train --resume --out ~/run --from step-99      => has no checkpoint of step 99
            train --resume --out ~/run --width 8           => width: 4 in the run, 8 asked for
            export --out ~/e.onnx --run ~/none             => is no run
            export --out ~/e.onnx --run ~/array            => it has no settings
            export --out ~/e.onnx --run ~/unsaved          => ./vicreg train --resume --out ~/unsaved
            export --run ~/run                             => --out FILE.onnx is missing
            inspect ~/none                                 => no such file or folder
            inspect ~/void                                 => neither a run
            inspect ~/text.onnx                            => not an ONNX model
            inspect ~/half.onnx                            => or a truncated one
            inspect ~/damaged                              => is not the configuration of a run
            embed --data ~/p/test --out ~/o.npy --model ~/none        => no such model file
            embed --data ~/p/test --out ~/o.npy --model ~/empty.onnx  => it is cut off, or no ONNX model
            embed --data ~/p/test --out ~/o.npy --model ~/text.onnx   => it is cut off, or no ONNX model
            embed --data ~/p/test --out ~/o.npy --model ~/half.onnx   => it is cut off, or no ONNX model
            embed --data ~/p/test --out ~/o.npy --model ~/plain.onnx  => inputs, image, encoder.
            embed --model ENCODER --out ~/o.npy --data ~/v/train.csv  => The encoder takes pictures
            embed --model ENCODER --out ~/o.npy --data ~/broken       => cannot be decoded
            embed --model ENCODER --data ~/p/test --out ~/o.txt       => must end in .npy or .csv
            embed --model ENCODER --data ~/p/test --out ~/none/o.npy  => its folder does not exist
            eval --model ENCODER --train ~/p/train --test ~/none         => no such file or folder
            eval --model ENCODER --train ~/p/train --test ~/v/test.csv   => The encoder takes pictures
            eval --model ENCODER --train ~/p/train --test ~/p/test --crop-area 0.3       => add --crops N
            eval --model ENCODER --train ~/p/train --test ~/p/test --crops 2 --crop-area 2 => --crop-area must be
            embed --model ENCODER --data ~/p/test --out ~/o.npy --crops -1               => --crops must be
            eval --model ENCODER --train ~/p/train --test ~/p/test --k 0 => --k must be
            eval --model ENCODER --train ~/p/train --test ~/p/test --measures knn --k 999 => a smaller --k
            eval --model ENCODER --train ~/p/train --test ~/p/test --measures linear --k 5 => --k is of kNN, which --measures has not; leave it out
            eval --model ENCODER --train ~/p/train --test ~/p/test --measures linear --temperature 1 => --temperature is of kNN
            artifacts --out ~/art --encoder ~/half.onnx    => or a truncated one
            artifacts --out ~/run --width 4                => ~/run
            sample --out ~/p                               => is not empty
            sample --out ~/words.csv                       => exists already
            quickstart --out ~/p                           => ~/p is not empty; name a new folder
            bench train --branches side-by-side --threads 1 => --branches side-by-side: expected the CPU and 2 --threads or more
            bench train --encoder x                        => --encoder must be one of
            doctor x                                       => unexpected
            help nothing                                   => no help on nothing
            nope                                           => unknown command
            """;

    @TempDir
    static Path folder;

    @BeforeAll
    static void makeInputs() throws IOException {
        Cli.run("sample", "--out", folder + "/p", "--per-class", "4", "--test-per-class", "1");
        Cli.run("sample", "--kind", "vectors", "--out", folder + "/v", "--per-class", "4", "--test-per-class", "1");
        Cli trained = run("train --out ~/run --data ~/p/train SMALL");
        assertEquals(0, trained.status(), trained.err());
        Files.createSymbolicLink(folder.resolve("link"), folder.resolve("p/train"));
        Files.createDirectories(folder.resolve("void"));
        byte[] encoder = Files.readAllBytes(folder.resolve("run/encoder.onnx"));
        Files.write(folder.resolve("half.onnx"), Arrays.copyOf(encoder, encoder.length / 2));
        Files.copy(folder.resolve("run/artifacts/eval_model.onnx"), folder.resolve("plain.onnx"));
        write("unsaved/config.json", Files.readString(folder.resolve("run/config.json")));
        write("empty.onnx", "");
        write("text.onnx", "no model at all, but a text that is long enough for a tag or two");
        write("empty.npy", "");
        write("head.npy", "\u0093NUMPY\1\0v\0{'descr': '<f4', 'fortran_order': False, 'shape': (3, )");
        write("huge.npy", array("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999, 9), }"));
        write("objects.npy", array("{'descr': '|O', 'fortran_order': False, 'shape': (3,), }"));
        write("words.csv", "a,b\nx,y\nz,w\n");
        write("ragged.csv", "a,b\n1,2\n3\n");
        write("open.csv", "a,b\n1,\"2\n3,4\n");
        write("empty.csv", "");
        write("bad.wav", "RIFFxxxxWAVE");
        write("bad.zip", "PK\3\4 but no zip");
        write("bad.tar", "no tar");
        write("bad.tar.gz", "no gzip");
        write("no.ids", "1 2 x\n");
        write("big.ids", "1 99999999999 3\n");
        write("bad.yaml", "width: [1\n");
        write("list.yaml", "- a\n- b\n");
        write("typo.yaml", "widht: 4\n");
        write("deep.yaml", "width: {a: 1}\n");
        write("damaged/config.json", "{\n");
        write("array/config.json", "[]");
        write("number/config.json", "{\"settings\": 3}");
        write("broken/a/x.png", "no picture");
        write("broken/b/y.png", "no picture");
    }

    private static void write(String name, String text) throws IOException {
        Path file = folder.resolve(name);
        Files.createDirectories(file.getParent());
        Files.write(file, text.getBytes(StandardCharsets.ISO_8859_1));
    }

    private static String array(String header) {
        return "\u0093NUMPY\1\0v\0" + header + " ".repeat(118 - header.length());
    }

    private static Cli run(String line) {
        String words = line.replace("SMALL", SMALL).replace("ENCODER", "~/run/encoder.onnx");
        return Cli.run(Stream.of(words.split(" +"))
                .map(word -> word.replace("~", folder.toString()))
                .toArray(String[]::new));
    }

    @Test
    void everyMistakeEndsInOneLineThatAUserUnderstands() {
        List<String> wrong = new ArrayList<>();
        for (String line : LINES.lines().toList()) {
            String[] parts = line.strip().split(" +=> ", -1);
            Cli cli = run(parts[0]);
            String said = cli.err().replace(folder.toString(), "~").strip();
            long errors = said.lines().filter(each -> each.startsWith("vicreg")).count();
            boolean right = cli.status() > 0
                    && cli.out().isEmpty()
                    && errors == 1
                    && said.contains(parts[1])
                    && !FOREIGN.matcher(said).find();
            if (!right) {
                wrong.add(cli.status() + " " + line + "\n    " + said);
            }
        }
        assertTrue(wrong.isEmpty(), () -> String.join("\n", wrong));
    }

    /** Each sample finds itself, and kNN comes close to 100 %, whatever the encoder. */
    @Test
    void samplesThatAreMeasuredByThemselvesAreToldOf() {
        String same = "warning: the test data ~/p/train are the same samples as the training data ~/p/train: ";
        assertEquals(1, warnings("eval --model ENCODER --train ~/p/train --test ~/p/train", same));
        assertEquals(1, warnings("eval --model ENCODER --train ~/p/train --test ~/link", "are the same samples as"));
        assertEquals(1, warnings("eval --model ENCODER --train ~/p --test ~/p/test", "~/p/test lie in the"));
        assertEquals(0, warnings("eval --model ENCODER --train ~/p/train --test ~/p/test", "warning"));
        assertEquals(1, warnings("train --out ~/a SMALL --data ~/p/train --eval-data ~/p", "~/p hold the"));
        assertEquals(0, warnings("train --out ~/b SMALL --data ~/p/train --eval-data ~/p/test", "warning"));
    }

    private static long warnings(String line, String part) {
        Cli cli = run(line);
        assertEquals(0, cli.status(), cli.err());
        String said = cli.err().replace(folder.toString(), "~");
        return said.lines().filter(each -> each.contains(part)).count();
    }

    @Test
    void helpOnAugmentationsListsEverySetting() {
        Cli help = Cli.run("help", "augmentations");
        assertEquals(0, help.status());
        for (String setting :
                List.of("cifar", "crop-min=0.2", "view-b.solarise=0.2", "speed=0.1", "mix=0.1", "swap=0")) {
            assertTrue(help.out().contains(setting), setting + " in " + help.out());
        }
        assertTrue(Cli.run("train", "--help").out().replaceAll("\\s+", " ").contains("./vicreg help augmentations"));
        assertEquals(Cli.run("eval", "--help").out(), Cli.run("help", "eval").out());
    }
}
