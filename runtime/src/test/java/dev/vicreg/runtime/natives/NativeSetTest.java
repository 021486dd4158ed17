package dev.vicreg.runtime.natives;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NativeSetTest {
    private static final String TRAINING = "org/bytedeco/onnxruntime/linux-x86_64-gpu/";
    private static final String STOCK = "ai/onnxruntime/native/linux-x64/";

    @TempDir
    Path classes;

    private List<NativeSet> sets() throws IOException {
        try (var loader = new URLClassLoader(new URL[] {classes.toUri().toURL()}, null)) {
            return NativeSet.all(NativePlatform.LINUX_X86_64, loader);
        }
    }

    private void stock() throws IOException {
        TestElf.write(classes.resolve(STOCK + "libonnxruntime.so"));
        TestElf.write(classes.resolve(STOCK + "libonnxruntime4j_jni.so"));
    }

    private void provider(String folder, String needed) throws IOException {
        TestElf.write(classes.resolve(folder + "libonnxruntime_providers_shared.so"));
        TestElf.write(classes.resolve(folder + "libonnxruntime_providers_cuda.so"), needed);
    }

    private static List<String> needs(NativeSet set) throws IOException {
        NativeFile provider = set.cudaProvider();
        assertNotNull(provider);
        return ElfFile.needed(provider.name(), provider::open);
    }

    @Test
    void eachSetHasItsOwnProvider() throws IOException {
        stock();
        provider(STOCK, "libcudart.so.12");
        TestElf.write(classes.resolve(TRAINING + "libonnxruntime.so.1"));
        provider(TRAINING, "libcudart.so.13");
        List<NativeSet> sets = sets();
        assertEquals(
                List.of("training-linux-x86_64-gpu", "stock-linux-x64"),
                sets.stream().map(NativeSet::label).toList());
        assertEquals(List.of("libcudart.so.13"), needs(sets.get(0)));
        assertEquals(List.of("libcudart.so.12"), needs(sets.get(1)));
    }

    @Test
    void stockGpuJarAloneHasAProvider() throws IOException {
        stock();
        provider(STOCK, "libcudart.so.12");
        assertEquals(List.of("libcudart.so.12"), needs(sets().get(0)));
    }

    @Test
    void cpuJarHasNone() throws IOException {
        stock();
        assertNull(sets().get(0).cudaProvider());
    }

    @Test
    void missingLibrariesAreNamed() throws IOException {
        var none = assertThrows(IllegalStateException.class, this::sets);
        assertTrue(String.valueOf(none.getMessage()).contains("expected resource " + STOCK + "libonnxruntime.so"));
        TestElf.write(classes.resolve(STOCK + "libonnxruntime.so"));
        var noJni = assertThrows(IllegalStateException.class, this::sets);
        assertTrue(String.valueOf(noJni.getMessage()).startsWith("No JNI library"), noJni.getMessage());
    }
}
