package dev.vicreg.training.config;

import dev.vicreg.models.setting.Group;
import dev.vicreg.models.setting.Option;
import dev.vicreg.models.setting.SettingException;
import dev.vicreg.training.step.Side;

/**
 * How many views of a sample a step sees. Half of them are as view a is made, and go through branch a as one batch; the rest
 * likewise b. Local views, of another size, take the place of the second half: all others are then made as view a.
 *
 * @param views of the full size, 2 or more
 * @param localViews views of pictures that are of {@code localSize}, as SwAV and DINO have them (Caron et al. 2020 and 2021);
 *     0 for none
 * @param localSize their side in pixels; 0 where there are none
 */
public record MultiViewConfig(
        @Option(
                help = "views of a sample that a step compares",
                group = Group.AUGMENTATION,
                fallback = "2",
                min = 2,
                max = 64)
        int views,

        @Option(
                help = "further views of pictures, of `local-size` and made as view b: small crops for which"
                        + " view-b.crop-max=0.4 or so is usual",
                group = Group.AUGMENTATION,
                fallback = "0",
                min = 0,
                max = 62)
        int localViews,

        @Option(
                help = "side of local views in pixels; without it half of `image-size`",
                argument = "PIXELS",
                group = Group.AUGMENTATION,
                min = 1,
                max = 4096)
        int localSize) {
    private static final int MOST = 64;

    /** Two views. */
    public static final MultiViewConfig PAIR = new MultiViewConfig(2, 0, 0);

    /** Checks that they go together. */
    public MultiViewConfig {
        if (views + localViews > MOST) {
            throw new SettingException("`views` and `local-views`: expected at most " + MOST + " together, found "
                    + views + " and " + localViews);
        }
        if (localViews == 0 && localSize != 0) {
            throw new SettingException("`local-size` is of local views; add `local-views`, or leave it out");
        }
    }

    /** Whether some views are of another size. */
    boolean hasLocal() {
        return localViews > 0;
    }

    /** How many go through a side's branch. */
    public int of(Side side) {
        if (hasLocal()) {
            return side == Side.A ? views : localViews;
        }
        return side == Side.A ? (views + 1) / 2 : views / 2;
    }
}
