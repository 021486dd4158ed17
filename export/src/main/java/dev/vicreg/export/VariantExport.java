package dev.vicreg.export;

import ai.onnxruntime.OrtException;
import dev.vicreg.models.graph.Dim;
import dev.vicreg.models.graph.Graph;
import dev.vicreg.models.graph.Node;
import dev.vicreg.models.graph.OpType;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.TensorType;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.onnx.OnnxFile;
import dev.vicreg.models.ops.Ops;
import dev.vicreg.models.ops.Rewriter;
import dev.vicreg.models.setting.SettingException;
import dev.vicreg.runtime.Manifest;
import dev.vicreg.runtime.file.AtomicFile;
import dev.vicreg.runtime.input.Input;
import dev.vicreg.runtime.picture.Picture;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Publishes another file of an encoder that has been exported: smaller, with the resizing inside, with vectors of length 1,
 * or for what a runtime asks. {@code target} appears, or is replaced, only once the file has been compared on the CPU with
 * the encoder that it is made of.
 */
public final class VariantExport {
    /** In what most of an encoder is computed. */
    public enum Precision {
        /** As it was trained and exported. */
        FP32(1),
        /** Weights and products in float16: half the size. */
        FP16(0.99),
        /** Weights and what products read in 8 bits: a quarter of the size. */
        INT8(0.9);

        /** The least cosine to the encoder's vectors with which a file is published: of each, of int8 on average. */
        private final double least;

        Precision(double least) {
            this.least = least;
        }

        /** As manifests have it. */
        public String word() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /**
     * What a file is to be.
     *
     * @param precision in what it computes
     * @param anySize whether it takes pictures of any size and resizes them itself
     * @param unitLength whether its vectors have length 1
     * @param opset that it declares; 0 for the oldest in which all its operators are what they are here
     * @param batch samples that it takes at once, up to {@value #MOST_BATCH}; 0 for any number
     */
    public record Settings(Precision precision, boolean anySize, boolean unitLength, int opset, int batch) {
        /** The most samples that a file takes at once. */
        public static final int MOST_BATCH = 1024;

        /** @throws SettingException for what cannot be */
        public Settings {
            if (opset != 0 && (opset < EncoderExport.OLD_OPSET || opset > OpType.ONNX_OPSET)) {
                throw new SettingException("`opset`: expected " + EncoderExport.OLD_OPSET + " to " + OpType.ONNX_OPSET
                        + ", found " + opset + "; leave it out for the oldest that the encoder can have");
            }
            if (batch < 0 || batch > MOST_BATCH) {
                throw new SettingException(
                        "`batch`: expected 1 to " + MOST_BATCH + ", or 0 for any number, found " + batch);
            }
            if (anySize && batch > 1) {
                throw new SettingException("`batch` " + batch
                        + ": pictures of different sizes are no batch; with `with-resize` expected 1, or none given");
            }
        }
    }

    /**
     * Samples to calibrate with, and to compare on. The lists are not changed.
     *
     * @param rows prepared ones, each as the encoder takes it: {@link Input#bytes} in native order; none for made-up ones
     * @param originals a few pictures as they are, for the resizing; none for made-up ones
     */
    public record Samples(List<byte[]> rows, List<Picture> originals) {
        /** Made-up ones. */
        public static final Samples NONE = new Samples(List.of(), List.of());

        private static final int PARTS = 5;

        /** The fewest that activations are calibrated with. */
        public static final int LEAST = 20;

        /** Whether the sample at this place is one on which int8 is measured: not calibrated with, nor chosen by. */
        public static boolean isMeasured(int place) {
            return place % PARTS == PARTS - 1;
        }

        /** Whether it is one that calibrates. */
        static boolean calibrates(int place) {
            return !isMeasured(place) && !isChosenBy(place);
        }

        /** Whether it is one by which a calibration is chosen. */
        static boolean isChosenBy(int place) {
            return place % PARTS == PARTS - 2;
        }
    }

    /**
     * A published file.
     *
     * @param file where it is
     * @param manifest what its metadata say
     * @param opset that it declares
     * @param bytes of the file
     * @param plainBytes of the encoder's own
     * @param comparison of their vectors, on all samples
     * @param resizing how the resizing inside compares; null where there is none
     * @param beyond share of the activations beyond either end of their range, of int8; 0 of others
     */
    public record Result(
            Path file,
            Manifest manifest,
            int opset,
            long bytes,
            long plainBytes,
            Comparison comparison,
            @Nullable Resizing resizing,
            double beyond) {
        /** The comparison on samples that took no part in the making of the file. */
        public Comparison measured() {
            return measured(comparison, manifest.made().precision().equals(Precision.INT8.word()));
        }

        private static Comparison measured(Comparison all, boolean calibrated) {
            return calibrated ? all.of(Samples::isMeasured) : all;
        }
    }

    private VariantExport() {}

    /**
     * Exports a file.
     *
     * @param encoderOnnx an encoder of this project's own form, in float32
     * @param samples {@link Samples#NONE} unless the precision is {@link Precision#INT8}
     * @param version this project's version
     * @throws IOException if the encoder cannot be read or is none, or the target can't be written
     * @throws SettingException if the encoder cannot be made that, or the samples don't do
     * @throws IllegalStateException if the vectors differ too much from the encoder's
     */
    public static Result export(Path encoderOnnx, Settings settings, Samples samples, String version, Path target)
            throws IOException {
        ClassifierExport.Encoder encoder = ClassifierExport.encoder(encoderOnnx);
        Manifest manifest = encoder.manifest();
        Input<?> takes = taken(manifest, settings);
        if (settings.precision == Precision.INT8 && samples.rows.size() < Samples.LEAST) {
            throw new SettingException("`calibration`: " + samples.rows.size() + " samples, expected at least "
                    + Samples.LEAST + "; a few hundred are usual");
        }
        Graph plain =
                settings.precision == Precision.FP32 ? encoder.graph() : TransposedWeights.folded(encoder.graph());
        try {
            Trials trials = new Trials(encoderOnnx, plain, manifest.input(), samples);
            Made made = made(plain, settings, trials);
            Graph graph = finished(made.graph, takes, settings);
            int opset = opset(graph, settings.opset);
            Manifest.Variant says = new Manifest.Variant(
                    settings.precision.word(),
                    settings.unitLength || manifest.made().unitLength(),
                    manifest.made().projection());
            Manifest told = manifest.with(version, takes, says);
            byte[] file = OnnxFile.bytes(graph, Map.of(Manifest.METADATA_KEY, told.toJson()), opset);
            Comparison comparison = trials.compared(file, settings);
            require(Result.measured(comparison, settings.precision == Precision.INT8), settings.precision, target);
            Resizing resizing = takes instanceof Input.Pictures pictures && pictures.sizesDiffer()
                    ? Resizing.of(pictures, samples.originals)
                    : null;
            AtomicFile.write(target, ByteBuffer.wrap(file));
            return new Result(
                    target, told, opset, file.length, Files.size(encoderOnnx), comparison, resizing, made.beyond);
        } catch (OrtException e) {
            throw new IOException("Cannot compare the file with " + encoderOnnx + ": " + e.getMessage(), e);
        }
    }

    private static Input<?> taken(Manifest manifest, Settings settings) {
        if ((long) settings.batch * manifest.input().bytes() > Integer.MAX_VALUE) {
            throw new SettingException("`batch` " + settings.batch + ": the encoder's samples have "
                    + manifest.input().bytes() + " bytes; expected at most "
                    + Integer.MAX_VALUE / manifest.input().bytes() + " at once");
        }
        if (!settings.anySize) {
            return manifest.input();
        }
        if (!(manifest.input() instanceof Input.Pictures pictures)) {
            throw new SettingException("`with-resize` is for pictures, the encoder takes "
                    + manifest.input().noun() + "; leave it out");
        }
        if (pictures.layout() != null || pictures.channels() == 1) {
            throw new SettingException(
                    "`with-resize` is for pictures of colours as bytes with channels last, the encoder"
                            + " takes " + (pictures.channels() == 1 ? "grey ones" : "the layout " + pictures.layout())
                            + (pictures.channels() == 1 ? "" : "; `picture-input` gives it the other"));
        }
        return pictures.resizedInside(true);
    }

    /** @param beyond as {@link Result} has it */
    private record Made(Graph graph, double beyond) {}

    /** The encoder in its precision, with its input and output as they were. */
    private static Made made(Graph plain, Settings settings, Trials trials) throws OrtException {
        switch (settings.precision) {
            case FP16:
                Float16.Made half = Float16.of(plain);
                trials.requireWithin(half.narrowed(), Float16.LARGEST);
                return new Made(half.graph(), 0);
            case INT8:
                ActivationRanges measured = new ActivationRanges(plain, trials);
                Made best = null;
                double highest = Double.NEGATIVE_INFINITY;
                for (double beyond : ActivationRanges.SHARES) {
                    Graph graph = Int8.of(plain, measured.ranges(beyond));
                    double cosine = trials.choiceOf(graph).mean();
                    if (best == null || cosine > highest) {
                        best = new Made(graph, beyond);
                        highest = cosine;
                    }
                }
                if (best == null) {
                    throw new IllegalStateException("No calibration was tried");
                }
                return best;
            default:
                return new Made(plain, 0);
        }
    }

    /** The same with what is asked for before and behind it. */
    private static Graph finished(Graph encoder, Input<?> takes, Settings settings) {
        Value own = encoder.inputs().get(0);
        Dim batch = settings.batch == 0 ? own.shape().at(0) : Dim.of(settings.batch);
        Value input = Value.input(
                String.valueOf(own.name()),
                new TensorType(own.type().element(), own.shape().with(0, batch)));
        Graph graph = encoder;
        if (takes instanceof Input.Pictures pictures && pictures.sizesDiffer()) {
            Value originals = ResizeFront.input(pictures, batch);
            graph = Graph.of(graph.name(), List.of(own, originals), graph.outputs());
            graph = Rewriter.rewrite(graph, Map.of(own, ResizeFront.prepared(originals, pictures)), Rewriter.Rule.COPY);
        } else if (settings.batch > 0) {
            graph = Rewriter.rewrite(graph, Map.of(own, input), Rewriter.Rule.COPY);
        }
        if (!settings.unitLength) {
            return graph;
        }
        Map<String, Value> outputs = new LinkedHashMap<>(graph.outputs());
        outputs.computeIfPresent(EncoderExport.EMBEDDING, (name, vectors) -> unit(vectors));
        return Graph.of(graph.name(), graph.inputs(), outputs);
    }

    /** [N,D] → the same divided by their length; zeros stay zeros. */
    private static Value unit(Value vectors) {
        Ops ops = new Ops().scope("normalize");
        Value length = ops.sqrt(ops.reduceSum(ops.mul(vectors, vectors), true, 1));
        return ops.div(vectors, ops.max(length, ops.constant(Tensor.of(Shape.of(1, 1), Float.MIN_NORMAL))));
    }

    private static int opset(Graph graph, int asked) {
        int needed = EncoderExport.opset(graph);
        if (asked == 0) {
            return needed;
        }
        Optional<Node> newer = graph.nodes().stream()
                .filter(node -> EncoderExport.opset(node) > asked)
                .findFirst();
        if (newer.isPresent()) {
            throw new SettingException("`opset` " + asked + ": " + newer.get() + " is what it is here from opset "
                    + EncoderExport.opset(newer.get()) + " on; expected " + needed + " or more");
        }
        return asked;
    }

    private static void require(Comparison comparison, Precision precision, Path target) {
        double found = precision == Precision.INT8 ? comparison.mean() : comparison.least();
        boolean near = precision != Precision.FP32 || comparison.difference() <= Verification.TOLERANCE;
        if (!near) {
            throw new IllegalStateException(
                    "Encoder not published to %s: its vectors differ from those of the encoder that it is made of by %.1e of the largest value, expected at most %.0e; please report this"
                            .formatted(target, comparison.difference(), Verification.TOLERANCE));
        }
        if (precision != Precision.FP32 && !(found >= precision.least)) {
            throw new IllegalStateException(String.format(
                    Locale.ROOT,
                    "Encoder not published to %s: in %s its vectors have a cosine of %.3f to those in float32, expected at least %s; export it in %s",
                    target,
                    precision.word(),
                    found,
                    precision.least,
                    precision == Precision.INT8 ? "fp16, or with other samples" : "fp32"));
        }
    }
}
