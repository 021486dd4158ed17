package dev.vicreg.runtime.natives;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * How ONNX Runtime's CUDA provider works; of no account on the CPU.
 *
 * <p>What isn't offered here stays as ONNX Runtime has it: copies on the stream of the computation (apart from it they
 * race, ONNX Runtime's issue 4829), layout NCHW, no tuning of matrix products, no strict layer norm.
 *
 * @param memoryLimit most bytes of GPU memory for tensors and cuDNN's workspaces, 0 for no limit; CUDA's own context and
 *     kernels come on top of it
 * @param deterministic whether the same training step on the same GPU gives the same bits each time; slower. Gradients of
 *     convolutions else add up in no fixed order with some algorithms (NVIDIA cuDNN, "Reproducibility")
 * @param tf32 whether matrix products and convolutions may round float32 to 10 bits of mantissa: faster, and different
 *     from the CPU from the fourth digit on
 * @param cudnnSearch how a convolution's algorithm is found: one of {@link #SEARCHES}
 * @param strict whether training is refused where part of a step would have to leave the GPU, for lack of a kernel; of no
 *     account where vectors are made
 */
public record CudaOptions(long memoryLimit, boolean deterministic, boolean tf32, String cudnnSearch, boolean strict) {
    /** Times the gradients' algorithms at the first step; forward, asks cuDNN's better heuristic (mode B). */
    public static final String EXHAUSTIVE = "exhaustive";
    /** Asks cuDNN's quick heuristic (mode A). */
    public static final String HEURISTIC = "heuristic";
    /** Takes fixed algorithms; slow, and ONNX Runtime warns of each convolution that it is in "fallback mode". */
    public static final String DEFAULT = "default";

    /** What {@link #cudnnSearch} may be. */
    public static final List<String> SEARCHES = List.of(EXHAUSTIVE, HEURISTIC, DEFAULT);

    /** No limit, float32 as on the CPU, the fastest algorithms. */
    public static final CudaOptions DEFAULTS = new CudaOptions(0, false, false, EXHAUSTIVE);

    /** Checks the values. */
    public CudaOptions {
        if (memoryLimit < 0) {
            throw new IllegalArgumentException(
                    "GPU memory limit " + memoryLimit + ": expected 0 (none) or a number of bytes");
        }
        if (!SEARCHES.contains(cudnnSearch)) {
            throw new IllegalArgumentException(
                    "cuDNN search '" + cudnnSearch + "': expected one of " + String.join(", ", SEARCHES));
        }
        if (deterministic && !cudnnSearch.equals(DEFAULT)) {
            throw new IllegalArgumentException("Deterministic mode needs cuDNN's default algorithms, found search '"
                    + cudnnSearch + "': some that are searched for add up in no fixed order");
        }
    }

    /** Not strict. */
    public CudaOptions(long memoryLimit, boolean deterministic, boolean tf32, String cudnnSearch) {
        this(memoryLimit, deterministic, tf32, cudnnSearch, false);
    }

    /** The provider's options by ONNX Runtime's names, beside the GPU's number. */
    Map<String, String> providerOptions() {
        var options = new LinkedHashMap<String, String>();
        options.put("cudnn_conv_algo_search", cudnnSearch.toUpperCase(Locale.ROOT));
        options.put("use_tf32", tf32 ? "1" : "0");
        if (memoryLimit > 0) {
            options.put("gpu_mem_limit", Long.toString(memoryLimit));
            // By default the arena doubles each time it grows and so reaches the limit early, with gaps in it.
            options.put("arena_extend_strategy", "kSameAsRequested");
            // The search for a convolution's algorithm else tries workspaces of all the memory that is free on the GPU,
            // allocated apart from the arena and its limit; now of 32 MB.
            options.put("cudnn_conv_use_max_workspace", "0");
        }
        return options;
    }
}
