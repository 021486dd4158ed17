package dev.vicreg.training.config;

import dev.vicreg.models.encoder.OnnxEncoder;
import dev.vicreg.models.encoder.Pooling;
import dev.vicreg.models.graph.TensorType;
import dev.vicreg.models.onnx.OnnxFile;
import dev.vicreg.models.onnx.OnnxSummary;
import dev.vicreg.models.setting.Codec;
import dev.vicreg.models.setting.Option;
import dev.vicreg.models.setting.SettingException;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * An encoder that came as an ONNX file, and how it is read.
 *
 * @param path where the file is or was; a run has a copy of its own
 * @param sha256 of the file, as {@code sha256sum} prints it
 * @param output the representation's name in the file; empty for its first output
 * @param pool what makes vectors of the output; null for {@link Pooling#NONE}
 * @param batchNorm {@code train} or {@code frozen}
 * @param dropout {@code as-exported}, {@code on} or {@code off}
 * @param layout where pictures have their channels, {@code nchw} or {@code nhwc}; null for where the file has three
 * @param sample sizes of a sample, without the batch, where the file leaves them open; empty for the file's
 * @param padding the id that fills up sequences; null for other input
 */
public record OnnxConfig(
        @Option(free = true) String path, // the file has a checksum, and the run a copy

        String sha256,

        @Option(
                help = "encoder file: the value that is the representation; without it the first output",
                second = "that of `encoder-b`'s file, where `encoder` names another",
                argument = "NAME")
        String output,

        @Option(
                help =
                        "what is made of an encoder file's output that is no vector: its first token, or the mean, of tokens"
                                + " without padding or with it; without it none",
                second = "what is made of the output of `encoder-b`'s file, where `encoder` names another")
        @Nullable
        Pooling pool,

        @Option(
                help =
                        "encoder file: batch norms use each view's statistics and move the running ones, or use the running"
                                + " ones and leave them",
                choices = {"train", "frozen"},
                fallback = "train")
        String batchNorm,

        @Option(
                help = "encoder file: Dropout nodes drop as they were exported, or all of them, or none",
                choices = {"as-exported", "on", "off"},
                fallback = "as-exported")
        String dropout,

        @Option(
                help = "encoder file: where pictures have their channels; without it where the file has three",
                choices = {"nchw", "nhwc"})
        @Nullable
        String layout,

        @Option(
                name = "input-shape",
                help = "encoder file: sizes of one sample, without the batch, where the file leaves them open",
                second =
                        "sizes of one sample of `encoder-b`'s file, where `encoder` names another. The other options of"
                                + " encoder files are for both",
                argument = "N,N",
                codec = Sizes.class)
        List<Long> sample,

        @Nullable Integer padding) {
    private static final String SUFFIX = ".onnx";
    private static final List<String> BATCH_NORM = List.of("train", "frozen");
    private static final List<String> DROPOUT = List.of("as-exported", "on", "off");
    private static final List<String> LAYOUTS = List.of("nchw", "nhwc");

    /** Checks the names. */
    public OnnxConfig {
        sample = List.copyOf(sample);
        pool = pool == null ? Pooling.NONE : pool;
        require("batch-norm", BATCH_NORM, batchNorm);
        require("dropout", DROPOUT, dropout);
        if (layout != null) {
            require("layout", LAYOUTS, layout);
        }
    }

    /** What makes vectors of the output. */
    @Override
    public Pooling pool() {
        return Objects.requireNonNull(pool, "set by the constructor");
    }

    /** Whether an encoder is named by its file. */
    public static boolean isFile(String encoder) {
        return encoder.endsWith(SUFFIX);
    }

    /** Positive numbers with commas between them. */
    static final class Sizes implements Codec<List<Long>> {
        @Override
        public List<Long> parse(String text) {
            try {
                List<Long> sizes =
                        Arrays.stream(text.split(",", -1)).map(Long::valueOf).toList();
                if (sizes.stream().allMatch(size -> size > 0)) {
                    return sizes;
                }
            } catch (NumberFormatException e) {
                // reported like numbers out of range
            }
            throw new SettingException("must be sizes such as 3,224,224, found \"" + text + "\"");
        }

        @Override
        public String text(List<Long> sizes) {
            return sizes.stream().map(Object::toString).collect(Collectors.joining(","));
        }
    }

    private static void require(String setting, List<String> names, String name) {
        if (!names.contains(name)) {
            throw new SettingException(
                    "Unknown `" + setting + "` " + name + ": expected one of " + String.join(", ", names));
        }
    }

    /**
     * The settings for a file that is there.
     *
     * @throws IOException if it cannot be read
     */
    public static OnnxConfig of(
            Path file,
            String output,
            Pooling pool,
            String batchNorm,
            String dropout,
            @Nullable String layout,
            List<Long> sample)
            throws IOException {
        String path = file.toAbsolutePath().normalize().toString();
        return new OnnxConfig(path, digest(file), output, pool, batchNorm, dropout, layout, sample, null);
    }

    private static String digest(Path file) throws IOException {
        try {
            return EncoderFiles.sha256(file.toAbsolutePath().normalize());
        } catch (NoSuchFileException e) {
            throw new NoSuchFileException("No ONNX file at " + file);
        }
    }

    /** The file's input. */
    public TensorType input() throws IOException {
        return EncoderFiles.source(this).input();
    }

    /** What the file says about itself. */
    public OnnxSummary summary() throws IOException {
        return EncoderFiles.opened(this).summary();
    }

    /**
     * Values of the file other than {@code output} that may be the representation, the likely ones first: its other outputs
     * of floating-point numbers, then {@link OnnxFile.Opened#innerValues}. Whether they are to be trained is not told.
     */
    public List<String> otherOutputs() throws IOException {
        OnnxFile.Opened opened = EncoderFiles.opened(this);
        List<OnnxSummary.Entry> outputs = summary().outputs();
        String own = output.isEmpty() && !outputs.isEmpty() ? outputs.get(0).name() : output;
        Set<String> names = new LinkedHashSet<>();
        outputs.stream()
                .filter(entry ->
                        entry.element().contains("float") || entry.element().equals("double"))
                .forEach(entry -> names.add(entry.name()));
        names.addAll(opened.innerValues(own));
        outputs.forEach(entry -> names.addAll(opened.innerValues(entry.name())));
        names.remove(own);
        return List.copyOf(names);
    }

    /** The file's network. */
    public OnnxEncoder encoder() throws IOException {
        OnnxEncoder.Settings settings = new OnnxEncoder.Settings(
                output,
                pool(),
                OnnxEncoder.BatchNorms.valueOf(batchNorm.toUpperCase(Locale.ROOT)),
                OnnxEncoder.Dropout.valueOf(dropout.toUpperCase(Locale.ROOT).replace('-', '_')),
                padding);
        return EncoderFiles.source(this).encoder(sample, settings);
    }

    /** What the file takes, and what was asked for where it leaves that open. */
    public EncoderInput takes() throws IOException {
        return new EncoderInput(path, input(), layout, sample);
    }

    /** The same for a file that is there, with its checksum. */
    public OnnxConfig of(Path file) throws IOException {
        return of(file, output, pool(), batchNorm, dropout, layout, sample);
    }

    /** The same for samples of these sizes. */
    public OnnxConfig withSample(List<Long> sizes) {
        return new OnnxConfig(path, sha256, output, pool, batchNorm, dropout, layout, sizes, padding);
    }

    /** The same for sequences that this id fills up. */
    public OnnxConfig withPadding(int id) {
        return new OnnxConfig(path, sha256, output, pool, batchNorm, dropout, layout, sample, id);
    }

    /** The same for the file's copy. */
    OnnxConfig at(Path copy) {
        return new OnnxConfig(copy.toString(), sha256, output, pool, batchNorm, dropout, layout, sample, padding);
    }

    /** The same with the path and the checksum that a run recorded. */
    OnnxConfig recordedAs(OnnxConfig recorded) {
        return new OnnxConfig(
                recorded.path, recorded.sha256, output, pool, batchNorm, dropout, layout, sample, padding);
    }
}
