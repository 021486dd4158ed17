package dev.vicreg.training.config;

import dev.vicreg.models.setting.Group;
import dev.vicreg.models.setting.Option;
import dev.vicreg.models.setting.SettingException;
import dev.vicreg.training.step.LossScaling;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * In which numbers a step computes: all in float32; so, with TF32 products on CUDA; or the network in float16.
 *
 * @param precision {@code fp32}, {@code tf32} or {@code fp16}
 * @param lossScaling of fp16; null for the others
 */
public record PrecisionConfig(
        @Option(
                help =
                        "fp32; tf32, the same with faster products of fewer digits on CUDA; or fp16, the network in float16,"
                                + " master weights, statistics and loss in float32",
                group = Group.MACHINE,
                choices = {FP32, TF32, FP16},
                fallback = FP32,
                free = true)
        String precision,

        @Nullable LossScaling lossScaling) {
    private static final String FP32 = "fp32";
    private static final String TF32 = "tf32";
    private static final String FP16 = "fp16";
    private static final List<String> NAMES = List.of(FP32, TF32, FP16);

    /** All in float32. */
    public static final PrecisionConfig FLOAT32 = new PrecisionConfig(FP32, null);

    /** Float32 with TF32 products on CUDA. */
    public static final PrecisionConfig TENSOR_FLOAT32 = new PrecisionConfig(TF32, null);

    /** Gives fp16 the usual loss scaling where it has none. */
    public PrecisionConfig {
        if (!NAMES.contains(precision)) {
            throw new SettingException("Precision: expected one of " + NAMES + ", found " + precision);
        }
        if (!precision.equals(FP16) && lossScaling != null) {
            throw new SettingException("Loss scaling belongs to precision " + FP16 + ", found " + precision);
        }
        lossScaling = precision.equals(FP16) && lossScaling == null ? LossScaling.DEFAULT : lossScaling;
    }

    /** Whether the network computes in float16. */
    public boolean isHalf() {
        return precision.equals(FP16);
    }

    /**
     * Whether CUDA may use TF32. Not under fp16: what is left in float32 there, the objective above all, is left so for
     * its digits.
     */
    public boolean isTf32() {
        return precision.equals(TF32);
    }
}
