package dev.vicreg.tools.command;

import dev.vicreg.runtime.natives.CudaOptions;
import dev.vicreg.runtime.natives.Device;
import dev.vicreg.tools.cli.Setting;
import dev.vicreg.tools.cli.Setting.Group;
import dev.vicreg.tools.cli.Settings;
import java.util.HashMap;
import java.util.Map;

/** The options that say where to compute and how CUDA works there. */
final class DeviceSettings {
    static final Setting<Long> GPU_MEMORY =
            Setting.bytes("gpu-memory", Group.MACHINE, "most GPU memory to take, for instance 8g; 0 for no limit", "0");
    /** Of commands that train: forward alone, CUDA's convolutions are so in any case. */
    static final Setting<Boolean> DETERMINISTIC = Setting.flag(
            "deterministic",
            Group.MACHINE,
            "the same bits from the same GPU each time, by --cudnn-search default; slower (the CPU always is so)");

    static final Setting<String> CUDNN_SEARCH = Setting.choice(
            "cudnn-search",
            CudaOptions.SEARCHES,
            Group.MACHINE,
            "how CUDA finds algorithms of convolutions; without it exhaustive",
            null);

    /** Of commands that train. */
    static final Setting<Boolean> STRICT = Setting.flag(
            "strict-device", Group.MACHINE, "refuse to train where part of a step would have to leave the GPU");

    /** Of commands that embed; those that train have a precision instead. */
    static final Setting<Boolean> TF32 = Setting.flag(
            "tf32", Group.MACHINE, "let CUDA round float32 to 10 bits of mantissa: faster, differs from the CPU");

    private DeviceSettings() {}

    /** The device of a command that embeds, with its options. */
    static Device device(Settings settings) {
        return device(settings, settings.on(TF32));
    }

    private static Device device(Settings settings, boolean tf32) {
        return settings.get(SharedSettings.DEVICE).with(cuda(settings, tf32));
    }

    /** The device of a command that trains, with its options. */
    static Device trainingDevice(Settings settings) {
        return device(settings, isTf32(settings));
    }

    /** CUDA's options alone, of a command that trains. */
    static CudaOptions cuda(Settings settings) {
        return cuda(settings, isTf32(settings));
    }

    /** Not under fp16: what is left in float32 there, the objective above all, is left so for its digits. */
    private static boolean isTf32(Settings settings) {
        return settings.get(GraphSettings.PRECISION).equals("tf32");
    }

    private static CudaOptions cuda(Settings settings, boolean tf32) {
        boolean deterministic = settings.on(DETERMINISTIC);
        String search = settings.find(CUDNN_SEARCH)
                .orElse(deterministic ? CudaOptions.DEFAULT : CudaOptions.DEFAULTS.cudnnSearch());
        if (deterministic && !search.equals(CudaOptions.DEFAULT)) {
            throw new IllegalArgumentException("--deterministic and --cudnn-search " + search
                    + " exclude each other; leave one out, or take --cudnn-search default");
        }
        return new CudaOptions(settings.get(GPU_MEMORY), deterministic, tf32, search, settings.on(STRICT));
    }

    /** A run's options as they are given. */
    static Map<Setting<?>, Object> values(String device, CudaOptions cuda) {
        Map<Setting<?>, Object> values = new HashMap<>();
        values.put(SharedSettings.DEVICE, device);
        values.put(GPU_MEMORY, cuda.memoryLimit());
        values.put(DETERMINISTIC, cuda.deterministic());
        values.put(CUDNN_SEARCH, cuda.cudnnSearch());
        values.put(STRICT, cuda.strict());
        return values;
    }
}
