package dev.vicreg.runtime.natives;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * On each platform the official JNI library and the natives with training fit each other, as far as their files tell: a
 * version whose names don't match fails here, on whatever machine. The jars of all platforms lie in target/natives.
 */
class NativePairsTest {
    private static final Path JARS = Path.of("target/natives");

    private static URLClassLoader jars() throws IOException {
        try (Stream<Path> files = Files.list(JARS)) {
            return new URLClassLoader(files.map(NativePairsTest::url).toArray(URL[]::new), null);
        }
    }

    private static URL url(Path file) {
        try {
            return file.toUri().toURL();
        } catch (MalformedURLException e) {
            throw new IllegalArgumentException(e);
        }
    }

    @ParameterizedTest
    @EnumSource(NativePlatform.class)
    void jniLibraryLoadsTheNativesWithTraining(NativePlatform platform) throws IOException {
        try (URLClassLoader classes = jars()) {
            List<NativeSet> sets = NativeSet.all(platform, classes);
            NativeSet set = sets.get(0);
            assertEquals("training-" + platform.trainingName, set.label());
            byte[] main = bytes(set.core().get(0));
            byte[] jni = bytes(set.core().get(1));
            assertEquals(
                    platform.fileName(NativeLibraries.ORT), set.core().get(0).name());
            assertPair(main, jni);
            assertTrue(contains(main, "InPlaceAccumulatorV2"), "no training operators in " + set.label());
            assertTrue(contains(jni, "createTrainingSession"), "no training in the JNI library of " + set.label());
        }
    }

    @ParameterizedTest
    @EnumSource(NativePlatform.class)
    void jniLibraryLoadsTheOfficialOnes(NativePlatform platform) throws IOException {
        try (URLClassLoader classes = jars()) {
            NativeSet stock = NativeSet.all(platform, classes).get(1);
            assertEquals("stock-" + platform.stockName, stock.label());
            assertPair(bytes(stock.core().get(0)), bytes(stock.core().get(1)));
        }
    }

    /** Loaded first, the main library is what the loader finds under the name that the JNI library asks for. */
    private static void assertPair(byte[] main, byte[] jni) {
        SharedLibrary library = SharedLibrary.of(main);
        List<String> loads = SharedLibrary.of(jni).loads();
        assertTrue(loads.contains(library.name()), "asks for " + loads + ", there is " + library.name());
        List<String> others = library.loads().stream()
                .filter(name -> name.contains("onnxruntime"))
                .toList();
        assertEquals(List.of(), others, "the main library needs more than is unpacked");
    }

    private static byte[] bytes(NativeFile file) throws IOException {
        try (InputStream in = file.open()) {
            assertNotNull(in);
            return in.readAllBytes();
        }
    }

    private static boolean contains(byte[] bytes, String text) {
        return new String(bytes, StandardCharsets.ISO_8859_1).contains(text);
    }
}
