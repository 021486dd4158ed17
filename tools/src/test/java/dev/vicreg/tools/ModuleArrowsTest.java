package dev.vicreg.tools;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.tngtech.archunit.core.domain.Dependency;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Which module may know what: see the code map in ARCHITECTURE.md. */
class ModuleArrowsTest {
    private static final String ROOT = "dev.vicreg.";
    private static JavaClasses classes;

    /**
     * What each package may know, from the bottom to the top: nothing else of this project, and only what stands above
     * its own line, so that there are no cycles. The packages say why in their package-info.
     */
    private static final String ARROWS = """
            models.setting         ->
            models.graph           ->
            models.graph.infer     -> models.graph
            models.ops             -> models.graph models.graph.infer
            models.onnx            -> models.graph models.graph.infer models.ops
            models.nn              -> models.setting models.graph models.ops
            models.encoder         -> models.setting models.graph models.graph.infer models.ops models.onnx models.nn

            runtime.file           ->
            runtime.picture        -> runtime.file
            runtime.signal         ->
            runtime.sequence       ->
            runtime.natives        -> runtime.file
            runtime.input          -> runtime.picture runtime.signal runtime.sequence
            runtime                -> runtime.file runtime.picture runtime.signal runtime.sequence runtime.natives runtime.input
            runtime.search         -> runtime runtime.file runtime.natives
            runtime.djl            -> runtime runtime.input runtime.picture
            serve                  -> runtime runtime.file runtime.input runtime.natives runtime.picture runtime.search \
                                      runtime.sequence runtime.signal
            spark                  -> runtime runtime.file runtime.input runtime.natives

            training.autodiff      -> models.setting models.graph models.graph.infer models.ops
            training.objective     -> models.setting models.graph models.ops models.nn
            training.optim         -> models.setting models.graph models.ops models.nn
            training.step.pass     -> models.setting models.graph models.ops
            training.step          -> models.setting models.graph models.ops models.nn models.encoder \
                                      training.autodiff training.objective training.optim training.step.pass
            training.step.lowering -> models.setting models.graph models.graph.infer models.ops training.step \
                                      training.step.pass

            training.data.source   -> models.setting runtime.file
            training.data.view     -> models.setting training.data.source
            training.data.kind     -> models.setting training.data.source training.data.view
            training.data.picture  -> models.setting runtime.input runtime.picture training.data.source \
                                      training.data.view training.data.kind
            training.data.vector   -> models.setting runtime.file runtime.input training.data.source training.data.view \
                                      training.data.kind
            training.data.signal   -> models.setting runtime.input runtime.signal training.data.source \
                                      training.data.view training.data.kind
            training.data.sequence -> models.setting runtime.input runtime.sequence training.data.source \
                                      training.data.view training.data.kind
            training.data.pair     -> models.setting runtime.file training.data.source training.data.view
            training.data          -> models.setting training.data.source training.data.view training.data.kind \
                                      training.data.view training.data.picture training.data.vector training.data.signal \
                                      training.data.sequence

            training.finding       -> models.setting
            training.config        -> training.finding models.setting models.graph models.onnx models.nn models.encoder runtime.file runtime.natives \
                                      runtime.input training.objective training.optim training.step training.step.pass training.data.source \
                                      training.data.view training.data.kind training.data.picture \
                                      training.data.vector training.data.signal training.data.sequence training.data
            training.run           -> training.finding runtime.file models.setting models.graph models.onnx training.step training.step.pass training.step.lowering \
                                      training.config
            training.session       -> models.setting models.graph models.ops models.onnx runtime.natives \
                                      training.step training.step.pass training.step.lowering training.data.view training.run
            training.bench         -> models.setting models.graph models.ops models.onnx models.nn runtime.file runtime.natives \
                                      training.step training.step.pass training.step.lowering training.data.view training.config \
                                      training.run training.session
            training.loop          -> models.setting models.graph models.ops models.nn runtime.signal runtime.file runtime.natives \
                                      training.finding training.objective training.optim training.step \
                                      training.step.pass training.step.lowering training.data.source training.data.view \
                                      training.data.pair training.data training.config training.run \
                                      training.session training.bench

            export                 -> models.setting models.graph models.ops models.onnx models.nn models.encoder runtime \
                                      runtime.file runtime.natives runtime.input runtime.picture runtime.sequence training.step training.config \
                                      training.run

            tools.cli              -> models.setting
            tools.sample           ->
            tools.output           -> models.setting runtime runtime.file training.run tools.cli
            tools.inspect          -> models.setting models.graph models.ops models.onnx models.encoder runtime training.autodiff \
                                      training.step training.run tools.cli
            tools.evaluation       -> models.setting models.graph models.ops models.onnx runtime runtime.input \
                                      runtime.picture runtime.signal runtime.file runtime.natives runtime.search training.data.source training.data.kind \
                                      training.data.view training.data.picture training.data.vector training.data.signal \
                                      training.data.sequence training.data training.run
            tools.evaluation.cluster   -> models.setting tools.evaluation
            tools.evaluation.diagnosis -> models.graph models.ops models.onnx runtime runtime.natives tools.evaluation
            tools.evaluation.advice    -> runtime tools.evaluation tools.evaluation.diagnosis training.data.source training.data.kind \
                                      training.data.view training.data.picture training.data
            tools.evaluation.probe     -> models.setting training.data.view
            tools.evaluation.measure   -> models.setting tools.evaluation tools.evaluation.cluster tools.evaluation.diagnosis \
                                       tools.evaluation.probe training.data.kind training.finding
            tools.evaluation.online    -> models.graph runtime training.data.source training.loop tools.evaluation \
                                      tools.evaluation.diagnosis
            tools.evaluation.classifier -> runtime training.data.source training.data.view training.data.kind \
                                      training.data export \
                                      tools.evaluation tools.evaluation.probe
            tools.report           -> models.setting models.graph models.ops models.onnx runtime runtime.file runtime.natives runtime.search \
                                      training.data.source training.data.view training.data.kind training.data.pair training.data training.config \
                                      training.run training.step training.loop export tools.cli tools.output tools.evaluation \
                                      tools.evaluation.diagnosis
            tools.command          -> *
            tools                  -> models.setting runtime.file tools.cli tools.command
            """;

    /** Arrows that the table forbids and today's code has: each to go, and none to come. */
    private static final Set<String> EXCEPTIONS = Set.of();

    @BeforeAll
    static void importClasses() {
        classes = new ClassFileImporter()
                .withImportOption(new ImportOption.DoNotIncludeTests())
                .importPackages("dev.vicreg");
        Set<String> found = modules();
        found.remove("spark"); // there with -Pspark alone
        assertEquals(
                Set.of("models", "runtime", "serve", "training", "export", "tools"), found, "classes that were found");
    }

    @Test
    void modelsKnowNoGradientsNoOnnxRuntimeAndNoPictures() {
        forbid("dev.vicreg.models..", "dev.vicreg.runtime..", "dev.vicreg.training..", "dev.vicreg.export..");
        forbid("dev.vicreg.models..", "dev.vicreg.tools..", "ai.onnxruntime..", "java.awt..", "javax.imageio..");
    }

    @Test
    void runtimeKnowsNeitherTrainingNorProtobufNorHttp() {
        forbid("dev.vicreg.runtime..", "dev.vicreg.models..", "dev.vicreg.training..", "dev.vicreg.export..");
        forbid("dev.vicreg.runtime..", "dev.vicreg.tools..", "ai.onnx.proto..", "com.google.protobuf..");
        forbid("dev.vicreg.runtime..", "com.google.flatbuffers..", "java.net.http..", "com.sun.net.httpserver..");
    }

    @Test
    void serverKnowsNeitherOnnxRuntimeNorTrainingAndNobodyElseKnowsHttp() {
        forbid("dev.vicreg.serve..", "ai.onnxruntime..", "dev.vicreg.models..", "dev.vicreg.training..");
        forbid("dev.vicreg.serve..", "dev.vicreg.export..", "dev.vicreg.tools..");
        for (String module : List.of("models", "runtime", "training", "export", "tools")) {
            forbid("dev.vicreg." + module + "..", "org.eclipse.jetty..", "io.prometheus..");
        }
    }

    @Test
    void nobodyKnowsSparkButItsModule() {
        for (String module : List.of("models", "runtime", "serve", "training", "export", "tools")) {
            forbid("dev.vicreg." + module + "..", "org.apache.spark..", "org.apache.hadoop..", "dev.vicreg.spark..");
        }
    }

    @Test
    void trainingKnowsNeitherExportNorCommandLine() {
        forbid("dev.vicreg.training..", "dev.vicreg.export..", "dev.vicreg.tools..", "org.apache.commons.cli..");
    }

    @Test
    void exportKnowsNeitherAugmentationNorGradientsNorCommandLine() {
        forbid("dev.vicreg.export..", "dev.vicreg.training.data..", "dev.vicreg.training.autodiff..");
        forbid("dev.vicreg.export..", "dev.vicreg.training.optim..", "dev.vicreg.tools..");
    }

    @Test
    void packagesKnowOnlyWhatStandsAboveThemInTheTable() {
        Map<String, Set<String>> allowed = arrows();
        Set<String> forbidden = new TreeSet<>();
        Set<String> unneeded = new TreeSet<>(EXCEPTIONS);
        for (JavaClass user : classes) {
            String from = name(user);
            Set<String> known = allowed.get(from);
            if (known == null) {
                forbidden.add(from + " has no line in the table");
                continue;
            }
            for (Dependency dependency : user.getDirectDependenciesFromSelf()) {
                JavaClass target = dependency.getTargetClass();
                String to = name(target);
                boolean ours = target.getName().startsWith(ROOT);
                if (ours && !to.equals(from) && !known.contains(to)) {
                    String arrow = from + " -> " + to;
                    unneeded.remove(arrow);
                    if (!EXCEPTIONS.contains(arrow)) {
                        forbidden.add(arrow + ", since " + user.getSimpleName() + " uses " + target.getSimpleName());
                    }
                }
            }
        }
        assertEquals(Set.of(), forbidden, "arrows that the table does not allow");
        assertEquals(Set.of(), unneeded, "exceptions that nothing needs any more: remove them");
    }

    /** The table; fails if a line names what does not stand above it. */
    private static Map<String, Set<String>> arrows() {
        Map<String, Set<String>> arrows = new LinkedHashMap<>();
        for (String line : ARROWS.lines().filter(line -> !line.isBlank()).toList()) {
            String[] sides = line.split("->", 2);
            Set<String> known = new TreeSet<>(List.of(sides[1].strip().split("\\s+")));
            known.remove("");
            if (known.remove("*")) {
                known.addAll(arrows.keySet());
            }
            Set<String> below = new TreeSet<>(known);
            below.removeAll(arrows.keySet());
            assertEquals(Set.of(), below, sides[0].strip() + " may know only what stands above it");
            arrows.put(sides[0].strip(), known);
        }
        return arrows;
    }

    @Test
    void noTwoClassesHaveOneName() {
        Map<String, Set<String>> named = new TreeMap<>();
        for (JavaClass found : classes) {
            if (found.isTopLevelClass() && !found.getSimpleName().equals("package-info")) {
                named.computeIfAbsent(found.getSimpleName(), name -> new TreeSet<>())
                        .add(found.getName());
            }
        }
        named.values().removeIf(places -> places.size() == 1);
        assertEquals(Map.of(), named);
    }

    private static String name(JavaClass of) {
        String name = of.getPackageName();
        return name.startsWith(ROOT) ? name.substring(ROOT.length()) : name;
    }

    @Test
    void onlySessionsAndTheirDevicesTouchOnnxRuntime() {
        forbid("dev.vicreg.runtime.picture..", "ai.onnxruntime..");
        forbid("dev.vicreg.runtime.signal..", "ai.onnxruntime..");
        forbid("dev.vicreg.runtime.sequence..", "ai.onnxruntime..");
        for (String graphs : List.of("autodiff", "objective", "optim", "step", "config", "data", "run")) {
            forbid("dev.vicreg.training." + graphs + "..", "ai.onnxruntime..");
        }
    }

    @Test
    void kindsOfDataKnowNeitherEachOtherNorGraphs() {
        String data = "dev.vicreg.training.data.";
        for (String graphs : List.of("graph", "ops", "onnx", "nn", "encoder")) {
            forbid(data + ".", "dev.vicreg.models." + graphs + "..");
        }
        forbid(data + ".", "dev.vicreg.training.config..", "dev.vicreg.training.step..");
        List<String> kinds = List.of(data + "picture..", data + "vector..", data + "signal..", data + "sequence..");
        for (String kind : kinds) {
            forbid(kind, kinds.stream().filter(other -> !other.equals(kind)).toArray(String[]::new));
            forbid(kind, "dev.vicreg.training.data", data + "pair..");
            for (String below : List.of(data + "source..", data + "view..", data + "kind..", data + "pair..")) {
                forbid(below, kind, "dev.vicreg.training.data");
            }
        }
        forbid(data + "source..", data + "view..", data + "kind..", data + "pair..");
        forbid(data + "view..", data + "kind..", data + "pair..");
    }

    @Test
    void oneClassTouchesTrainingSessions() {
        assertEquals(
                Set.of("dev.vicreg.training.session.WholeStep"),
                users(name -> name.startsWith("ai.onnxruntime.OrtTraining")));
    }

    @Test
    void onlyOnnxFileAndItsPartsTouchProtobuf() {
        assertEquals(
                Stream.of(
                                "EditedModel",
                                "InnerValues",
                                "NodeOrder",
                                "OnnxAttributes",
                                "OnnxBranches",
                                "OnnxEdit",
                                "OnnxFile",
                                "OnnxReader",
                                "OnnxSummary",
                                "OnnxTensors",
                                "OnnxTypes",
                                "OnnxWriter")
                        .map("dev.vicreg.models.onnx."::concat)
                        .collect(Collectors.toSet()),
                users(name -> name.startsWith("ai.onnx.proto.") || name.startsWith("com.google.protobuf.")));
    }

    @Test
    void oneClassTouchesFlatbuffers() {
        assertEquals(
                Set.of("dev.vicreg.training.run.CheckpointFile"),
                users(name -> name.startsWith("com.google.flatbuffers.")));
    }

    private static void forbid(String from, String... to) {
        noClasses()
                .that()
                .resideInAPackage(from)
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(to)
                .check(classes);
    }

    /** Outermost classes that depend on a class so named. */
    private static Set<String> users(Predicate<String> named) {
        Set<String> users = new TreeSet<>();
        for (JavaClass user : classes) {
            boolean uses = user.getDirectDependenciesFromSelf().stream()
                    .anyMatch(
                            dependency -> named.test(dependency.getTargetClass().getName()));
            if (uses) {
                users.add(user.getName().replaceFirst("\\$.*", ""));
            }
        }
        return users;
    }

    private static Set<String> modules() {
        Set<String> modules = new TreeSet<>();
        for (JavaClass found : classes) {
            modules.add(found.getPackageName().substring(ROOT.length()).replaceFirst("\\..*", ""));
        }
        return modules;
    }
}
