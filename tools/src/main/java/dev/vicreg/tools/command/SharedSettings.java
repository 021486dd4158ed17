package dev.vicreg.tools.command;

import dev.vicreg.models.setting.Group;
import dev.vicreg.models.setting.SettingException;
import dev.vicreg.runtime.natives.Device;
import dev.vicreg.tools.cli.Setting;
import dev.vicreg.tools.cli.Settings;
import dev.vicreg.tools.evaluation.Crops;
import dev.vicreg.tools.evaluation.SampleForm;
import dev.vicreg.tools.evaluation.SampleForms;
import dev.vicreg.training.config.DataConfig;
import dev.vicreg.training.config.MachineConfig;
import dev.vicreg.training.config.PrecisionConfig;
import dev.vicreg.training.data.source.Dataset;
import dev.vicreg.training.data.source.Selection;
import java.nio.file.Path;
import java.util.List;

/** Options that several commands have. */
final class SharedSettings {
    static final Setting<Path> MODEL = Setting.path(
            "model", "FILE.onnx", Group.MODEL, "encoder as ./vicreg export writes it, or any other ONNX file");
    static final Setting<String> DATA = Setting.of(DataConfig.class, "data");
    static final Setting<Integer> LIMIT = Setting.of(DataConfig.class, "limit");
    static final Setting<Integer> LIMIT_PER_CLASS = Setting.of(DataConfig.class, "limit-per-class");
    static final Setting<Boolean> JSON = Setting.flag("json", Group.OUTPUT, "print one JSON object instead of text");
    static final Setting<String> DEVICE = Setting.of(MachineConfig.class, "device");
    static final Setting<Long> GPU_MEMORY = Setting.of(MachineConfig.class, "gpu-memory");
    static final Setting<String> CUDNN_SEARCH = Setting.of(MachineConfig.class, "cudnn-search");
    static final Setting<Integer> THREADS = Setting.of(MachineConfig.class, "threads");

    /** Of commands that embed; those that train have a precision instead. */
    static final Setting<Boolean> TF32 = Setting.flag(
            "tf32", Group.MACHINE, "let CUDA round float32 to 10 bits of mantissa: faster, differs from the CPU");

    private static final Setting<Integer> CROPS = Setting.integer(
            "crops",
            "N",
            Group.EVALUATION,
            "pictures: average the embeddings of N random crops; 0 embeds the whole picture",
            0,
            0,
            10_000);
    private static final Setting<Double> CROP_AREA = Setting.decimal(
            "crop-area", "X", Group.EVALUATION, "their area as a part of the picture's", "0.25", 1e-3, 1);

    /** What of a sample is embedded. */
    static final List<Setting<?>> CROPPING = List.of(CROPS, CROP_AREA);

    /** Of commands that embed: how they print, and where they compute. */
    static final List<Setting<?>> EMBEDDING = List.of(JSON, DEVICE, GPU_MEMORY, CUDNN_SEARCH, TF32, THREADS);

    private SharedSettings() {}

    static Selection selection(Settings settings) {
        return settings.read(DataConfig.class).selection();
    }

    /** How samples go into a model: pictures as crops, where those were asked for. */
    static SampleForm<?, ?> form(Settings settings, Dataset<?> data) {
        int crops = settings.get(CROPS);
        if (crops == 0 && settings.isGiven(CROP_AREA)) {
            throw new SettingException("--crop-area is of crops; add --crops N, or leave it out");
        }
        return crops == 0 ? SampleForms.of(data) : SampleForms.of(data, new Crops(crops, settings.get(CROP_AREA)));
    }

    /** The device of a command that embeds, with its options. */
    static Device device(Settings settings) {
        PrecisionConfig precision = settings.on(TF32) ? PrecisionConfig.TENSOR_FLOAT32 : PrecisionConfig.FLOAT32;
        return settings.read(MachineConfig.class).computeDevice(precision);
    }
}
