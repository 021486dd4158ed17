package dev.vicreg.training.config;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.vicreg.models.encoder.OnnxEncoder;
import dev.vicreg.models.encoder.Pooling;
import dev.vicreg.models.graph.Dim;
import dev.vicreg.models.graph.ElementType;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.TensorType;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * An encoder that came as an ONNX file, and how it is read.
 *
 * @param path where the file is or was; a run has a copy of its own
 * @param sha256 of the file, as {@code sha256sum} prints it
 * @param output the representation's name in the file; empty for its first output
 * @param pool {@code none}, {@code mean} or {@code cls}
 * @param batchNorm {@code train} or {@code frozen}
 * @param dropout {@code as-exported}, {@code on} or {@code off}
 * @param layout where pictures have their channels, {@code nchw} or {@code nhwc}; null for where the file has three
 * @param sample sizes of a sample, without the batch, where the file leaves them open; empty for the file's
 * @param padding the id that fills up sequences; null, and absent in JSON, for other input
 */
public record OnnxConfig(
        String path,
        String sha256,
        String output,
        String pool,
        String batchNorm,
        String dropout,

        @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable String layout,

        List<Long> sample,

        @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable Integer padding) {
    private static final Dim CHANNELS = Dim.of(3);

    /** Names of {@code --batch-norm}. */
    public static final List<String> BATCH_NORM = List.of("train", "frozen");
    /** Names of {@code --dropout}. */
    public static final List<String> DROPOUT = List.of("as-exported", "on", "off");

    /** Names of {@code --layout}. */
    public static final List<String> LAYOUTS = List.of("nchw", "nhwc");

    /** Checks the names. */
    public OnnxConfig {
        sample = List.copyOf(sample);
        Pooling.of(pool);
        require("batch-norm", BATCH_NORM, batchNorm);
        require("dropout", DROPOUT, dropout);
        if (layout != null) {
            require("layout", LAYOUTS, layout);
        }
    }

    private static void require(String setting, List<String> names, String name) {
        if (!names.contains(name)) {
            throw new IllegalArgumentException(
                    "Unknown --" + setting + " " + name + ": expected one of " + String.join(", ", names));
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
            String pool,
            String batchNorm,
            String dropout,
            @Nullable String layout,
            List<Long> sample)
            throws IOException {
        String path = file.toAbsolutePath().normalize().toString();
        return new OnnxConfig(path, digest(file), output, pool, batchNorm, dropout, layout, sample, null);
    }

    private static String digest(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            new DigestInputStream(in, digest).transferTo(java.io.OutputStream.nullOutputStream());
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchFileException e) {
            throw new NoSuchFileException("No ONNX file at " + file);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("Every Java platform has SHA-256", e);
        }
    }

    /** The file's input. */
    public TensorType input() throws IOException {
        return OnnxEncoder.input(Path.of(path), output);
    }

    /** The file's network. */
    public OnnxEncoder encoder() throws IOException {
        OnnxEncoder.Settings settings = new OnnxEncoder.Settings(
                output,
                Pooling.of(pool),
                OnnxEncoder.BatchNorms.valueOf(batchNorm.toUpperCase(Locale.ROOT)),
                OnnxEncoder.Dropout.valueOf(dropout.toUpperCase(Locale.ROOT).replace('-', '_')),
                padding);
        return OnnxEncoder.read(Path.of(path), sample, settings);
    }

    /**
     * Whether pictures go in as [N,3,H,W] rather than [N,H,W,3]: as asked for, or where the file has three channels;
     * empty if it takes no pictures.
     */
    public Optional<Boolean> pictures() throws IOException {
        TensorType taken = input();
        Shape shape = taken.shape();
        if (shape.rank() != 4 || taken.element() == ElementType.INT64) {
            return Optional.empty();
        }
        if (layout != null) {
            Dim channels = shape.at(layout.equals("nchw") ? 1 : 3);
            return channels.isFixed() && !channels.equals(CHANNELS)
                    ? Optional.empty()
                    : Optional.of(layout.equals("nchw"));
        }
        boolean first = shape.at(1).equals(CHANNELS);
        return first || shape.at(3).equals(CHANNELS) ? Optional.of(first) : Optional.empty();
    }

    /** Whether channels come first in pictures, which the file is known to take. */
    public boolean channelsFirst() throws IOException {
        return pictures()
                .orElseThrow(() -> new IllegalArgumentException(
                        path + " takes no pictures of 3 channels: expected an input [N,3,H,W] or [N,H,W,3]"));
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
