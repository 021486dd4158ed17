package dev.vicreg.training.objective;

import dev.vicreg.models.setting.SettingException;

/**
 * How slowly averaged weights follow the trained ones: {@code target ← m·target + (1 - m)·weights} after each step, where m
 * rises from {@code start} to 1 over the run by half a cosine (Grill et al. 2020, appendix J.1).
 *
 * @param start 0 to 1; 0 for a target that is the trained network itself
 */
public record TargetMomentum(float start) {
    /** Checks the range. */
    public TargetMomentum {
        if (!(start >= 0 && start <= 1)) {
            throw new SettingException("Momentum of a target: expected 0 to 1, found " + start);
        }
    }

    /**
     * The momentum of one average.
     *
     * @param step after which the weights are averaged, counted from 0
     * @param total steps of the run
     */
    public double at(long step, long total) {
        double progress = Math.min(1, (double) step / total);
        return start == 0 ? 0 : 1 - (1 - start) * 0.5 * (1 + Math.cos(Math.PI * progress));
    }
}
