package dev.vicreg.runtime.natives;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NativeLibrariesTest {
    @TempDir
    Path folder;

    @Test
    void processesStartingAtOnceAllLoadTrainingNatives() throws Exception {
        var processes = new ArrayList<ForkedJvm>();
        for (int i = 0; i < 3; i++) {
            processes.add(ForkedJvm.start(LoadProbe.class, entry -> false, cacheIn(folder)));
        }
        for (ForkedJvm process : processes) {
            ForkedJvm.Result result = process.waitFor();
            assertAll(
                    result.output(),
                    () -> assertEquals(0, result.exit()),
                    () -> assertTrue(result.output().contains("same true")),
                    () -> assertTrue(result.output().contains("training true")),
                    () -> assertTrue(
                            result.output().contains(folder.toRealPath().toString())),
                    () -> assertFalse(result.output().contains("damaged")));
        }
        assertEquals(List.of(), filesEndingWith(".tmp"));
    }

    /** The API makes one at every start, and a killed process left it; so did one that unpacked to a temporary folder. */
    @Test
    void temporaryFoldersOfKilledProcessesAreRemoved() throws Exception {
        Path temporary = Files.createDirectory(folder.resolve("tmp"));
        Map<String, String> noCache = cacheIn(Files.createFile(folder.resolve("file")));
        String[] options = {"-Djava.io.tmpdir=" + temporary, "-Dprobe.sleep=true"};
        Process killed = ForkedJvm.start(LoadProbe.class, entry -> false, noCache, options)
                .process();
        try (BufferedReader lines =
                new BufferedReader(new InputStreamReader(killed.getInputStream(), StandardCharsets.UTF_8))) {
            while (!"loaded".equals(lines.readLine())) {
                assertTrue(killed.isAlive());
            }
        } finally {
            killed.destroyForcibly().waitFor();
        }
        assertEquals(List.of("onnxruntime-java", "vicreg-natives-"), kinds(temporary));
        ForkedJvm.Result next = ForkedJvm.start(LoadProbe.class, entry -> false, noCache, options[0])
                .waitFor();
        assertEquals(0, next.exit(), next.output());
        assertEquals(List.of(), kinds(temporary));
    }

    private static List<String> kinds(Path temporary) throws IOException {
        try (Stream<Path> folders = Files.list(temporary)) {
            return folders.map(path -> path.getFileName().toString().replaceFirst("[0-9]+$", ""))
                    .filter(name -> !name.equals("hsperfdata_"))
                    .sorted()
                    .toList();
        }
    }

    @Test
    void stockNativesServeWithoutTrainingJar() throws Exception {
        ForkedJvm.Result result = ForkedJvm.start(LoadProbe.class, NativeLibrariesTest::isTrainingJar, cacheIn(folder))
                .waitFor();
        assertAll(
                result.output(),
                () -> assertEquals(0, result.exit()),
                () -> assertTrue(result.output().contains("training false")),
                () -> assertTrue(result.output().contains("stock-")));
    }

    @Test
    void librariesThatOtherCodeLoadedBeforeAreReported() throws Exception {
        ForkedJvm.Result result = ForkedJvm.start(
                        LoadProbe.class, entry -> false, cacheIn(folder), "-Dprobe.ort.first=true")
                .waitFor();
        assertAll(
                result.output(),
                () -> assertEquals(0, result.exit()),
                () -> assertTrue(result.output().contains("training false")),
                () -> assertTrue(result.output().contains("from loaded earlier by other code")));
    }

    @Test
    void unloadableLibraryIsOneLineOnEveryCall() throws Exception {
        ForkedJvm.Result result = ForkedJvm.start(
                        LoadProbe.class, entry -> false, cacheIn(folder), "-Donnxruntime.native.path=" + folder)
                .waitFor();
        assertEquals(1, result.exit(), result.output());
        assertTrue(result.output().contains("error Cannot load ONNX Runtime from " + folder), result.output());
        assertEquals(
                1,
                result.output().lines().filter(line -> line.startsWith("error")).count());
    }

    @Test
    void unsupportedPlatformsAreNamed() {
        assertEquals(NativePlatform.LINUX_X86_64, NativePlatform.of("Linux", "amd64"));
        assertEquals(NativePlatform.LINUX_ARM64, NativePlatform.of("Linux", "aarch64"));
        assertEquals(NativePlatform.WINDOWS_X86_64, NativePlatform.of("Windows 11", "amd64"));
        assertEquals(NativePlatform.MACOS_ARM64, NativePlatform.of("Mac OS X", "aarch64"));
        String mac = messageFor("Mac OS X", "x86_64");
        assertTrue(mac.contains("macOS on Intel") && mac.contains("no JNI library"), mac);
        String bsd = messageFor("FreeBSD", "amd64");
        assertTrue(bsd.contains("FreeBSD") && bsd.contains("Linux x86-64"), bsd);
    }

    private static String messageFor(String os, String arch) {
        String message = assertThrows(IllegalStateException.class, () -> NativePlatform.of(os, arch))
                .getMessage();
        return String.valueOf(message);
    }

    static boolean isTrainingJar(String entry) {
        return entry.contains("org/bytedeco/onnxruntime") || entry.contains("org\\bytedeco\\onnxruntime");
    }

    private static Map<String, String> cacheIn(Path folder) {
        return Map.of("VICREG_CACHE", folder.toString());
    }

    private List<Path> filesEndingWith(String suffix) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(file -> file.toString().endsWith(suffix)).toList();
        }
    }
}
