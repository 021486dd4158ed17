package dev.vicreg.training.step;

import dev.vicreg.models.setting.Group;
import dev.vicreg.models.setting.Option;
import dev.vicreg.models.setting.SettingException;

/**
 * What a step does with gradients and weights whichever optimizer moves them.
 *
 * @param clip norm of all gradients together above which they are scaled down to it, as PyTorch's
 *     {@code clip_grad_norm_}; 0 for no bound
 * @param ema momentum m of a moving average of each encoder, {@code average ← m·average + (1 - m)·weights} once an update,
 *     running statistics included; 0 for none
 * @param accumulate n: how many steps, each a batch of its own, gather gradients for one update by their mean; 1 for an
 *     update in every step. Statistics of batch norms and objectives are of each batch alone
 */
public record UpdateOptions(
        @Option(
                help = "norm of all gradients together above which they are scaled down to it; 0 for no bound",
                group = Group.OPTIMIZATION,
                fallback = "0",
                min = 0,
                max = 1e30)
        float clip,

        @Option(
                help = "momentum, such as 0.999, of a moving average of the encoder's weights and statistics, which is"
                        + " exported beside it as encoder-ema.onnx; 0 for none",
                group = Group.OPTIMIZATION,
                fallback = "0",
                min = 0,
                max = 0.999999)
        float ema,

        @Option(
                help = "steps whose gradients are averaged for one update; each is a batch of its own for statistics,"
                        + " variance and covariance",
                group = Group.OPTIMIZATION,
                fallback = "1",
                min = 1,
                max = MOST)
        int accumulate) {
    private static final int MOST = 1024;

    /** None of it. */
    public static final UpdateOptions NONE = new UpdateOptions(0, 0, 1);

    /** Checks the ranges. */
    public UpdateOptions {
        if (!(clip >= 0 && clip <= Float.MAX_VALUE)) {
            throw new SettingException("`clip`: expected a norm of 0 or more, found " + clip);
        }
        if (!(ema >= 0 && ema < 1)) {
            throw new SettingException("`ema`: expected 0 or more and less than 1, found " + ema);
        }
        if (accumulate < 1 || accumulate > MOST) {
            throw new SettingException("`accumulate`: expected 1 to " + MOST + " steps, found " + accumulate);
        }
    }
}
