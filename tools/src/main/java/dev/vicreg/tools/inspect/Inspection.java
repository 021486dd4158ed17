package dev.vicreg.tools.inspect;

import dev.vicreg.models.graph.OpType;
import dev.vicreg.training.autodiff.Differentiability;
import dev.vicreg.training.run.RunLayout;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What there is to tell about something: as a page for people, and as nested maps and lists for programs. */
public interface Inspection {
    /**
     * The page, at most 80 columns wide.
     *
     * @param all every parameter, however many there are
     */
    String page(boolean all);

    /** The same as maps, lists, strings and numbers. */
    Map<String, Object> values();

    /** Whether the network of a file can be trained. */
    interface Trial {
        Verdict of(Path file) throws IOException;
    }

    /**
     * Looks into a file or folder and finds out by its content what it is.
     *
     * @param sample sizes of one sample, without the batch, of a model that leaves them open; empty for the file's
     * @param trial says of a model whether it can be trained; null to leave that out
     * @throws IOException if it is neither an ONNX model nor a checkpoint nor a run
     */
    static Inspection of(Path path, List<Long> sample, @Nullable Trial trial) throws IOException {
        if (Files.isDirectory(path)) {
            if (Files.exists(new RunLayout(path).config())) {
                return RunInspection.of(path);
            }
            Path checkpoint = RunLayout.checkpoint(path);
            if (Files.exists(checkpoint)) {
                return CheckpointInspection.of(checkpoint);
            }
            throw new NoSuchFileException(path + " is neither a run (it has no config.json) nor a checkpoint's folder");
        }
        return isCheckpoint(path) ? CheckpointInspection.of(path) : ModelInspection.of(path, sample, trial);
    }

    /** Checkpoints carry the identifier of ONNX Runtime's format from their fifth byte on. */
    private static boolean isCheckpoint(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            byte[] start = in.readNBytes(8);
            return start.length == 8 && new String(start, 4, 4, StandardCharsets.ISO_8859_1).equals("ODTC");
        } catch (NoSuchFileException e) {
            throw new NoSuchFileException("no such file or folder: " + file);
        }
    }

    private static List<OpType> inFiles() {
        return Arrays.stream(OpType.values()).filter(OpType::isInFiles).toList();
    }

    /** The table of all operators, each in one of three sets. */
    static Inspection operators() {
        return new Inspection() {
            @Override
            public String page(boolean all) {
                List<List<String>> rows = new ArrayList<>();
                rows.add(List.of("OPERATOR", "GRADIENT", "REASON"));
                for (OpType op : inFiles()) {
                    Differentiability gradient = Differentiability.of(op);
                    String domain = op.domain().onnxName();
                    rows.add(List.of(
                            domain.isEmpty() ? op.onnxName() : domain + "." + op.onnxName(),
                            gradient.kind().toString(),
                            gradient.reason()));
                }
                Page page = new Page();
                page.table(rows);
                return page.toString();
            }

            @Override
            public Map<String, Object> values() {
                List<Map<String, String>> rows = inFiles().stream()
                        .map(op -> Map.of(
                                "operator", op.onnxName(),
                                "domain", op.domain().onnxName(),
                                "gradient", Differentiability.of(op).kind().toString(),
                                "reason", Differentiability.of(op).reason()))
                        .toList();
                return new LinkedHashMap<>(Map.of("opset", OpType.ONNX_OPSET, "operators", rows));
            }
        };
    }
}
