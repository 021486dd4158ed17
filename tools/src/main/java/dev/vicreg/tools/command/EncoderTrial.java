package dev.vicreg.tools.command;

import dev.vicreg.models.encoder.OnnxEncoder;
import dev.vicreg.models.graph.Dim;
import dev.vicreg.models.graph.ElementType;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.TensorType;
import dev.vicreg.models.onnx.OnnxSummary;
import dev.vicreg.models.setting.SettingException;
import dev.vicreg.runtime.input.PictureSize;
import dev.vicreg.tools.cli.OptionNames;
import dev.vicreg.tools.cli.Setting;
import dev.vicreg.tools.cli.Settings;
import dev.vicreg.tools.cli.Usage;
import dev.vicreg.tools.inspect.Verdict;
import dev.vicreg.tools.inspect.Verdict.Representation;
import dev.vicreg.training.config.BranchConfig;
import dev.vicreg.training.config.EncoderInput;
import dev.vicreg.training.config.GraphConfig;
import dev.vicreg.training.config.InputConfig;
import dev.vicreg.training.config.MultiViewConfig;
import dev.vicreg.training.config.ObjectiveConfig;
import dev.vicreg.training.config.OnnxConfig;
import dev.vicreg.training.config.PictureInput;
import dev.vicreg.training.config.PrecisionConfig;
import dev.vicreg.training.config.SequenceInput;
import dev.vicreg.training.config.UpdateConfig;
import dev.vicreg.training.step.TrainingGraph;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Whether the network of a file can be trained, and with which options: found out by having its training graph made, as
 * {@code artifacts} and {@code train} do, with one option after another. There are no other rules.
 */
final class EncoderTrial {
    private static final List<String> MEAN = List.of("pool", "mean");
    private static final Dim BATCH = Dim.symbol("N");

    /** What an encoder's file is read with. */
    static final List<Setting<?>> OPTIONS = Setting.joined(Stream.of(
                    Setting.of(OnnxConfig.class),
                    List.of(Setting.of(PictureInput.class, "image-size"), Setting.of(SequenceInput.class, "pad-id")))
            .<Setting<?>>flatMap(List::stream)
            .toList());

    /** Without data: what they tell of sizes is not needed to know whether a network can be trained. */
    private static final Usage USAGE = new Usage(
            List.of(),
            Setting.joined(Stream.of(
                            Setting.of(BranchConfig.class),
                            OPTIONS,
                            Setting.of(PictureInput.class).stream()
                                    .filter(setting -> !setting.name().equals("channels"))
                                    .toList(),
                            Setting.of(ObjectiveConfig.class),
                            Setting.of(MultiViewConfig.class),
                            Setting.of(UpdateConfig.class),
                            Setting.of(PrecisionConfig.class))
                    .<Setting<?>>flatMap(List::stream)
                    .toList()),
            "");

    /** Values that are tried as the representation, and those that are enough. */
    private static final int MOST_TRIED = 5;

    private static final int ENOUGH = 3;
    /** Sizes that are tried where a file leaves them open. */
    private static final int PIXELS = 224;

    private static final long IDS = 128;
    private static final long SAMPLES = 16_000;
    /** What a value must at least train of what the file's output does, or of all numbers if that can't be told. */
    private static final double LEAST_SHARE = 0.5;

    private final Settings given;
    private final Path path;

    private EncoderTrial(Settings given, Path path) {
        this.given = given;
        this.path = path;
    }

    /** What is to be done with an encoder's file. */
    interface Task {
        void run() throws Exception;
    }

    /**
     * Does it. Where the encoder's file is refused and could be trained with other sizes, or other values of it could
     * be, the error names these, too.
     *
     * @param settings those of the command
     */
    static void explaining(Settings settings, Task task) throws Exception {
        try {
            task.run();
        } catch (SettingException e) {
            throw new SettingException(e.getMessage() + others(settings, e), e);
        } catch (IOException e) {
            String others = others(settings, e);
            throw others.isEmpty() ? e : new IOException(e.getMessage() + others, e);
        }
    }

    /** The end of a message; empty where it isn't about an encoder's file, or there are none. */
    private static String others(Settings settings, Exception refusal) throws IOException {
        String encoder = settings.read(BranchConfig.class).encoder();
        if (!OnnxConfig.isFile(encoder) || !Files.isRegularFile(Path.of(encoder))) {
            return "";
        }
        EncoderTrial trial = new EncoderTrial(settings.as(USAGE), Path.of(encoder));
        Attempt plain = trial.attempt(List.of());
        if (plain.trains() || !plain.refusal.equals(refusal.getMessage())) {
            return "";
        }
        List<String> sizes = trial.sizes();
        Attempt sized = sizes.isEmpty() ? plain : trial.attempt(sizes);
        if (sized.trains()) {
            return "; it trains with " + String.join(" ", words(sizes, sized.encoder()));
        }
        List<Representation> others = trial.representations(plain, sizes);
        if (!trial.given.isGiven("pool")
                && trial.attempt(joined(sizes, MEAN)).trains()) { // that this will do is what the message says
            others = others.stream().filter(other -> other.options().isEmpty()).toList();
        }
        return others.isEmpty()
                ? ""
                : "; as --output these would do: "
                        + others.stream().map(Representation::toString).collect(Collectors.joining(", "));
    }

    /**
     * The verdict on a file.
     *
     * @param settings may have {@link #OPTIONS}
     * @throws IOException if the file is missing or is no ONNX model
     */
    static Verdict verdict(Path file, Settings settings) throws IOException {
        return new EncoderTrial(settings.as(USAGE).with("encoder", file.toString()), file).verdict();
    }

    private Verdict verdict() throws IOException {
        List<String> sizes = sizes();
        boolean lengthAlone = sizes.contains("input-shape") && OnnxEncoder.takesIds(asked().input()); // data tell it
        Attempt plain = attempt(lengthAlone ? sizes : List.of());
        Attempt best = plain;
        List<List<String>> further = new ArrayList<>(List.of(sizes, joined(sizes, MEAN)));
        further.removeIf(
                options -> options.equals(plain.options) || (options.contains("pool") && given.isGiven("pool")));
        for (List<String> options : further) {
            best = best.trains() ? best : attempt(options);
        }
        List<Representation> others = representations(best, sizes);
        if (!best.trains() && !others.isEmpty() && !given.isGiven("output")) {
            best = attempt(joined(sizes, others.get(0).settings()));
            others = others.subList(1, others.size());
        }
        if (!best.trains()) {
            return new Verdict(false, shown(plain.refusal), List.of(), "", 0, 0, others);
        }
        OnnxEncoder encoder = best.encoder();
        return new Verdict(
                true,
                shown(plain.refusal),
                words(best.options, encoder),
                takes(best, encoder),
                encoder.dimension(),
                encoder.trainedElements(),
                others);
    }

    private static List<String> joined(List<String> one, List<String> other) {
        return Stream.concat(one.stream(), other.stream()).toList();
    }

    private String shown(String refusal) {
        String text = OptionNames.in(refusal, name -> true);
        Path whole = path.toAbsolutePath().normalize();
        return Stream.of("Encoder " + path + ": ", "Encoder " + whole + ": ", path + ": ", whole + ": ")
                .filter(text::startsWith)
                .findFirst()
                .map(start -> text.substring(start.length()))
                .orElse(text);
    }

    /** A network of which there is a training graph, or why there is none. */
    private record Attempt(List<String> options, @Nullable GraphConfig graph, String refusal) {
        boolean trains() {
            return graph != null;
        }

        OnnxEncoder encoder() throws IOException {
            return Objects.requireNonNull(branch().onnx(), "of a file").encoder();
        }

        BranchConfig branch() {
            return Objects.requireNonNull(graph, "of one that trains").a();
        }
    }

    /** With further options, each a name and a text in turn. */
    private Attempt attempt(List<String> options) {
        Settings settings = given;
        for (int i = 0; i < options.size(); i += 2) {
            settings = settings.with(options.get(i), options.get(i + 1));
        }
        try {
            GraphConfig graph = RunOptions.graph(settings, SideInputs.of(settings));
            TrainingGraph.build(graph.spec());
            return new Attempt(options, graph, "");
        } catch (RuntimeException | IOException e) { // a file may break any rule
            return new Attempt(options, null, String.valueOf(e.getMessage()));
        }
    }

    private OnnxConfig asked() throws IOException {
        return given.read(OnnxConfig.class).of(path);
    }

    /** Options that give sizes where the file leaves them open and nobody else has. */
    private List<String> sizes() throws IOException {
        OnnxConfig file = asked();
        TensorType input;
        try {
            input = file.input();
        } catch (SettingException | IOException e) { // the refusal that is told
            return List.of();
        }
        List<Dim> sample = input.shape().dims().stream().skip(1).toList();
        boolean first = !input.shape().at(0).isFixed() || input.shape().size(0) == 1; // else which axis is the batch's?
        boolean open = first && sample.stream().anyMatch(dim -> !dim.isFixed());
        if (!open || given.isGiven("input-shape") || given.isGiven("image-size")) {
            return List.of();
        }
        EncoderInput takes = file.takes();
        if (takes.pictures().isPresent()) {
            return List.of(
                    "image-size",
                    takes.pictureSize(new PictureSize(PIXELS, PIXELS)).toString());
        }
        if (sample.size() == 3 && sample.stream().noneMatch(Dim::isFixed)) {
            return List.of("layout", "nchw", "image-size", String.valueOf(PIXELS));
        }
        long size = OnnxEncoder.takesIds(input) ? IDS : SAMPLES;
        return List.of(
                "input-shape",
                sample.stream()
                        .map(dim -> String.valueOf(dim.isFixed() ? dim.size() : size))
                        .collect(Collectors.joining(",")));
    }

    /** Other values of the file that train, {@value #ENOUGH} at most, no two of one size. */
    private List<Representation> representations(Attempt base, List<String> sizes) throws IOException {
        List<Representation> found = new ArrayList<>();
        OnnxConfig file = asked();
        Set<Shape> seen = new HashSet<>();
        double least = LEAST_SHARE * numbers(file.summary());
        if (base.trains()) {
            least = LEAST_SHARE * base.encoder().trainedElements();
            seen.add(size(base.encoder()));
        }
        int tried = 0;
        for (String name : file.otherOutputs()) {
            if (tried == MOST_TRIED || found.size() == ENOUGH) {
                break;
            }
            tried++;
            List<String> pool = given.isGiven("pool") ? List.of() : MEAN; // which leaves vectors as they are
            Attempt attempt = attempt(joined(joined(sizes, List.of("output", name)), pool));
            if (attempt.trains()) {
                OnnxEncoder encoder = attempt.encoder();
                boolean much = encoder.dimension() > 1 && encoder.trainedElements() >= least;
                if (much && !isChannelsLast(encoder) && seen.add(size(encoder))) {
                    found.add(representation(name, encoder));
                }
            }
        }
        return found;
    }

    private Representation representation(String name, OnnxEncoder encoder) {
        boolean pooled =
                !given.isGiven("pool") && encoder.outputType(BATCH).shape().rank() > 2;
        List<String> options = pooled ? List.of("--pool mean") : List.of();
        return new Representation(name, output(encoder), options, encoder.dimension());
    }

    /** Its type, with symbols for batch and length. */
    private static String output(OnnxEncoder encoder) {
        TensorType type = encoder.outputType(BATCH);
        boolean tokens = encoder.isOfIds()
                && type.shape().rank() == 3
                && type.shape().at(1).equals(Dim.of(encoder.sample().get(0)));
        return text(tokens ? new TensorType(type.element(), type.shape().with(1, Dim.symbol("T"))) : type);
    }

    /** Sizes but those of 1, which are there before a vector is made flat. */
    private static Shape size(OnnxEncoder encoder) {
        return new Shape(encoder.outputType(BATCH).shape().dims().stream()
                .filter(dim -> !dim.equals(Dim.of(1)))
                .toList());
    }

    /** The mean over pixels is over the last two axes, which would be the wrong ones. */
    private static boolean isChannelsLast(OnnxEncoder encoder) {
        Shape shape = encoder.outputType(BATCH).shape();
        return shape.rank() == 4 && shape.at(1).isFixed() && shape.at(3).isFixed() && shape.size(1) < shape.size(3);
    }

    private static long numbers(OnnxSummary summary) {
        return summary.initializers().stream()
                .filter(entry ->
                        entry.element().contains("float") || entry.element().equals("double"))
                .mapToLong(OnnxSummary.Entry::elements)
                .sum();
    }

    /** Options as they are typed, without the length of ids, which is the data's. */
    private static List<String> words(List<String> options, OnnxEncoder encoder) {
        boolean ids = encoder.isOfIds();
        List<String> words = new ArrayList<>();
        for (int i = 0; i < options.size(); i += 2) {
            if (!ids || !options.get(i).equals("input-shape")) {
                words.add("--" + options.get(i) + " " + options.get(i + 1));
            }
        }
        return words;
    }

    private static String takes(Attempt attempt, OnnxEncoder encoder) {
        TensorType type = encoder.type(BATCH);
        List<Long> sample = encoder.sample();
        InputConfig input = attempt.branch().input();
        if (input instanceof PictureInput) {
            return "pictures, as " + text(type)
                    + (type.element() == ElementType.FLOAT ? " normalised with --mean and --std" : " from 0 to 255");
        }
        if (input instanceof SequenceInput ids) {
            return "ids below " + ids.vocabulary() + ", as int64 [N,T], filled up with --pad-id";
        }
        boolean numbers = type.element() == ElementType.FLOAT;
        if (numbers && sample.size() == 1) {
            return "vectors of " + sample.get(0) + " values, as " + text(type) + " as they are";
        }
        if (numbers && sample.size() == 2) {
            return "signals of --channels " + sample.get(0) + " and --length " + sample.get(1) + ", as " + text(type)
                    + " as they are";
        }
        return text(type) + ", which no kind of data gives: ./vicreg artifacts writes its graphs, and you feed them";
    }

    private static String text(TensorType type) {
        return type.element().name().toLowerCase(Locale.ROOT) + " " + type.shape();
    }
}
