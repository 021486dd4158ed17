package dev.vicreg.tools.command;

import ai.onnxruntime.NodeInfo;
import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.TensorInfo;
import dev.vicreg.export.EncoderExport;
import dev.vicreg.models.encoder.Pooling;
import dev.vicreg.models.graph.Dim;
import dev.vicreg.models.graph.ElementType;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.TensorType;
import dev.vicreg.models.setting.SettingException;
import dev.vicreg.runtime.EmbeddingModel;
import dev.vicreg.runtime.Manifest;
import dev.vicreg.runtime.input.Input;
import dev.vicreg.runtime.input.PictureSize;
import dev.vicreg.runtime.picture.Picture;
import dev.vicreg.tools.cli.Console;
import dev.vicreg.tools.cli.Setting;
import dev.vicreg.tools.cli.Settings;
import dev.vicreg.tools.cli.Version;
import dev.vicreg.training.config.EncoderInput;
import dev.vicreg.training.config.InputConfig;
import dev.vicreg.training.config.OnnxConfig;
import dev.vicreg.training.config.PictureInput;
import dev.vicreg.training.config.PictureSizes;
import dev.vicreg.training.config.SequenceInput;
import dev.vicreg.training.config.SignalInput;
import dev.vicreg.training.config.VectorInput;
import dev.vicreg.training.data.Datasets;
import dev.vicreg.training.data.kind.Kind;
import dev.vicreg.training.data.picture.PictureKind;
import dev.vicreg.training.data.sequence.SequenceKind;
import dev.vicreg.training.data.signal.SignalKind;
import dev.vicreg.training.data.vector.VectorKind;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Opens the models of a command that embeds: encoders that say what they take, and any other ONNX file, of which the file's
 * own declarations, the data and options say it.
 */
final class ModelFile {
    private static final Setting<String> OUTPUT = Setting.of(OnnxConfig.class, "output");
    private static final Setting<String> LAYOUT = Setting.of(OnnxConfig.class, "layout");
    private static final Setting<List<Long>> SAMPLE = Setting.of(OnnxConfig.class, "input-shape");

    /** What is for files without a manifest alone. */
    static final List<Setting<?>> OPTIONS = List.of(
            OUTPUT,
            Setting.of(OnnxConfig.class, "pool"),
            LAYOUT,
            SAMPLE,
            Setting.of(PictureInput.class, "image-size"),
            Setting.of(PictureInput.class, "mean"),
            Setting.of(PictureInput.class, "std"),
            InputOptions.PREPROCESS,
            Setting.of(VectorInput.class, "columns"),
            Setting.of(SignalInput.class, "rate"),
            Setting.joined(List.of(Setting.of(SignalInput.class, "length"), Setting.of(SequenceInput.class, "length")))
                    .get(0),
            Setting.joined(List.of(
                            Setting.of(PictureInput.class, "channels"), Setting.of(SignalInput.class, "channels")))
                    .get(0),
            Setting.of(SequenceInput.class, "pad-id"),
            Setting.of(SequenceInput.class, "special-ids"));

    private static final PictureSize OPEN = PictureSize.square(0);

    private final Settings settings;
    private final String data;
    private final Datasets datasets;
    private final Console console;
    private boolean described;

    /** @param data of which a file's samples are to be */
    ModelFile(Settings settings, String data, Datasets datasets, Console console) {
        this.settings = InputOptions.preprocessed(settings);
        this.data = data;
        this.datasets = datasets;
        this.console = console;
    }

    /** The model in a file; the caller closes it. */
    EmbeddingModel open(Path file) throws IOException {
        try {
            return EmbeddingModel.load(
                    file,
                    (inputs, outputs) -> manifest(file, inputs, outputs),
                    SharedSettings.device(settings),
                    settings.get(SharedSettings.THREADS));
        } catch (IllegalStateException e) {
            if (described) { // its output cannot be pooled so
                throw new SettingException(file + ": " + e.getMessage(), e);
            }
            throw e;
        }
    }

    /** Refuses options that no opened file had a use for. */
    void requireUses() {
        Optional<Setting<?>> given = OPTIONS.stream().filter(settings::isGiven).findFirst();
        if (!described && given.isPresent()) {
            throw new SettingException("--" + given.get().name()
                    + " is for ONNX files without a manifest, this one says by itself what it takes; leave it out");
        }
    }

    /** What would stand in the file if this project had written it. */
    private Manifest manifest(Path file, Map<String, NodeInfo> inputs, Map<String, NodeInfo> outputs)
            throws IOException {
        described = true;
        NodeInfo fed = fed(file, inputs);
        EncoderInput takes = takes(file, fed);
        Kind<?> kind = datasets.kind(data);
        InputOptions.requireUses(settings, Set.of(kind));
        requireKind(file, fed, takes, kind);
        if (kind == PictureKind.PICTURES
                && !settings.isGiven("image-size")
                && takes.pictureSize(OPEN).shorter() == 0) {
            throw new SettingException(file + " leaves the size of pictures open: give it with --image-size");
        }
        Optional<PictureSizes> sizes = settings.<PictureSizes>find("image-size");
        if (sizes.isPresent() && sizes.get().stages().size() > 1) {
            throw new SettingException(
                    "--image-size " + sizes.get() + ": pictures grow in training only, expected one size");
        }
        InputConfig input = InputOptions.read(settings, data, SharedSettings.selection(settings), datasets)
                .sized(takes, settings)
                .unmeasured();
        if (input.noun().equals("texts")) {
            throw new SettingException(file + " takes ids, " + data
                    + " holds texts; write the ids that its own tokenizer makes of them, as .ids or .npy");
        }
        Input<?> served = input.served(fed.getName(), takes);
        if (served instanceof Input.Pictures pictures
                && pictures.type() == OnnxJavaType.FLOAT
                && !settings.isGiven("mean")) {
            console.err()
                    .println("note: pictures are normalised for " + file
                            + (pictures.channels() == Picture.COLOURS || pictures.channels() == 1
                                    ? " as ImageNet's usually are; --preprocess or --mean and --std say otherwise"
                                    : " to -1 to 1; --mean and --std say otherwise"));
        }
        String output = output(file, outputs);
        Pooling pooling = settings.read(OnnxConfig.class).pool();
        return new Manifest(
                Manifest.FORMAT_VERSION,
                Version.TEXT,
                String.valueOf(file.getFileName()),
                served,
                0,
                0,
                "",
                Map.of(),
                output,
                EncoderExport.pooling(pooling, isOfIds(served, outputs.get(output))));
    }

    /** Whether the output has a token for each id. */
    private static boolean isOfIds(Input<?> input, @Nullable NodeInfo output) {
        if (!(input instanceof Input.Sequences ids) || output == null) {
            return false;
        }
        long[] shape = output.getInfo() instanceof TensorInfo info ? info.getShape() : new long[0];
        return shape.length == 3 && (shape[1] < 0 || shape[1] == ids.length());
    }

    /** The one input that doesn't follow from another. */
    private static NodeInfo fed(Path file, Map<String, NodeInfo> inputs) {
        List<NodeInfo> fed = new ArrayList<>(inputs.values());
        if (fed.size() > 1) {
            fed.removeIf(input -> Input.Sequences.follows(input.getName()));
        }
        if (fed.size() != 1) {
            List<String> names = inputs.keySet().stream().limit(4).toList();
            throw new SettingException(file + " takes " + inputs.size() + " inputs, "
                    + String.join(", ", names) + (names.size() < inputs.size() ? ", …" : "")
                    + ": expected one input, or ids beside attention_mask, token_type_ids and position_ids");
        }
        return fed.get(0);
    }

    private EncoderInput takes(Path file, NodeInfo fed) {
        ElementType element = fed.getInfo() instanceof TensorInfo tensor ? element(tensor.type) : null;
        if (!(fed.getInfo() instanceof TensorInfo info) || element == null) {
            throw new SettingException(file + ": its input " + fed.getName() + " is " + fed.getInfo()
                    + ", expected numbers: pictures, vectors, signals or ids");
        }
        List<Dim> axes = Arrays.stream(info.getShape())
                .mapToObj(size -> size < 0 ? Dim.unknown() : Dim.of(size))
                .toList();
        boolean open = axes.stream().skip(1).anyMatch(axis -> !axis.isFixed());
        if (!axes.isEmpty() && axes.get(0).isFixed() && axes.get(0).size() > 1 && open) {
            throw new SettingException(file + ": its input " + described(fed)
                    + " has a fixed first axis and leaves another open: expected the batch first; export the network"
                    + " with the batch as axis 0");
        }
        TensorType type = new TensorType(element, new Shape(axes));
        return new EncoderInput(
                file.toString(),
                type,
                settings.find(LAYOUT).orElse(null),
                settings.find(SAMPLE).orElse(List.of()));
    }

    /** What values of that type are here: see {@link EmbeddingModel}. */
    private static @Nullable ElementType element(OnnxJavaType type) {
        return switch (type) {
            case FLOAT, FLOAT16, DOUBLE -> ElementType.FLOAT;
            case INT64, INT32 -> ElementType.INT64;
            case UINT8 -> ElementType.UINT8;
            default -> null;
        };
    }

    private static void requireKind(Path file, NodeInfo fed, EncoderInput takes, Kind<?> kind) {
        Shape shape = takes.type().shape();
        boolean ids = takes.type().element() == ElementType.INT64;
        List<Kind<?>> taken = switch (shape.rank()) {
            case 2 -> ids ? List.of(SequenceKind.SEQUENCES) : List.of(VectorKind.VECTORS, SignalKind.SIGNALS);
            case 3 -> ids ? List.of() : List.of(SignalKind.SIGNALS);
            case 4 -> takes.pictures().isPresent() ? List.of(PictureKind.PICTURES) : List.of();
            default -> List.of();
        };
        if (!taken.contains(kind)) {
            throw new SettingException(file + " takes " + described(fed) + ", the data are " + kind.noun()
                    + ", expected "
                    + (taken.isEmpty()
                            ? "another file: pictures [N,C,H,W] or [N,H,W,C] of 1 to 16 channels, vectors [N,D], signals [N,C,T] or [N,T], or ids"
                                    + " [N,T]"
                            : String.join(" or ", taken.stream().map(Kind::noun).toList())));
        }
    }

    private static String described(NodeInfo node) {
        if (!(node.getInfo() instanceof TensorInfo info)) {
            return node.getName();
        }
        List<String> axes = Arrays.stream(info.getShape())
                .mapToObj(size -> size < 0 ? "?" : Long.toString(size))
                .toList();
        return node.getName() + " " + info.type.name().toLowerCase(Locale.ROOT) + "[" + String.join(",", axes) + "]";
    }

    /** The output asked for, else the first of floating-point numbers. */
    private String output(Path file, Map<String, NodeInfo> outputs) {
        List<String> numbers = outputs.values().stream()
                .filter(node -> node.getInfo() instanceof TensorInfo info && element(info.type) == ElementType.FLOAT)
                .map(NodeInfo::getName)
                .toList();
        String asked = settings.find(OUTPUT).orElse("");
        if (numbers.isEmpty() || !(asked.isEmpty() || numbers.contains(asked))) {
            throw new SettingException(file + " has no output" + (asked.isEmpty() ? "" : " " + asked)
                    + " of floating-point numbers: expected one of " + numbers + " of its outputs " + outputs.keySet());
        }
        return asked.isEmpty() ? numbers.get(0) : asked;
    }
}
