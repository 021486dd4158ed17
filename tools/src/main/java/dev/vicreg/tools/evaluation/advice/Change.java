package dev.vicreg.tools.evaluation.advice;

import dev.vicreg.training.data.Augmentations;
import dev.vicreg.training.data.kind.Kind;
import dev.vicreg.training.data.view.Augmentation;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * One thing that an augmentation does to samples, always and alone.
 *
 * @param name of it, in JSON
 * @param what it does, for a table
 * @param settings that make it so, beside those under which nothing changes
 * @param limit strangeness above which views are tried without it; none where it was of use all the same
 */
public record Change(String name, String what, String settings, double limit) {
    private static final double NONE = Double.POSITIVE_INFINITY;

    private static final Map<String, String> NOTHING = Map.of(
            "pictures", "cifar,crop-min=1,ratio-min=1,ratio-max=1,jitter=0,grey=0,solarise=0,flip=0",
            "vectors", "vectors,mask=0,noise=0,mix=0",
            "signals", "signals,shift=0,speed=0,gain=0,polarity=0,noise=0,mask=0",
            "sequences", "sequences,crop-min=1,mask=0");

    private static final Map<String, List<Change>> ALL = Map.of(
            "pictures",
            List.of(
                    new Change("flip", "mirrored", "flip=1", 1.05),
                    new Change("crop", "a window of 20 to 100 %", "crop-min=0.2,ratio-min=0.75,ratio-max=1.333", 1.25),
                    new Change(
                            "small-crop",
                            "a window of 60 to 100 %",
                            "crop-min=0.6,ratio-min=0.75,ratio-max=1.333",
                            NONE),
                    new Change("jitter", "other colours", "jitter=1", NONE),
                    new Change("grey", "without colour", "grey=1", NONE),
                    new Change("solarise", "bright samples inverted", "solarise=1", 1.25)),
            "vectors",
            List.of(
                    new Change("mask", "30 % of the values from other rows", "mask=0.3", NONE),
                    new Change("noise", "noise of 0.1 deviations", "noise=0.1", NONE),
                    new Change("mix", "up to 10 % of another row", "mix=0.1", NONE)),
            "signals",
            List.of(
                    new Change("shift", "shifted by up to 10 %", "shift=0.1", NONE),
                    new Change("speed", "up to 10 % faster or slower", "speed=0.1", NONE),
                    new Change("polarity", "upside down", "polarity=1", NONE),
                    new Change("noise", "in noise", "noise=1", NONE),
                    new Change("mask", "with a gap", "mask=1", NONE)),
            "sequences",
            List.of(
                    new Change("crop", "a stretch of 50 to 100 %", "crop-min=0.5", NONE),
                    new Change("mask", "15 % of the ids masked", "mask=0.15", NONE),
                    new Change("replace", "15 % of the ids from elsewhere", "replace=0.15", NONE)));

    /** Those of a kind of data. */
    public static List<Change> of(Kind<?> kind) {
        return Objects.requireNonNull(ALL.get(kind.noun()));
    }

    /** The augmentation that changes nothing. */
    public static Augmentation nothing(Kind<?> kind) {
        return Augmentations.parse(Objects.requireNonNull(NOTHING.get(kind.noun())));
    }

    /** Whether views are tried without it on a set where it is so strange. */
    public boolean isStrange(double strangeness) {
        return strangeness > limit;
    }

    /** The augmentation that does this alone. */
    public Augmentation alone(Kind<?> kind) {
        return Augmentations.parse(NOTHING.get(kind.noun()) + "," + settings);
    }
}
