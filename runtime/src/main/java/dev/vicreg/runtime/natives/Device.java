package dev.vicreg.runtime.natives;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Where a session runs.
 *
 * @param kind the processor, CUDA, or whichever of the two can be used
 * @param index the GPU's number as CUDA counts, 0 for the other kinds
 * @param cuda how CUDA works where it is used
 */
public record Device(Kind kind, int index, CudaOptions cuda) {
    /** The kinds of device. */
    public enum Kind {
        AUTO,
        CPU,
        CUDA
    }

    /** CUDA's first GPU if these libraries, the GPU and CUDA's own libraries are there, the CPU otherwise. */
    public static final Device AUTO = new Device(Kind.AUTO, 0);

    public static final Device CPU = new Device(Kind.CPU, 0);

    private static final Pattern SYNTAX = Pattern.compile("(auto|cpu|cuda)|cuda:(\\d{1,3})");

    public Device {
        if (index < 0 || (index > 0 && kind != Kind.CUDA)) {
            throw new IllegalArgumentException(
                    "Device index " + index + " of " + kind + ": expected 0, or more for cuda");
        }
    }

    /** A device with {@link CudaOptions#DEFAULTS}. */
    public Device(Kind kind, int index) {
        this(kind, index, CudaOptions.DEFAULTS);
    }

    /** The same device with other options. */
    public Device with(CudaOptions options) {
        return new Device(kind, index, options);
    }

    /**
     * The device that a command line names.
     *
     * @throws IllegalArgumentException if the text is none of {@code auto}, {@code cpu}, {@code cuda}, {@code cuda:1}
     */
    public static Device parse(String text) {
        Matcher matcher = SYNTAX.matcher(text);
        if (!matcher.matches()) {
            throw new IllegalArgumentException("Unknown device '" + text + "': expected auto, cpu, cuda or cuda:N");
        }
        if (matcher.group(2) != null) {
            return new Device(Kind.CUDA, Integer.parseInt(matcher.group(2)));
        }
        return switch (text) {
            case "cpu" -> CPU;
            case "cuda" -> new Device(Kind.CUDA, 0);
            default -> AUTO;
        };
    }

    /** What {@link #parse} reads, without the options: {@code auto}, {@code cpu} or {@code cuda:0}. */
    @Override
    public String toString() {
        return switch (kind) {
            case AUTO -> "auto";
            case CPU -> "cpu";
            case CUDA -> "cuda:" + index;
        };
    }
}
