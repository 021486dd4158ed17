package dev.vicreg.training.loop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.onnx.OnnxFile;
import dev.vicreg.models.setting.Schema;
import dev.vicreg.runtime.file.AtomicFile;
import dev.vicreg.runtime.file.TemporaryFolder;
import dev.vicreg.training.config.BranchConfig;
import dev.vicreg.training.config.DataConfig;
import dev.vicreg.training.config.GraphConfig;
import dev.vicreg.training.config.LengthConfig;
import dev.vicreg.training.config.MachineConfig;
import dev.vicreg.training.config.MultiViewConfig;
import dev.vicreg.training.config.ObjectiveConfig;
import dev.vicreg.training.config.OutputConfig;
import dev.vicreg.training.config.PairConfig;
import dev.vicreg.training.config.PictureInput;
import dev.vicreg.training.config.PrecisionConfig;
import dev.vicreg.training.config.ScheduleConfig;
import dev.vicreg.training.config.TrainingConfig;
import dev.vicreg.training.config.UpdateConfig;
import dev.vicreg.training.config.ViewsConfig;
import dev.vicreg.training.data.Datasets;
import dev.vicreg.training.data.pair.PairedData;
import dev.vicreg.training.data.picture.PictureKind;
import dev.vicreg.training.data.source.Dataset;
import dev.vicreg.training.data.view.ViewSource;
import dev.vicreg.training.data.view.ViewType;
import dev.vicreg.training.run.Artifacts;
import dev.vicreg.training.run.CheckpointFile;
import dev.vicreg.training.run.Metrics;
import dev.vicreg.training.run.RunConfig;
import dev.vicreg.training.run.RunFolder;
import dev.vicreg.training.session.Origin;
import dev.vicreg.training.step.LossScaling;
import dev.vicreg.training.step.UpdateOptions;
import dev.vicreg.training.step.pass.Recomputation;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.BooleanSupplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class TrainerTest {
    private static final int PICTURES = 18;
    private static final int BATCH = 4; // four steps an epoch, two pictures left over

    @TempDir
    static Path data;

    @TempDir
    Path temporary;

    @BeforeAll
    static void drawPictures() throws IOException {
        SplittableRandom random = new SplittableRandom(5);
        for (int i = 0; i < PICTURES; i++) {
            BufferedImage picture = new BufferedImage(12, 12, BufferedImage.TYPE_INT_RGB);
            for (int pixel = 0; pixel < 144; pixel++) {
                picture.setRGB(pixel % 12, pixel / 12, random.nextInt(1 << 24));
            }
            ImageIO.write(picture, "png", data.resolve("p%02d.png".formatted(i)).toFile());
        }
    }

    private static GraphConfig graph(int batch, String optimizer) {
        List<Float> half = List.of(0.5f, 0.5f, 0.5f);
        BranchConfig branch = new BranchConfig("resnet18", 4, 8, 3, half, half, "8-8");
        return new GraphConfig(
                branch,
                null,
                new ObjectiveConfig("official", 25, 25, 1),
                new UpdateConfig(batch, optimizer, 0.9f, 1e-4f, "none"),
                PrecisionConfig.FLOAT32);
    }

    private static TrainingConfig config(long steps, double lr, int workers, int batch) {
        return config(graph(batch, "adamw"), null, steps, lr, workers, batch);
    }

    private static TrainingConfig config(
            GraphConfig graph, @Nullable PairConfig pairs, long steps, double lr, int workers, int batch) {
        return new TrainingConfig(
                graph,
                new DataConfig(data.toString(), pairs),
                new ViewsConfig(PictureKind.cifar().settings(), Map.of()),
                new ScheduleConfig(lr, lr * 256 / batch, new LengthConfig(0, steps), 1, 0, "cosine", 0),
                3,
                new MachineConfig("cpu", 2, workers),
                new OutputConfig(3, 2));
    }

    private static TrainingConfig config(long steps) {
        return config(steps, 1e-3, 2, BATCH);
    }

    /** Trains and returns the metric lines seen; stops after {@code stopAfter} steps of this part. */
    private static List<Metrics.Line> train(Trainer trainer, int stopAfter) throws Exception {
        List<Metrics.Line> lines = new ArrayList<>();
        BooleanSupplier stop = () -> lines.size() == stopAfter;
        trainer.train(
                new Trainer.Listener() {
                    @Override
                    public void step(Metrics.Line line, long totalSteps) {
                        lines.add(line);
                    }

                    @Override
                    public void saved(RunFolder.Saved saved) {}
                },
                stop);
        return lines;
    }

    private static List<Metrics.Line> start(TrainingConfig config, Path folder, int stopAfter) throws Exception {
        try (Trainer trainer = Trainer.start(config, folder, "test")) {
            return train(trainer, stopAfter);
        }
    }

    private static Map<String, Tensor> newest(Path run) throws IOException {
        List<RunFolder.Saved> saved = RunFolder.saved(run);
        return CheckpointFile.read(saved.get(saved.size() - 1).file());
    }

    private static List<String> withoutRates(Path run) throws IOException {
        return Files.readAllLines(run.resolve("metrics.jsonl")).stream()
                .map(line -> line.replaceFirst(",\"pairs_per_second\":[^,}]*", ""))
                .toList();
    }

    @Test
    void resumeMatchesUninterruptedRun() throws Exception {
        Path whole = temporary.resolve("whole");
        Path parts = temporary.resolve("parts");
        start(config(10), whole, Integer.MAX_VALUE);
        assertEquals(5, start(config(10), parts, 5).size());
        // A killed process leaves metrics of steps that no checkpoint holds, perhaps half a line.
        Files.writeString(
                parts.resolve("metrics.jsonl"),
                Files.readString(parts.resolve("metrics.jsonl")) + "{\"epoch\":2,\"step\":6,\"loss\":1}\n{\"epo");
        try (Trainer trainer = Trainer.resume(config(10, 1e-3, 1, BATCH), parts)) { // with another number of workers
            assertEquals(5, trainer.startStep());
            assertEquals(5, train(trainer, Integer.MAX_VALUE).size());
        }
        assertEquals(newest(whole), newest(parts));
        assertEquals(withoutRates(whole), withoutRates(parts));
        assertEquals(10, withoutRates(whole).size());
    }

    /** A run without the variance term collapses: that is told once, with the same step whether it was stopped or not. */
    @Test
    void resumeFindsWhatAnUninterruptedRunFinds() throws Exception {
        TrainingConfig config = collapsing(List.of());
        Path whole = temporary.resolve("whole");
        start(config, whole, Integer.MAX_VALUE);
        List<String> findings = withoutRates(whole).stream()
                .filter(line -> line.contains("\"finding\":\"collapse\""))
                .toList();
        assertEquals(1, findings.size(), String.join("\n", withoutRates(whole)));
        Matcher told = Pattern.compile("\"step\":(\\d+),.*\"since\":(\\d+)").matcher(findings.get(0));
        assertTrue(told.find());
        int step = Integer.parseInt(told.group(1));
        for (int stop : new int[] {step - 2, step}) { // while it lasts, and once it is told
            Path parts = temporary.resolve("parts-" + stop);
            start(config, parts, stop);
            try (Trainer trainer = Trainer.resume(config, parts)) {
                train(trainer, Integer.MAX_VALUE);
            }
            assertEquals(newest(whole), newest(parts));
            assertEquals(withoutRates(whole), withoutRates(parts));
        }
    }

    @Test
    void aRunEndsWithAFindingThatIsFatal() throws Exception {
        Path run = temporary.resolve("run");
        String message = assertThrows(
                        IllegalStateException.class,
                        () -> start(collapsing(List.of("collapse")), run, Integer.MAX_VALUE))
                .getMessage();
        assertTrue(
                message.matches("collapse since step \\d+: all samples get nearly the same projection \\(.*\\): stopped"
                        + " at step \\d+, as `fail-on` asks, and saved in .*step-\\d+; try .*, or go on with `resume`"),
                message);
        List<RunFolder.Saved> saved = RunFolder.saved(run);
        long last = saved.get(saved.size() - 1).step();
        assertTrue(message.contains("stopped at step " + last + ","), message);
        try (Trainer trainer = Trainer.resume(collapsing(List.of("collapse")), run)) { // which was told
            assertEquals(last, trainer.startStep());
            assertEquals(60 - last, train(trainer, Integer.MAX_VALUE).size());
        }
    }

    private static TrainingConfig diverging(double lr, String onNan, List<String> failOn) {
        TrainingConfig config = config(graph(BATCH, "sgd"), null, 12, lr, 2, BATCH);
        return new TrainingConfig(
                config.graph(),
                config.data(),
                config.views(),
                new ScheduleConfig(lr, lr * 256 / BATCH, new LengthConfig(0, 12), 0, 0, "cosine", 0),
                config.seed(),
                config.machine(),
                new OutputConfig(100, 2, 0, null, 0, onNan, failOn)); // so that it goes back to its start
    }

    @Test
    void theStepWhoseLossIsNotFiniteIsKeptAndNamesItsOperatorAgain() throws Exception {
        Path run = temporary.resolve("run");
        TrainingConfig config = diverging(25, "stop", List.of());
        String message = assertThrows(IllegalStateException.class, () -> start(config, run, Integer.MAX_VALUE))
                .getMessage();
        Incident incident = Incident.read(run);
        Origin origin = incident.replay(config).orElseThrow();
        assertTrue(message.startsWith("Loss is not finite at step " + incident.step() + " "), message);
        assertTrue(
                message.contains("; the first operator of step " + incident.step() + " whose result is not finite is "
                        + origin.text() + ", kept in "),
                message);
        assertTrue(message.endsWith("; `on-nan` rollback goes on at half the rate instead"), message);
        assertEquals(BATCH, incident.samples().size());
        assertFalse(origin.inputs().isEmpty());
        for (Origin.Range input : origin.inputs()) {
            assertEquals(input.values(), input.finite(), input.text());
        }
        assertTrue(origin.outputs().stream().anyMatch(output -> output.finite() < output.values()), origin.toString());
        assertTrue(withoutRates(run).get(withoutRates(run).size() - 1).contains("\"finding\":\"not-finite\""));
        try (Stream<Path> left = Files.list(run)) {
            assertTrue(left.noneMatch(AtomicFile::isTemporary));
        }

        TrainingConfig again = Schema.with(config, "recompute", Recomputation.BLOCKS);
        assertEquals(origin.text(), incident.replay(again).orElseThrow().text());
        TemporaryFolder.delete(run.resolve("incident"));
        Stage wider = Stage.of(Schema.with(config, "width", 8)).get(0);
        IllegalStateException reason = new IllegalStateException();
        String kept = incident.keep(run, wider, reason); // which can't be done again with these parameters
        assertTrue(kept.startsWith("the operator that step " + incident.step() + " went wrong in could not be"), kept);
        assertEquals(1, kept.lines().count());
        assertEquals(1, reason.getSuppressed().length);
        assertEquals(incident.given().state(), Incident.read(run).given().state());

        for (String file : List.of("checkpoint", "view_a", "view_b", "incident.json")) {
            Path cut = run.resolve("incident").resolve(file);
            byte[] whole = Files.readAllBytes(cut);
            Files.write(cut, Arrays.copyOf(whole, whole.length / 2));
            String damaged =
                    assertThrows(IOException.class, () -> Incident.read(run)).getMessage();
            assertTrue(damaged.contains(cut + " is truncated or damaged: "), damaged);
            Files.write(cut, whole);
        }
        Files.delete(run.resolve("incident/view_b"));
        String missing =
                assertThrows(IOException.class, () -> Incident.read(run)).getMessage();
        assertTrue(missing.endsWith("view_b is missing"), missing);
    }

    /** The parameters of the incident are those that the run had before the step, bit for bit. */
    @Test
    void theParametersBeforeTheStepAreWorkedOutAgain() throws Exception {
        Path run = temporary.resolve("run");
        TrainingConfig config = diverging(25, "stop", List.of());
        assertThrows(IllegalStateException.class, () -> start(config, run, Integer.MAX_VALUE));
        Incident incident = Incident.read(run);
        Path stopped = temporary.resolve("stopped");
        start(config, stopped, (int) incident.step() - 1);
        assertEquals(newest(stopped), incident.given().state());
    }

    @Test
    void aRunRollsBackAtHalfTheRateAndGoesOnLikeItWhereItIsResumed() throws Exception {
        Path whole = temporary.resolve("whole");
        TrainingConfig config = diverging(25, "rollback", List.of());
        TrainingConfig bearable = null;
        for (double lr = 20; lr > 0.01 && bearable == null; lr /= 2) { // the rate that one halving makes bearable
            TrainingConfig tried = diverging(lr, "stop", List.of());
            Path run = temporary.resolve("lr-" + lr);
            try {
                start(tried, run, Integer.MAX_VALUE);
                bearable = diverging(2 * lr, "rollback", List.of());
            } catch (IllegalStateException tooHigh) {
                assertTrue(tooHigh.getMessage().contains(" is not finite "), tooHigh.getMessage());
            }
        }
        assertEquals(
                12,
                start(Objects.requireNonNull(bearable), whole, Integer.MAX_VALUE).stream()
                        .mapToLong(Metrics.Line::step)
                        .max()
                        .orElseThrow());
        List<String> lines = withoutRates(whole);
        assertEquals(
                1,
                lines.stream()
                        .filter(line -> line.contains("\"rate_factor\":0.5}"))
                        .count(),
                String.join("\n", lines));
        assertEquals(
                12, lines.stream().filter(line -> line.contains("\"loss\":")).count());
        Path parts = temporary.resolve("parts");
        Matcher failed = Pattern.compile("\"failed_step\":(\\d+)").matcher(String.join("\n", lines));
        assertTrue(failed.find());
        start(bearable, parts, Integer.parseInt(failed.group(1)) + 3); // four steps after it went back
        try (Trainer trainer = Trainer.resume(bearable, parts)) {
            train(trainer, Integer.MAX_VALUE);
        }
        assertEquals(newest(whole), newest(parts));
        assertEquals(withoutFolders(lines, whole), withoutFolders(withoutRates(parts), parts));

        Path hopeless = temporary.resolve("hopeless");
        String message = assertThrows(IllegalStateException.class, () -> start(config, hopeless, Integer.MAX_VALUE))
                .getMessage();
        assertTrue(message.contains("; it was rolled back 3 times before; the first operator of step "), message);
        assertFalse(message.contains("on-nan"), message); // which is on
        assertTrue(withoutRates(hopeless).stream().noneMatch(line -> line.contains("on-nan")));
    }

    private static List<String> withoutFolders(List<String> lines, Path run) {
        return lines.stream().map(line -> line.replace(run.toString(), "RUN")).toList();
    }

    private static TrainingConfig collapsing(List<String> failOn) {
        GraphConfig plain = graph(BATCH, "adamw");
        GraphConfig graph = new GraphConfig(
                plain.a(), null, new ObjectiveConfig("official", 25, 0, 1), plain.update(), plain.precision());
        TrainingConfig config = config(graph, null, 60, 2e-2, 2, BATCH);
        return new TrainingConfig(
                graph,
                config.data(),
                config.views(),
                config.schedule(),
                config.seed(),
                config.machine(),
                new OutputConfig(3, 2, 0, null, 10, "stop", failOn));
    }

    /** What an average, random directions or a further view depend on is in the checkpoint, or follows from the step. */
    @ParameterizedTest
    @ValueSource(strings = {"byol", "sigreg", "visreg", "simsiam", "simclr", "coding-rate", "barlow-twins"})
    void resumeMatchesUninterruptedRunOfOtherObjectives(String objective) throws Exception {
        GraphConfig plain = graph(BATCH, "adamw");
        GraphConfig graph = new GraphConfig(
                plain.a(),
                null,
                new ObjectiveConfig(objective, "official", 25, 25, 1, 2, ""),
                new MultiViewConfig(3, 0, 0),
                plain.update(),
                plain.precision());
        resumeMatches(graph);
    }

    @Test
    void resumeMatchesUninterruptedRunWithLocalViews() throws Exception {
        GraphConfig plain = graph(BATCH, "adamw");
        List<Float> half = List.of(0.5f, 0.5f, 0.5f);
        GraphConfig graph = new GraphConfig(
                new BranchConfig("resnet18", 4, 16, 3, half, half, "8-8"),
                null,
                plain.objective(),
                new MultiViewConfig(2, 3, 0),
                plain.update(),
                plain.precision());
        assertEquals(8, graph.multiView().localSize());
        resumeMatches(graph);
    }

    private static GraphConfig growing(String sizes, BranchConfig branch) {
        GraphConfig plain = graph(BATCH, "adamw");
        PictureInput pictures = Schema.with((PictureInput) branch.input(), "image-size", sizes);
        BranchConfig grown =
                new BranchConfig(branch.encoder(), branch.width(), pictures, branch.projector(), branch.options());
        return new GraphConfig(grown, null, plain.objective(), plain.update(), plain.precision());
    }

    /** Stopped before, at and after a change of size, of which each writes a training graph. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4})
    void resumeMatchesUninterruptedRunOfGrowingPictures(int stopAfter) throws Exception {
        GraphConfig graph = growing("8:50%,12:20%,16", graph(BATCH, "adamw").a());
        TrainingConfig config = config(graph, null, 6, 1e-3, 2, BATCH);
        Path whole = temporary.resolve("whole");
        Path parts = temporary.resolve("parts");
        List<Long> saved = new ArrayList<>();
        try (Trainer trainer = Trainer.start(config, whole, "test")) {
            assertEquals(8, seen(whole.resolve("artifacts/training_model.onnx")));
            assertEquals(16, seen(whole.resolve("artifacts/eval_model.onnx")));
            trainer.train(
                    new Trainer.Listener() {
                        @Override
                        public void step(Metrics.Line line, long totalSteps) {}

                        @Override
                        public void saved(RunFolder.Saved each) {
                            saved.add(each.step());
                        }
                    },
                    () -> false);
        }
        assertEquals(List.of(3L, 4L, 6L), saved);
        assertEquals(16, seen(whole.resolve("artifacts/training_model.onnx")));
        start(config, parts, stopAfter);
        assertEquals(16, seen(parts.resolve("artifacts/eval_model.onnx")));
        try (Trainer trainer = Trainer.resume(config, parts)) {
            assertEquals(
                    stopAfter < 3 ? 8 : stopAfter < 4 ? 12 : 16, seen(parts.resolve("artifacts/training_model.onnx")));
            assertEquals(6 - stopAfter, train(trainer, Integer.MAX_VALUE).size());
        }
        assertEquals(newest(whole), newest(parts));
        assertEquals(withoutRates(whole), withoutRates(parts));
        Path plain = temporary.resolve("plain");
        start(config(graph(BATCH, "adamw"), null, 6, 1e-3, 2, BATCH), plain, 3);
        assertEquals(withoutRates(plain), withoutRates(whole).subList(0, 3));
    }

    /** As a share of a short run may be: the sizes that come are the others, from the first step on. */
    @Test
    void aSizeThatLastsLessThanHalfAStepIsLeftOut() throws Exception {
        Path run = temporary.resolve("run");
        BranchConfig branch = graph(BATCH, "adamw").a();
        start(config(growing("8:1%,12:1%,16", branch), null, 2, 1e-3, 1, BATCH), run, Integer.MAX_VALUE);
        assertEquals(16, seen(run.resolve("artifacts/training_model.onnx")));
        Path plain = temporary.resolve("plain");
        start(config(growing("16", branch), null, 2, 1e-3, 1, BATCH), plain, Integer.MAX_VALUE);
        assertEquals(withoutRates(plain), withoutRates(run));
    }

    /** Height of the pictures that a model takes. */
    private static long seen(Path model) throws Exception {
        return OnnxFile.read(model).graph().inputs().get(0).shape().size(1);
    }

    @Test
    void sizesThatFitNeitherRunNorEncoderAreRefusedBeforeAnythingIsWritten() {
        Path run = temporary.resolve("run");
        TrainingConfig tooLong = config(growing("8:2,16", graph(BATCH, "adamw").a()), null, 3, 1e-3, 1, BATCH);
        String message = assertThrows(IllegalArgumentException.class, () -> Trainer.start(tooLong, run, "test"))
                .getMessage();
        assertTrue(
                message.startsWith("`image-size` 8:2,16: the run's 3 steps end before pictures of 16 pixels"), message);
        List<Float> half = List.of(0.5f, 0.5f, 0.5f);
        BranchConfig patches = new BranchConfig("vit-tiny", 12, 32, 3, half, half, "8-8");
        TrainingConfig fixed = config(growing("16:1,32", patches), null, 9, 1e-3, 1, BATCH);
        message = assertThrows(IllegalArgumentException.class, () -> Trainer.start(fixed, run, "test"))
                .getMessage();
        assertTrue(message.contains("`encoder` vit-tiny takes pictures of one size"), message);
        assertFalse(Files.exists(run));
    }

    private void resumeMatches(GraphConfig graph) throws Exception {
        TrainingConfig config = config(graph, null, 6, 1e-3, 2, BATCH);
        Path whole = temporary.resolve("whole");
        Path parts = temporary.resolve("parts");
        start(config, whole, Integer.MAX_VALUE);
        start(config, parts, 2);
        try (Trainer trainer = Trainer.resume(config, parts)) {
            assertEquals(4, train(trainer, Integer.MAX_VALUE).size());
        }
        assertEquals(newest(whole), newest(parts));
        assertEquals(withoutRates(whole), withoutRates(parts));
    }

    /** In float16, whose first steps overflow. */
    @Test
    void resumeMatchesUninterruptedRunWithAveragesOfTwoNetworks() throws Exception {
        PrecisionConfig half = new PrecisionConfig("fp16", new LossScaling(0x1p40f, 2000));
        GraphConfig graph =
                Schema.with(Schema.with(twoNetworks(), "clip", 1), "ema", 0.5).with(half);
        TrainingConfig config = config(graph, null, 40, 1e-3, 1, BATCH);
        Path whole = temporary.resolve("whole");
        Path parts = temporary.resolve("parts");
        start(config, whole, Integer.MAX_VALUE);
        start(config, parts, 35);
        assertEquals(config, RunConfig.read(parts.resolve("config.json")).settings());
        try (Trainer trainer = Trainer.resume(config, parts)) {
            assertEquals(5, train(trainer, Integer.MAX_VALUE).size());
        }
        Map<String, Tensor> end = newest(whole);
        assertEquals(end, newest(parts));
        for (String moved : List.of("encoder.conv1.weight", "b.encoder.bn1.running_var")) {
            assertTrue(end.containsKey("ema." + moved), moved);
            assertNotEquals(end.get(moved), end.get("ema." + moved), moved);
        }
        assertFalse(end.containsKey("ema.projector.0.weight"));
    }

    /** Stopped between two updates. */
    @Test
    void resumeMatchesUninterruptedRunWithAccumulatedGradients() throws Exception {
        TrainingConfig config = config(Schema.with(graph(BATCH, "adamw"), "accumulate", 3), null, 9, 1e-3, 1, BATCH);
        Path whole = temporary.resolve("whole");
        Path parts = temporary.resolve("parts");
        start(config, whole, Integer.MAX_VALUE);
        start(config, parts, 4);
        assertEquals(Tensor.of(Shape.of(1), 1), newest(parts).get("optimizer.micro_batches"));
        try (Trainer trainer = Trainer.resume(config, parts)) {
            assertEquals(5, train(trainer, Integer.MAX_VALUE).size());
        }
        assertEquals(newest(whole), newest(parts));
        assertEquals(withoutRates(whole), withoutRates(parts));
        Path plain = temporary.resolve("plain");
        start(config(9), plain, Integer.MAX_VALUE);
        assertNotEquals(newest(whole).get("encoder.conv1.weight"), newest(plain).get("encoder.conv1.weight"));
    }

    /** Between the steps of an update nothing moves in the run: the probe's own step moves all the same. */
    @Test
    void aProbeKnowsUpdatesBetweenThoseOfAccumulatedGradientsToo() throws Exception {
        Path run = temporary.resolve("run");
        TrainingConfig config = config(Schema.with(graph(BATCH, "adamw"), "accumulate", 2), null, 3, 1e-3, 1, BATCH);
        start(Schema.with(config, "probe-every", 2), run, Integer.MAX_VALUE);
        List<String> probes = withoutRates(run).stream()
                .filter(line -> line.contains("\"probe\":"))
                .toList();
        assertEquals(2, probes.size());
        for (String probe : probes) { // before step 2, which updates, and before step 3, which doesn't
            assertTrue(probe.contains("\"update_ratio\":"), probe);
            assertFalse(probe.contains("null"), probe);
        }
    }

    /** Samples that are their own views, some of which can't be decoded; remembers what was asked for. */
    private record Numbers(int size, Set<Integer> broken, List<Integer> asked)
            implements ViewSource, Dataset<ViewSource.Sample> {
        @Override
        public Numbers data() {
            return this;
        }

        @Override
        public ViewType type() {
            return new ViewType(ViewType.Element.UINT8, List.of(4));
        }

        @Override
        public boolean unrelatedViews() {
            return false;
        }

        @Override
        public ViewSource.Sample sample(int index) throws IOException {
            asked.add(index);
            if (broken.contains(index)) {
                throw new IOException("cannot decode " + index);
            }
            return (key, into, offset) -> into.putInt(offset, index * 31 + key.view());
        }

        @Override
        public byte[] stored(int index) {
            return new byte[0];
        }

        @Override
        public String noun() {
            return "numbers";
        }

        @Override
        public String name(int index) {
            return "number " + index;
        }

        @Override
        public int label(int index) {
            return -1;
        }

        @Override
        public List<String> labelNames() {
            return List.of();
        }

        @Override
        public String fingerprint() {
            return "";
        }

        @Override
        public void close() {}
    }

    private static Map<String, Float> firstLook(Numbers numbers) throws IOException {
        return new FirstLook(config(9), new PairedData(numbers, numbers), 50, 10_000).values();
    }

    /** As in training; large sets aren't cleared of damaged files when they are opened. */
    @Test
    void theFirstLookPassesOverSamplesThatCannotBeDecoded() throws Exception {
        Numbers whole = new Numbers(200, Set.of(), new ArrayList<>());
        assertEquals(200f, firstLook(whole).get("looked_at"));
        assertEquals(200 + 64, whole.asked.size(), "one sample for both views");
        int first = whole.asked.get(0); // whose views are compared too
        Map<String, Float> values = firstLook(new Numbers(200, Set.of(first), new ArrayList<>()));
        assertEquals(199f, values.get("looked_at"));
        assertEquals(0f, values.get("copies"));
        assertTrue(Float.isFinite(Objects.requireNonNull(values.get("view_distance"))));
        Numbers spoilt = new Numbers(200, Set.of(1, 2, 3), new ArrayList<>());
        String message =
                assertThrows(IOException.class, () -> firstLook(spoilt)).getMessage();
        assertTrue(message.startsWith("3 of the 200 numbers in the data set cannot be decoded"), message);
    }

    /** Networks of different width for the two sides. */
    private static GraphConfig twoNetworks() {
        GraphConfig shared = graph(BATCH, "adamw");
        List<Float> half = List.of(0.5f, 0.5f, 0.5f);
        BranchConfig second = new BranchConfig("resnet18", 2, 8, 3, half, half, "6-8");
        return new GraphConfig(
                shared.a(),
                second,
                new ObjectiveConfig("official", 25, 25, 1),
                new UpdateConfig(BATCH, "adamw", 0.9f, 1e-4f, "none"),
                PrecisionConfig.FLOAT32);
    }

    @Test
    void resumeMatchesUninterruptedRunOfTwoNetworksOnPairs() throws Exception {
        Path others = Files.createDirectory(temporary.resolve("others"));
        for (int i = 0; i < PICTURES; i++) { // each picture's partner is the next one
            Files.copy(
                    data.resolve("p%02d.png".formatted(i)), others.resolve("p%02d.png".formatted((i + 1) % PICTURES)));
        }
        PairConfig pairs = new PairConfig(others.toString(), "name", null);
        TrainingConfig config = config(twoNetworks(), pairs, 6, 1e-3, 2, BATCH);
        Path whole = temporary.resolve("whole");
        Path parts = temporary.resolve("parts");
        start(config, whole, Integer.MAX_VALUE);
        start(config, parts, 3);
        assertEquals(config, RunConfig.read(parts.resolve("config.json")).settings());
        try (Trainer trainer = Trainer.resume(config, parts)) {
            assertEquals(3, train(trainer, Integer.MAX_VALUE).size());
        }
        assertEquals(newest(whole), newest(parts));
        assertEquals(withoutRates(whole), withoutRates(parts));
        Map<String, Tensor> before =
                CheckpointFile.read(Artifacts.in(whole.resolve("artifacts")).checkpoint());
        newest(whole).forEach((name, tensor) -> assertNotEquals(before.get(name), tensor, name + " did not change"));

        Path alone = temporary.resolve("alone");
        start(config(twoNetworks(), null, 6, 1e-3, 2, BATCH), alone, Integer.MAX_VALUE);
        assertNotEquals(withoutRates(whole), withoutRates(alone));
        PairConfig exchanged = new PairConfig(data.toString(), "name", null);
        IllegalArgumentException e = assertThrows(
                IllegalArgumentException.class,
                () -> Trainer.resume(config(twoNetworks(), exchanged, 6, 1e-3, 2, BATCH), parts));
        assertTrue(String.valueOf(e.getMessage()).contains("changed since the run started"), e.getMessage());
    }

    @Test
    void aSharedRunCannotBeResumedWithTwoNetworks() throws Exception {
        Path run = temporary.resolve("run");
        start(config(3), run, Integer.MAX_VALUE);
        assertFalse(Files.readString(run.resolve("config.json")).contains("\"b\""));
        IllegalArgumentException e = assertThrows(
                IllegalArgumentException.class,
                () -> Trainer.resume(config(twoNetworks(), null, 3, 1e-3, 2, BATCH), run));
        assertTrue(
                String.valueOf(e.getMessage()).contains("projector-b: nothing in the run, \"6-8\" asked for"),
                e.getMessage());
    }

    @Test
    void trainingChangesParametersAndKeepsTheNewestCheckpoints() throws Exception {
        Path run = temporary.resolve("run");
        start(config(10), run, Integer.MAX_VALUE);
        Map<String, Tensor> first =
                CheckpointFile.read(Artifacts.in(run.resolve("artifacts")).checkpoint());
        Map<String, Tensor> last = newest(run);
        first.forEach((name, tensor) -> assertNotEquals(tensor, last.get(name), name + " did not change"));
        assertEquals(
                List.of(9L, 10L),
                RunFolder.saved(run).stream().map(RunFolder.Saved::step).toList());
    }

    @Test
    void resumeWithOtherSettingsNamesThem() throws Exception {
        Path run = temporary.resolve("run");
        start(config(4), run, Integer.MAX_VALUE);
        TrainingConfig other = config(graph(BATCH, "sgd"), null, 4, 2e-3, 2, BATCH);
        String message = assertThrows(IllegalArgumentException.class, () -> Trainer.resume(other, run))
                .getMessage();
        assertTrue(message.contains("lr: 0.001 in the run, 0.002 asked for"), message);
        assertTrue(message.contains("optimizer: \"adamw\" in the run, \"sgd\" asked for"), message);
        Trainer.resume(config(4), run).close(); // and the lock is free again
    }

    /** Its length is the run's from then on; the rates of the new steps are those of a run of that length. */
    @Test
    void aFinishedRunIsMadeLonger() throws Exception {
        Path run = temporary.resolve("run");
        Path whole = temporary.resolve("whole");
        start(config(12), whole, Integer.MAX_VALUE);
        start(config(6), run, Integer.MAX_VALUE);
        List<String> first = withoutRates(run);
        try (Trainer trainer = Trainer.resume(config(12), run)) {
            assertEquals(12, trainer.totalSteps());
            assertEquals(2, train(trainer, 2).size()); // stopped: the next resume knows
        }
        assertEquals(config(12), RunConfig.read(run.resolve("config.json")).settings());
        try (Trainer trainer = Trainer.resume(config(12), run)) {
            assertEquals(4, train(trainer, Integer.MAX_VALUE).size());
        }
        assertEquals(12L, steps(run).get(1));
        assertEquals(first, withoutRates(run).subList(0, 6));
        assertEquals(rates(whole).subList(6, 12), rates(run).subList(6, 12));
        assertNotEquals(rates(whole).get(5), rates(run).get(5));

        String message = assertThrows(IllegalArgumentException.class, () -> Trainer.resume(config(11), run))
                .getMessage();
        assertTrue(message.contains("`steps` 11: the run would have 11 steps, and 12 are done"), message);
        assertEquals(config(12), RunConfig.read(run.resolve("config.json")).settings());
    }

    private static List<String> rates(Path run) throws IOException {
        return Files.readAllLines(run.resolve("metrics.jsonl")).stream()
                .map(line -> line.replaceFirst(".*\"lr\":([^,}]*).*", "$1"))
                .toList();
    }

    @Test
    void resumeFromADamagedCheckpointIsRefused() throws Exception {
        Path run = temporary.resolve("run");
        start(config(3), run, Integer.MAX_VALUE);
        Path checkpoint = RunFolder.saved(run).get(0).file();
        byte[] bytes = Files.readAllBytes(checkpoint);
        Files.write(checkpoint, Arrays.copyOf(bytes, bytes.length / 2));
        String message = assertThrows(IOException.class, () -> Trainer.resume(config(3), run))
                .getMessage();
        assertTrue(message.contains(checkpoint.toString()), message);
        assertFalse(message.contains("\n"), message);
    }

    @Test
    void resumeFromAnotherNetworksCheckpointIsRefused() throws Exception {
        Path run = temporary.resolve("run");
        start(config(3), run, Integer.MAX_VALUE);
        replace(RunFolder.saved(run).get(0), Map.of("w", Tensor.scalar(1)));
        String message = assertThrows(IOException.class, () -> Trainer.resume(config(3), run))
                .getMessage();
        assertTrue(message.contains("other parameters"), message);
    }

    @Test
    void aFolderServesOneRunAtATimeAndIsNotOverwritten() throws Exception {
        Path run = temporary.resolve("run");
        try (Trainer first = Trainer.start(config(3), run, "test")) {
            String inUse = assertThrows(IOException.class, () -> Trainer.resume(config(3), run))
                    .getMessage();
            assertTrue(inUse.contains("in use"), inUse);
            train(first, Integer.MAX_VALUE);
        }
        assertThrows(FileAlreadyExistsException.class, () -> Trainer.start(config(3), run, "test"));
    }

    @Test
    void aBatchLargerThanTheDataIsRefusedBeforeAnythingIsWritten() {
        Path run = temporary.resolve("run");
        String message = assertThrows(
                        IllegalArgumentException.class, () -> Trainer.start(config(3, 1e-3, 1, 19), run, "test"))
                .getMessage();
        assertTrue(message.contains("at most 18"), message);
        assertFalse(Files.exists(run));
    }

    @Test
    void aRunThatCannotStartLeavesItsFolderFree() throws Exception {
        Path run = temporary.resolve("run");
        TrainingConfig cuda = new TrainingConfig(
                graph(BATCH, "adamw"),
                new DataConfig(data.toString(), null),
                new ViewsConfig(PictureKind.cifar().settings(), Map.of()),
                new ScheduleConfig(1e-3, 0.064, new LengthConfig(0, 3), 1, 0, "cosine", 0),
                3,
                new MachineConfig("cuda:99", 2, 1),
                new OutputConfig(3, 2));
        assertThrows(IllegalStateException.class, () -> Trainer.start(cuda, run, "test"));
        start(config(3), run, Integer.MAX_VALUE);
    }

    /** Killed before any of its files was there, while it was written, and after. */
    @Test
    void aStartStoppedAtAnyStageStartsAnewOrResumes() throws Exception {
        Path whole = temporary.resolve("whole");
        start(config(3), whole, Integer.MAX_VALUE);
        List<String> files = List.of(
                ".lock",
                "artifacts/.training_model.onnx.1f.tmp",
                "artifacts/training_model.onnx",
                "artifacts/eval_model.onnx",
                "artifacts/.checkpoint.1f.tmp",
                "artifacts/checkpoint",
                ".config.json.1f.tmp",
                "config.json",
                "metrics.jsonl",
                "checkpoints/.step-00000003.tmp/checkpoint");
        for (int stage = 0; stage <= files.size(); stage++) {
            Path run = Files.createDirectory(temporary.resolve("stage" + stage));
            for (String file : files.subList(0, stage)) {
                Path target = run.resolve(file);
                Files.createDirectories(target.getParent());
                if (file.contains(".tmp")) {
                    Files.writeString(target, "half");
                } else {
                    Files.copy(whole.resolve(file), target);
                }
            }
            boolean started = Files.exists(run.resolve("config.json"));
            try (Trainer trainer = started ? Trainer.resume(config(3), run) : Trainer.start(config(3), run, "test")) {
                train(trainer, Integer.MAX_VALUE);
            }
            assertEquals(newest(whole), newest(run), "stage " + stage);
            try (Stream<Path> left = Files.walk(run)) {
                assertEquals(
                        List.of(),
                        left.filter(file -> file.toString().contains(".tmp")).toList());
            }
        }
    }

    @Test
    void aRunThatMemoryDoesNotSufficeForLeavesItsFolderFree() throws Exception {
        Path run = temporary.resolve("run");
        List<Float> half = List.of(0.5f, 0.5f, 0.5f);
        // 51491 by 41706 weights are more than any JVM has in one array; frozen, they have no optimizer's state
        BranchConfig branch = new BranchConfig("resnet18", 4, 8, 3, half, half, "41706-51491-8");
        GraphConfig large = new GraphConfig(
                branch,
                null,
                new ObjectiveConfig("official", 25, 25, 1),
                new UpdateConfig(
                        BATCH,
                        "adamw",
                        0.9f,
                        1e-4f,
                        "none",
                        List.of("projector.3.weight"),
                        List.of(),
                        UpdateOptions.NONE),
                PrecisionConfig.FLOAT32);
        TrainingConfig config = config(large, null, 3, 1e-3, 1, BATCH);
        assertThrows(OutOfMemoryError.class, () -> Trainer.start(config, run, "test"));
        start(config(3), run, Integer.MAX_VALUE);
    }

    @Test
    void aLossThatIsNotFiniteStopsTheRunAndKeepsTheLastGoodCheckpoint() throws Exception {
        Path run = temporary.resolve("run");
        start(config(40, 1e-3, 1, BATCH), run, 3);
        // Poison the checkpoint of step 3 as a diverged run would.
        poison(RunFolder.saved(run).get(0), "encoder.conv1.weight");
        try (Trainer trainer = Trainer.resume(config(40, 1e-3, 1, BATCH), run)) {
            String message = assertThrows(IllegalStateException.class, () -> train(trainer, Integer.MAX_VALUE))
                    .getMessage();
            assertTrue(message.contains("step 4"), message);
            assertTrue(message.matches(".*p\\d\\d\\.png.*"), message);
            assertTrue(message.contains("checkpoint is step 3"), message);
        }
        assertEquals(1, RunFolder.saved(run).size());
    }

    /** Fills an entry with NaN, of a checkpoint as runs had them before they kept checksums. */
    private static void poison(RunFolder.Saved saved, String entry) throws IOException {
        Map<String, Tensor> state = new LinkedHashMap<>(CheckpointFile.read(saved.file()));
        assertTrue(state.containsKey(entry), entry);
        state.computeIfPresent(entry, (name, tensor) -> Tensor.filled(tensor.shape(), Float.NaN));
        replace(saved, state);
    }

    private static void replace(RunFolder.Saved saved, Map<String, Tensor> state) throws IOException {
        CheckpointFile.write(saved.file(), state);
        Files.writeString(saved.file().resolveSibling("state.json"), "{\"step\": " + saved.step() + "}");
    }

    /** The optimizer's state spoils the weights in a step whose loss is still that of good ones. */
    @Test
    void weightsThatAreNotFiniteAreNotSaved() throws Exception {
        Path run = temporary.resolve("run");
        start(config(40), run, 3);
        poison(RunFolder.saved(run).get(0), "optimizer.first_moment.encoder.conv1.weight");
        try (Trainer trainer = Trainer.resume(config(40), run)) {
            String message = assertThrows(IllegalStateException.class, () -> train(trainer, 1))
                    .getMessage();
            assertTrue(message.startsWith("encoder.conv1.weight is not finite after step 4"), message);
            assertTrue(message.contains("checkpoint is step 3"), message);
            assertEquals(1, message.lines().count());
        }
        assertEquals(List.of(3L), steps(run));
    }

    private static final String WEIGHT = "encoder.conv1.weight";

    private static TrainingConfig rollingBack(TrainingConfig config) {
        return Schema.with(config, "on-nan", "rollback");
    }

    /** Whoever is killed before the next checkpoint must not go on from the one that failed twice. */
    @Test
    void theSecondRollbackLeavesNoCheckpointThatFailedTwice() throws Exception {
        Path run = temporary.resolve("run");
        start(config(9), run, 6);
        poison(RunFolder.saved(run).get(1), WEIGHT);
        List<List<Long>> saved = new ArrayList<>();
        try (Trainer trainer = Trainer.resume(rollingBack(config(9)), run)) {
            trainer.train(
                    new Trainer.Listener() {
                        @Override
                        public void step(Metrics.Line line, long totalSteps) {
                            saved.add(savedSteps(run));
                            assertEquals(4, line.step());
                        }

                        @Override
                        public void saved(RunFolder.Saved each) {}
                    },
                    () -> saved.size() == 1);
        }
        assertEquals(List.of(List.of(3L)), saved);
    }

    private static List<Long> savedSteps(Path run) {
        try {
            return steps(run);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** From a step whose pictures were larger. */
    @Test
    void theSecondRollbackGoesOnWithTheSizeOfItsCheckpoint() throws Exception {
        TrainingConfig config = rollingBack(
                config(growing("8:50%,12:20%,16", graph(BATCH, "adamw").a()), null, 6, 1e-3, 2, BATCH));
        Path run = temporary.resolve("run");
        start(config, run, 3);
        List<Long> steps = new ArrayList<>();
        try (Trainer trainer = Trainer.resume(config, run)) {
            trainer.train(
                    new Trainer.Listener() {
                        @Override
                        public void step(Metrics.Line line, long totalSteps) {
                            steps.add(line.step());
                        }

                        @Override
                        public void saved(RunFolder.Saved each) {
                            if (steps.size() == 1) {
                                poisonUnchecked(each);
                            }
                        }
                    },
                    () -> false);
        }
        assertEquals(List.of(4L, 4L, 5L, 6L), steps);
    }

    private static void poisonUnchecked(RunFolder.Saved saved) {
        try {
            poison(saved, WEIGHT);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** From a resume in another precision than its checkpoint's. */
    @Test
    void theSecondRollbackGoesOnInThePrecisionOfNow() throws Exception {
        Path run = temporary.resolve("run");
        start(half(9, new LossScaling(512, 2000)), run, 6);
        poison(RunFolder.saved(run).get(1), WEIGHT);
        try (Trainer trainer = Trainer.resume(rollingBack(config(9)), run)) {
            assertEquals(
                    List.of(4L, 5L, 6L, 7L, 8L, 9L),
                    train(trainer, Integer.MAX_VALUE).stream()
                            .map(Metrics.Line::step)
                            .toList());
        }
    }

    private static List<Long> steps(Path run) throws IOException {
        return RunFolder.saved(run).stream().map(RunFolder.Saved::step).toList();
    }

    /** One bit of one weight: no structure shows it. */
    private static void damage(Path checkpoint) throws IOException {
        byte[] bytes = Files.readAllBytes(checkpoint);
        bytes[bytes.length / 2] ^= 1;
        Files.write(checkpoint, bytes);
    }

    @Test
    void aDamagedNewestCheckpointIsPassedOver() throws Exception {
        Path whole = temporary.resolve("whole");
        Path run = temporary.resolve("run");
        start(config(9), whole, Integer.MAX_VALUE);
        start(config(9), run, 7);
        assertEquals(List.of(6L, 7L), steps(run));
        damage(RunFolder.saved(run).get(1).file());
        try (Trainer trainer = Trainer.resume(config(9), run)) {
            assertEquals(6, trainer.startStep());
            train(trainer, Integer.MAX_VALUE);
        }
        assertEquals(newest(whole), newest(run));
        assertEquals(withoutRates(whole), withoutRates(run));
        assertEquals(List.of(6L, 9L), steps(run));

        damage(RunFolder.saved(run).get(0).file());
        damage(RunFolder.saved(run).get(1).file());
        String message = assertThrows(IOException.class, () -> Trainer.resume(config(9), run))
                .getMessage();
        assertTrue(message.contains("step-00000009") && message.contains("`from` step-0"), message);
        assertEquals(1, message.lines().count());
    }

    @Test
    void aRunGoesOnFromTheCheckpointThatIsChosen() throws Exception {
        Path whole = temporary.resolve("whole");
        Path run = temporary.resolve("run");
        start(config(6), whole, Integer.MAX_VALUE);
        start(config(6), run, Integer.MAX_VALUE);
        try (Datasets datasets = new Datasets()) {
            String message = assertThrows(
                            IllegalArgumentException.class, () -> Trainer.resume(config(6), run, 4L, datasets))
                    .getMessage();
            assertTrue(message.contains("no checkpoint of step 4, only of step-0, step-3, step-6"), message);
            try (Trainer trainer = Trainer.resume(config(6), run, 3L, datasets)) {
                assertEquals(1, train(trainer, 1).size());
            }
            assertEquals(List.of(3L, 4L), steps(run)); // what came after is no longer the run's
            try (Trainer trainer = Trainer.resume(config(6), run, 0L, datasets)) {
                train(trainer, Integer.MAX_VALUE);
            }
        }
        assertEquals(newest(whole), newest(run));
        assertEquals(withoutRates(whole), withoutRates(run));
    }

    private static TrainingConfig half(long steps, LossScaling scaling) {
        return config(graph(BATCH, "adamw").with(new PrecisionConfig("fp16", scaling)), null, steps, 1e-3, 2, BATCH);
    }

    /** The scale is so large that the first steps are skipped, and so that it grows in between. */
    @Test
    void resumeMatchesUninterruptedRunInFloat16() throws Exception {
        TrainingConfig config = half(10, new LossScaling(0x1p24f, 2));
        Path whole = temporary.resolve("whole");
        Path parts = temporary.resolve("parts");
        List<Metrics.Line> lines = start(config, whole, Integer.MAX_VALUE);
        assertTrue(lines.stream().anyMatch(line -> Objects.requireNonNull(line.skippedSteps()) > 1), lines.toString());
        assertTrue(lines.stream().map(Metrics.Line::skippedSteps).distinct().count() > 2, lines.toString());
        start(config, parts, 5);
        assertEquals(config, RunConfig.read(parts.resolve("config.json")).settings());
        try (Trainer trainer = Trainer.resume(config, parts)) {
            train(trainer, Integer.MAX_VALUE);
        }
        assertEquals(newest(whole), newest(parts));
        assertEquals(withoutRates(whole), withoutRates(parts));
        assertTrue(withoutRates(whole).get(0).contains("\"loss_scale\":8388608.0,\"skipped_steps\":1"));
    }

    @Test
    void aRunGoesOnInAnotherPrecision() throws Exception {
        Path run = temporary.resolve("run");
        start(config(12), run, 3);
        Map<String, Tensor> whole = newest(run);
        assertFalse(withoutRates(run).get(0).contains("loss_scale"));

        LossScaling scaling = new LossScaling(512, 2000);
        Trainer.resume(half(12, scaling), run).close();
        Map<String, Tensor> widened = CheckpointFile.read(run.resolve("artifacts/checkpoint-resumed"));
        Map<String, Tensor> expected = new LinkedHashMap<>(whole);
        expected.putAll(scaling.initialState());
        assertEquals(expected, widened);
        try (Trainer trainer = Trainer.resume(half(12, scaling), run)) {
            assertEquals(512, train(trainer, 3).get(2).lossScale());
        }
        Map<String, Tensor> half = newest(run);
        assertEquals(expected.keySet(), half.keySet());

        try (Trainer trainer = Trainer.resume(config(12), run)) { // and back
            assertEquals(6, train(trainer, Integer.MAX_VALUE).size());
        }
        assertEquals(whole.keySet(), newest(run).keySet());
        assertEquals(12, withoutRates(run).size());
    }

    @Test
    void otherLossScalingInTheSamePrecisionIsRefused() throws Exception {
        Path run = temporary.resolve("run");
        start(half(3, new LossScaling(512, 2000)), run, Integer.MAX_VALUE);
        String message = assertThrows(
                        IllegalArgumentException.class, () -> Trainer.resume(half(3, new LossScaling(512, 1000)), run))
                .getMessage();
        assertTrue(message.contains("loss-scale"), message);
    }

    /** Parameters that are not numbers overflow in every step: the scale falls, and then it is enough. */
    @Test
    void overflowInEveryStepStopsARunInFloat16() throws Exception {
        Path run = temporary.resolve("run");
        TrainingConfig config = half(80, new LossScaling(4, 2000));
        start(config, run, 3);
        poison(RunFolder.saved(run).get(0), "encoder.conv1.weight");
        try (Trainer trainer = Trainer.resume(Schema.with(config, "checkpoint-every", 1000L), run)) {
            String message = assertThrows(IllegalStateException.class, () -> train(trainer, Integer.MAX_VALUE))
                    .getMessage();
            assertTrue(message.contains("50 steps in a row, up to step 53"), message);
            assertTrue(message.contains("`precision` fp32"), message);
        }
        assertTrue(
                withoutRates(run).get(10).contains("\"loss\":null"),
                withoutRates(run).get(10));
    }

    @Test
    void scheduledRateWarmsUpAndFalls() {
        TrainingConfig config = config(20);
        assertEquals(0.00025, config.schedule().over(4).rate(0), 1e-12);
        assertEquals(0.001, config.schedule().over(4).rate(3), 1e-12);
        assertEquals(0.001, config.schedule().over(4).rate(4), 1e-12);
        assertEquals(0.0005, config.schedule().over(4).rate(12), 1e-12);
    }
}
