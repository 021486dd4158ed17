package dev.vicreg.tools;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** The launcher over a made-up project whose Maven and Java are scripts that tell what they were asked. */
@EnabledOnOs(OS.LINUX)
class LauncherTest {
    private static final String MAVEN = """
            #!/bin/bash
            echo "mvn $*" >> builds.log
            [ -f broken ] && { echo "[INFO] noise"; echo "[ERROR] Main.java:[3,1] missing semicolon"; exit 1; }
            [[ " $* " == *" -o "* && -f empty-repository ]] && { echo "Cannot access central in offline mode"; exit 1; }
            sleep 0.3
            mkdir -p tools/target/lib
            echo third > tools/target/lib/third.jar
            date +%N > tools/target/lib/vicreg-models.jar
            date +%N > tools/target/vicreg.jar
            """;
    private static final String JAVA = "#!/bin/bash\necho \"java $*\"\nls -l /proc/self/fd/0 | sed 's/.*-> //' >&2\n";
    private static final String ARCHIVING_JAVA = """
            #!/bin/bash
            echo "java $*"
            for word; do
              [[ $word == -XX:ArchiveClassesAtExit=* ]] || continue
              echo "$word" >> archives.log
              [ -f full-disk ] && exit 1
              echo classes > "${word#*=}"
              exit 0
            done
            """;

    @TempDir
    Path folder;

    private Path project;
    private Path jdk;

    @BeforeEach
    void makeProject() throws IOException {
        project = folder.resolve("project");
        jdk = folder.resolve("jdk");
        Path sources = Files.createDirectories(project.resolve("tools/src/main/java"));
        Files.writeString(sources.resolve("Main.java"), "class Main {}");
        Files.writeString(project.resolve("tools/pom.xml"), "<project/>");
        Files.writeString(project.resolve("pom.xml"), "<project/>");
        Files.createDirectory(project.resolve(".mvn"));
        Path launcher = Path.of("..", "vicreg").toAbsolutePath().normalize();
        Files.copy(launcher, project.resolve("vicreg"), StandardCopyOption.COPY_ATTRIBUTES);
        script(folder.resolve("bin/mvn"), MAVEN);
        script(jdk.resolve("bin/java"), JAVA);
        release("17.0.15");
    }

    @Test
    void buildsOnceAndAgainOnlyWhenSourcesChange() throws Exception {
        Launch first = launch("embed", "--json");
        assertEquals(0, first.status);
        assertTrue(first.out.endsWith("vicreg.jar embed --json\n"), first.out);
        assertEquals(1, builds().size());
        assertTrue(builds().get(0).contains("-Dquick -DskipTests"), builds().toString());
        launch();
        assertEquals(1, builds().size());
        Path source = project.resolve("tools/src/main/java/Main.java");
        Files.setLastModifiedTime(source, FileTime.from(Instant.now().plusSeconds(2)));
        launch();
        assertEquals(2, builds().size());
    }

    @Test
    void removedSourceIsAChange() throws Exception {
        Path second = Files.writeString(project.resolve("tools/src/main/java/Second.java"), "class Second {}");
        launch();
        Files.delete(second);
        launch();
        assertEquals(2, builds().size());
    }

    @Test
    void runsThroughASymbolicLinkFromAnotherFolderWithoutStandardInput() throws Exception {
        Path link = Files.createSymbolicLink(folder.resolve("link"), project.resolve("vicreg"));
        Launch launch = finish(start(Path.of("/"), "bash", "-c", "exec '" + link + "' doctor <&-"));
        assertEquals(0, launch.status, launch.err);
        assertTrue(launch.out.endsWith("vicreg.jar doctor\n"), launch.out);
        assertTrue(launch.err.endsWith("/dev/null\n"), launch.err);
    }

    @Test
    void buildErrorEndsWithItsFirstLines() throws Exception {
        Files.createFile(project.resolve("broken"));
        Launch launch = launch("doctor");
        assertEquals(1, launch.status);
        assertEquals("", launch.out);
        assertTrue(launch.err.contains("[ERROR] Main.java:[3,1] missing semicolon"), launch.err);
        assertEquals(1, builds().size(), "a compile error is no reason to build online");
    }

    @Test
    void missingLibrariesAreDownloaded() throws Exception {
        Files.createFile(project.resolve("empty-repository"));
        assertEquals(0, launch("doctor").status);
        assertEquals(2, builds().size());
    }

    @Test
    void twoLaunchesAtOnceBuildOnce() throws Exception {
        Process one = start(project, "./vicreg", "one");
        Process two = start(project, "./vicreg", "two");
        assertEquals(0, finish(one).status);
        assertEquals(0, finish(two).status);
        assertEquals(1, builds().size());
    }

    @Test
    void laterBuildLeavesTheJarsOfARunningCommand() throws Exception {
        script(jdk.resolve("bin/java"), "#!/bin/bash\nsleep 3\ncat \"${@: -1}\"\n"); // prints its jar
        Process running = start(project, "./vicreg");
        Path current = project.resolve(".build/current");
        while (!Files.exists(current)) {
            Thread.sleep(20);
        }
        String jar = Files.readAllLines(current).get(0) + "/vicreg.jar";
        String before = Files.readString(Path.of(jar));
        Files.setLastModifiedTime(
                project.resolve("pom.xml"), FileTime.from(Instant.now().plusSeconds(2)));
        Launch next = launch();
        assertEquals(2, builds().size());
        assertEquals(before, finish(running).out);
        assertTrue(!next.out.equals(before), "the second command ran the old build");
    }

    @Test
    void profileIsRememberedAndAnotherOneRebuilds() throws Exception {
        finish(start(project, Map.of("VICREG_PROFILE", "cuda"), "./vicreg"));
        launch();
        assertEquals(1, builds().size());
        assertTrue(builds().get(0).contains("-Pcuda"), builds().toString());
        finish(start(project, Map.of("VICREG_PROFILE", "cpu"), "./vicreg"));
        assertEquals(2, builds().size());
        finish(start(project, Map.of("VICREG_PROFILE", "cuda,spark"), "./vicreg"));
        assertTrue(builds().get(2).contains("-Pcuda,spark"), builds().toString());
        Launch wrong = finish(start(project, Map.of("VICREG_PROFILE", "gpu"), "./vicreg"));
        assertEquals(1, wrong.status);
        assertTrue(wrong.err.contains("VICREG_PROFILE must be cpu, cuda, spark or cuda,spark, found gpu"), wrong.err);
    }

    @Test
    void oldJavaIsRefusedInOneLine() throws Exception {
        release("11.0.2");
        Launch launch = launch("doctor");
        assertEquals(1, launch.status);
        assertEquals(1, launch.err.lines().count(), launch.err);
        assertTrue(launch.err.contains("Java 17 or newer is needed, found 11"), launch.err);
    }

    @Test
    void optionsOfTheJvmComeFromTheEnvironment() throws Exception {
        Launch launch = finish(start(project, Map.of("VICREG_JAVA_OPTS", "-Xmx1g -Da=b"), "./vicreg", "doctor"));
        assertTrue(launch.out.contains(" -Xmx1g -Da=b -jar "), launch.out);
    }

    @Test
    void aReleaseRunsTheProgramBesideItAndBuildsNothing() throws Exception {
        Path release = folder.resolve("a release");
        Path launcher = Files.createDirectories(release.resolve("bin")).resolve("vicreg");
        Files.copy(project.resolve("vicreg"), launcher, StandardCopyOption.COPY_ATTRIBUTES);
        Path program = Files.writeString(release.resolve("vicreg.jar"), "program");
        Path link = Files.createSymbolicLink(folder.resolve("link"), launcher);
        for (Path started : List.of(launcher, link)) {
            Launch launch = finish(start(Path.of("/"), started.toString(), "doctor"));
            assertEquals(0, launch.status, launch.err);
            assertTrue(launch.out.endsWith(" -jar " + program + " doctor\n"), launch.out);
        }
        assertEquals(List.of(), builds());
    }

    @Test
    void firstStartOfABuildWritesAnArchiveOfClassesThatAllUse() throws Exception {
        script(jdk.resolve("bin/java"), ARCHIVING_JAVA);
        for (int i = 0; i < 3; i++) {
            Launch launch = launch("doctor");
            assertEquals(1, launch.out.lines().count(), launch.out);
            assertTrue(launch.out.startsWith("java -XX:SharedArchiveFile=" + archive("17.0.15") + " "), launch.out);
            assertEquals(i == 0 ? "vicreg: building ...\n" : "", launch.err);
        }
        assertEquals(1, archives().size());
        Files.setLastModifiedTime(
                project.resolve("pom.xml"), FileTime.from(Instant.now().plusSeconds(2)));
        launch("doctor");
        assertEquals(2, archives().size());
    }

    @Test
    void anotherJdkHasItsOwnArchive() throws Exception {
        script(jdk.resolve("bin/java"), ARCHIVING_JAVA);
        launch("doctor");
        release("21.0.1");
        assertTrue(launch("doctor").out.contains("=" + archive("21.0.1") + " "));
        release("17.0.15");
        assertTrue(launch("doctor").out.contains("=" + archive("17.0.15") + " "));
        assertEquals(2, archives().size());
    }

    @Test
    void archiveThatIsDamagedOrGoneIsNotUsed() throws Exception {
        script(jdk.resolve("bin/java"), ARCHIVING_JAVA);
        launch("doctor");
        Files.writeString(archive("17.0.15"), "class");
        Launch damaged = launch("doctor");
        Files.delete(archive("17.0.15"));
        for (Launch launch : List.of(damaged, launch("doctor"))) {
            assertEquals(0, launch.status);
            assertTrue(launch.out.matches("java -Dvicreg.terminal=false +-jar .*vicreg.jar doctor\n"), launch.out);
            assertEquals("", launch.err);
        }
    }

    @Test
    void archiveThatCannotBeWrittenIsTriedOnce() throws Exception {
        script(jdk.resolve("bin/java"), ARCHIVING_JAVA);
        Files.createFile(project.resolve("full-disk"));
        for (int i = 0; i < 2; i++) {
            Launch launch = launch("doctor");
            assertEquals(0, launch.status);
            assertTrue(!launch.out.contains("SharedArchiveFile") && launch.out.endsWith("doctor\n"), launch.out);
        }
        assertEquals(1, archives().size());
    }

    /** What a second user starts runs the first one's build, and writes nothing there. */
    @Test
    void anotherUserRunsTheBuildThatIsThere() throws Exception {
        launch();
        Launch launch = launchAsAnother("doctor");
        assertEquals(0, launch.status, launch.err);
        assertTrue(launch.out.matches("java .*" + project + "/.build/app\\..*/vicreg.jar doctor\n"), launch.out);
        assertEquals(1, builds().size());
    }

    @Test
    void anotherUserBuildsInAFolderOfTheirOwn() throws Exception {
        launch();
        Files.setLastModifiedTime(project.resolve(".build/current"), FileTime.from(Instant.EPOCH));
        Launch launch = launchAsAnother("doctor");
        assertEquals(0, launch.status, launch.err);
        assertTrue(launch.out.matches("java .*" + cache() + "/build/[0-9]+/app\\..*/vicreg.jar doctor\n"), launch.out);
        assertTrue(launch.err.contains("since " + project + " is not yours"), launch.err);
        assertEquals(1, builds().size(), "nothing is built in the sources' folder");
        Launch again = launchAsAnother("doctor");
        assertEquals(launch.out, again.out);
        assertTrue(!again.err.contains("building"), again.err);
    }

    @Test
    void folderThatOthersCanExchangeIsNotBuiltIn() throws Exception {
        Files.setPosixFilePermissions(
                Files.createDirectory(folder.resolve("open")), PosixFilePermissions.fromString("rwxrwxrwx"));
        Launch launch = finish(asAnother(Map.of("VICREG_CACHE", folder + "/open/cache"), "doctor"));
        assertEquals(1, launch.status);
        assertTrue(
                launch.err.matches("vicreg: cannot build in .*, since others own or can write to " + folder
                        + "/open: set VICREG_CACHE to a folder that only you can write\n"),
                launch.err);
        Launch homeless = finish(asAnother(Map.of("HOME", "", "XDG_CACHE_HOME", "", "VICREG_CACHE", ""), "doctor"));
        assertEquals(1, homeless.status);
        assertTrue(homeless.err.contains("set VICREG_CACHE"), homeless.err);
    }

    /** As a start under umask 002 left it before builds were closed to groups. */
    @Test
    void buildThatOthersCouldWriteIsMadeAnew() throws Exception {
        launch();
        Path jar = Path.of(Files.readAllLines(project.resolve(".build/current")).get(0), "vicreg.jar");
        assertEquals("rw-r--r--", PosixFilePermissions.toString(Files.getPosixFilePermissions(jar)));
        for (Path open : List.of(jar, project.resolve(".build"))) {
            int before = builds().size();
            Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rwxrwxr-x"));
            launch();
            assertEquals(before + 1, builds().size(), open + " can be written to by a group");
            launch();
            assertEquals(before + 1, builds().size());
        }
    }

    private Path cache() {
        return folder.resolve("another/cache");
    }

    private Launch launchAsAnother(String... words) throws Exception {
        return finish(asAnother(Map.of("VICREG_CACHE", cache().toString()), words));
    }

    /** A user who can read all of the folder and write nothing but their own part of it. */
    private Process asAnother(Map<String, String> variables, String... words) throws Exception {
        Assumptions.assumeTrue(
                Files.getAttribute(project, "unix:uid").equals(0), "only root can start processes of other users");
        Path own = Files.createDirectories(folder.resolve("another"));
        assertEquals(0, finish(new ProcessBuilder("chown", "-R", "12345:12345", own.toString()).start()).status);
        assertEquals(0, finish(new ProcessBuilder("chmod", "-R", "go+rX", folder.toString()).start()).status);
        List<String> command = new ArrayList<>(
                List.of("setpriv", "--reuid=12345", "--regid=12345", "--clear-groups", project + "/vicreg"));
        command.addAll(List.of(words));
        return start(folder, variables, command.toArray(String[]::new));
    }

    private Path archive(String version) throws IOException {
        String app = Files.readAllLines(project.resolve(".build/current")).get(0);
        return Path.of(app, "classes-" + version + ".jsa");
    }

    private List<String> archives() throws IOException {
        return Files.readAllLines(project.resolve("archives.log"));
    }

    private record Launch(int status, String out, String err) {}

    private Launch launch(String... words) throws Exception {
        return finish(start(
                project, Stream.concat(Stream.of("./vicreg"), Stream.of(words)).toArray(String[]::new)));
    }

    private Process start(Path where, String... command) throws IOException {
        return start(where, Map.of(), command);
    }

    private Process start(Path where, Map<String, String> variables, String... command) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(command).directory(where.toFile());
        builder.environment().keySet().removeIf(name -> name.startsWith("VICREG_"));
        builder.environment().put("JAVA_HOME", jdk.toString());
        builder.environment().merge("PATH", folder.resolve("bin").toString(), (path, bin) -> bin + ":" + path);
        builder.environment().putAll(variables);
        return builder.start();
    }

    /** The scripts print little, so that neither pipe fills up before the process ends. */
    private static Launch finish(Process process) throws Exception {
        assertTrue(process.waitFor(60, TimeUnit.SECONDS), "the launcher hangs");
        return new Launch(
                process.exitValue(),
                new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8),
                new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8));
    }

    private List<String> builds() throws IOException {
        Path log = project.resolve("builds.log");
        return Files.exists(log) ? Files.readAllLines(log) : new ArrayList<>();
    }

    private void release(String version) throws IOException {
        Files.writeString(jdk.resolve("release"), "IMPLEMENTOR=\"x\"\nJAVA_VERSION=\"" + version + "\"\n");
    }

    private static void script(Path file, String text) throws IOException {
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
        assertTrue(file.toFile().setExecutable(true));
    }
}
