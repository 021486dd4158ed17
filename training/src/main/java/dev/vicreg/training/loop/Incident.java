package dev.vicreg.training.loop;

import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.vicreg.runtime.file.AtomicFile;
import dev.vicreg.runtime.file.FileDigest;
import dev.vicreg.runtime.file.TemporaryFolder;
import dev.vicreg.training.config.TrainingConfig;
import dev.vicreg.training.data.view.ViewBatch;
import dev.vicreg.training.data.view.ViewType;
import dev.vicreg.training.run.CheckpointFile;
import dev.vicreg.training.run.RunConfig;
import dev.vicreg.training.run.RunLayout;
import dev.vicreg.training.session.Origin;
import dev.vicreg.training.session.StepNumbers;
import dev.vicreg.training.session.StepRun;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * A step whose numbers went wrong, with all that it takes to do it again: the parameters before it, the views as they were
 * fed, and the numbers fed beside them. docs/files.md describes the folder.
 *
 * @param step counted from 1
 * @param stage of the run, counted from 0
 * @param from the step whose checkpoint the parameters were worked out from again
 * @param message what was wrong
 * @param samples of the batch by name
 * @param given what the step is done with
 */
public record Incident(long step, int stage, long from, String message, List<String> samples, StepRun.Given given) {
    private static final String DESCRIPTION = "incident.json";
    private static final String CHECKPOINT = "checkpoint";
    private static final String VIEW_A = "view_a";
    private static final String VIEW_B = "view_b";
    private static final String SHA256 = "sha256";
    private static final int FORMAT = 1;

    /** Does the step again, as the run did, and finds where its numbers go wrong; empty where they don't. */
    public Optional<Origin> replay(TrainingConfig settings) throws IOException {
        return replay(Stage.of(settings, stage));
    }

    Optional<Origin> replay(Stage its) {
        TrainingConfig settings = its.settings();
        return Origin.of(
                its.built(),
                Trainer.lowering(settings),
                settings.computeDevice(),
                settings.machine().threads(),
                given);
    }

    /**
     * Leaves the incident in the run's folder, then finds where its numbers go wrong and adds that. The incident stays where
     * it isn't found, be it for want of memory.
     *
     * @param reason why the run has an incident: gets what prevents the search
     * @return where its numbers go wrong and that it is kept, as a sentence goes on
     */
    String keep(Path root, Stage its, Throwable reason) throws IOException {
        write(root, Optional.empty());
        String where = ", kept in " + new RunLayout(root).incident() + ": ./vicreg replay " + root + " does it again";
        try {
            Optional<Origin> origin = replay(its);
            if (origin.isPresent()) {
                write(root, origin);
            }
            return origin.map(found -> "the first operator of step " + step + " whose result is not finite is "
                                    + found.text())
                            .orElse("done again, step " + step + " gave finite numbers")
                    + where;
        } catch (IOException | RuntimeException | OutOfMemoryError failed) { // what went wrong first is what matters
            reason.addSuppressed(failed);
            String why = String.valueOf(failed.getMessage()).lines().findFirst().orElse("");
            return "the operator that step " + step + " went wrong in could not be found (" + why + ")" + where;
        }
    }

    /**
     * Leaves the incident in the run's folder, in the place of an earlier one, complete or not at all.
     *
     * @param origin where it came from; empty where that wasn't found
     */
    void write(Path root, Optional<Origin> origin) throws IOException {
        Path target = new RunLayout(root).incident();
        Path temporary = AtomicFile.temporaryName(target);
        try {
            Files.createDirectory(temporary);
            CheckpointFile.write(temporary.resolve(CHECKPOINT), given.state());
            Files.write(temporary.resolve(VIEW_A), bytes(given.viewA()));
            Files.write(temporary.resolve(VIEW_B), bytes(given.viewB()));
            ObjectNode json = json(origin);
            ObjectNode sums = json.putObject(SHA256);
            for (String file : List.of(CHECKPOINT, VIEW_A, VIEW_B)) {
                AtomicFile.sync(temporary.resolve(file));
                sums.put(file, FileDigest.sha256(temporary.resolve(file)));
            }
            String text = RunConfig.JSON.writerWithDefaultPrettyPrinter().writeValueAsString(json) + "\n";
            AtomicFile.write(temporary.resolve(DESCRIPTION), ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)));
            TemporaryFolder.discard(target);
            Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
            AtomicFile.syncFolder(root);
        } catch (IOException | RuntimeException e) {
            TemporaryFolder.delete(temporary);
            throw e;
        }
    }

    private static byte[] bytes(ViewBatch batch) {
        byte[] bytes = new byte[batch.values().limit()];
        batch.values().get(0, bytes);
        return bytes;
    }

    private ObjectNode json(Optional<Origin> origin) {
        ObjectNode json = RunConfig.JSON.createObjectNode();
        json.put("format", FORMAT).put("step", step).put("stage", stage).put("from", from);
        json.put("message", message);
        ObjectNode numbers = json.putObject("numbers");
        numbers.put("learning_rate", given.numbers().learningRate());
        numbers.put("step", given.numbers().step());
        numbers.put("total_steps", given.numbers().totalSteps());
        numbers.put("seed", given.numbers().seed());
        json.set("samples", RunConfig.JSON.valueToTree(samples));
        ObjectNode views = json.putObject("views");
        views.set(VIEW_A, RunConfig.JSON.valueToTree(given.viewA().type()));
        views.set(VIEW_B, RunConfig.JSON.valueToTree(given.viewB().type()));
        origin.ifPresent(found -> json.set("origin", RunConfig.JSON.valueToTree(found)));
        return json;
    }

    /**
     * Reads the incident of a run.
     *
     * @throws IOException if there is none, or its files are damaged: says which
     */
    public static Incident read(Path root) throws IOException {
        Path folder = new RunLayout(root).incident();
        Path description = folder.resolve(DESCRIPTION);
        if (!Files.exists(description)) {
            throw new NoSuchFileException("run " + root + " has no incident: it lacks " + folder.getFileName() + "/"
                    + DESCRIPTION + ", which a step leaves whose loss is not finite");
        }
        JsonNode json = json(description);
        if (json.path("format").asInt() != FORMAT) {
            throw new IOException(description + " is of format " + json.path("format") + ", expected " + FORMAT
                    + ": it is damaged, or of another version");
        }
        for (String file : List.of(CHECKPOINT, VIEW_A, VIEW_B)) {
            requireWhole(folder.resolve(file), json.path(SHA256).path(file).asText());
        }
        try {
            JsonNode numbers = json.path("numbers");
            return new Incident(
                    whole(json, "step", 1),
                    Math.toIntExact(whole(json, "stage", 0)),
                    whole(json, "from", 0),
                    json.path("message").asText(),
                    texts(json.path("samples")),
                    new StepRun.Given(
                            CheckpointFile.read(folder.resolve(CHECKPOINT)),
                            views(folder.resolve(VIEW_A), json.path("views").path(VIEW_A)),
                            views(folder.resolve(VIEW_B), json.path("views").path(VIEW_B)),
                            new StepNumbers(
                                    finite(numbers, "learning_rate"),
                                    whole(numbers, "step", 0),
                                    whole(numbers, "total_steps", 1),
                                    whole(numbers, "seed", Long.MIN_VALUE))));
        } catch (IllegalArgumentException | ArithmeticException e) {
            throw new IOException(description + " is damaged: " + e.getMessage(), e);
        }
    }

    private static JsonNode json(Path description) throws IOException {
        try {
            return RunConfig.JSON.readTree(description.toFile());
        } catch (JsonProcessingException e) {
            JsonLocation where = e.getLocation();
            throw new IOException(
                    description + " is truncated or damaged: it is no JSON"
                            + (where == null ? "" : " from line " + where.getLineNr() + " on"),
                    e);
        }
    }

    private static long whole(JsonNode json, String name, long least) {
        JsonNode value = json.path(name);
        if (!value.isIntegralNumber() || !value.canConvertToLong() || value.asLong() < least) {
            throw new IllegalArgumentException(name + ": expected a whole number"
                    + (least == Long.MIN_VALUE ? "" : " from " + least) + ", found " + found(value));
        }
        return value.asLong();
    }

    private static float finite(JsonNode json, String name) {
        JsonNode value = json.path(name);
        if (!value.isNumber() || !Float.isFinite(value.floatValue())) {
            throw new IllegalArgumentException(name + ": expected a finite number, found " + found(value));
        }
        return value.floatValue();
    }

    private static String found(JsonNode value) {
        return value.isValueNode() ? value.toString() : value.isMissingNode() ? "nothing" : "no number";
    }

    private static List<String> texts(JsonNode array) {
        List<String> texts = new ArrayList<>();
        array.forEach(text -> texts.add(text.asText()));
        return List.copyOf(texts);
    }

    private static void requireWhole(Path file, String expected) throws IOException {
        if (!Files.exists(file)) {
            throw new NoSuchFileException("incident file " + file + " is missing");
        }
        String found = FileDigest.sha256(file);
        if (!found.equals(expected)) {
            throw new IOException("Incident file " + file + " is truncated or damaged: its SHA-256 is " + found
                    + ", kept was " + expected);
        }
    }

    private static ViewBatch views(Path file, JsonNode type) throws IOException {
        ViewType.Element element = Arrays.stream(ViewType.Element.values())
                .filter(each -> each.name().equals(type.path("element").asText()))
                .findFirst()
                .orElseThrow(
                        () -> new IllegalArgumentException("the type of " + file.getFileName() + ": expected one of "
                                + List.of(ViewType.Element.values()) + ", found " + found(type.path("element"))));
        List<Integer> shape = new ArrayList<>();
        for (JsonNode size : type.path("shape")) {
            if (!size.canConvertToInt()) {
                throw new IllegalArgumentException(
                        "the shape of " + file.getFileName() + ": expected whole numbers, found " + found(size));
            }
            shape.add(size.intValue());
        }
        ViewType its = new ViewType(element, shape);
        byte[] bytes = Files.readAllBytes(file);
        if (bytes.length == 0 || bytes.length % its.bytes() != 0) {
            throw new IOException("Incident file " + file + " has " + bytes.length + " bytes: expected views of "
                    + its.bytes() + ", as " + DESCRIPTION + " has their shape");
        }
        ByteBuffer buffer = ByteBuffer.allocateDirect(bytes.length).order(ByteOrder.nativeOrder());
        buffer.put(0, bytes);
        return new ViewBatch(its, buffer);
    }

    /** A batch's views in memory of their own. */
    static ViewBatch copy(ViewBatch batch) {
        ByteBuffer buffer = ByteBuffer.allocateDirect(batch.values().limit()).order(ByteOrder.nativeOrder());
        buffer.put(0, bytes(batch));
        return new ViewBatch(batch.type(), buffer);
    }
}
