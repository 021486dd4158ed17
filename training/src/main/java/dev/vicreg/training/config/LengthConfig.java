package dev.vicreg.training.config;

import dev.vicreg.models.setting.Group;
import dev.vicreg.models.setting.Option;
import dev.vicreg.models.setting.SettingException;

/**
 * How long a run is: so many epochs or so many steps.
 *
 * @param epochs passes over the data; 0 where {@code steps} is given instead
 * @param steps steps of the run; 0 where {@code epochs} is given instead
 */
public record LengthConfig(
        @Option(
                help = "passes over the data",
                group = Group.OPTIMIZATION,
                fallback = "30",
                min = 1,
                max = 1_000_000,
                free = true)
        int epochs,

        @Option(
                help = "length of the run in steps instead",
                group = Group.OPTIMIZATION,
                min = 1,
                max = Integer.MAX_VALUE,
                free = true)
        long steps) {

    /** Checks that there is one of the two. */
    public LengthConfig {
        if ((epochs > 0) == (steps > 0) || epochs < 0 || steps < 0) {
            throw new SettingException(
                    "Length of the run: expected either epochs or steps, found " + epochs + " and " + steps);
        }
    }
}
