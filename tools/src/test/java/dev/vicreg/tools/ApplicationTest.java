package dev.vicreg.tools;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.onnxruntime.OrtEnvironment;
import com.google.gson.Gson;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import dev.vicreg.export.EncoderExport;
import dev.vicreg.models.graph.Graph;
import dev.vicreg.runtime.EmbeddingModel;
import dev.vicreg.runtime.natives.Device;
import dev.vicreg.runtime.picture.Picture;
import dev.vicreg.training.loop.Trainer;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.lang.module.ModuleFinder;
import java.lang.module.ModuleReference;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.ToolProvider;
import javax.xml.parsers.DocumentBuilderFactory;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.Logger;
import org.w3c.dom.Element;
import org.w3c.dom.Node;
import org.w3c.dom.NodeList;

/**
 * The runtime as an application sees it that has nothing else of this project: the artifact and the dependencies that its
 * pom declares. In {@code mvn verify} the artifact is the packaged jar; in {@code mvn test}, which packages nothing, its
 * folder of classes.
 */
class ApplicationTest {
    /** Where each of the declared dependencies is, by a class of it. */
    private static final Map<String, Class<?>> DEPENDENCIES = Map.of(
            "com.microsoft.onnxruntime", OrtEnvironment.class,
            "com.google.code.gson", Gson.class,
            "org.slf4j", Logger.class,
            "org.jspecify", NullMarked.class);

    /** What the application must run without. */
    private static final List<String> FOREIGN = List.of(
            Graph.class.getName(),
            Trainer.class.getName(),
            EncoderExport.class.getName(),
            Main.class.getName(),
            "ai.djl.translate.Translator",
            "com.sun.jna.Native",
            "org.apache.commons.compress.archivers.ArchiveEntry",
            "com.google.protobuf.Message");

    @TempDir
    Path folder;

    /** Twelve for encoders, three for classifiers, three for regressors, one for servers, three for indexes and their maps. */
    @Test
    void applicationsSeeAtMostTwentyTwoTypes() {
        Set<String> types = new TreeSet<>();
        for (JavaClass type : new ClassFileImporter()
                .withImportOption(new ImportOption.DoNotIncludeTests())
                .importPackages("dev.vicreg.runtime")) {
            String room = type.getPackageName().replace("dev.vicreg.runtime", "");
            boolean own = !Set.of(".natives", ".file", ".djl").contains(room);
            if (own && type.isTopLevelClass() && type.getModifiers().contains(JavaModifier.PUBLIC)) {
                types.add(type.getSimpleName());
            }
        }
        assertTrue(types.contains("EmbeddingModel"), types.toString());
        assertTrue(types.size() <= 22, types.size() + ": " + types);
    }

    /** Applications with a module path name them so; another name, or a package in two of them, would break these. */
    @Test
    void librariesAreModulesOfTheirNames() {
        Map<String, Class<?>> libraries = Map.of(
                "dev.vicreg.models", Graph.class,
                "dev.vicreg.runtime", EmbeddingModel.class,
                "dev.vicreg.training", Trainer.class,
                "dev.vicreg.export", EncoderExport.class);
        Set<String> packages = new TreeSet<>();
        libraries.forEach((name, type) -> {
            Path jar = Path.of(codeOf(type));
            assumeTrue(Files.isRegularFile(jar), "there are jars in mvn verify alone");
            List<ModuleReference> modules = List.copyOf(ModuleFinder.of(jar).findAll());
            assertEquals(name, modules.get(0).descriptor().name());
            modules.get(0).descriptor().packages().forEach(each -> assertTrue(packages.add(each), each));
        });
    }

    @Test
    void runtimeBringsFourDependencies() throws Exception {
        Map<String, String> declared = new TreeMap<>(declared(Path.of("..", "pom.xml")));
        declared.putAll(declared(Path.of("..", "runtime", "pom.xml")));
        assertEquals(DEPENDENCIES.keySet(), declared.keySet(), declared::toString);
    }

    /** Group and artifact of what a pom passes on to users: neither test-scoped nor optional nor only managed. */
    private static Map<String, String> declared(Path pom) throws Exception {
        Element project = DocumentBuilderFactory.newInstance()
                .newDocumentBuilder()
                .parse(pom.toFile())
                .getDocumentElement();
        NodeList all = project.getElementsByTagName("dependency");
        Map<String, String> declared = new TreeMap<>();
        for (int i = 0; i < all.getLength(); i++) {
            Element dependency = (Element) all.item(i);
            boolean own = dependency.getParentNode().getParentNode() == project;
            boolean testing = text(dependency, "scope").equals("test")
                    || text(dependency, "groupId").equals("org.junit.jupiter"); // so managed by the root's pom
            if (own && !testing && !text(dependency, "optional").equals("true")) {
                declared.put(text(dependency, "groupId"), text(dependency, "artifactId"));
            }
        }
        return declared;
    }

    private static String text(Element dependency, String tag) {
        NodeList found = dependency.getElementsByTagName(tag);
        Node first = found.item(0);
        return first == null ? "" : first.getTextContent();
    }

    /** Every documented piece is compiled; those that embed the picture beside the encoder are run. */
    @Test
    void documentedApplicationsRunOnTheArtifactAlone() throws Exception {
        Path encoder = encoder();
        Path picture = Files.copy(picture(), folder.resolve("picture.jpg")); // formats are told by content
        String classPath = Stream.concat(Stream.of(EmbeddingModel.class), DEPENDENCIES.values().stream())
                .map(ApplicationTest::codeOf)
                .collect(Collectors.joining(File.pathSeparator));
        float[] expected;
        try (EmbeddingModel model = EmbeddingModel.load(encoder, Device.CPU, 1)) {
            Picture decoded = Picture.decode(Files.readAllBytes(picture), "picture.jpg");
            expected = model.embedPictures(List.of(decoded))[0];
        }
        int run = 0;
        for (String snippet : snippets()) {
            Path classes = compiled(application(snippet), "Application.java", classPath);
            if (embedsPicture(snippet)) {
                check(expected, ran(classes + File.pathSeparator + classPath));
                run++;
            }
        }
        assertTrue(run > 0, "no document shows how an application embeds");
        check(expected, inJShell(classPath));
    }

    private static boolean embedsPicture(String snippet) {
        return snippet.contains("\"picture.jpg\"");
    }

    private static void check(float[] expected, List<String> lines) {
        assertEquals("alone", lines.get(0), lines::toString);
        assertEquals(lines.get(1), lines.get(2), "the same picture embedded in two ways");
        assertEquals(lines.get(1), lines.get(3), "and in steps");
        check(expected, lines.get(1));
    }

    private static void check(float[] expected, String vector) {
        String[] found = vector.replaceAll("[\\[\\]]", "").split(", ", -1);
        assertEquals(expected.length, found.length, vector);
        for (int i = 0; i < found.length; i++) {
            assertEquals(expected[i], Float.parseFloat(found[i]), 1e-5f); // other natives
        }
    }

    /** What the documented command prints, with the jars of a class path instead of a release's. */
    private String inJShell(String classPath) throws IOException, InterruptedException {
        Matcher block = Pattern.compile("```sh [^\n]*\n(echo [^`]*jshell[^`]*)```")
                .matcher(Files.readString(Path.of("..", "docs", "library.md")));
        assertTrue(block.find(), "docs/library.md shows a start of JShell");
        String command = block.group(1).replace("lib/*", classPath);
        Path errors = folder.resolve("errors");
        Process process = new ProcessBuilder(
                        "bash", "-c", "PATH='" + System.getProperty("java.home") + "/bin':$PATH; " + command)
                .directory(folder.toFile())
                .redirectError(errors.toFile())
                .start();
        String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        assertEquals(0, process.waitFor(), Files.readString(errors));
        return printed;
    }

    /** An encoder as training exports it, in the folder where the application runs, and the pictures. */
    private Path encoder() throws IOException {
        Path pictures = folder.resolve("pictures");
        Cli.run("sample", "--out", pictures.toString(), "--per-class", "4", "--test-per-class", "1");
        Path run = folder.resolve("run");
        Cli trained = Cli.run(("train --data " + pictures.resolve("train") + " --out " + run
                        + " --width 4 --projector 16-16 --batch-size 16 --steps 1 --threads 1")
                .split(" ", -1));
        assertEquals(0, trained.status(), trained.err());
        return Files.copy(run.resolve("encoder.onnx"), folder.resolve("encoder.onnx"));
    }

    private Path picture() throws IOException {
        try (Stream<Path> files = Files.walk(folder.resolve("pictures/test"))) {
            return files.filter(Files::isRegularFile).sorted().findFirst().orElseThrow();
        }
    }

    /** Where a class comes from: a jar, or a folder of classes. */
    private static String codeOf(Class<?> type) {
        try {
            return Path.of(type.getProtectionDomain()
                            .getCodeSource()
                            .getLocation()
                            .toURI())
                    .toString();
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The documents' pieces of Java that load a model. */
    private static List<String> snippets() throws IOException {
        List<Path> documents = new ArrayList<>(List.of(Path.of("..", "README.md")));
        try (Stream<Path> pages = Files.walk(Path.of("..", "docs"))) {
            pages.filter(page -> page.toString().endsWith(".md")).sorted().forEach(documents::add);
        }
        List<String> snippets = new ArrayList<>();
        for (Path document : documents) {
            Matcher blocks =
                    Pattern.compile("```java\n(.*?)```", Pattern.DOTALL).matcher(Files.readString(document));
            blocks.results()
                    .map(block -> block.group(1))
                    .filter(block -> block.contains("Model.load("))
                    .forEach(snippets::add);
        }
        return snippets;
    }

    /** The snippet as a program that says what foreign classes it found, and prints the picture's embeddings. */
    private static String application(String snippet) {
        String statements =
                snippet.lines().filter(line -> !line.startsWith("import ")).collect(Collectors.joining("\n"));
        int end = statements.lastIndexOf('}');
        String print = embedsPicture(snippet)
                ? "for (float[] vector : java.util.List.of(one, many[0], same[0])) "
                        + "System.out.println(java.util.Arrays.toString(vector));"
                : "";
        return snippet.lines().filter(line -> line.startsWith("import ")).collect(Collectors.joining("\n"))
                + """

                public class Application {
                    public static void main(String[] args) throws Exception {
                        String found = "alone";
                        for (String name : args) {
                            try {
                                found = Class.forName(name).getName();
                            } catch (ClassNotFoundException e) {
                                // as it should be
                            }
                        }
                        System.out.println(found);
                """
                + statements.substring(0, end)
                + print
                + statements.substring(end)
                + "}}";
    }

    /** tools/load/run starts it from its source. */
    @Test
    void loadGeneratorIsWrittenForThisRuntime() throws IOException {
        compiled(Files.readString(Path.of("load", "Load.java")), "Load.java", codeOf(EmbeddingModel.class));
    }

    /** A new folder with the program's class. */
    private Path compiled(String source, String name, String classPath) throws IOException {
        JavaCompiler compiler = Objects.requireNonNull(ToolProvider.getSystemJavaCompiler(), "the tests need a JDK");
        Path classes = Files.createTempDirectory(folder, "application");
        Path file = Files.writeString(classes.resolve(name), source);
        var messages = new ByteArrayOutputStream();
        int status = compiler.run(
                null, messages, messages, "-cp", classPath, "-d", classes.toString(), "-proc:none", file.toString());
        assertEquals(0, status, () -> messages.toString(StandardCharsets.UTF_8) + source);
        return classes;
    }

    /** What the program writes to standard output. */
    private List<String> ran(String classPath) throws IOException, InterruptedException {
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        List<String> command = new ArrayList<>(List.of(java, "-Xmx512m", "-cp", classPath, "Application"));
        command.addAll(FOREIGN);
        Path errors = folder.resolve("errors");
        Process process = new ProcessBuilder(command)
                .directory(folder.toFile())
                .redirectError(errors.toFile())
                .start();
        List<String> lines = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8)
                .lines()
                .toList();
        assertEquals(0, process.waitFor(), Files.readString(errors));
        assertEquals(4, lines.size(), lines::toString);
        return lines;
    }
}
