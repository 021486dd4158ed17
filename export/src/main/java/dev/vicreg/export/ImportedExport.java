package dev.vicreg.export;

import dev.vicreg.models.encoder.OnnxEncoder;
import dev.vicreg.models.graph.Graph;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.onnx.EditedModel;
import dev.vicreg.models.onnx.OnnxFile;
import dev.vicreg.models.onnx.OnnxSummary;
import dev.vicreg.runtime.Manifest;
import dev.vicreg.runtime.OutputPooling;
import dev.vicreg.runtime.file.AtomicFile;
import dev.vicreg.runtime.file.TemporaryFolder;
import dev.vicreg.training.step.Branch;
import dev.vicreg.training.step.Side;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Publishes an encoder that came as an ONNX file in that very file: trained values and running statistics take the place
 * of the old ones, batch norms and Dropout are set to inference, a {@link Manifest} joins the metadata, and all else
 * stays, names, types, opset and nodes. Norms that shared running statistics are the one exception: each but the first
 * reads an initialiser of its own, which is added. What makes vectors of the output is the reader's to do; the manifest
 * says it.
 */
final class ImportedExport {
    /** How many roundings to the type in which weights are stored may add up. */
    private static final double ROUNDINGS = 20;

    /** Distance of 1 from the next number, halved, by the type in which weights are stored. */
    private static final Map<String, Double> ROUNDING = Map.of("float16", 0x1p-11, "bfloat16", 0x1p-8);

    /** The manifest's version that first knew other outputs than our own. */
    private static final int OTHER_OUTPUT = 2;

    private ImportedExport() {}

    /** The file cannot hold what was trained; the message says why, and goes on after a colon. */
    static final class NotHeldException extends Exception {
        private static final long serialVersionUID = 1;

        NotHeldException(String why, @Nullable Throwable cause) {
            super(why, cause);
        }
    }

    /**
     * As {@link EncoderExport#export}, in the original file's form.
     *
     * @param original the file that the encoder came in
     * @throws NotHeldException if the file cannot hold what was trained
     */
    static EncoderExport.Result export(
            Path original,
            OnnxEncoder encoder,
            Path evalModel,
            Side side,
            boolean shared,
            Weights weights,
            Path checkpoint,
            EncoderExport.Description description,
            Path target)
            throws IOException, NotHeldException {
        Map<String, Tensor> state = weights.of(checkpoint);
        Graph eval = OnnxFile.read(evalModel).graph();
        OnnxSummary summary = OnnxFile.summary(original);
        Optional<String> obstacle = obstacle(original, summary, encoder);
        if (obstacle.isPresent()) {
            throw new NotHeldException(obstacle.get(), null);
        }
        String prefix = side == Side.B && !shared ? Branch.SECOND + "." : "";
        Map<String, Tensor> values = new LinkedHashMap<>();
        for (Map.Entry<String, String> entry : encoder.initializers().entrySet()) {
            Tensor value = state.get(prefix + entry.getKey());
            if (value == null) {
                throw new IOException("Checkpoint " + checkpoint + " does not fit " + original + ": it has no " + prefix
                        + entry.getKey() + "; give files of the same run");
            }
            values.put(entry.getValue(), value);
        }
        Manifest manifest = manifest(encoder, description);
        List<String> added = added(encoder);
        OnnxFile.Statistics statistics =
                new OnnxFile.Statistics(encoder.outputName(), added.isEmpty() ? List.of() : encoder.normStatistics());
        EditedModel file = edited(original, values, manifest, statistics);
        Verification verification = new Verification(
                evalModel,
                side.representation(),
                EncoderExport.views(eval, state),
                state,
                description.input(),
                encoder.inputName() + side.suffix(),
                null,
                encoder.outputName(),
                manifest.pooling());
        double difference = publish(file, verification, tolerance(summary), target);
        return new EncoderExport.Result(target, manifest, difference, added, null);
    }

    private static EditedModel edited(
            Path original, Map<String, Tensor> values, Manifest manifest, OnnxFile.Statistics statistics)
            throws IOException, NotHeldException {
        try {
            return OnnxFile.withInitializers(
                    original, values, true, Map.of(Manifest.METADATA_KEY, manifest.toJson()), statistics);
        } catch (IllegalArgumentException e) { // the file is the user's
            throw new NotHeldException(String.valueOf(e.getMessage()), e);
        }
    }

    /** Largest difference that is published: more than {@link Verification#TOLERANCE} where weights are rounded coarsely. */
    private static double tolerance(OnnxSummary original) {
        double rounding = original.initializers().stream()
                .mapToDouble(tensor -> ROUNDING.getOrDefault(tensor.element(), 0.0))
                .max()
                .orElse(0);
        return Math.max(Verification.TOLERANCE, ROUNDINGS * rounding);
    }

    /**
     * Leaves {@code target}, and {@code target.data} if the model has external data, if it is the same function as the
     * evaluation graph. It is verified as a file, in a folder of its own beside the target: it may be larger than an array
     * can be, and finds its data by their name. Returns the difference measured.
     *
     * @param tolerance largest difference that is published
     */
    static double publish(EditedModel file, Verification verification, double tolerance, Path target)
            throws IOException, NotHeldException {
        AtomicFile.requireWritable(target);
        try (TemporaryFolder draft = TemporaryFolder.beside(target)) {
            Path model = draft.path().resolve(target.getFileName());
            Path data = EditedModel.data(model);
            file.save(model);
            double difference = difference(verification, model);
            if (difference > tolerance) {
                throw new NotHeldException(
                        "in ONNX Runtime it differs from the training graph by %.1e of the largest value, more than %.0e"
                                .formatted(difference, tolerance),
                        null);
            }
            Map<Path, Path> complete = new LinkedHashMap<>();
            if (Files.exists(data)) {
                complete.put(EditedModel.data(target), data);
            }
            complete.put(target, model);
            AtomicFile.move(complete);
            return difference;
        }
    }

    private static double difference(Verification verification, Path model) throws IOException, NotHeldException {
        try {
            return verification.difference(model);
        } catch (IOException e) { // ONNX Runtime refuses it
            throw new NotHeldException(String.valueOf(e.getMessage()), e);
        }
    }

    /** Initialisers that the file lacks: statistics of norms that have shared some. */
    private static List<String> added(OnnxEncoder encoder) {
        Set<String> own = encoder.fileInitializers();
        return encoder.initializers().values().stream()
                .filter(name -> !own.contains(name))
                .toList();
    }

    /** Why the original file cannot hold what was trained, if it cannot. */
    private static Optional<String> obstacle(Path original, OnnxSummary summary, OnnxEncoder encoder)
            throws IOException {
        List<String> outputs =
                summary.outputs().stream().map(OnnxSummary.Entry::name).toList();
        if (!outputs.contains(encoder.outputName())) {
            return Optional.of("its outputs are " + outputs + ", not the inner value " + encoder.outputName()
                    + " that was trained");
        }
        List<String> missing = OnnxFile.missing(original, encoder.fileInitializers());
        if (!missing.isEmpty()) {
            return Optional.of(missing.get(0) + (missing.size() > 1 ? " and " + (missing.size() - 1) + " more" : "")
                    + " stand there as integers with scales, or in the body of a loop or branch");
        }
        boolean shared = !added(encoder).isEmpty();
        return shared
                        && OnnxFile.norms(original, encoder.outputName())
                                != encoder.normStatistics().size()
                ? Optional.of(
                        "its batch norms share running statistics, which differ once they are trained, and stand in"
                                + " functions or branches")
                : Optional.empty();
    }

    private static Manifest manifest(OnnxEncoder encoder, EncoderExport.Description description) {
        return new Manifest(
                Math.max(OTHER_OUTPUT, Manifest.formatVersion(description.input())),
                description.version(),
                description.encoder(),
                description.input(),
                encoder.dimension(),
                encoder.trainedElements(),
                description.configHash(),
                description.evaluation(),
                encoder.outputName(),
                pool(encoder));
    }

    private static @Nullable OutputPooling pool(OnnxEncoder encoder) {
        OutputPooling pooling = EncoderExport.pooling(encoder.settings().pooling(), encoder.leavesOutPadding());
        return pooling == OutputPooling.NONE ? null : pooling;
    }
}
