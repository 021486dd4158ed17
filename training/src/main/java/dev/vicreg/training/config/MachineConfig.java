package dev.vicreg.training.config;

import dev.vicreg.models.setting.Codec;
import dev.vicreg.models.setting.Group;
import dev.vicreg.models.setting.Option;
import dev.vicreg.models.setting.SettingException;
import dev.vicreg.runtime.natives.CudaOptions;
import dev.vicreg.runtime.natives.Device;
import dev.vicreg.training.step.pass.Branches;
import dev.vicreg.training.step.pass.Recomputation;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Where and how is computed; none of it changes what.
 *
 * @param device {@code auto}, {@code cpu}, {@code cuda:0}
 * @param gpuMemory most bytes of GPU memory; 0 for no limit
 * @param deterministic whether CUDA gives the same bits each time
 * @param strictDevice whether training is refused where part of a step would have to leave the GPU
 * @param cudnnSearch how CUDA finds algorithms; {@code default} of deterministic runs; empty for what is faster in the
 *     precision
 * @param recompute what is computed again in the backward pass rather than held
 * @param branches in which order the passes of the two branches are done on the CPU
 * @param threads of the step, part of what makes runs bitwise equal; 0 for one a processor
 * @param workers threads that load samples; 0 for half the processors
 */
public record MachineConfig(
        @Option(
                help = "where to compute",
                argument = "auto|cpu|cuda[:N]",
                group = Group.MACHINE,
                fallback = "auto",
                codec = DeviceName.class,
                free = true)
        String device,

        @Option(
                help = "most GPU memory to take, for instance 8g; 0 for no limit",
                argument = "BYTES",
                group = Group.MACHINE,
                fallback = "0",
                codec = Bytes.class,
                free = true)
        long gpuMemory,

        // Of commands that train: forward alone, CUDA's convolutions are so in any case.
        @Option(
                help =
                        "the same bits from the same GPU each time, by `cudnn-search` default; slower (the CPU always is so)",
                group = Group.MACHINE,
                free = true)
        boolean deterministic,

        @Option(
                help = "refuse to train where part of a step would have to leave the GPU",
                group = Group.MACHINE,
                free = true)
        boolean strictDevice,

        @Option(
                help = "how CUDA finds algorithms of convolutions; without it exhaustive, of fp16 heuristic",
                group = Group.MACHINE,
                choices = {"exhaustive", "heuristic", "default"},
                free = true)
        String cudnnSearch,

        @Option(
                help = "what is computed again in the backward pass rather than held, for less memory and more time:"
                        + " norms and activations, or whole blocks of the network",
                group = Group.MACHINE,
                fallback = "none",
                free = true)
        Recomputation recompute,

        @Option(
                help =
                        "on the CPU, the passes of the two branches side by side, each by half of the threads, or in turn;"
                                + " auto: side by side where that takes little memory",
                group = Group.MACHINE,
                fallback = "auto",
                free = true)
        Branches branches,

        @Option(
                help = "threads of the computation; 0 for one a processor",
                group = Group.MACHINE,
                fallback = "0",
                min = 0,
                max = 4096,
                free = true)
        int threads,

        @Option(
                help = "threads that make views; 0 for half the processors",
                group = Group.MACHINE,
                fallback = "0",
                min = 0,
                max = 4096,
                free = true)
        int workers) {
    /** Checks that the settings of CUDA go together. */
    public MachineConfig {
        if (cudnnSearch.isEmpty() && deterministic) {
            cudnnSearch = CudaOptions.DEFAULT;
        }
        if (deterministic && !cudnnSearch.equals(CudaOptions.DEFAULT)) {
            throw new SettingException("`deterministic` and `cudnn-search` " + cudnnSearch
                    + " exclude each other; leave one out, or take `cudnn-search` default");
        }
    }

    /** A device with CUDA as is usual. */
    public MachineConfig(String device, int threads, int workers) {
        this(device, 0, false, false, "", Recomputation.NONE, Branches.AUTO, threads, workers);
    }

    /** The same with numbers of threads for this machine where there were none. */
    public MachineConfig resolved() {
        int processors = Runtime.getRuntime().availableProcessors();
        return new MachineConfig(
                device,
                gpuMemory,
                deterministic,
                strictDevice,
                cudnnSearch,
                recompute,
                branches,
                threads == 0 ? processors : threads,
                workers == 0 ? Math.max(1, processors / 2) : workers);
    }

    /**
     * Where is computed.
     *
     * @param precision TF32 lets CUDA round float32 to 10 bits of mantissa. Of float16, where the algorithms that are timed
     *     first are seldom those of its tensor cores, a search that isn't named is the heuristic: on an H200 1.27 times
     *     faster for ResNet-18 at 32, 0.97 times for ResNet-50 at 224; in float32 0.84 times for ResNet-18.
     */
    public Device computeDevice(PrecisionConfig precision) {
        String usual = precision.isHalf() ? CudaOptions.HEURISTIC : CudaOptions.EXHAUSTIVE;
        String search = cudnnSearch.isEmpty() ? usual : cudnnSearch;
        try {
            return Device.parse(device)
                    .with(new CudaOptions(gpuMemory, deterministic, precision.isTf32(), search, strictDevice));
        } catch (IllegalArgumentException e) {
            throw new SettingException(e.getMessage(), e);
        }
    }

    /**
     * The device of that name.
     *
     * @throws IllegalArgumentException whose message continues an option's name
     */
    public static Device device(String text) {
        try {
            return Device.parse(text);
        } catch (IllegalArgumentException e) {
            throw new SettingException("must be auto, cpu, cuda or cuda:N, found \"" + text + "\"", e);
        }
    }

    /** A device's name. */
    static final class DeviceName implements Codec<String> {
        @Override
        public String parse(String text) {
            return device(text).toString();
        }
    }

    /** A number of bytes, as whole kilo-, mega- or gigabytes of 1024 or as it is: {@code 512m}, {@code 8g}. */
    static final class Bytes implements Codec<Long> {
        private static final Pattern FORM = Pattern.compile("(\\d{1,12})([kmg]?)");

        @Override
        public Long parse(String text) {
            Matcher matcher = FORM.matcher(text.toLowerCase(Locale.ROOT));
            if (matcher.matches()) {
                int shift = 10 * (1 + "kmg".indexOf(matcher.group(2).isEmpty() ? "?" : matcher.group(2)));
                long count = Long.parseLong(matcher.group(1));
                if (count <= Long.MAX_VALUE >> shift) {
                    return count << shift;
                }
            }
            throw new SettingException("must be a number of bytes such as 8g, 512m or 0, found \"" + text + "\"");
        }
    }
}
