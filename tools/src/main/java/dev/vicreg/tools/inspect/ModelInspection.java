package dev.vicreg.tools.inspect;

import com.fasterxml.jackson.databind.JsonNode;
import dev.vicreg.models.encoder.OnnxEncoder;
import dev.vicreg.models.graph.Dim;
import dev.vicreg.models.graph.Graph;
import dev.vicreg.models.graph.OpType;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.onnx.OnnxFile;
import dev.vicreg.models.onnx.OnnxSummary;
import dev.vicreg.models.onnx.ReadOptions;
import dev.vicreg.models.ops.MultiplyAdds;
import dev.vicreg.runtime.Manifest;
import dev.vicreg.tools.cli.OptionNames;
import dev.vicreg.training.autodiff.Differentiability;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * An ONNX model.
 *
 * @param bytes of the file itself
 * @param work multiply-adds of one sample; null if the model cannot be read, or they are too many
 * @param refusal why the model cannot be read; null if it can
 * @param verdict whether it can be trained; null if it is part of a run
 * @param uses what would become of its floating-point tensors if it were trained as an encoder; empty if it can't be
 */
record ModelInspection(
        Path file,
        long bytes,
        OnnxSummary summary,
        @Nullable MultiplyAdds work,
        @Nullable String refusal,
        @Nullable Verdict verdict,
        List<OnnxEncoder.Use> uses)
        implements Inspection {

    /** Inputs or outputs that are listed, if there are rather more. */
    private static final int SHOWN = 8;
    /** Twice as many are counted as floating-point operations. */
    private static final long MOST = Long.MAX_VALUE / 2;

    /** A model of a run, whose network is no question. */
    static ModelInspection of(Path file) throws IOException {
        return of(file, List.of(), null);
    }

    static ModelInspection of(Path file, List<Long> sample, @Nullable Trial trial) throws IOException {
        OnnxFile.Opened opened = OnnxFile.open(file);
        MultiplyAdds work = null;
        String refusal = null;
        try {
            MultiplyAdds counted = MultiplyAdds.of(single(opened, sample));
            work = counted.total() < MOST ? counted : null;
        } catch (ArithmeticException e) { // a few sizes of a file are enough for it
            work = null;
        } catch (IOException e) {
            String message = String.valueOf(e.getMessage());
            refusal = message.startsWith(file + ": ")
                    ? message.substring(file.toString().length() + 2)
                    : message;
        }
        return new ModelInspection(
                file,
                Files.size(file),
                opened.summary(),
                work,
                refusal,
                trial == null ? null : trial.of(file),
                uses(file, opened));
    }

    private static List<OnnxEncoder.Use> uses(Path file, OnnxFile.Opened opened) throws IOException {
        try {
            return OnnxEncoder.Source.read(file, opened, "").uses();
        } catch (IOException | IllegalArgumentException e) { // told as the refusal, or it is no encoder
            return List.of();
        }
    }

    /** @param sample that of the first input */
    private static Graph single(OnnxFile.Opened file, List<Long> sample) throws IOException {
        ReadOptions options = ReadOptions.DEFAULT.withBatch(1);
        List<OnnxSummary.Entry> inputs = file.summary().inputs();
        if (!sample.isEmpty() && !inputs.isEmpty()) {
            List<Dim> sizes = new ArrayList<>(List.of(Dim.of(1)));
            sample.forEach(size -> sizes.add(Dim.of(size)));
            options = options.withInputShapes(Map.of(inputs.get(0).name(), new Shape(sizes)));
        }
        try {
            return file.read(options).graph();
        } catch (IllegalArgumentException e) { // the file's inputs cannot have a batch of 1, or not these sizes
            throw new IOException(e.getMessage(), e);
        }
    }

    @Override
    public String page(boolean all) {
        Page page = new Page();
        String opsets = summary.opsets().entrySet().stream()
                .map(opset -> opset.getKey() + " " + opset.getValue())
                .collect(Collectors.joining(", "));
        page.line(file + ": ONNX model, " + Sizes.bytes(bytes));
        page.row("written by", summary.producer().isEmpty() ? "not told" : summary.producer());
        page.row("operator set", (opsets.isEmpty() ? "none declared" : opsets) + "; IR " + summary.irVersion());
        if (verdict != null) {
            verdict.print(page);
        }
        print(page, all);
        printMetadata(page, all);
        return page.toString();
    }

    /** The manifest field by field, and whatever else the file says about itself. */
    void printMetadata(Page page, boolean all) {
        summary.metadata().forEach((key, value) -> {
            Optional<JsonNode> manifest = key.equals(Manifest.METADATA_KEY) ? Fields.parse(value) : Optional.empty();
            page.row(
                    manifest.isPresent() ? "manifest" : "metadata",
                    manifest.isPresent() ? "" : key + ": " + value.replaceAll("\\s+", " "));
            manifest.ifPresent(fields -> page.table(Fields.rows(fields, all)));
        });
    }

    /** What it computes and with which parameters. */
    void print(Page page, boolean all) {
        entries(page, "inputs", summary.inputs(), all);
        entries(page, "outputs", summary.outputs(), all);
        parameters().print(page, "initialisers", external(), all);
        printUses(page, all);
        int nodes = summary.operators().values().stream()
                .mapToInt(Integer::intValue)
                .sum();
        page.row(
                "operators",
                Sizes.count(nodes, "node") + " of "
                        + Sizes.count(summary.operators().size(), "kind"));
        List<List<String>> rows = new ArrayList<>();
        summary.operators().forEach((operator, count) -> {
            Differentiability gradient = gradient(operator);
            String reason = gradient.reason().isEmpty() ? "" : ": " + gradient.reason();
            rows.add(List.of(operator.toString(), Sizes.count(count), gradient.kind() + reason));
        });
        page.table(rows);
        page.row("computation", computation());
    }

    /** What an encoder's training would leave alone, and why. */
    private void printUses(Page page, boolean all) {
        List<OnnxEncoder.Use> untrained =
                uses.stream().filter(use -> !use.isTrained()).toList();
        if (untrained.isEmpty()) {
            return;
        }
        int trained = uses.size() - untrained.size();
        page.row(
                "trained",
                "as an encoder " + Sizes.count(trained, "tensor") + ", but not "
                        + Sizes.count(untrained.size(), "floating-point tensor") + ":");
        int shown = all || untrained.size() <= SHOWN + 2 ? untrained.size() : SHOWN;
        List<List<String>> rows = new ArrayList<>();
        untrained
                .subList(0, shown)
                .forEach(use -> rows.add(List.of(use.name(), use.type().toString(), use.untrained())));
        page.table(rows);
        if (shown < untrained.size()) {
            page.row("", "… " + (untrained.size() - shown) + " more, listed by --all");
        }
    }

    private String external() {
        return summary.initializers().stream().anyMatch(OnnxSummary.Entry::external) ? " (some in other files)" : "";
    }

    /** Models for training have parameters as inputs: hundreds, after those that are fed. */
    private static void entries(Page page, String label, List<OnnxSummary.Entry> entries, boolean all) {
        int shown = all || entries.size() <= SHOWN + 2 ? entries.size() : SHOWN;
        String start = label;
        for (OnnxSummary.Entry entry : entries.subList(0, shown)) {
            page.row(start, entry.name() + "  " + entry.element() + " " + entry.dims());
            start = "";
        }
        if (shown < entries.size()) {
            page.row("", "… " + (entries.size() - shown) + " more, listed by --all");
        }
    }

    private ParameterTable parameters() {
        return new ParameterTable(summary.initializers().stream()
                .map(entry -> new ParameterTable.Row(
                        entry.name(), entry.element(), entry.dims(), entry.elements(), entry.bytes()))
                .toList());
    }

    private String computation() {
        if (work == null) {
            if (refusal == null) {
                return "not counted: more multiply-adds than a number here holds";
            }
            boolean told =
                    verdict != null && !verdict.trains() && verdict.refusal().equals(shown(refusal));
            return "not counted, since the model cannot be read" + (told ? "" : ": " + shown(refusal));
        }
        if (work.total() == 0 && !work.unknown().isEmpty()) {
            return "not counted: the file leaves sizes open, which --input-shape gives";
        }
        String parts = work.byOperator().entrySet().stream()
                .map(entry -> entry.getKey().onnxName() + " "
                        + Sizes.scaled(entry.getValue()).strip())
                .collect(Collectors.joining(", "));
        String unknown = work.unknown().isEmpty()
                ? ""
                : "; without " + Sizes.count(work.unknown().size(), "node")
                        + " whose sizes the file leaves open, which --input-shape gives";
        return Sizes.scaled(2.0 * work.total()) + "FLOPs " + (isOpen() ? "a sample" : "in the sizes of the file")
                + ", two for each multiply-add"
                + (parts.isEmpty() ? "" : " of " + parts) + unknown
                + " (convolutions, matrix products and recurrent layers are counted, nothing else)";
    }

    private static String shown(String refusal) {
        return OptionNames.in(refusal, name -> true);
    }

    /** Whether the batch's size is left to who runs the model. */
    private boolean isOpen() {
        return summary.inputs().stream().anyMatch(input -> input.dims().matches("\\[[^0-9].*"));
    }

    /** Operators that are read as others are made of ruled ones; see OpsetUpgrade. */
    private static Differentiability gradient(OnnxSummary.Operator operator) {
        Optional<OpType> op = OpType.of(operator.domain(), operator.name());
        if (op.isPresent()) {
            return Differentiability.of(op.get());
        }
        if (operator.name().equals("If") && operator.isRead()) {
            return new Differentiability(
                    Differentiability.Kind.UNSUPPORTED, "its branch is taken over if the condition is constant");
        }
        return operator.isRead()
                ? new Differentiability(Differentiability.Kind.RULED, "read as other operators")
                : new Differentiability(Differentiability.Kind.UNSUPPORTED, "the operator is not known here");
    }

    @Override
    public Map<String, Object> values() {
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("kind", "model");
        values.put("file", file.toString());
        values.put("bytes", bytes);
        values.put("producer", summary.producer());
        values.put("ir", summary.irVersion());
        values.put("opsets", summary.opsets());
        values.put("metadata", summary.metadata());
        values.put("inputs", entries(summary.inputs()));
        values.put("outputs", entries(summary.outputs()));
        values.put("parameters", parameters().values());
        if (verdict != null) {
            values.put("verdict", verdict.values());
        }
        List<Map<String, Object>> operators = new ArrayList<>();
        summary.operators()
                .forEach((operator, count) -> operators.add(Map.of(
                        "domain", operator.domain(),
                        "operator", operator.name(),
                        "count", count,
                        "gradient", gradient(operator).kind().toString(),
                        "reason", gradient(operator).reason())));
        values.put("operators", operators);
        values.put(
                "uses",
                uses.stream()
                        .map(use -> Map.<String, Object>of(
                                "name", use.name(),
                                "type", use.type().toString(),
                                "trained", use.isTrained(),
                                "reason", use.untrained()))
                        .toList());
        if (work != null) {
            values.put("flops", 2 * work.total());
            values.put("uncounted", work.unknown().size());
        } else if (refusal != null) {
            values.put("refusal", refusal);
        }
        return values;
    }

    private static List<Map<String, Object>> entries(List<OnnxSummary.Entry> entries) {
        return entries.stream()
                .map(entry ->
                        Map.<String, Object>of("name", entry.name(), "type", entry.element(), "shape", entry.dims()))
                .toList();
    }
}
