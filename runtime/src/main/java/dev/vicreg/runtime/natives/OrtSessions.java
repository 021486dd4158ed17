package dev.vicreg.runtime.natives;

import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtLoggingLevel;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.OrtSession.SessionOptions;
import ai.onnxruntime.providers.OrtCUDAProviderOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Session options for a device and a number of threads, and plain sessions opened with them. Thread-safe. */
public final class OrtSessions {
    private static final Logger log = LoggerFactory.getLogger(OrtSessions.class);
    private static final AtomicBoolean TOLD = new AtomicBoolean();

    private static final Pattern CUDA_REASON =
            Pattern.compile("(CUDA|CUBLAS|CUDNN|CUDNN_FE) failure \\d+: [^;]+|Invalid device ID: [^;]+");

    /** A file of its source with line and function: {@code /x/model.cc:177 onnxruntime::Model::Model(int, T&&) const}. */
    private static final Pattern SOURCE = Pattern.compile(
            " ?[^\\s:]*\\.(?:cc|cpp|cu|cuh|h):\\d+ [^()]*\\((?:[^()]|\\([^()]*\\))*\\)(?: const)?(?: \\[with [^]]*])?\\s*");

    private static final Pattern ERROR_CODE = Pattern.compile("^Error code - \\w+ - message: ");

    private OrtSessions() {}

    /**
     * The options for training and inference alike: sequential execution at the highest optimisation level. The caller
     * closes them once its session is made.
     *
     * @param device {@link Device#AUTO} is resolved as {@link #resolve} does
     * @param threads for one operator; 0 for as many as this JVM has processors
     * @throws IllegalArgumentException if threads is negative
     * @throws IllegalStateException if the device can't be used: says what is missing
     */
    public static SessionOptions options(Device device, int threads) {
        if (threads < 0) {
            throw new IllegalArgumentException("threads " + threads + ": expected 0 (all processors) or more");
        }
        Device resolved = resolve(device);
        try {
            var options = new SessionOptions();
            try {
                options.setOptimizationLevel(SessionOptions.OptLevel.ALL_OPT);
                options.setExecutionMode(SessionOptions.ExecutionMode.SEQUENTIAL);
                // Threads that wait sleep. Spinning, the default, costs up to half the speed on a machine that does
                // anything else, the loading of pictures included.
                options.addConfigEntry("session.intra_op.allow_spinning", "0");
                // ONNX Runtime else warns of initialisers that nothing reads, as users' files have them, and on CUDA of
                // every graph that some operator is left to the CPU, step counts and shapes too.
                options.setSessionLogLevel(OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR);
                // A pattern, the default, is allocated as one block in the second run, while the fragments of the first
                // stay in the arena (microsoft/onnxruntime#14477): up to 1.7 times the memory, at equal times.
                options.setMemoryPatternOptimization(false);
                options.setIntraOpNumThreads(threads == 0 ? Runtime.getRuntime().availableProcessors() : threads);
                if (resolved.kind() == Device.Kind.CUDA) {
                    addCuda(options, resolved);
                }
                return options;
            } catch (Throwable e) { // whatever it is, and thrown on
                options.close();
                throw e;
            }
        } catch (OrtException e) {
            throw new IllegalStateException("Cannot use device " + resolved + ": " + cudaReason(firstLine(e)), e);
        }
    }

    /**
     * A session on the model, which the caller closes.
     *
     * @throws IOException if there is no such file or ONNX Runtime can't read it
     * @throws IllegalStateException if the device can't be used
     */
    public static OrtSession open(Path model, Device device, int threads) throws IOException {
        requireFile(model);
        return open(
                model.toString(),
                device,
                threads,
                options -> OrtEnvironment.getEnvironment().createSession(model.toString(), options));
    }

    /**
     * A session on the model in these bytes, which the caller closes.
     *
     * @param name what messages call it
     * @throws IOException if ONNX Runtime can't read it
     * @throws IllegalStateException if the device can't be used
     */
    public static OrtSession open(byte[] model, String name, Device device, int threads) throws IOException {
        return open(
                name,
                device,
                threads,
                options -> OrtEnvironment.getEnvironment().createSession(model, options));
    }

    private interface Opening {
        OrtSession open(SessionOptions options) throws OrtException;
    }

    private static OrtSession open(String name, Device device, int threads, Opening opening) throws IOException {
        try (SessionOptions options = options(device, threads)) {
            return opening.open(options);
        } catch (OrtException e) {
            String line = firstLine(e);
            boolean noModel = e.getCode() == OrtException.OrtErrorCode.ORT_INVALID_PROTOBUF
                    || line.contains("No graph was found") // of bytes
                    || line.contains("does not have a graph"); // of a file
            String reason = noModel ? "it is cut off, or no ONNX model; export or copy it again" : line;
            throw new IOException("Cannot open model " + name + ": " + reason, e);
        }
    }

    /** The same path. */
    public static Path requireFile(Path model) throws NoSuchFileException {
        if (!Files.isRegularFile(model)) {
            throw new NoSuchFileException(model + ": no such model file; expected an .onnx file");
        }
        return model;
    }

    /**
     * The device to use: {@link Device#AUTO} becomes CUDA's first GPU if these libraries have the provider and nothing
     * that it needs is missing, the CPU otherwise; others are checked and returned.
     *
     * @throws IllegalStateException if CUDA is asked for and can't be used: says what is missing
     */
    public static Device resolve(Device device) {
        NativeLibraries libraries = NativeLibraries.load();
        return switch (device.kind()) {
            case CPU -> device;
            case CUDA -> {
                String missing = libraries.cuda().missing();
                if (missing != null) {
                    throw new IllegalStateException("Cannot use device " + device + ": " + missing);
                }
                yield device;
            }
            case AUTO -> cudaOrCpu(libraries, device.cuda());
        };
    }

    private static Device cudaOrCpu(NativeLibraries libraries, CudaOptions options) {
        try {
            if (!libraries.hasCudaProvider() || NvidiaDriver.installed().gpus().isEmpty()) {
                return Device.CPU;
            }
        } catch (IOException e) {
            throw new IllegalStateException("Cannot ask NVIDIA's driver for its GPUs: " + e, e);
        }
        String reason = libraries.cuda().missing();
        Device gpu = new Device(Device.Kind.CUDA, 0, options);
        if (reason == null) {
            try (var trial = new SessionOptions()) {
                addCuda(trial, gpu); // the driver may not fit the libraries
                return gpu;
            } catch (OrtException e) {
                reason = cudaReason(firstLine(e));
            } catch (IllegalStateException e) {
                reason = e.getMessage();
            }
        }
        if (TOLD.compareAndSet(false, true)) { // a run resolves its device several times
            log.warn("There is a GPU, but the CPU is used: {}", reason);
        }
        return Device.CPU;
    }

    private static void addCuda(SessionOptions options, Device device) throws OrtException {
        NativeLibraries.load().cuda().preload();
        NativeLibraries.markCudaProviderUnpacked();
        options.setDeterministicCompute(device.cuda().deterministic());
        try (var cuda = new OrtCUDAProviderOptions(device.index())) {
            for (Map.Entry<String, String> option :
                    device.cuda().providerOptions().entrySet()) {
                cuda.add(option.getKey(), option.getValue());
            }
            options.addCUDA(cuda);
        }
    }

    /** What CUDA says, without the source positions that ONNX Runtime puts around it; other messages as they are. */
    static String cudaReason(String message) {
        Matcher matcher = CUDA_REASON.matcher(message);
        return matcher.find() ? matcher.group().strip() : message;
    }

    /**
     * A library's message without the lines that may follow (links, traces), and of ONNX Runtime's neither the code before
     * it nor the place in its source.
     */
    public static String firstLine(Exception e) {
        String line = String.valueOf(e.getMessage()).lines().findFirst().orElse("no message");
        return SOURCE.matcher(ERROR_CODE.matcher(line).replaceFirst(""))
                .replaceAll(" ")
                .strip();
    }
}
