package dev.vicreg.runtime.natives;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

class ElfFileTest {
    @TempDir
    Path folder;

    @Test
    @EnabledOnOs(OS.LINUX)
    void compiledLibraryListsNeededLibraries() throws IOException {
        Path ort = NativeLibraries.load().libraries().get(0).path();
        assertTrue(ElfFile.needed(ort).containsAll(List.of("libstdc++.so.6", "libc.so.6")));
    }

    @Test
    void namesComeInTheFilesOrder() throws IOException {
        byte[] library = TestElf.bytes("libcudart.so.13", "libc.so.6");
        assertEquals(
                List.of("libcudart.so.13", "libc.so.6"),
                ElfFile.needed("library", () -> new ByteArrayInputStream(library)));
        assertEquals(List.of(), ElfFile.needed(TestElf.write(folder.resolve("a.so"))));
    }

    @Test
    void otherFilesAreRefused() throws IOException {
        Path text = Files.writeString(
                folder.resolve("text.so"), "no library, but longer than an ELF header's 64 bytes .................");
        Path empty = Files.createFile(folder.resolve("empty.so"));
        assertTrue(String.valueOf(assertThrows(IOException.class, () -> ElfFile.needed(text))
                        .getMessage())
                .endsWith("is no 64-bit little-endian ELF file"));
        assertThrows(IOException.class, () -> ElfFile.needed(empty));
    }

    @Test
    void everyTruncationIsReported() {
        byte[] library = TestElf.bytes("libcudart.so.13");
        for (int length = 0; length < library.length; length++) {
            byte[] cut = Arrays.copyOf(library, length);
            var e = assertThrows(
                    IOException.class, () -> ElfFile.needed("cut.so", () -> new ByteArrayInputStream(cut)));
            assertTrue(String.valueOf(e.getMessage()).startsWith("cut.so is a damaged ELF file"), e.getMessage());
        }
    }

    @Test
    void nonsenseInAnyByteIsAnErrorOrAnAnswer() {
        byte[] library = TestElf.bytes("libcudart.so.13", "libcublas.so.13");
        for (int at = 0; at < library.length; at++) {
            byte[] changed = library.clone();
            changed[at] ^= (byte) 0xff;
            try {
                ElfFile.needed("changed.so", () -> new ByteArrayInputStream(changed));
            } catch (IOException e) {
                assertTrue(String.valueOf(e.getMessage()).startsWith("changed.so is "), e.getMessage());
            }
        }
    }
}
