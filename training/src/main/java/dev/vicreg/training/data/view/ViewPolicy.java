package dev.vicreg.training.data.view;

import dev.vicreg.models.setting.SettingException;
import org.jspecify.annotations.Nullable;

/**
 * From which distribution one view is drawn: for each kind of data a record of numbers, whose components are the settings
 * of an {@link Augmentation} in kebab case.
 */
public interface ViewPolicy {
    /** The preset that stands for policies of this kind in a configuration; null for those that need none. */
    @Nullable
    String preset();

    /** Refuses a setting that is out of range; NaN always is. */
    static void check(String name, double value, double least, double most) {
        if (!(value >= least && value <= most)) {
            throw new SettingException("augmentation: " + name + " must be "
                    + (least == Double.MIN_VALUE ? "above 0 and at most " : "between " + least + " and ") + most
                    + ", found " + value);
        }
    }
}
