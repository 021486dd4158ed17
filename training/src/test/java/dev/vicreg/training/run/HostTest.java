package dev.vicreg.training.run;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

class HostTest {
    @Test
    void theProcessorIsCalledAsLinuxCallsIt() {
        assertEquals(
                "AMD EPYC 9B14",
                Host.model(List.of("processor\t: 0", "model name\t: AMD EPYC 9B14", "model name\t: another", "")));
        assertEquals("", Host.model(List.of("processor\t: 0", "CPU part\t: 0xd0c"))); // ARM's
    }

    @Test
    void aHostTellsWhatFiguresOfSpeedHangOn() throws IOException {
        List<String> names = List.copyOf(Host.describe("cpu").keySet());
        assertEquals(List.of("memory", "system", "java", "device"), names.subList(names.size() - 4, names.size()));
    }
}
