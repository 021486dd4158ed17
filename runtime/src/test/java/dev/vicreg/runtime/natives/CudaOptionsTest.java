package dev.vicreg.runtime.natives;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Map;
import org.junit.jupiter.api.Test;

class CudaOptionsTest {
    @Test
    void defaultsComputeInFloat32WithoutLimit() {
        assertEquals(
                Map.of("cudnn_conv_algo_search", "EXHAUSTIVE", "use_tf32", "0"),
                CudaOptions.DEFAULTS.providerOptions());
    }

    @Test
    void limitKeepsArenaAndWorkspacesSmall() {
        Map<String, String> options = new CudaOptions(8L << 30, false, true, CudaOptions.HEURISTIC).providerOptions();
        assertEquals("8589934592", options.get("gpu_mem_limit"));
        assertEquals("kSameAsRequested", options.get("arena_extend_strategy"));
        assertEquals("0", options.get("cudnn_conv_use_max_workspace"));
        assertEquals("HEURISTIC", options.get("cudnn_conv_algo_search"));
        assertEquals("1", options.get("use_tf32"));
    }

    @Test
    void deterministicModeRefusesSearchedAlgorithms() {
        assertEquals(
                "DEFAULT",
                new CudaOptions(0, true, false, CudaOptions.DEFAULT)
                        .providerOptions()
                        .get("cudnn_conv_algo_search"));
        var e = assertThrows(
                IllegalArgumentException.class, () -> new CudaOptions(0, true, false, CudaOptions.EXHAUSTIVE));
        assertTrue(String.valueOf(e.getMessage()).contains("found search 'exhaustive'"), e.getMessage());
    }

    @Test
    void wrongValuesAreRefused() {
        assertThrows(IllegalArgumentException.class, () -> new CudaOptions(-1, false, false, CudaOptions.DEFAULT));
        var e = assertThrows(IllegalArgumentException.class, () -> new CudaOptions(0, false, false, "best"));
        assertEquals("cuDNN search 'best': expected one of exhaustive, heuristic, default", e.getMessage());
    }

    @Test
    void resolvedDeviceKeepsItsOptions() {
        CudaOptions options = new CudaOptions(1 << 30, false, true, CudaOptions.HEURISTIC);
        assertEquals(options, Device.parse("cuda:1").with(options).cuda());
        assertEquals("cuda:1", Device.parse("cuda:1").with(options).toString());
        assertEquals(CudaOptions.DEFAULTS, Device.parse("cuda").cuda());
    }
}
