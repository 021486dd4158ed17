package dev.vicreg.tools;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.List;
import java.util.Set;
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

    @BeforeAll
    static void importClasses() {
        classes = new ClassFileImporter()
                .withImportOption(new ImportOption.DoNotIncludeTests())
                .importPackages("dev.vicreg");
        assertEquals(Set.of("models", "runtime", "training", "export", "tools"), modules(), "classes that were found");
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
    void trainingKnowsNeitherExportNorCommandLine() {
        forbid("dev.vicreg.training..", "dev.vicreg.export..", "dev.vicreg.tools..", "org.apache.commons.cli..");
    }

    @Test
    void exportKnowsNeitherAugmentationNorGradientsNorCommandLine() {
        forbid("dev.vicreg.export..", "dev.vicreg.training.data..", "dev.vicreg.training.autodiff..");
        forbid("dev.vicreg.export..", "dev.vicreg.training.optim..", "dev.vicreg.tools..");
    }

    @Test
    void kindsOfDataKnowNeitherEachOtherNorGraphs() {
        String data = "dev.vicreg.training.data.";
        forbid(data + ".", "dev.vicreg.models..", "dev.vicreg.training.config..", "dev.vicreg.training.step..");
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
                Set.of("dev.vicreg.training.session.TrainingSession"),
                users(name -> name.startsWith("ai.onnxruntime.OrtTraining")));
    }

    @Test
    void onlyOnnxFileAndItsPartsTouchProtobuf() {
        assertEquals(
                Stream.of(
                                "EditedModel",
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
